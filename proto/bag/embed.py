"""embed.py NAME=FILE... : print C arrays of those files."""
import sys

print("#include <stddef.h>")
for item in sys.argv[1:]:
    name, path = item.split("=", 1)
    data = open(path, "rb").read()
    print(f"extern const unsigned char {name}[];")
    print(f"extern const size_t {name}_len;")
    print(f"const unsigned char {name}[] = {{")
    for at in range(0, len(data), 16):
        print(",".join(str(byte) for byte in data[at : at + 16]) + ",")
    print("};")
    print(f"const size_t {name}_len = {len(data)};")
