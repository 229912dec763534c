"""A maker of bags that shares nothing with Evident: records, proofs and bags by
proto/FORMAT.md alone, with Python's hashes and openssl's signatures. What it makes
without a fault both verifiers must accept; with one, refuse.
"""
import base64
import hashlib
import json
import os
import secrets
import subprocess
import tempfile

NAMESPACES = "evident-entry-v1,evident-card-v1,evident-enrolment-v1,evident-bundle-v1"


def sha256(data):
    return hashlib.sha256(data).digest()


def string(data):
    return len(data).to_bytes(4, "big") + data


def b64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def b64(data):
    return base64.b64encode(data).decode()


class Author:
    """An Ed25519 key that openssl made and signs with."""

    def __init__(self, folder):
        self.path = tempfile.mktemp(dir=folder, suffix=".pem")
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", self.path], check=True)
        der = subprocess.run(["openssl", "pkey", "-in", self.path, "-pubout", "-outform", "DER"],
                             check=True, capture_output=True).stdout
        self.public = der[-32:]
        self.blob = string(b"ssh-ed25519") + string(self.public)
        self.id = sha256(self.blob).hex()

    def sign(self, message):
        with tempfile.NamedTemporaryFile(dir=os.path.dirname(self.path)) as file:
            file.write(message)
            file.flush()
            return subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", self.path, "-rawin", "-in", file.name],
                                  check=True, capture_output=True).stdout

    def armour(self, message, namespace=b"evident-entry-v1", digest=b"sha512"):
        hashed = hashlib.new(digest.decode(), message).digest()
        signed = b"SSHSIG" + string(namespace) + string(b"") + string(digest) + string(hashed)
        signature = string(b"ssh-ed25519") + string(self.sign(signed))
        blob = (b"SSHSIG" + (1).to_bytes(4, "big") + string(self.blob) + string(namespace) + string(b"")
                + string(digest) + string(signature))
        text = b64(blob)
        lines = [text[i : i + 70] for i in range(0, len(text), 70)]
        return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""]).encode()

    def line(self):
        return f'{self.id} namespaces="{NAMESPACES}" ssh-ed25519 {b64(self.blob)}\n'

    def note_line(self, name, kind, payload):
        hint = sha256(name.encode() + b"\n" + bytes([kind]) + self.public)[:4]
        return f"\u2014 {name} {b64(hint + payload)}\n"

    def cosign(self, text, when):
        message = f"cosignature/v1\ntime {when}\n{text}".encode()
        return self.note_line(f"evident/witness/{self.id}", 4, when.to_bytes(8, "big") + self.sign(message))


