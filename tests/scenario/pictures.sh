#!/bin/bash
# Goal of this test: a card goes from one screen to another node by a picture: what
# the terminal shows is read by another program, and by us; and a picture that is
# none, or made to harm, is refused in one line.
. "$(dirname "$0")/lib.sh"

hub_start hub
node_start field
for n in 1 2 3; do # as an organisation with some people would have it
	on hub card add-reader "$(age-keygen 2>/dev/null | sed -n 's/^# public key: //p')" || die "reader"
done
on hub card >"$T/hub.card"
draw() { python3 "$(dirname "$0")/terminal_picture.py" "$1" "$2"; }
ok "the card is shown" on hub card --qr
cp "$T/out" "$T/shown"
draw 4 "$T/hub.png" <"$T/shown"
zbarimg -q --raw "$T/hub.png" 2>/dev/null >"$T/read"
is "another program reads it, to the byte" "$(cat "$T/read")" "$(cat "$T/hub.card")"
ok "so do we" on field partner add --qr "$T/hub.png"
is "the partner is there" "$(on field partner list --json | json "j['partners'][0]['name']")" hub
on field card >"$T/field.card"
on hub partner add "$T/field.card" >/dev/null || die "add"
number=$(on field partner compare hub)
is "with the number that its own file gives" "$(on hub partner compare field)" "$number"
draw 2 "$T/small.png" <"$T/shown"
ok "also from a small picture" on field partner add --qr "$T/small.png"
draw 5 "$T/photo.pgm" <"$T/shown" && cjpeg -quality 60 "$T/photo.pgm" >"$T/photo.jpg" || die "cjpeg"
ok "and from a JPEG" on field partner add --qr "$T/photo.jpg"
fails 2 "alone" "--qr is for people only" on hub card --qr --json

# What is no picture of a card.
fails 1 "cannot read a picture" "no file" on field partner add --qr "$T/none.png"
mkfifo "$T/fifo"
fails 1 "cannot read a picture" "a FIFO" on field partner add --qr "$T/fifo"
: >"$T/empty.png"
fails 1 "cannot read a picture" "an empty file" on field partner add --qr "$T/empty.png"
fails 1 "cannot be read" "a card that is no picture" on field partner add --qr "$T/hub.card"
head -c 2000 "$T/hub.png" >"$T/cut.png"
fails 1 "cannot be read" "a picture cut short" on field partner add --qr "$T/cut.png"
python3 - "$T/hub.png" "$T/bomb.png" <<'P'
import struct, sys, zlib
data = bytearray(open(sys.argv[1], "rb").read())
data[16:24] = struct.pack(">II", 60000, 60000)  # a picture of 3.6 GB, it says
data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
open(sys.argv[2], "wb").write(data)
P
fails 1 "cannot be read" "one that says it is huge" on field partner add --qr "$T/bomb.png"
printf '\xff\xd8\xff\xe0broken' >"$T/broken.jpg"
fails 1 "cannot be read" "a JPEG that is none" on field partner add --qr "$T/broken.jpg"
yes $'\033[38;5;231;48;5;231m\xe2\x96\x84' | head -50 | tr -d '\n' | (cat; echo) >"$T/line"
for n in $(seq 25); do cat "$T/line"; done | draw 4 "$T/blank.png"
fails 1 "no QR code" "a picture of nothing" on field partner add --qr "$T/blank.png"
sed 's/^serial .*/serial 99/' "$T/hub.card" >"$T/forged.card"
qrencode -8 -l L -o "$T/forged.png" -r "$T/forged.card" || die "qrencode"
fails 1 "card" "a code with a forged card" on field partner add --qr "$T/forged.png"
qrencode -8 -l L -o "$T/other.png" -r "$T/hub.card" || die "qrencode"
ok "a code that another program drew" on field partner add --qr "$T/other.png"
flips() { # whatever byte is flipped, nothing but the true card comes in
	local at
	for at in $(seq 60 97 2400); do
		cp "$T/hub.png" "$T/flip.png"
		printf '\x5a' | dd of="$T/flip.png" bs=1 seek="$at" conv=notrunc 2>/dev/null
		on field partner add --qr "$T/flip.png" >/dev/null 2>"$T/err"
		[ $? -le 1 ] || return 1
	done
	[ "$(on field partner compare hub)" = "$number" ]
}
ok "damaged pictures change nothing" flips
