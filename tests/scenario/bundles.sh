#!/bin/bash
# Goal of this test: what is carried by hand, as files, arrives as it would by
# TLS: in any order, again and again, with some lost, and cut off in reading;
# receipts ride back the same way; and a bundle serves nobody but its partner.
. "$(dirname "$0")/lib.sh"

node_start desk --reader
node_start field
node_start other --reader
introduce field desk || die "field and desk"
introduce other desk || die "other and desk"
head -c 3000000 /dev/urandom >"$T/photo.jpg"

capture() { # TEXT [OPTION...]
	local text=$1
	shift
	on field capture --to desk --field "statement=$text" "$@" || die "capture"
}
delivered() { # ID
	on field list --json |
		json "[r['delivered'] for r in j['records'] if r['id']=='$1'][0]"
}
has() { # ID: the desk holds it whole
	on desk list --json |
		json "[r['complete'] for r in j['records'] if r['id']=='$1']"
}

first=$(capture "the first" --attach "$T/photo.jpg")
ok "a bundle is written" on field bundle write desk "$T/1.age"
is "it is a file for its owner alone" "$(stat -c %a "$T/1.age")" 600
is "and nothing is left beside it" "$(ls "$T"/1.age*)" "$T/1.age"
ok "age takes it for one of its own" grep -aq '^age-encryption.org/v1$' "$T/1.age"
fails 1 "something is there" "a file that is there is not overwritten" \
	on field bundle write desk "$T/1.age"
fails 1 "no bundle for this node" "another node cannot open it" \
	on other bundle read "$T/1.age"
ok "the desk reads it" on desk bundle read "$T/1.age"
is "and holds the record whole" "$(has "$first")" "[True]"
is "which the field does not know yet" "$(delivered "$first")" "[]"
ok "the desk answers" on desk bundle write field "$T/1r.age"
ok "the field reads the answer" on field bundle read "$T/1r.age"
is "and knows that it was delivered" "$(delivered "$first")" "['desk']"
ok "the attachment opens to the same bytes" eval \
	'on desk show "$first" --attachments "$T/open" >/dev/null &&
	cmp "$T/photo.jpg" "$T/open/attachment-1.jpg"'
ok "an export from the desk carries the proof" eval \
	'on desk export "$first" --to "$T/bag" --disclose-all &&
	on desk verify "$T/bag"'

# Loss and disorder.
second=$(capture "the second")
ok "a second bundle" on field bundle write desk "$T/2.age"
third=$(capture "the third" --attach "$T/photo.jpg")
ok "a third bundle" on field bundle write desk "$T/3.age"
fourth=$(capture "the fourth")
ok "a fourth bundle" on field bundle write desk "$T/4.age"
ok "the fourth is read, the others being lost" on desk bundle read "$T/4.age"
is "it brought them all" "$(has "$second")$(has "$third")$(has "$fourth")" "[True][True][True]"
ok "the third turns up" on desk bundle read "$T/3.age"
ok "and the second" on desk bundle read "$T/2.age"
ok "and the first, again" on desk bundle read "$T/1.age"
ok "and the fourth, again" on desk bundle read "$T/4.age"
count_all() { on desk list --json | json "len(j['records'])"; }
is "nothing is there twice" "$(count_all)" 4
on desk bundle write field "$T/lost.age" || die "bundle"
ok "the second answer, the first being lost" on desk bundle write field "$T/4r.age"
ok "is read" on field bundle read "$T/4r.age"
ok "and read again" on field bundle read "$T/4r.age"
is "all is delivered" \
	"$(delivered "$second")$(delivered "$third")$(delivered "$fourth")" \
	"['desk']['desk']['desk']"
before=$(stat -c %s "$T/4.age")
ok "with nothing new" on field bundle write desk "$T/5.age"
is "a bundle is small" "$(($(stat -c %s "$T/5.age") < before / 100))" 1
ok "an answer from long ago harms nothing" on field bundle read "$T/1r.age"

