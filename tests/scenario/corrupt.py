"""corrupt.py EVIDENT VERIFY.SH DIR: corrupt bags in many ways, one at a time, and
have each judged by both verifiers. A line for each: "ok" or what was said instead,
TAB, the claim.

DIR/bag is a good bag with custody and witnesses, DIR/third one of the same author,
DIR/foreign one of another. Everything else is made here, by forge.py. Two of five
are tried, or with ALL set each; ONLY, a pattern, chooses by claim.
"""
import base64
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import curve
import forge
from forge import Log, Record

evident, script, work = sys.argv[1:4]
good = work + "/bag"
scratch = work + "/scratch"
os.makedirs(scratch)
R = third = alien = attachment = None
attempts = []
ALONE = " (by our program alone)"


class Bag:
    """A copy to spoil."""

    def __init__(self, top):
        self.top = top

    def path(self, name):
        return os.path.join(self.top, name)

    def get(self, name):
        return open(self.path(name), "rb").read()

    def put(self, name, data):
        with open(self.path(name), "wb") as out:
            out.write(data if isinstance(data, bytes) else data.encode())

    def flip(self, name, at, bit=1):
        data = bytearray(self.get(name))
        data[at % len(data)] ^= bit
        self.put(name, bytes(data))

    def replace(self, name, old, new):
        data = self.get(name)
        assert old in data, "the text to replace is not there"
        self.put(name, data.replace(old, new, 1))

    def remove(self, name):
        os.remove(self.path(name))


def judge(command, bag, environment):
    run = subprocess.run([*command, bag], capture_output=True, timeout=120, env=environment, cwd=work + "/nowhere")
    return run.returncode, run.stdout.decode("utf-8", "replace"), run.stderr.decode("utf-8", "replace")


def reason_of(said):
    found = re.search(r"^VERDICT: does NOT hold: (.*?)(?: \([^()]*\))?$", said, re.M)
    return found.group(1) if found else ""


def listing():
    return sorted((e.name, e.stat(follow_symlinks=False).st_mtime_ns) for e in os.scandir(work)
                  if e.name not in ("scratch", "result"))


def both(number, top):
    """What each says of it: (code, reason) twice, and what is wrong with how it says it."""
    folder = f"{scratch}/tmp{number}"
    os.makedirs(folder)
    environment = dict(os.environ, TMPDIR=folder)
    said = [judge([evident, "verify"], top, environment), judge(["sh", script], top, environment)]
    wrong = ""
    if os.listdir(folder):
        wrong = "verify.sh left something behind"
    for _, out, err in said:
        if any(ord(c) < 32 and c not in "\n\t" for c in out + err):
            wrong = "a control character was printed"
    shutil.rmtree(folder)
    return [(code, reason_of(out)) for code, out, _ in said], wrong, said


def run(number, attempt):
    claim, reason, make, holds = attempt
    top = f"{scratch}/{number}"
    try:
        make(top)
        verdicts, wrong, said = both(number, top)
        if wrong:
            return wrong
        if holds:
            return "ok" if [code for code, _ in verdicts] == [0, 0] else f"{said!r}"[:600]
        if claim.endswith(ALONE):
            verdicts = verdicts[:1]
        for (code, told), (_, out, err) in zip(verdicts, said):
            if code != 4:
                return f"exit {code}: {(out + err)[-500:]!r}"
            if not re.search(reason, told):
                return f"not for this reason: {told!r} ({reason!r} was due)"
        if verdicts[0][1] != verdicts[-1][1]:
            return f"two reasons: {verdicts[0][1]!r} and {verdicts[1][1]!r}"
        return "ok"
    except Exception as error:  # a corruption that could not be made
        return f"cannot corrupt: {error!r}"
    finally:
        shutil.rmtree(top, ignore_errors=True)


# --- a copy of the good bag, spoilt ----------------------------------------------
def spoil(claim, reason, change, redo=True, version=None):
    def make(top):
        shutil.copytree(good, top)
        bag = Bag(top)
        change(bag)
        if redo:
            forge.manifests(top, version)

    attempts.append((claim, reason, make, False))


records = sorted(os.listdir(good + "/data"))
with_files = [r for r in records if os.path.isdir(f"{good}/data/{r}/attachments")]
R, R2 = ("data/" + r for r in with_files[:2])
third = os.path.join(work, "third/data", os.listdir(work + "/third/data")[0])
alien = os.path.join(work, "foreign/data", os.listdir(work + "/foreign/data")[0])
attachment = R + "/attachments/" + os.listdir(f"{good}/{R}/attachments")[0]

ENTRY = "^an entry is malformed"
SIGNATURE = "^a signature does not hold"
KEYS = "^the list of keys"
PROOF = "^an entry's place"
DIGESTS = "^the digests"
LINE = "^a shown line"
ORIGIN = "^what is shown was not said"
READABLE = "^a readable page"
FILE = "^an attachment is not"
MANIFEST = "^files and manifests differ"
FOREIGN = "^a file stands there"
KIND = "^a link, pipe or device"
MISSING = "^a file is missing"
HUGE = "^a file is larger"
DOCUMENT = r"^FORMAT\.md or VERIFY\.txt"
TIMELINE = "^the timeline"
CONFLICT = "^one log was told in two ways"
LATER = "later version"

PARTS = {"entry": ENTRY, "entry.sig": SIGNATURE, "proof": PROOF, "digests": DIGESTS,
         "disclosed": LINE, "readable.txt": READABLE}
WHOLE = {"allowed_signers": KEYS, "FORMAT.md": DOCUMENT, "VERIFY.txt": DOCUMENT, "timeline.svg": TIMELINE,
         "bagit.txt": MANIFEST}
TEXTS = {**{f"{R}/{part}": reason for part, reason in PARTS.items()}, **WHOLE}
MANIFESTS = ("manifest-sha256.txt", "manifest-sha512.txt", "tagmanifest-sha256.txt", "tagmanifest-sha512.txt")
INFO = "bag-info.txt"

# Every file: changed and not hidden; cut; emptied; gone.
for name in [*TEXTS, attachment]:
    base = os.path.basename(name)
    spoil(f"{base}: a flipped byte, not hidden", MANIFEST, lambda b, n=name: b.flip(n, 40), False)
    spoil(f"{base}: cut short, not hidden", MANIFEST, lambda b, n=name: b.put(n, b.get(n)[:-1]), False)
    spoil(f"{base}: emptied, not hidden", MANIFEST, lambda b, n=name: b.put(n, b""), False)
