#!/bin/bash
# Goal of this test: what we seal, npm's age-encryption opens, and what it
# seals, we open, at every size where chunks begin and end; what is damaged,
# both refuse; and it opens what `evident show --sealed` writes.
#
# age_npm.sh DRIVER: DRIVER is age_driver.c; EVIDENT and EVIDENTD as in
# scenarios. `npm ci` here brings age-encryption. Output is TAP.
driver=${1:?the driver}
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../scenario/lib.sh"

npm_age() { node "$here/age_npm.mjs" "$@"; }
npm_age identity >"$T/key" 2>"$T/err" || {
	sed 's/^/# /' "$T/err"
	die "age-encryption does not run (npm ci in tests/interop)"
}
key=$(cat "$T/key")
to=$(npm_age recipient "$key")

# Keys are the same keys.
is "the recipient of its identity is ours too" "$("$driver" recipient <"$T/key")" "$to"
"$driver" identity >"$T/drawn"
is "the recipient of an identity we drew is its too" \
	"$(npm_age recipient "$(cat "$T/drawn")")" "$("$driver" recipient <"$T/drawn")"

npm_opens_ours() {
	"$driver" seal "$to" <"$T/plain" >"$T/ours" &&
		npm_age open "$key" <"$T/ours" | cmp - "$T/plain"
}
we_open_npms() {
	npm_age seal "$to" <"$T/plain" >"$T/theirs" &&
		"$driver" open "$T/key" <"$T/theirs" | cmp - "$T/plain"
}
same_size() { [ "$(stat -c %s "$T/ours")" -eq "$(stat -c %s "$T/theirs")" ]; }
for size in 0 1 65535 65536 65537 131072 1048576; do
	head -c $size /dev/urandom >"$T/plain"
	ok "age-encryption opens $size bytes that we sealed" npm_opens_ours
	ok "we open $size bytes that it sealed" we_open_npms
	ok "both files of $size bytes are of one size" same_size
done

# Several recipients, of both.
drawn=$("$driver" recipient <"$T/drawn")
head -c 70000 /dev/urandom >"$T/plain"
"$driver" seal "$drawn" "$to" <"$T/plain" >"$T/ours"
npm_age seal "$drawn" "$to" <"$T/plain" >"$T/theirs"
npm_reads() { npm_age open "$(cat "$1")" <"$2" | cmp - "$T/plain"; }
we_read() { "$driver" open "$1" <"$2" | cmp - "$T/plain"; }
for identity in key drawn; do
	ok "it opens ours for two with the $identity of them" npm_reads "$T/$identity" "$T/ours"
	ok "we open its for two with the $identity of them" we_read "$T/$identity" "$T/theirs"
done

# Neither opens what is not for it, or not whole.
refuses() { # CLAIM FILE OPENER...: exit 1, and not the whole plaintext
	local claim=$1 file=$2
	shift 2
	"$@" <"$file" >"$T/released" 2>"$T/err"
	[ $? -eq 1 ] && ! cmp -s "$T/released" "$T/plain"
	report $? "$claim"
}
: >"$T/out"
"$driver" seal "$drawn" <"$T/plain" >"$T/other"
refuses "it opens nothing that is for another" "$T/other" npm_age open "$key"
npm_age seal "$drawn" <"$T/plain" >"$T/other"
refuses "nor do we" "$T/other" "$driver" open "$T/key"
"$driver" seal "$to" <"$T/plain" >"$T/ours"
npm_age seal "$to" <"$T/plain" >"$T/theirs"
damaged() { # WHAT HOW-MANY-BYTES-FROM-THE-END
	local at
	cp "$T/$1" "$T/damaged"
	at=$(($(stat -c %s "$T/damaged") - $2))
	python3 -c 'import sys; f=open(sys.argv[1],"r+b"); f.seek(int(sys.argv[2])); b=f.read(1)[0]; f.seek(-1,1); f.write(bytes([b^1]))' \
		"$T/damaged" "$at"
}
for at in 1 1000 5000 70030; do
	damaged ours $at
	refuses "it refuses ours with a bit flipped $at bytes from the end" \
		"$T/damaged" npm_age open "$key"
	damaged theirs $at
	refuses "we refuse its with a bit flipped $at bytes from the end" \
		"$T/damaged" "$driver" open "$T/key"
done
for cut in 1 4480 70000; do
	head -c -$cut "$T/ours" >"$T/damaged"
	refuses "it refuses ours cut by $cut bytes" "$T/damaged" npm_age open "$key"
	head -c -$cut "$T/theirs" >"$T/damaged"
	refuses "we refuse its cut by $cut bytes" "$T/damaged" "$driver" open "$T/key"
done

# A record of a real node, to a reader that age-encryption drew.
hub_start hub
node_start field
on hub card add-reader "$to" || die "add-reader"
introduce field hub || die "field and hub"
printf 'شهادة: رأيت ما حدث' >"$T/statement.txt"
head -c 65537 /dev/urandom >"$T/photo.jpg"
: >"$T/empty.txt"
id=$(on field capture --to hub --text "$T/statement.txt" --attach "$T/photo.jpg" \
	--attach "$T/empty.txt") || die "capture"
on field sync hub || die "sync"
ok "a hub that cannot read writes the age files of a record" \
	on hub show "$id" --sealed "$T/sealed"
lines() { # the content's lines, as JSON each
	python3 -c 'import base64,sys
for line in open(sys.argv[1]).read().rstrip("\n").split("\n")[1:]:
    print(base64.urlsafe_b64decode(line + "=" * (-len(line) % 4)).decode())' "$T/content"
}
ok "age-encryption opens the content" eval \
	'npm_age open "$key" <"$T/sealed/content.age" >"$T/content"'
is "it is a content" "$(head -1 "$T/content")" "evident content v1"
is "the statement is in it, to the byte" \
	"$(lines | grep -c "\"statement\",\"$(cat "$T/statement.txt")\"")" 1
attachment() { # FILE: one of the attachments is FILE, and zero bytes
	local number size
	size=$(stat -c %s "$1")
	for number in 1 2; do
		npm_age open "$key" <"$T/sealed/attachment-$number.age" >"$T/opened" || return 1
		[ "$(stat -c %s "$T/opened")" -ge "$size" ] || continue
		head -c "$size" "$T/opened" | cmp -s - "$1" &&
			! tail -c +$((size + 1)) "$T/opened" | tr -d '\0' | grep -q . &&
			return 0
	done
	return 1
}
ok "it opens the attachment that is a photograph" attachment "$T/photo.jpg"
ok "it opens the attachment that is empty" attachment "$T/empty.txt"