# Forged with stock tools: the bundle key is on the card.
ssh-keygen -q -t ed25519 -N "" -f "$T/forger"
author_of() { sed -n 's/^author ssh-ed25519 //p' "$T/$1.card" | base64 -d | sha256sum | cut -c1-64; }
bundle_key=$(sed -n 's/^bundle //p' "$T/desk.card")
forge() { # FROM TO SIZE NAMESPACE FILE
	printf 'evident bundle v1\nfrom %s\nto %s\nframes %s\n' "$1" "$2" "$3" >"$T/plain"
	sha256sum <"$T/plain" | cut -c1-64 >"$T/message"
	rm -f "$T/message.sig"
	ssh-keygen -q -Y sign -f "$T/forger" -n "$4" "$T/message" 2>/dev/null
	cat "$T/message.sig" >>"$T/plain"
	age -r "$bundle_key" -o "$5" "$T/plain"
}
field_id=$(author_of field)
desk_id=$(author_of desk)
forge "$field_id" "$desk_id" 0 evident-bundle-v1 "$T/f1.age"
fails 1 "not signed by whom it names" "a bundle in another's name is refused" \
	on desk bundle read "$T/f1.age"
forge "$field_id" "$(author_of other)" 0 evident-bundle-v1 "$T/f2.age"
fails 1 "for another node" "one that names another node is refused" on desk bundle read "$T/f2.age"
forge "$(printf %064d 7)" "$desk_id" 0 evident-bundle-v1 "$T/f3.age"
fails 1 "from nobody who was compared" "one from a stranger is refused" on desk bundle read "$T/f3.age"
forge "$field_id" "$desk_id" 5 evident-bundle-v1 "$T/f4.age"
fails 1 "" "one that counts wrong is refused" on desk bundle read "$T/f4.age"
forge "$field_id" "$desk_id" 9007199254740991 evident-bundle-v1 "$T/f5.age"
fails 1 "was damaged" "and one that promises too much" on desk bundle read "$T/f5.age"

# Harm.
python3 - "$T/4.age" "$T" <<'P'
import sys
data = open(sys.argv[1], "rb").read()
top = sys.argv[2]
open(top + "/cut.age", "wb").write(data[:-100])
open(top + "/half.age", "wb").write(data[: len(data) // 2])
flipped = bytearray(data)
flipped[len(data) // 2] ^= 1
open(top + "/flipped.age", "wb").write(flipped)
open(top + "/longer.age", "wb").write(data + b"x")
open(top + "/empty.age", "wb").write(b"")
open(top + "/noise.age", "wb").write(bytes(range(256)) * 100)
P
for kind in cut half flipped longer empty noise; do
	fails 1 "no bundle for this node, or was damaged" "a bundle that is $kind is refused" \
		on desk bundle read "$T/$kind.age"
done
mkfifo "$T/pipe"
fails 1 "regular file" "a pipe is refused" on desk bundle read "$T/pipe"
fails 1 "regular file" "a file that is not there" on desk bundle read "$T/nothing"
fails 1 "no partner" "a partner that is not there" on field bundle write nobody "$T/x.age"
is "and no file is made for it" "$(ls "$T"/x.age* 2>/dev/null)" ""
fails 1 "this bundle is from nobody" "a bundle of somebody who was removed" eval \
	'on desk partner remove field && on desk bundle read "$T/4.age"'
on desk partner add "$T/field.card" >/dev/null
fails 1 "not compared" "nothing is written for whom nobody compared" \
	on desk bundle write field "$T/x.age"
is "all that came is still there" "$(count_all)" 4
number=$(on desk partner compare field)
on desk partner compare field "$number" || die "compare"

# Killed while reading.
fifth=$(capture "the fifth" --attach "$T/photo.jpg")
on field bundle write desk "$T/6.age" || die "bundle"
on desk bundle read "$T/6.age" 2>/dev/null &
reader=$!
sleep 0.05
kill -9 $(process_of desk courier) 2>/dev/null
wait $reader
ok "after a kill the bundle is read again" eval \
	'for i in $(seq 40); do on desk bundle read "$T/6.age" 2>"$T/err" && break; sleep 0.25; done;
	[ "$(has "$fifth")" = "[True]" ]'
on desk bundle write field "$T/6r.age" && on field bundle read "$T/6r.age"
is "and delivered" "$(delivered "$fifth")" "['desk']"
is "no frames are left in the homes" \
	"$(find "$T/desk/objects" "$T/field/objects" -type f | wc -l)" 6

# The last piece of an attachment may fill all the room the courier has.
head -c 100000 /dev/urandom >"$T/small.jpg"
head -c 450000 /dev/urandom >"$T/large.jpg"
sixth=$(on other capture --to desk --field statement=full --attach "$T/small.jpg" --attach "$T/large.jpg") || die "capture"
ok "a bundle goes on when the room was full" \
	timeout 60 "$EVIDENT" --home "$T/other" bundle write desk "$T/8.age"
ok "and is read" on desk bundle read "$T/8.age"
is "to its end" "$(has "$sixth")" "[True]"