for name in MANIFESTS:
    spoil(f"{name}: a flipped byte", MANIFEST, lambda b, n=name: b.flip(n, 3), False)
    spoil(f"{name}: in upper case", MANIFEST, lambda b, n=name: b.put(
        n, b"\n".join(l[:64].upper() + l[64:] for l in b.get(n).split(b"\n"))), False)
    spoil(f"{name}: a line twice", MANIFEST, lambda b, n=name: b.put(n, b.get(n) + b.get(n).split(b"\n")[0] + b"\n"), False)
    spoil(f"{name}: its first line gone", MANIFEST, lambda b, n=name: b.put(n, b.get(n).split(b"\n", 1)[1]), False)
    spoil(f"{name}: in another order", MANIFEST, lambda b, n=name: b.put(
        n, b"\n".join(reversed(b.get(n).rstrip(b"\n").split(b"\n"))) + b"\n"), False)
    spoil(f"{name}: emptied", MANIFEST, lambda b, n=name: b.put(n, b""), False)
    spoil(f"{name}: removed", MISSING, lambda b, n=name: b.remove(n), False)
    spoil(f"{name}: a path that climbs out", MANIFEST,
          lambda b, n=name: b.put(n, b.get(n) + b"0" * 64 + b"  ../../etc/passwd\n"), False)
    spoil(f"{name}: CR LF", MANIFEST, lambda b, n=name: b.put(n, b.get(n).replace(b"\n", b"\r\n")), False)
for name in [*WHOLE, INFO]:
    if name != "timeline.svg":
        spoil(f"{name}: removed", MISSING, lambda b, n=name: b.remove(n), name != INFO)

