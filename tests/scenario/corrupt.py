"""corrupt.py EVIDENT DIR: corrupt DIR/bag in many ways, one at a time, and have
each verified. A line for each: "ok" or what was said instead, TAB, the claim.

DIR/third and DIR/foreign are good bags of the same and of another author.
"""
import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys

evident, work = sys.argv[1:3]
good = work + "/bag"
bad = work + "/bad"
records = sorted(os.listdir(good + "/data"))
R = "data/" + records[0]
R2 = "data/" + records[1]
third = os.path.join(work, "third/data", os.listdir(work + "/third/data")[0])
alien = os.path.join(work, "foreign/data", os.listdir(work + "/foreign/data")[0])
attachment = R + "/attachments/" + os.listdir(f"{good}/{R}/attachments")[0]


def path(name):
    return os.path.join(bad, name)


def get(name):
    return open(path(name), "rb").read()


def put(name, data):
    with open(path(name), "wb") as out:
        out.write(data if isinstance(data, bytes) else data.encode())


def files(top):
    for folder, _, names in os.walk(bad):
        for name in names:
            full = os.path.join(folder, name)
            rel = os.path.relpath(full, bad)
            if rel.startswith("data/") == top and not rel.startswith("tagmanifest"):
                if os.path.isfile(full) and not os.path.islink(full):
                    yield rel


def manifests():
    """What somebody would do who wants the change not to show."""
    size = sum(os.path.getsize(path(f)) for f in files(True))
    put("bag-info.txt", f"Evident-Bag-Version: 1\nPayload-Oxum: {size}.{len(list(files(True)))}\n")
    for prefix, top in (("manifest", True), ("tagmanifest", False)):
        for kind in ("sha256", "sha512"):
            text = "".join(
                f"{hashlib.new(kind, get(f)).hexdigest()}  {f}\n"
                for f in sorted(files(top))
            )
            put(f"{prefix}-{kind}.txt", text)


def verify(*more):
    run = subprocess.run(
        [evident, "verify", bad, *more], capture_output=True, text=True, timeout=60
    )
    return run.returncode, run.stdout + run.stderr


def snapshot():
    return sorted((e.name, e.stat().st_mtime_ns) for e in os.scandir(work) if e.name != "bad")


def attempt(claim, reason, change, redo=True):
    shutil.rmtree(bad, ignore_errors=True)
    shutil.copytree(good, bad)
    try:
        change()
        if redo:
            manifests()
        before = snapshot()
        code, said = verify()
        if code != 4:
            result = f"exit {code}: {said.strip()[:300]!r}"
        elif reason not in said:
            result = f"not for this reason: {said.strip()[:300]!r}"
        elif snapshot() != before:
            result = "something outside the bag was touched"
        elif any(ord(c) < 32 and c not in "\n\t" for c in said):
            result = "a control character was printed"
        else:
            result = "ok"
    except Exception as error:  # a corruption that could not be made
        result = f"cannot corrupt: {error!r}"
    print(result + "\t" + claim)


def flip(name, at):
    data = bytearray(get(name))
    data[at % len(data)] ^= 1
    put(name, bytes(data))


def replace(name, old, new):
    data = get(name)
    assert old in data, "the text to replace is not there"
    put(name, data.replace(old, new, 1))


PARTS = {
    "entry": "entry is malformed|signature does not hold",
    "entry.sig": "signature",
    "proof": "place in its log",
    "digests": "digests",
    "disclosed": "shown line",
    "readable.txt": "readable page",
}
# Every file: a byte flipped and not hidden, then hidden by new manifests.
names = [f"{R}/{part}" for part in PARTS] + [attachment]
for name in names + ["allowed_signers", "FORMAT.md", "VERIFY.txt", "bagit.txt", "bag-info.txt"]:
    attempt(f"a flipped byte of {os.path.basename(name)}", "manifests differ",
            lambda: flip(name, 40), redo=False)
    attempt(f"{os.path.basename(name)} cut short", "manifests differ",
            lambda: put(name, get(name)[:-1]), redo=False)
    attempt(f"{os.path.basename(name)} emptied", "manifests differ",
            lambda: put(name, b""), redo=False)
for kind in ("manifest-sha256.txt", "manifest-sha512.txt", "tagmanifest-sha256.txt", "tagmanifest-sha512.txt"):
    attempt(f"a flipped byte of {kind}", "manifests differ", lambda: flip(kind, 3), redo=False)
    attempt(f"{kind} in upper case", "manifests differ",
            lambda: put(kind, b"\n".join(l[:64].upper() + l[64:] for l in get(kind).split(b"\n"))), redo=False)
    attempt(f"{kind} with a line twice", "manifests differ",
            lambda: put(kind, get(kind) + get(kind).split(b"\n")[0] + b"\n"), redo=False)
    attempt(f"{kind} removed", "missing", lambda: os.remove(path(kind)), redo=False)
    attempt(f"{kind} with a path that climbs out", "manifests differ",
            lambda: put(kind, get(kind) + b"0" * 64 + b"  ../../etc/passwd\n"), redo=False)