def disclosure(name, value, salt=None, text=None):
    """A line: canonical JSON, or exactly ${text} as the value."""
    salt = salt or b64url(secrets.token_bytes(16))
    value = text if text is not None else json.dumps(
        value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return b64url(f'["{salt}","{name}",{value}]'.encode("utf-8", "surrogatepass"))


def digest(line):
    return b64url(sha256(line.encode()))


def padme(n):
    if n < 2:
        return n
    e = n.bit_length() - 1
    s = e.bit_length()
    mask = (1 << max(e - s, 0)) - 1
    return (n + mask) & ~mask


def sealed_size(n):
    plain = padme(n)
    return 16 + plain + 16 * max(1, -(-plain // 65536))


HIDDEN = {0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0x2800, 0x3164, 0xFEFF, 0xFFA0,
          *range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070), *range(0xFFF9, 0xFFFC),
          *range(0xE0000, 0xE1000)}


def escape(text, is_text):
    out = []
    for c in text:
        if is_text and c == "\n":
            out.append("\n  ")
        elif c == "\\":
            out.append("\\\\")
        elif is_text and c in "\t\u200c\u200d":
            out.append(c)
        elif ord(c) < 32 or 127 <= ord(c) < 160 or ord(c) in HIDDEN:
            out.append("\\u{%x}" % ord(c))
        else:
            out.append(c)
    return "".join(out)


def readable(lines):
    out = []
    for line in lines:
        raw = base64.urlsafe_b64decode(line + "=" * (-len(line) % 4)).decode()
        _, name, value = json.loads(raw)
        if name == "attachment":
            shown = f"{escape(value['file'], False)} ({escape(value['type'], False)}, {value['size']} bytes)"
        elif isinstance(value, str):
            shown = escape(value, True)
        else:
            shown = escape(raw[raw.index('",', 26) + 2 : -1], False)
        out.append(f"{name}: {shown}\n")
    return "".join(out)


class Log:
    def __init__(self, author):
        self.author = author
        self.name = secrets.token_hex(32)
        self.leaves = []
        self.origin = f"evident/log/{author.id}/{self.name}"

    def node(self, leaves):
        if len(leaves) == 1:
            return leaves[0]
        k = 1 << ((len(leaves) - 1).bit_length() - 1)
        return sha256(b"\1" + self.node(leaves[:k]) + self.node(leaves[k:]))

    def path(self, m, leaves):
        if len(leaves) == 1:
            return []
        k = 1 << ((len(leaves) - 1).bit_length() - 1)
        if m < k:
            return self.path(m, leaves[:k]) + [self.node(leaves[k:])]
        return self.path(m - k, leaves[k:]) + [self.node(leaves[:k])]

    def text(self, size=None):
        leaves = self.leaves[:size]
        return f"{self.origin}\n{len(leaves)}\n{b64(self.node(leaves))}\n"

    def proof(self, index, size=None, witnesses=(), when=1700000000):
        text = self.text(size)
        hashes = "".join(b64(h) + "\n" for h in self.path(index, self.leaves[:size]))
        lines = self.author.note_line(self.origin, 1, self.author.sign(text.encode()))
        for witness in sorted(witnesses, key=lambda w: w.id):
            lines += witness.cosign(text, when)
        return f"c2sp.org/tlog-proof@v1\nindex {index}\n{hashes}\n{text}\n{lines}".encode()


class Record:
    """An entry of a log with its lines. Whatever is given in ${over} stands as given
    instead of what should."""

    def __init__(self, log, fields, shown=None, attachments=(), extra=(), kind="testimony", index=None, **over):
        self.log, self.over = log, over
        self.files = {}
        self.index = len(log.leaves) if index is None else index
        pairs = [("kind", kind), ("time", over.get("time", "2026-01-02T03:04:05Z")), ("after", "none"),
                 ("origin", over.get("origin", log.origin)), *fields]
        named = [disclosure(name, value) for name, value in pairs if value is not None]
        lines_of_entry = []
        for file, kind_of_file, data in attachments:
            sealed = secrets.token_bytes(32).hex()
            size = over.get("sealed_size", sealed_size(len(data)))
            lines_of_entry.append(f"attachment {sealed} {size}\n")
            value = {"file": file, "sealed": sealed, "sha256": sha256(data).hex(), "size": len(data), "type": kind_of_file}
            value.update(over.get("value", {}))
            named.append(disclosure("attachment", value))
            self.files[f"{sealed[:16]}.{over.get('ending', 'bin')}"] = data
        named += over.get("lines", [])
        count = over.get("count", max(16, 1 << (len(named) - 1).bit_length()))
        decoys = [b64url(f'["{b64url(secrets.token_bytes(16))}"]'.encode()) for _ in range(count - len(named))]
        self.digests = sorted(digest(line) for line in named + decoys)
        wanted = [line for line in named if shown is None or self.name_of(line) in shown]
        self.shown = sorted(wanted, key=digest)
        text = "".join(d + "\n" for d in self.digests)
        self.entry = over.get("entry", "").encode() or (
            f"evident entry v1\nauthor {log.author.id}\nlog {over.get('log', log.name)}\nindex {self.index}\n"
            f"content {secrets.token_bytes(32).hex()} {over.get('content_size', 4128)}\n"
            f"fields {sha256(text.encode()).hex()}\n" + "".join(sorted(lines_of_entry)) + "".join(extra)).encode()
        self.digest_text = text
        leaf = sha256(b"\0" + self.entry)
        self.id = leaf.hex()
        if index is None:
            log.leaves.append(leaf)

    @staticmethod
    def name_of(line):
        raw = base64.urlsafe_b64decode(line + "=" * (-len(line) % 4)).decode("utf-8", "replace")
        return raw.split('"')[3] if raw.count('"') > 3 else ""


def manifests(bag, version=None):
    """What somebody would write who wants a change not to show."""
    def get(name):
        return open(os.path.join(bag, name), "rb").read()

    every = []
    for folder, _, names in os.walk(bag):
        for name in names:
            full = os.path.join(folder, name)
            if os.path.isfile(full) and not os.path.islink(full):
                every.append(os.path.relpath(full, bag))
    payload = sorted(f for f in every if f.startswith("data/"))
    size = sum(os.path.getsize(os.path.join(bag, f)) for f in payload)
    version = version or (2 if "timeline.svg" in every else 1)
    with open(os.path.join(bag, "bag-info.txt"), "w") as out:
        out.write(f"Evident-Bag-Version: {version}\nPayload-Oxum: {size}.{len(payload)}\n")
    tags = sorted({f for f in every if not f.startswith("data/") and not f.startswith("tagmanifest-")}
                  | {"bag-info.txt", "manifest-sha256.txt", "manifest-sha512.txt"})
    for prefix, files in (("manifest", payload), ("tagmanifest", tags)):
        for kind in ("sha256", "sha512"):
            with open(os.path.join(bag, f"{prefix}-{kind}.txt"), "w") as out:
                for file in files:
                    out.write(f"{hashlib.new(kind, get(file)).hexdigest()}  {file}\n")


def write(bag, records, documents, witnesses=(), proofs=None, signers=None, size=None):
    """${documents}: a good bag to take FORMAT.md and VERIFY.txt from."""
    os.makedirs(bag)
    for record in records:
        top = os.path.join(bag, "data", record.id)
        os.makedirs(top)
        parts = {
            "entry": record.entry,
            "entry.sig": record.log.author.armour(record.entry),
            "proof": (proofs or {}).get(record.id) or record.log.proof(record.index, size, witnesses),
            "digests": record.digest_text.encode(),
            "disclosed": "".join(line + "\n" for line in record.shown).encode(),
        }
        try:
            parts["readable.txt"] = readable(record.shown).encode()
        except (ValueError, TypeError, KeyError):  # lines that no page can be made of
            parts["readable.txt"] = b""
        for name, data in parts.items():
            with open(os.path.join(top, name), "wb") as out:
                out.write(data)
        if record.files:
            os.mkdir(os.path.join(top, "attachments"))
        for name, data in record.files.items():
            with open(os.path.join(top, "attachments", name), "wb") as out:
                out.write(data)
    authors = {a.id: a for a in [r.log.author for r in records] + list(witnesses)}
    with open(os.path.join(bag, "allowed_signers"), "w") as out:
        out.write(signers if signers is not None else "".join(authors[i].line() for i in sorted(authors)))
    with open(os.path.join(bag, "bagit.txt"), "w") as out:
        out.write("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    for name in ("FORMAT.md", "VERIFY.txt"):
        with open(os.path.join(bag, name), "wb") as out:
            out.write(open(os.path.join(documents, name), "rb").read())
    manifests(bag)