# Every part, changed by somebody who makes the manifests anew: bytes of each class
# at the beginning, in the middle and at the end, and bytes more and fewer.
for name, reason in TEXTS.items():
    base = os.path.basename(name)
    size = os.path.getsize(f"{good}/{name}")
    due = reason if name != "bagit.txt" else MANIFEST
    for at in (0, size // 3, size // 2, 2 * size // 3, size - 1):
        spoil(f"{base}: byte {at} flipped, hidden", due, lambda b, n=name, a=at: b.flip(n, a))
    for what, byte in (("a NUL", b"\0"), ("a LF", b"\n"), ("a CR", b"\r"), ("a TAB", b"\t"), ("a blank", b" "),
                       ("an escape", b"\x1b[2J"), ("a byte that is no UTF-8", b"\xff")):
        spoil(f"{base}: {what} more at the end, hidden", due, lambda b, n=name, x=byte: b.put(n, b.get(n) + x))
        spoil(f"{base}: {what} more at the beginning, hidden", due, lambda b, n=name, x=byte: b.put(n, x + b.get(n)))
    spoil(f"{base}: cut by a byte, hidden", due, lambda b, n=name: b.put(n, b.get(n)[:-1]))
    spoil(f"{base}: cut in half, hidden", due, lambda b, n=name, s=size: b.put(n, b.get(n)[: s // 2]))
    spoil(f"{base}: emptied, hidden", reason if name != f"{R}/disclosed" else ORIGIN, lambda b, n=name: b.put(n, b""))
    spoil(f"{base}: CR LF, hidden", due, lambda b, n=name: b.put(n, b.get(n).replace(b"\n", b"\r\n")))
    if name not in ("bagit.txt", "timeline.svg") and "readable" not in name:
        spoil(f"{base}: its first line twice, hidden", due,
              lambda b, n=name: b.put(n, b.get(n).split(b"\n")[0] + b"\n" + b.get(n)))
for part, reason in PARTS.items():
    spoil(f"{part} of another record", reason, lambda b, p=part: b.put(f"{R}/{p}", b.get(f"{R2}/{p}")))
    spoil(f"{part} of another author", reason if part != "entry" else ENTRY,
          lambda b, p=part: shutil.copy(f"{alien}/{p}", b.path(f"{R}/{p}")))
    spoil(f"{part} gone, hidden", MISSING, lambda b, p=part: b.remove(f"{R}/{p}"))
    spoil(f"{part} huge", HUGE if part != "readable.txt" else READABLE,
          lambda b, p=part: b.put(f"{R}/{p}", b"x" * 3000000))

# Shell, terminal and path tricks in every text, at the beginning of every kind of line.
TRICKS = (b"$(touch ../../PWNED)", b"`touch ../../PWNED`", b"; touch ../../PWNED;", b"../../PWNED", b"-rf /", b"'\"", b"%s%n%x")
for name, reason in TEXTS.items():
    for trick in TRICKS:
        spoil(f"{os.path.basename(name)}: {trick.decode()} in front", reason if name != "bagit.txt" else MANIFEST,
              lambda b, n=name, t=trick: b.put(n, t + b.get(n)))
for trick in TRICKS:
    spoil(f"entry: {trick.decode()} for an author", ENTRY, lambda b, t=trick: b.put(
        f"{R}/entry", re.sub(rb"author [0-9a-f]+", lambda m: b"author " + t, b.get(f"{R}/entry"))))
    spoil(f"entry: {trick.decode()} for an index", ENTRY, lambda b, t=trick: b.put(
        f"{R}/entry", re.sub(rb"index [0-9]+", lambda m: b"index " + t, b.get(f"{R}/entry"))))
    spoil(f"proof: {trick.decode()} for a size", PROOF, lambda b, t=trick: b.put(
        f"{R}/proof", re.sub(rb"\n[0-9]+\n", lambda m: b"\n" + t + b"\n", b.get(f"{R}/proof"))))
    spoil(f"proof: {trick.decode()} for a witness", PROOF, lambda b, t=trick: b.put(
        f"{R}/proof", b.get(f"{R}/proof").replace(b"evident/witness/", b"evident/witness/" + t)))
    spoil(f"allowed_signers: {trick.decode()} for a principal", KEYS, lambda b, t=trick: b.put(
        "allowed_signers", t + b.get("allowed_signers")[64:]))
for what, name in (("a blank", "a b"), ("a terminal escape", "a\033[31mb"), ("a line feed", "a\nb"), ("an option", "-rf"),
                   ("shell characters", "$(touch PWNED)"), ("a quote", "a'b"), ("a star", "*"), ("a hidden file", ".hidden"),
                   ("a backslash", "a\\b"), ("a letter of Latin-1", b"\xe4".decode("latin-1")), ("a tilde", "~root"),
                   ("an equals sign", "a=b")):
    spoil(f"a name with {what}", FOREIGN, lambda b, n=name: b.put(n, b"x"))
    spoil(f"a folder's name with {what}", FOREIGN, lambda b, n=name: (os.mkdir(b.path("data/" + n)), b.put(f"data/{n}/entry", b"x")))
spoil("a name of 200 characters", FOREIGN, lambda b: b.put("a" * 200, b"x"))

# Whole things: dropped, added, swapped, grafted, replayed.
spoil("an attachment changed, hidden", FILE, lambda b: b.flip(attachment, 100))
spoil("an attachment longer by a zero byte", FILE, lambda b: b.put(attachment, b.get(attachment) + b"\0"))
spoil("an attachment shorter", FILE, lambda b: b.put(attachment, b.get(attachment)[:-1]))
spoil("an attachment emptied", FILE, lambda b: b.put(attachment, b""))
spoil("an attachment removed", MISSING, lambda b: shutil.rmtree(os.path.dirname(b.path(attachment))))
spoil("an attachment removed, its folder left", FOREIGN, lambda b: b.remove(attachment))
spoil("an attachment more", FOREIGN, lambda b: b.put(f"{R}/attachments/0000000000000000.jpg", b"x"))
spoil("an attachment with another ending", MISSING,
      lambda b: os.rename(b.path(attachment), b.path(attachment[:-3] + "png")))
spoil("an attachment's name in upper case", MISSING,
      lambda b: os.rename(b.path(attachment), b.path(os.path.dirname(attachment) + "/" + os.path.basename(attachment)[:16].upper() + ".jpg")))
spoil("a key too many in allowed_signers", KEYS, lambda b: b.put("allowed_signers", b.get("allowed_signers") + open(
    work + "/foreign/allowed_signers", "rb").read()))
spoil("a key too few in allowed_signers", "^(the list of keys|an entry's place)",
      lambda b: b.put("allowed_signers", b.get("allowed_signers").split(b"\n", 1)[1]))
spoil("another author's keys alone", KEYS, lambda b: shutil.copy(work + "/foreign/allowed_signers", b.path("allowed_signers")))
spoil("allowed_signers in another order", KEYS, lambda b: b.put("allowed_signers", b"".join(
    reversed([l + b"\n" for l in b.get("allowed_signers").rstrip(b"\n").split(b"\n")]))))
spoil("allowed_signers with a comment", KEYS, lambda b: b.put("allowed_signers", b"# trust me\n" + b.get("allowed_signers")))
spoil("allowed_signers without namespaces", KEYS, lambda b: b.put(
    "allowed_signers", re.sub(rb' namespaces="[^"]*"', b"", b.get("allowed_signers"))))
spoil("allowed_signers with a key's end in upper case", "^(the list of keys|a signature)", lambda b: b.put(
    "allowed_signers", re.sub(rb"[a-z]\n", lambda m: m.group().upper(), b.get("allowed_signers"), count=1)
    if re.search(rb"[a-z]\n", b.get("allowed_signers")) else b""))
spoil("a record of another author grafted in", KEYS, lambda b: shutil.copytree(alien, b.path("data/" + os.path.basename(alien))))
spoil("a record of the same author grafted in, its log told differently", "^(one log|an entry's place|the timeline|the list of keys)",
      lambda b: shutil.copytree(third, b.path("data/" + os.path.basename(third))))
spoil("a folder of another name", ENTRY, lambda b: os.rename(b.path(R), b.path("data/" + "0" * 64)))
spoil("a folder's name in upper case", FOREIGN, lambda b: os.rename(b.path(R), b.path("data/" + os.path.basename(R).upper())))
spoil("a record's folder twice", ENTRY, lambda b: shutil.copytree(b.path(R), b.path("data/" + "1" * 64)))
spoil("two records swapped", ENTRY, lambda b: (os.rename(b.path(R), b.path("x")), os.rename(b.path(R2), b.path(R)),
                                              os.rename(b.path("x"), b.path(R2))))
spoil("one record removed", "^the timeline", lambda b: shutil.rmtree(b.path(R2)))
spoil("all records removed", "", lambda b: shutil.rmtree(b.path("data")))
spoil("a shown line of another record", LINE, lambda b: b.put(f"{R}/disclosed", open(third + "/disclosed", "rb").read()))
spoil("a shown line twice", LINE, lambda b: b.put(
    f"{R}/disclosed", b.get(f"{R}/disclosed") + b.get(f"{R}/disclosed").split(b"\n")[-2] + b"\n"))
spoil("shown lines in another order", LINE, lambda b: b.put(
    f"{R}/disclosed", b"\n".join(reversed(b.get(f"{R}/disclosed").rstrip(b"\n").split(b"\n"))) + b"\n"))
spoil("a digest more", DIGESTS, lambda b: b.put(f"{R}/digests", b.get(f"{R}/digests") + b"z" * 43 + b"\n"))
spoil("digests in another order", DIGESTS, lambda b: b.put(
    f"{R}/digests", b"\n".join(reversed(b.get(f"{R}/digests").rstrip(b"\n").split(b"\n"))) + b"\n"))
spoil("digests in upper case", DIGESTS, lambda b: b.put(f"{R}/digests", b.get(f"{R}/digests").upper()))
spoil("the hash of the fields in upper case", ENTRY, lambda b: b.put(f"{R}/entry", re.sub(
    rb"fields [0-9a-f]+", lambda m: b"fields " + m.group()[7:].upper(), b.get(f"{R}/entry"))))
spoil("the author in upper case", ENTRY, lambda b: b.put(f"{R}/entry", re.sub(
    rb"author [0-9a-f]+", lambda m: b"author " + m.group()[7:].upper(), b.get(f"{R}/entry"))))
spoil("another index in the entry", ENTRY, lambda b: b.replace(f"{R}/entry", b"index ", b"index 9"))
spoil("another index in the proof", PROOF, lambda b: b.replace(f"{R}/proof", b"index ", b"index 1"))
spoil("the proof without its signature", PROOF, lambda b: b.put(
    f"{R}/proof", b.get(f"{R}/proof").split(b"\n\n")[0] + b"\n\n" + b.get(f"{R}/proof").split(b"\n\n")[1] + b"\n\n"))
spoil("the proof without a hash", PROOF, lambda b: b.put(f"{R}/proof", re.sub(rb"\n[A-Za-z0-9+/]{43}=\n", b"\n", b.get(f"{R}/proof"), count=1)))
spoil("the proof with a hash twice", PROOF, lambda b: b.put(f"{R}/proof", re.sub(
    rb"\n([A-Za-z0-9+/]{43}=)\n", rb"\n\1\n\1\n", b.get(f"{R}/proof"), count=1)))
spoil("a hash in another spelling", PROOF, lambda b: b.put(f"{R}/proof", re.sub(
    rb"([AEIMQUYcgkosw048])=\n", lambda m: bytes([m.group()[0] + 1]) + b"=\n", b.get(f"{R}/proof"), count=1)))


def lie(bag, name, value):
    """A line that says something else, and a page to match."""
    lines = bag.get(f"{R}/disclosed").decode().rstrip("\n").split("\n")
    for i, line in enumerate(lines):
        item = json.loads(base64.urlsafe_b64decode(line + "=="))
        if item[1] == name:
            item[2] = value
            lines[i] = forge.b64url(json.dumps(item, separators=(",", ":")).encode())
            break
    else:
        raise ValueError("no such line")
    lines.sort(key=forge.digest)
    bag.put(f"{R}/disclosed", "\n".join(lines) + "\n")
    bag.put(f"{R}/readable.txt", forge.readable(lines))


spoil("another statement, and a page to match", LINE, lambda b: lie(b, "statement", "a lie"))
spoil("another time, and a page to match", LINE, lambda b: lie(b, "time", "2020-01-01T00:00:00Z"))
spoil("another kind, and a page to match", LINE, lambda b: lie(b, "kind", "note"))
spoil("another origin, and a page to match", LINE, lambda b: lie(b, "origin", "evident/log/" + "ab" * 32 + "/" + "cd" * 32))
for line in (b'["AAAAAAAAAAAAAAAAAAAAAA","statement","x"]', b'["AAAAAAAAAAAAAAAAAAAAAA"]', b"[]", b"{}", b"null", b'"x"', b"x", b"\0"):
    spoil(f"a shown line made up: {line!r}", LINE, lambda b, l=line: b.put(
        f"{R}/disclosed", b.get(f"{R}/disclosed") + forge.b64url(l).encode() + b"\n"))
spoil("a page that lies", READABLE, lambda b: b.replace(f"{R}/readable.txt", b"number", b"nobody"))
spoil("a page with a line more", READABLE, lambda b: b.put(f"{R}/readable.txt", b.get(f"{R}/readable.txt") + b"witness.name: X\n"))
spoil("a page with its lines in another order", READABLE, lambda b: b.put(f"{R}/readable.txt", b"\n".join(
    reversed(b.get(f"{R}/readable.txt").rstrip(b"\n").split(b"\n"))) + b"\n"))
spoil("a page that is HTML", READABLE, lambda b: b.put(f"{R}/readable.txt", b"<script>alert(1)</script>\n"))
spoil("FORMAT.md of somebody else", DOCUMENT, lambda b: b.put("FORMAT.md", b"trust me\n"))
spoil("VERIFY.txt of somebody else", DOCUMENT, lambda b: b.put("VERIFY.txt", b"run this: rm -rf ~\n"))
spoil("a timeline with a script", TIMELINE, lambda b: b.replace("timeline.svg", b"</svg>", b"<script>alert(1)</script></svg>"))
spoil("a timeline with another time", TIMELINE, lambda b: b.put("timeline.svg", re.sub(rb"20\d\d-", b"1999-", b.get("timeline.svg"))))
spoil("a timeline with a row fewer", TIMELINE, lambda b: b.put("timeline.svg", re.sub(rb"<circle.*\n", b"", b.get("timeline.svg"), count=1)))
spoil("a timeline in a bag of version 1", MANIFEST, lambda b: b.replace(INFO, b"Version: 2", b"Version: 1"), False)
spoil("no timeline in a bag of version 2", MANIFEST, lambda b: b.remove("timeline.svg"), version=2)


def cosign(bag, name, data):
    bag.put(f"{R}/proof", bag.get(f"{R}/proof") + f"\u2014 {name} {forge.b64(data)}\n".encode())


spoil("a cosignature of a stranger", PROOF, lambda b: cosign(b, "evident/witness/" + "ab" * 32, b"x" * 76))
spoil("a line of some other note", PROOF, lambda b: cosign(b, "example.org", b"x" * 68))
spoil("a signature too long for any kind", PROOF, lambda b: cosign(b, "example.org", b"x" * 2000))
spoil("the witness's line twice", PROOF, lambda b: b.put(f"{R}/proof", b.get(f"{R}/proof") + b.get(f"{R}/proof").split(b"\n")[-2] + b"\n"))
spoil("the author's line last", PROOF, lambda b: b.put(f"{R}/proof", (lambda h, t: h + b"\n\n" + b"\n".join(
    reversed(t.rstrip(b"\n").split(b"\n"))) + b"\n")(*b.get(f"{R}/proof").rsplit(b"\n\n", 1))))
spoil("a witness's time edited", PROOF, lambda b: (lambda head, last: b.put(f"{R}/proof", head + b"\n" + (
    lambda w, d: w + b" " + base64.b64encode(d[:11] + bytes([d[11] ^ 1]) + d[12:]))(
        last.rsplit(b" ", 1)[0], base64.b64decode(last.rsplit(b" ", 1)[1])) + b"\n"))(
            *b.get(f"{R}/proof").rstrip(b"\n").rsplit(b"\n", 1)))


def hide(bag, name, where=None):
    """Leave a line out of what is shown, as if it had not been asked for."""
    where = where or R
    lines = bag.get(f"{where}/disclosed").decode().rstrip("\n").split("\n")
    kept = [line for line in lines if Record.name_of(line) != name]
    assert kept != lines
    bag.put(f"{where}/disclosed", "".join(line + "\n" for line in kept))
    bag.put(f"{where}/readable.txt", forge.readable(kept))


custody = next("data/" + r for r in records if b'"opened"' in base64.urlsafe_b64decode(
    open(f"{good}/data/{r}/disclosed", "rb").read().replace(b"\n", b"") + b"==") or "kind: exported" in open(f"{good}/data/{r}/readable.txt").read())
spoil("the kind is not shown", ORIGIN, lambda b: hide(b, "kind"))
spoil("the origin is not shown", ORIGIN, lambda b: hide(b, "origin"))
spoil("the subject of what was done is not shown", ORIGIN, lambda b: hide(b, "subject", custody))
spoil("the time of what was done is not shown, and the timeline shows it", TIMELINE, lambda b: hide(b, "time", custody))
spoil("an attachment's line is not shown, and its file is there", FOREIGN, lambda b: hide(b, "attachment"))
spoil("a bag of a later version", LATER, lambda b: b.replace(INFO, b"Version: 2", b"Version: 3"), False)
spoil("a version that is no number", LATER, lambda b: b.replace(INFO, b"Version: 2", b"Version: 2a"), False)
for what, text, reason in (("nothing", b"", MANIFEST), ("a NUL", b"\0", LATER), ("a NUL behind it", b"2\0", LATER), ("a CR behind it", b"2\r", LATER),
                           ("a blank before it", b" 2", LATER)):
    spoil(f"for a version {what}", reason, lambda b, t=text: b.replace(INFO, b"Version: 2\n", b"Version: " + t + b"\n"), False)
spoil("a later version and nothing more", LATER, lambda b: b.put(INFO, b"Evident-Bag-Version: 3"), False)
spoil("a version and nothing more", MANIFEST, lambda b: b.put(INFO, b"Evident-Bag-Version: 2"), False)
spoil("nothing at all", MISSING, lambda b: [shutil.rmtree(b.path(n)) if n == "data" else b.remove(n) for n in os.listdir(b.top)], False)
for name in (*MANIFESTS, "bagit.txt", "FORMAT.md", "timeline.svg", R + "/readable.txt"):
    spoil(f"{os.path.basename(name)} of five megabytes", {"FORMAT.md": DOCUMENT, "timeline.svg": TIMELINE, R + "/readable.txt": READABLE}.get(name, MANIFEST),
          lambda b, n=name: (b.put(n, b"x" * 5000000), forge.manifests(b.top) if n not in MANIFESTS else None), False)
spoil("a bag without a version", MANIFEST, lambda b: b.replace(INFO, b"Evident-Bag-Version: 2\n", b""), False)
spoil("another sum of bytes", MANIFEST, lambda b: b.replace(INFO, b"Oxum: ", b"Oxum: 1"), False)
for what, name in (("a script", "verify.sh"), ("a file in data/", "data/README"), ("a page", f"{R}/note.html"),
                   ("a file beside", "README"), ("a second entry", f"{R}/entry.orig")):
    spoil(f"{what} in the bag", FOREIGN, lambda b, n=name: b.put(n, b"#!/bin/sh\n"))
spoil("an empty folder", FOREIGN, lambda b: os.mkdir(b.path("extra")))
spoil("an empty folder in a record", FOREIGN, lambda b: os.mkdir(b.path(f"{R}/extra")))
spoil("folders nested too deep", FOREIGN, lambda b: os.makedirs(b.path(f"{R}/attachments/a/b/c/d")))
for target in (f"{R}/disclosed", "allowed_signers", f"{R}/entry", INFO):
    def swap(bag, make, name=target):
        bag.remove(name)
        make(bag.path(name))

    base = os.path.basename(target)
    spoil(f"{base}: a link to /etc/passwd", KIND, lambda b, s=swap: s(b, lambda p: os.symlink("/etc/passwd", p)), False)
    spoil(f"{base}: a link into the bag", KIND, lambda b, s=swap: s(b, lambda p: os.symlink("FORMAT.md", p)), False)
    spoil(f"{base}: a pipe", KIND, lambda b, s=swap: s(b, os.mkfifo), False)
    spoil(f"{base}: a hard link", KIND, lambda b, s=swap, t=target: s(b, lambda p: os.link(f"{work}/bag.links/{t}", p)), False)
    spoil(f"{base}: a folder", FOREIGN, lambda b, s=swap: s(b, os.mkdir), False)
spoil("a link to a folder", KIND, lambda b: os.symlink(work + "/third/data", b.path("data/link")), False)
spoil("a socket", KIND, lambda b: __import__("socket").socket(__import__("socket").AF_UNIX).bind(
    os.path.relpath(b.path("s"))), False)

# --- bags made from nothing, by an author who lies --------------------------------
author, other, witness = (forge.Author(scratch) for _ in range(3))
STATEMENT = [("statement", "I saw it")]


def make_bag(top, build):
    """${build} answers records, and what forge.write() takes beside them."""
    made = build()
    made, more = made if isinstance(made, tuple) else (made, {})
    forge.write(top, made if isinstance(made, list) else [made], good, **more)


def holds(claim, build):
    attempts.append((claim, "", lambda top: make_bag(top, build), True))


def forged(claim, reason, build):
    attempts.append((claim, reason, lambda top: make_bag(top, build), False))


def one(fields=STATEMENT, log=None, **more):
    return Record(log or Log(author), list(fields), **more)


def several(count, **more):
    log = Log(author)
    return [one(log=log) for _ in range(count)], more


attempts.append(("the good bag holds", "", lambda top: shutil.copytree(good, top), True))
attempts.append(("the third holds", "", lambda top: shutil.copytree(work + "/third", top), True))
holds("the smallest bag", lambda: one([]))
for count in (2, 3, 5, 8, 13):
    holds(f"a log of {count}", lambda c=count: several(c))
holds("with witnesses", lambda: several(3, witnesses=[other, witness]))
holds("a witness before 1970's first second ended", lambda: (lambda r: (r, {"witnesses": [witness], "proofs": {
    r.id: r.log.proof(0, None, [witness], 0)}}))(one()))
holds("a witness at the end of time", lambda: (lambda r: (r, {"witnesses": [witness], "proofs": {
    r.id: r.log.proof(0, None, [witness], 2**64 - 1)}}))(one()))
holds("an older checkpoint, when nothing says otherwise", lambda: (lambda log: ([one(log=log), one(log=log)][:1], {"size": 1}))(Log(author)))
TEXTS_OF_OTHERS = ("", " ", "\\", "\\u{200b}", "a\nb", "a\r\nb", "\ta", "\u200b\u200e\u202e\u2066\ufeff\u2028", "\u200c\u200d",
                   "\U000e0001\U000e007f x \U000e0fff", "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u2800\u3164\uffa0\ufff9",
                   "شهادة", "証言", "😀👩‍👩‍👧", "e\u0301", "<b>&amp;</b>", "$(touch PWNED)`id`", "\"quoted\" 'and' so", "a" * 70000, "\\" * 5000,
                   "\u200b" * 3000, "\U0010ffff\ud7ff\ue000", "%s%n", "&\\&", "x\n" * 4000)
for number, text in enumerate(TEXTS_OF_OTHERS):
    holds(f"a text of others, number {number}", lambda t=text: one([("statement", t), ("event.place", t[:20])]))
VALUES = (0, -1, 9007199254740991, -9007199254740991, True, False, None, [], {}, [1, [2, [3, {"a": []}]]], {"a": {"b": "c\n\t"}, "ab": "\\\u200d"},
          ["\u202e", "\r\n"], [[[[[[[[]]]]]]]])
for number, value in enumerate(VALUES):
    holds(f"a value that is no text, number {number}",
          lambda v=value: one([], lines=[forge.disclosure("x.y-z", v)]))
ENDINGS = {"image/jpeg": "jpg", "image/tiff": "tif", "audio/mp4": "m4a", "video/x-matroska": "mkv", "text/csv": "csv",
           "application/zip": "zip", "text/html": "bin", "IMAGE/JPEG": "bin", "x; y=\"$(id)\"": "bin"}
for media, ending in ENDINGS.items():
    holds(f"an attachment of type {media}", lambda m=media, e=ending: one(attachments=[("p.x", m, b"data" * 30)], ending=e))
for size in (0, 1, 63, 64, 65519, 65520, 65536, 70001):
    holds(f"an attachment of {size} bytes", lambda s=size: one(attachments=[("\u202egpj.exe \\ 'x'", "a/b", b"z" * s)]))
holds("an attachment that stays closed", lambda: (lambda r: (setattr(r, "files", {}), r)[1])(
    one(attachments=[("a", "b", b"c")], shown=["kind", "origin"])))
holds("nothing shown but what must be", lambda: one(shown=["kind", "origin"]))
for kind in ("note", "received"):
    holds(f"a {kind}", lambda k=kind: one([("record", "ab" * 32 + " " + "cd" * 32)] if k == "received" else [], kind=k))
for kind in ("revision", "derivative", "opened", "exported", "disclosed", "shared", "erased"):
    holds(f"a {kind}", lambda k=kind: one([("subject", "ab" * 32)], kind=k))
    forged(f"a {kind} without a subject", ORIGIN, lambda k=kind: one([], kind=k))
holds("a withdrawal", lambda: one([], kind="withdrawal", extra=[f"withdraw {'ab' * 32}\n"]))
holds("a key entry", lambda: one([], kind="key", extra=[f"key revoked {'ab' * 32} 0\n"]))
holds("a successor", lambda: one([], kind="key", extra=[f"key successor {'ab' * 32}\n"]))
holds("every line of consent", lambda: one([("consent.share", "ab" * 32), ("consent.purposes", "trial.first"), ("consent.expires", "2028-02-29"),
      ("consent.name-disclosed", "no"), ("consent.medium", "oral"), ("consent.language", "ar-SY"), ("consent.explained-by", "x")]))
holds("a further log", lambda: one([("previous", "ab" * 32 + " 12 " + "cd" * 32)]))

for name, value in (("kind", "note"), ("time", "2020-01-01T00:00:00Z"), ("after", "ab" * 32), ("origin", "evident/log/" + "ab" * 32 + "/" + "cd" * 32),
                    ("consent.expires", "never"), ("consent.name-disclosed", "no"), ("consent.medium", "oral"), ("consent.language", "es"),
                    ("consent.explained-by", "x"), ("previous", "ab" * 32 + " 12 " + "cd" * 32)):
    forged(f"{name} shown twice", ORIGIN, lambda n=name, v=value: one([(n, v)] * (1 if n in ("kind", "time", "after", "origin") else 2)))
for kind in ("revision", "derivative"):
    forged(f"a {kind} of two", ORIGIN, lambda k=kind: one([("subject", "ab" * 32), ("subject", "cd" * 32)], kind=k))
forged("a receipt with a subject", ORIGIN, lambda: one([("record", "ab" * 32 + " " + "cd" * 32), ("subject", "ab" * 32)], kind="received"))
forged("a withdrawal with a subject", ORIGIN, lambda: one([("subject", "ab" * 32)], kind="withdrawal", extra=[f"withdraw {'ab' * 32}\n"]))
forged("testimony with a line of a receipt", ORIGIN, lambda: one([("record", "ab" * 32 + " " + "cd" * 32)]))
forged("one payload shown as two files", LINE, lambda: two_files())
holds("a text of nothing but escapes", lambda: one([("statement", "\\" * 380000)]))
holds("an array of very many numbers", lambda: one([], lines=[forge.disclosure("x", None, text="[" + "1," * 380000 + "1]")]))
forged("a withdrawal that says it is testimony", ORIGIN, lambda: one([], extra=[f"withdraw {'ab' * 32}\n"]))
forged("testimony that says it is a withdrawal", ORIGIN, lambda: one([], kind="withdrawal"))
forged("a key entry that says it is a note", ORIGIN, lambda: one([], kind="note", extra=[f"key revoked {'ab' * 32} 0\n"]))
forged("words of another log", ORIGIN, lambda: one(origin="evident/log/" + "ab" * 32 + "/" + "cd" * 32))
forged("words of another author under the own name", ORIGIN, lambda: one(origin=Log(other).origin))
forged("an author's second truth: two entries in one place", CONFLICT, lambda: (lambda log: (lambda a: (lambda twin: (
    [a, twin], {"proofs": {twin.id: twin.log.proof(0)}}))(twin_of(log)))(one(log=log)))(Log(author)))
forged("one checkpoint told in two ways", CONFLICT, lambda: two_roots())
forged("the checkpoint of another author", PROOF, lambda: (lambda r: (r, {"proofs": {r.id: forged_note(r, other)}}))(one()))
for index in ("00", "0.0", "+0", "-0", "0e5", "0x0", " 0"):
    forged(f"a proof whose index is spelt {index!r}", PROOF, lambda i=index: (lambda r: (r, {"proofs": {
        r.id: r.log.proof(0).replace(b"index 0", b"index " + i.encode())}}))(one()))
forged("an older checkpoint that does not cover it", PROOF, lambda: (lambda log: (lambda a, b: (
    [b], {"proofs": {b.id: b.log.proof(0, 1).replace(b"index 0", b"index 1")}}))(one(log=log), one(log=log)))(Log(author)))
forged("a witness that is the author", PROOF, lambda: (lambda r: (r, {"proofs": {r.id: r.log.proof(0, None, [author])}}))(one()))
forged("a witness whose key is not listed", PROOF, lambda: (lambda r: (r, {"proofs": {r.id: r.log.proof(0, None, [witness])}}))(one()))
forged("a witness of another checkpoint", PROOF, lambda: (lambda r, q: (r, {"witnesses": [witness], "proofs": {
    r.id: r.log.proof(0) + witness.cosign(q.log.text(), 5).encode()}}))(one(), one()))
forged("a witness that signed as an author does", PROOF, lambda: (lambda r: (r, {"witnesses": [witness], "proofs": {
    r.id: r.log.proof(0) + witness.note_line(f"evident/witness/{witness.id}", 4, (5).to_bytes(8, "big")
                                             + witness.sign(r.log.text().encode())).encode()}}))(one()))
forged("witnesses in another order", PROOF, lambda: (lambda r: (lambda a, b: (r, {"witnesses": [a, b], "proofs": {
    r.id: r.log.proof(0) + (b.cosign(r.log.text(), 5) + a.cosign(r.log.text(), 5)).encode()}}))(
        *sorted([other, witness], key=lambda w: w.id)))(one()))
forged("a checkpoint with a line more", PROOF, lambda: extended())
forged("an entry signed for another purpose", SIGNATURE, lambda: resigned(b"evident-card-v1"))
forged("an entry signed by way of sha256", SIGNATURE, lambda: resigned(b"evident-entry-v1", b"sha256"))
for name, value in (("kind", "confession"), ("time", "2026-13-01T00:00:00Z"), ("time", "2026-02-29T00:00:00Z"), ("time", "2026-01-01T24:00:00Z"),
                    ("time", "2026-01-01T00:00:60Z"), ("time", "2026-01-01 00:00:00Z"), ("time", "2026-01-01T00:00:00+00:00"),
                    ("time", "$(touch PWNED)"), ("after", "None"), ("after", "AB" * 32)):
    forged(f"signed with {name} {value}", LINE, lambda n=name, v=value: one(lines=[forge.disclosure(n, v)], **({"time": None} if n == "time" else {})))
for name, value in (("subject", "AB" * 32), ("subject", "ab"), ("record", "ab" * 32), ("record", "ab" * 32 + "  " + "cd" * 31 + "c"),
                    ("previous", "ab" * 32 + " 012 " + "cd" * 32), ("consent.share", "everybody"), ("consent.purposes", "a..b"),
                    ("consent.purposes", "$(id)"), ("consent.expires", "2031-02-30"), ("consent.expires", "tomorrow"),
                    ("consent.name-disclosed", "maybe"), ("consent.medium", "Oral"), ("consent.language", "-"), ("consent.language", "a" * 36),
                    ("consent.explained-by", ""), ("subject", 5), ("consent.share", ["ab" * 32]), ("kind", None), ("origin", {"a": 1}),
                    ("origin", "evident/log/" + "ab" * 32), ("attachment", "photo.jpg"), ("attachment", {"file": "a"})):
    forged(f"signed with {name} {str(value)[:140]}", LINE, lambda n=name, v=value: one(lines=[forge.disclosure(n, v)]))
for what, text in (("a blank in the JSON", '"a" '), ("a blank before it", ' "a"'), ("an escaped slash", '"a\\/b"'), ("an escape of a letter", '"\\u0061"'),
                   ("a control character as an escape", '"\\u0007"'), ("a bell", '"\x07"'), ("a raw TAB", '"\t"'), ("a DEL", '"\x7f"'),
                   ("a CR alone", '"a\\rb"'), ("a control of Latin-1", '"\x9b31m"'), ("a fraction", "1.5"), ("an exponent", "1e3"), ("a leading zero", "01"),
                   ("minus zero", "-0"), ("a number too large", "9007199254740992"), ("a plus sign", "+1"), ("members in another order", '{"b":1,"a":2}'),
                   ("a member twice", '{"a":1,"a":2}'), ("a comma too many", "[1,]"), ("no end", '"a'), ("nine arrays", "[[[[[[[[[]]]]]]]]]"),
                   ("a fourth item", '"a","b"'), ("nothing", ""), ("a word", "nil"), ("capitals", "True"), ("a control in a member's name", '{"a\\u0000":1}')):
    forged(f"signed with {what}", LINE, lambda t=text: one(lines=[forge.disclosure("x", None, text=t)]))
for what, line in (("a salt too short", '["AAAAAAAAAAAAAAAAAAAAA","x","y"]'), ("a salt of another spelling", '["AAAAAAAAAAAAAAAAAAAAAB","x","y"]'),
                   ("a salt that is no base64url", '["AAAAAAAAAAAAAAAAAAAA+A","x","y"]'), ("a name in capitals", '["AAAAAAAAAAAAAAAAAAAAAA","X","y"]'),
                   ("an empty name", '["AAAAAAAAAAAAAAAAAAAAAA","","y"]'), ("a name with an empty word", '["AAAAAAAAAAAAAAAAAAAAAA","a..b","y"]'),
                   ("a name of 65", '["AAAAAAAAAAAAAAAAAAAAAA","' + "a" * 65 + '","y"]'), ("a name with shell characters", '["AAAAAAAAAAAAAAAAAAAAAA","$(id)","y"]'),
                   ("an object", '{"a":1}'), ("two items", '["AAAAAAAAAAAAAAAAAAAAAA","x"]'), ("something behind it", '["AAAAAAAAAAAAAAAAAAAAAA","x","y"]x')):
    forged(f"signed with {what}", LINE, lambda l=line: with_line(forge.b64url(l.encode())))
for what, data in (("bytes that are no UTF-8", b"\xff"), ("an overlong letter", b"\xc1\xa1"), ("half of a pair", b"\xed\xa0\x80"),
                   ("a point beyond Unicode", b"\xf4\x90\x80\x80"), ("a cut letter", b"\xe2\x80")):
    forged(f"signed with {what}", LINE, lambda d=data: with_line(forge.b64url(b'["AAAAAAAAAAAAAAAAAAAAAA","x","' + d + b'"]')))
forged("signed with a decoy shown", LINE, lambda: shown_decoy())
for count in (15, 17, 24, 8):
    forged(f"signed over {count} lines", DIGESTS, lambda c=count: one(count=c))
for size in (0, 16, 4127, 4129, 4112, 1048849, 9007199254740992, 10**20):
    forged(f"an entry of a content of {size} bytes", ENTRY, lambda s=size: one(content_size=s))
for size in (0, 31, 47, 49, 65569):
    forged(f"an entry of an attachment of {size} bytes", "^(an entry is malformed|a shown line)", lambda s=size: one(attachments=[("a", "b", b"c")], sealed_size=s))
for what, value in (("a slash in its name", {"file": "../../PWNED"}), ("a dot for a name", {"file": ".."}), ("no name", {"file": ""}), ("a TAB in its name", {"file": "a\tb"}),
                    ("a name of 256", {"file": "a" * 256}), ("no type", {"type": ""}), ("a type that is not ASCII", {"type": "ä"}), ("a type of 128", {"type": "a" * 128}),
                    ("a size that is a text", {"size": "1"}), ("a size below zero", {"size": -1}), ("another member", {"more": 1}), ("another hash's spelling", {"sha256": "AB" * 32}),
                    ("a payload that is not the entry's", {"sealed": "ab" * 32}), ("another size", {"size": 500})):
    forged(f"an attachment with {what}", LINE, lambda v=value: one(attachments=[("a", "b", b"c")], value=v))
for size in (2**31 - 1, 2**31, 3 * 10**9, 2**43 + 1):  # too large for an integer of some awks
    forged(f"an attachment said to have {size} bytes", FILE, lambda s=size: one(
        attachments=[("a", "b", b"c")], value={"size": s}, sealed_size=forge.sealed_size(s)))
forged("an attachment of other bytes, and a line that says so", FILE, lambda: one(attachments=[("a", "b", b"c")], value={"sha256": "ab" * 32}))
for what, text in (("lines in another order", "evident entry v1\nlog {l}\nauthor {a}\n"), ("a later version", "evident entry v2\nauthor {a}\nlog {l}\n"),
                   ("two blanks", "evident entry v1\nauthor  {a}\nlog {l}\n"), ("a comment", "evident entry v1\n# x\nauthor {a}\nlog {l}\n"),
                   ("an empty line", "evident entry v1\n\nauthor {a}\nlog {l}\n")):
    forged(f"an entry with {what}", ENTRY, lambda t=text: (lambda log: one(log=log, entry=t.format(a=author.id, l=log.name) + "index 0\ncontent "
           + "ab" * 32 + " 4128\nfields " + "cd" * 32 + "\n"))(Log(author)))
for what, extra in (("withdrawals in another order", [f"withdraw {'cd' * 32}\n", f"withdraw {'ab' * 32}\n"]), ("a withdrawal twice", [f"withdraw {'ab' * 32}\n"] * 2),
                    ("a withdrawal and a key", [f"withdraw {'ab' * 32}\n", f"key revoked {'ab' * 32} 0\n"]), ("two keys", [f"key successor {'ab' * 32}\n"] * 2),
                    ("a successor since when", [f"key successor {'ab' * 32} 5\n"]), ("a revocation without a time", [f"key revoked {'ab' * 32}\n"]),
                    ("a key of another act", [f"key lost {'ab' * 32}\n"]), ("too many withdrawals", [f"withdraw {i:064x}\n" for i in range(1025)]),
                    ("a line unknown", ["note $(touch PWNED)\n"]), ("attachments too many", [f"attachment {i:064x} 33\n" for i in range(257)])):
    forged(f"an entry with {what}", ENTRY, lambda e=extra: one([], kind="key", extra=e))
# What no stock tool tells: our program alone refuses these, as README says.
for eighths in (1, 2, 4):
    forged(f"a key with a part of order {8 // eighths}{ALONE}", KEYS, lambda e=eighths: one(log=Log(curve.Liar(scratch, e))))
forged(f"a key that is no point{ALONE}", KEYS, lambda: one(log=Log(curve.Liar(scratch, public=curve.NOWHERE))))
holds("a key made by arithmetic", lambda: one(log=Log(curve.Liar(scratch))))
forged("a signature whose R is neutral", SIGNATURE, lambda: one(log=Log(curve.Liar(scratch, neutral=True))))
forged("a cosignature whose R is neutral", PROOF, lambda: (one(), {"witnesses": [curve.Liar(scratch, neutral=True)]}))
forged("a signature whose S is too large", SIGNATURE, lambda: one(log=Log(Shifting(scratch, b"SSHSIG"))))
forged("a checkpoint whose S is too large", PROOF, lambda: one(log=Log(Shifting(scratch, b"evident/log/"))))
forged("a cosignature whose S is too large", PROOF, lambda: (one(), {"witnesses": [Shifting(scratch, b"cosignature/")]}))
SMALL = ("00" * 32, "01" + "00" * 31, "ec" + "ff" * 30 + "7f", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
         "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", "ed" + "ff" * 30 + "7f", "ee" + "ff" * 30 + "ff", "00" * 31 + "80")
for key in SMALL:
    forged(f"a key that signs anything: {key[:6]}...{key[-2:]}", KEYS, lambda k=key: weak(bytes.fromhex(k)))


def two_files():
    """An attachment, and a second line that says it is a picture."""
    record = one(attachments=[("a", "text/plain", b"c")], ending="txt")
    sealed = next(iter(record.files))[:16]
    sealed = re.search(f"attachment ({sealed}[0-9a-f]*)", record.entry.decode()).group(1)
    line = forge.disclosure("attachment", {"file": "b", "sealed": sealed, "sha256": forge.sha256(b"d").hex(), "size": 1, "type": "image/png"})
    log = Log(author)
    more = one(log=log, lines=[line, *(l for l in record.shown if Record.name_of(l) == "attachment")],
               extra=[f"attachment {sealed} {forge.sealed_size(1)}\n"])
    more.files = {f"{sealed[:16]}.txt": b"c", f"{sealed[:16]}.png": b"d"}
    return more


def twin_of(log):
    """Another entry of the same log and place, under a tree of its own."""
    other_log = Log(log.author)
    other_log.name, other_log.origin = log.name, log.origin
    return one([("statement", "I saw nothing")], log=other_log)


def two_roots():
    log = Log(author)
    first = one(log=log)
    second = Log(author)
    second.name, second.origin = log.name, log.origin
    second.leaves = [os.urandom(32)]
    late = one(log=second)
    log.leaves.append(os.urandom(32))
    return [first, late]


def forged_note(record, signer):
    text = record.log.text()
    return (f"c2sp.org/tlog-proof@v1\nindex 0\n\n{text}\n" + signer.note_line(record.log.origin, 1, signer.sign(text.encode()))).encode()


def extended():
    record = one()
    text = record.log.text() + "more\n"
    return record, {"proofs": {record.id: (f"c2sp.org/tlog-proof@v1\nindex 0\n\n{text}\n" + author.note_line(
        record.log.origin, 1, author.sign(text.encode()))).encode()}}


class Shifting(forge.Author):
    """Spoils what it signs of one kind, as anybody can."""

    def __init__(self, folder, kind):
        super().__init__(folder)
        self.kind = kind

    def sign(self, message):
        signature = super().sign(message)
        return curve.shift(signature) if message.startswith(self.kind) else signature


class Resigning(forge.Author):
    pass


def resigned(namespace, digest=b"sha512"):
    mine = Resigning(scratch)
    mine.armour = lambda message: forge.Author.armour(mine, message, namespace, digest)
    return one(log=Log(mine))


def with_line(line):
    return one(lines=[line])


def shown_decoy():
    decoy = forge.b64url(b'["AAAAAAAAAAAAAAAAAAAAAA"]')
    return one(lines=[decoy])


def weak(public):
    record = one()
    record.log.author = type("Weak", (), dict(
        public=public, blob=forge.string(b"ssh-ed25519") + forge.string(public)))()
    weak_author = record.log.author
    weak_author.id = forge.sha256(weak_author.blob).hex()
    weak_author.line = lambda: forge.Author.line(weak_author)
    weak_author.armour = author.armour
    return record, {"proofs": {record.id: record.log.proof.__func__(type("L", (), dict(
        text=record.log.text, path=record.log.path, leaves=record.log.leaves, author=author, origin=record.log.origin))(), 0)}}


os.mkdir(work + "/nowhere")
shutil.copytree(good, work + "/bag.links")
before = listing()
chosen = os.environ.get("ONLY")
some = range(5) if chosen or os.environ.get("ALL") else (0, 2)
todo = [(n, a) for n, a in enumerate(attempts)
        if n % 5 in some and (not chosen or re.search(chosen, a[0]))]
with concurrent.futures.ThreadPoolExecutor(max_workers=int(os.environ.get("JOBS", "2"))) as pool:
    results = list(pool.map(lambda item: run(*item), todo))
for (_, (claim, *_)), result in zip(todo, results):
    print(result.replace("\n", " ").replace("\t", " ") + "\t" + claim.replace("\033", "\\e").replace("\n", "\\n"))
# The hard links were taken away again with their bags.
now = [item for item in listing()]
outside = [e for e in os.listdir(work + "/nowhere")] + [e.name for e in os.scandir(work) if e.name == "PWNED"]
print(("ok" if now == before and not outside else f"touched: {outside} {set(now) ^ set(before)}") + "\tnothing outside was touched")
claims = [claim for _, (claim, *_) in todo]
print(("ok" if len(set(claims)) == len(claims) else "twice: " + ", ".join(sorted({c for c in claims if claims.count(c) > 1})[:9])) + "\tall are different")
shutil.rmtree(work + "/bag.links")
shutil.rmtree(scratch)