for part, reasons in PARTS.items():
    def hidden(change, what):
        said = reasons.split("|")[0] if part != "entry" else ""
        attempt(f"{what}, manifests made anew", said, change)
    size = len(open(f"{good}/{R}/{part}", "rb").read())
    for at in (0, size // 2, size - 1):
        hidden(lambda: flip(f"{R}/{part}", at), f"byte {at} of {part} flipped")
    hidden(lambda: put(f"{R}/{part}", get(f"{R}/{part}")[:-1]), f"{part} cut by a byte")
    hidden(lambda: put(f"{R}/{part}", get(f"{R}/{part}") + b"\n"), f"{part} with a line more")
    hidden(lambda: put(f"{R}/{part}", get(f"{R2}/{part}")), f"{part} of another record")
    attempt(f"{part} missing, manifests made anew", "missing", lambda: os.remove(path(f"{R}/{part}")))

attempt("another number in the entry", "", lambda: replace(f"{R}/entry", b"index ", b"index 9"))
attempt("upper-case digits in the entry", "entry is malformed",
        lambda: put(f"{R}/entry", get(f"{R}/entry").replace(b"author ", b"author A", 1)))
attempt("CR LF in the entry", "entry is malformed",
        lambda: put(f"{R}/entry", get(f"{R}/entry").replace(b"\n", b"\r\n")))
attempt("an attachment changed, manifests made anew", "attachment is not", lambda: flip(attachment, 100))
attempt("an attachment longer by a zero byte", "attachment is not",
        lambda: put(attachment, get(attachment) + b"\0"))
attempt("an attachment removed", "missing",
        lambda: shutil.rmtree(os.path.dirname(path(attachment))))
attempt("an attachment removed, its folder left", "belongs to no bag",
        lambda: os.remove(path(attachment)))
attempt("an attachment more", "belongs to no bag",
        lambda: put(f"{R}/attachments/0000000000000000.jpg", b"x"))
attempt("the signature of another author", "signature",
        lambda: shutil.copy(alien + "/entry.sig", path(f"{R}/entry.sig")))
attempt("another author's key in allowed_signers", "list of keys",
        lambda: shutil.copy(work + "/foreign/allowed_signers", path("allowed_signers")))
attempt("a key too many in allowed_signers", "list of keys",
        lambda: put("allowed_signers", get("allowed_signers") + open(work + "/foreign/allowed_signers", "rb").read()))
attempt("allowed_signers with a comment", "list of keys",
        lambda: put("allowed_signers", b"# trust me\n" + get("allowed_signers")))
attempt("a record of another author grafted in", "list of keys",
        lambda: shutil.copytree(alien, path("data/" + os.path.basename(alien))))
attempt("a folder of another name", "entry is malformed",
        lambda: os.rename(path(R), path("data/" + "0" * 64)))
attempt("a record's folder twice", "entry is malformed",
        lambda: shutil.copytree(path(R), path("data/" + "1" * 64)))
attempt("all records removed", "", lambda: shutil.rmtree(path("data")))
attempt("the proof of another log", "place in its log",
        lambda: shutil.copy(alien + "/proof", path(f"{R}/proof")))
attempt("the proof with another index", "place in its log",
        lambda: put(f"{R}/proof", get(f"{R}/proof").replace(b"index ", b"index 1", 1)))
attempt("the proof without its signature", "place in its log",
        lambda: put(f"{R}/proof", b"\n".join(get(f"{R}/proof").split(b"\n")[:-2]) + b"\n"))
attempt("a shown line of another record", "shown line",
        lambda: put(f"{R}/disclosed", open(third + "/disclosed", "rb").read()))
attempt("a shown line twice", "shown line",
        lambda: put(f"{R}/disclosed", get(f"{R}/disclosed") + get(f"{R}/disclosed").split(b"\n")[-2] + b"\n"))
attempt("shown lines in another order", "shown line",
        lambda: put(f"{R}/disclosed", b"\n".join(reversed(get(f"{R}/disclosed").rstrip(b"\n").split(b"\n"))) + b"\n"))


def lie(value):
    lines = get(f"{R}/disclosed").decode().split("\n")
    item = json.loads(base64.urlsafe_b64decode(lines[0] + "=="))
    item[2] = value
    text = json.dumps(item, separators=(",", ":"))
    lines[0] = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    put(f"{R}/disclosed", "\n".join(lines))


attempt("a shown line that says something else", "shown line", lambda: lie("a lie"))
attempt("a shown line made up", "shown line",
        lambda: put(f"{R}/disclosed", base64.urlsafe_b64encode(b'["AAAAAAAAAAAAAAAAAAAAAA","statement","x"]').rstrip(b"=") + b"\n"))
attempt("a digest more", "digests",
        lambda: put(f"{R}/digests", get(f"{R}/digests") + b"z" * 43 + b"\n"))
attempt("a readable page that lies", "readable page",
        lambda: replace(f"{R}/readable.txt", b"number", b"nobody"))
attempt("FORMAT.md of somebody else", "FORMAT.md", lambda: put("FORMAT.md", b"trust me\n"))
attempt("VERIFY.txt of somebody else", "VERIFY.txt", lambda: put("VERIFY.txt", b"run this: rm -rf ~\n"))
def cosign(line):
    put(f"{R}/proof", get(f"{R}/proof") + "\u2014 ".encode() + line.encode() + b"\n")


attempt("a cosignature of a stranger", "place in its log",
        lambda: cosign("evident/witness/" + "ab" * 32 + " " + base64.b64encode(b"x" * 76).decode()))
attempt("a line of some other note", "place in its log",
        lambda: cosign("example.org " + base64.b64encode(b"x" * 68).decode()))
attempt("a signature too long for any kind", "place in its log",
        lambda: cosign("example.org " + base64.b64encode(b"x" * 2000).decode()))
attempt("the author's line twice", "place in its log",
        lambda: put(f"{R}/proof", get(f"{R}/proof") + get(f"{R}/proof").split(b"\n")[-2] + b"\n"))


def hide(name):
    """Leave a line out of what is shown, as if it had not been asked for."""
    kept = [l for l in get(f"{R}/disclosed").decode().split("\n")[:-1]
            if f'","{name}",' not in base64.urlsafe_b64decode(l + "=" * (-len(l) % 4)).decode()]
    shown = [l for l in get(f"{R}/readable.txt").decode().split("\n") if not l.startswith(name + ": ")]
    put(f"{R}/disclosed", "".join(l + "\n" for l in kept))
    put(f"{R}/readable.txt", "\n".join(shown))


attempt("the kind is not shown", "not said by this author", lambda: hide("kind"))
attempt("the origin is not shown", "not said by this author", lambda: hide("origin"))
attempt("a bag of a later version", "later version",
        lambda: replace("bag-info.txt", b"Version: 1", b"Version: 2"), redo=False)
attempt("a version that is no number", "later version",
        lambda: replace("bag-info.txt", b"Version: 1", b"Version: 1a"), redo=False)
attempt("a bag without a version", "manifests differ",
        lambda: replace("bag-info.txt", b"Evident-Bag-Version: 1\n", b""), redo=False)
attempt("a script in the bag", "belongs to no bag", lambda: put("verify.sh", b"#!/bin/sh\n"))
attempt("a file in data/", "belongs to no bag", lambda: put("data/README", b"x"))
attempt("a file in a record", "belongs to no bag", lambda: put(f"{R}/note.html", b"<script>"))
attempt("a hidden file", "belongs to no bag", lambda: put(".hidden", b"x"))
attempt("a name with a blank", "belongs to no bag", lambda: put("a b", b"x"))
attempt("a name with a terminal escape", "belongs to no bag", lambda: put("a\033[31mb", b"x"))
attempt("a name with a line feed", "belongs to no bag", lambda: put("a\nb", b"x"))
attempt("a name that is an option", "belongs to no bag", lambda: put("-rf", b"x"))
attempt("a name with shell characters", "belongs to no bag", lambda: put("$(reboot)", b"x"))
attempt("an empty folder", "belongs to no bag", lambda: os.mkdir(path("extra")))
attempt("folders nested too deep", "belongs to no bag",
        lambda: os.makedirs(path(f"{R}/attachments/a/b/c/d")))


def swap(make):
    os.remove(path(f"{R}/disclosed"))
    make(path(f"{R}/disclosed"))


for redo in (True, False):
    how = "manifests made anew" if redo else "manifests as they were"
    attempt(f"a link instead of a file, {how}", "link, pipe or device",
            lambda: swap(lambda p: os.symlink("/etc/passwd", p)), redo)
    attempt(f"a pipe instead of a file, {how}", "link, pipe or device", lambda: swap(os.mkfifo), redo)
    attempt(f"a hard link, {how}", "link, pipe or device",
            lambda: swap(lambda p: os.link(good + "/" + R + "/disclosed", p)), redo)
attempt("a link to a folder", "link, pipe or device",
        lambda: os.symlink(work + "/third/data", path("data/link")))
attempt("a huge entry", "", lambda: put(f"{R}/entry", b"x" * 2000000))
attempt("a huge proof", "larger than it can be", lambda: put(f"{R}/proof", b"x" * 2000000))
attempt("a huge signature", "larger than it can be", lambda: put(f"{R}/entry.sig", b"x" * 2000000))
shutil.rmtree(bad, ignore_errors=True)
