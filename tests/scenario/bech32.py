"""bech32.py HEX: an age recipient of those 32 bytes (BIP 173), valid or not."""
import sys

DIGITS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def polymod(values):
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for i, generator in enumerate(
            (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
        ):
            check ^= generator if top >> i & 1 else 0
    return check


bits = "".join(f"{byte:08b}" for byte in bytes.fromhex(sys.argv[1]))
bits += "0" * (-len(bits) % 5)
data = [int(bits[i : i + 5], 2) for i in range(0, len(bits), 5)]
prefix = "age"
expanded = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
check = polymod(expanded + data + [0] * 6) ^ 1
data += [check >> 5 * (5 - i) & 31 for i in range(6)]
print(prefix + "1" + "".join(DIGITS[value] for value in data))
