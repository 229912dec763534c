"""example.py FORMAT.md DIR: run the commands of section 13 in DIR and compare
what they print with what the document says. TAP."""
import subprocess
import sys

text = open(sys.argv[1]).read().split("## 13 A worked example")[1]
blocks = [[]]
for line in text.split("\n"):
    if line.startswith("    "):
        blocks[-1].append(line[4:])
    elif blocks[-1]:
        blocks.append([])
blocks = [block for block in blocks if block]
assert blocks[0][0] == "evident entry v1"

STARTS = ("(", "cut ", "ssh-keygen", "age ", "sed ", "printf", "sha256sum", "tail ",
          "node()", "leaf()", "step()", "openssl", "keys()", "id()", "first=")
results = []
entry = open(sys.argv[2] + "/entry").read().rstrip("\n").split("\n")
results.append((blocks[0] == entry, "the entry shown is the one in example/"))
for block in blocks[1:]:
    commands, wanted = [], []
    # A block may hold several commands, each followed by what it prints; one
    # shell runs them all, so that what a line defines the next can use.
    for line in block:
        (commands if line.startswith(STARTS) else wanted).append(line)
    run = subprocess.run(["bash", "-c", "\n".join(commands)], cwd=sys.argv[2],
                         capture_output=True, text=True)
    got = [line.rstrip() for line in run.stdout.rstrip("\n").split("\n")]
    wanted = [line.rstrip() for line in wanted]
    results.append((got == wanted, commands[0][:60]))
    if got != wanted:
        print("# got", got, "wanted", wanted, run.stderr[:300])
print(f"1..{len(results) + 1}")
for number, (good, claim) in enumerate(results, 1):
    print("ok" if good else "not ok", number, "-", claim)
print("ok" if len(results) > 12 else "not ok", len(results) + 1, "- the whole section was run")
sys.exit(0 if all(good for good, _ in results) and len(results) > 12 else 1)
