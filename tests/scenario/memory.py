"""memory.py PID WORD: how often WORD stands in the readable memory of PID."""
import re
import sys

pid, word = sys.argv[1], sys.argv[2].encode()
count = 0
with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
    for line in maps:
        match = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
        if not match or "[vvar]" in line or "[vsyscall]" in line:
            continue
        start, end = (int(part, 16) for part in match.groups())
        try:
            mem.seek(start)
            while start < end:
                data = mem.read(min(end - start, 1 << 24))
                if not data:
                    break
                count += data.count(word)
                start += len(data)
        except (OSError, ValueError):
            continue
print(count)
