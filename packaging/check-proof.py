"""check-proof.py PROOF ENTRY SSH-KEY TMPDIR: check that ENTRY stands where
PROOF says, in a checkpoint that SSH-KEY signed; the signature by openssl."""
import base64
import hashlib
import subprocess
import sys

proof_path, entry_path, ssh_key, tmp = sys.argv[1:5]


def sha256(data):
    return hashlib.sha256(data).digest()


lines, note = open(proof_path).read().split("\n\n", 1)
lines = lines.split("\n")
assert lines[0] == "c2sp.org/tlog-proof@v1"
index = int(lines[1].split(" ")[1])
path = [base64.b64decode(line) for line in lines[2:]]
text, signatures = note.split("\n\n", 1)
text += "\n"
origin, size, root = text.split("\n")[:3]
size = int(size)

# RFC 9162, 2.1.3.2
value = sha256(b"\0" + open(entry_path, "rb").read())
fn, sn = index, size - 1
assert index < size
for step in path:
    assert sn > 0
    if fn & 1 or fn == sn:
        value = sha256(b"\1" + step + value)
        while not fn & 1 and fn:
            fn, sn = fn >> 1, sn >> 1
    else:
        value = sha256(b"\1" + value + step)
    fn, sn = fn >> 1, sn >> 1
assert sn == 0 and value == base64.b64decode(root)

key = base64.b64decode(ssh_key)[-32:]
with open(tmp + "/key.der", "wb") as out:
    out.write(bytes.fromhex("302a300506032b6570032100") + key)
with open(tmp + "/signed", "wb") as out:
    out.write(text.encode())
line = next(l for l in signatures.split("\n") if l.split(" ")[1] == origin)
with open(tmp + "/signature", "wb") as out:
    out.write(base64.b64decode(line.split(" ")[2])[4:])
subprocess.run(
    ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey",
     tmp + "/key.der", "-rawin", "-in", tmp + "/signed", "-sigfile",
     tmp + "/signature"], check=True)
