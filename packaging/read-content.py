"""read-content.py FILE NAME: print the text of field NAME of a content that
`age -d` opened. All there is to it: lines of base64url, each a JSON list."""
import base64
import json
import sys

for line in open(sys.argv[1]).read().split("\n")[1:]:
    item = json.loads(base64.urlsafe_b64decode(line + "==")) if line else []
    if len(item) == 3 and item[1] == sys.argv[2]:
        sys.stdout.write(item[2])
