"""cosignature.py PROOF SSH-KEY TMPDIR: check by openssl that SSH-KEY cosigned the
checkpoint in PROOF (C2SP tlog-cosignature, cosignature/v1), and say when."""
import base64
import hashlib
import subprocess
import sys

proof, ssh_key, tmp = sys.argv[1:4]
note = open(proof).read().split("\n\n", 1)[1]
text, lines = note.split("\n\n", 1)
text += "\n"
blob = base64.b64decode(ssh_key)
name = "evident/witness/" + hashlib.sha256(blob).hexdigest()
key = blob[-32:]
hash4 = hashlib.sha256(name.encode() + b"\n\x04" + key).digest()[:4]
found = [line.split(" ") for line in lines.split("\n") if f" {name} " in line]
assert len(found) == 1, "no cosignature of this key"
raw = base64.b64decode(found[0][2])
assert raw[:4] == hash4 and len(raw) == 76
time = int.from_bytes(raw[4:12], "big")
with open(tmp + "/cosigned", "wb") as out:
    out.write(f"cosignature/v1\ntime {time}\n{text}".encode())
with open(tmp + "/signature", "wb") as out:
    out.write(raw[12:])
with open(tmp + "/key.der", "wb") as out:
    out.write(bytes.fromhex("302a300506032b6570032100") + key)
subprocess.run(
    ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey",
     tmp + "/key.der", "-rawin", "-in", tmp + "/cosigned", "-sigfile",
     tmp + "/signature"], check=True)
print(time)
