#!/bin/bash
# Goal of this test: bad input is refused by one line that names what is wrong,
# and leaves nothing half-done: the number of records stays what it was.
. "$(dirname "$0")/lib.sh"

ok "init makes a home" node_init desk --reader
is "the home is for its owner alone" "$(stat -c %a "$T/desk")" 700
fails 3 "no daemon runs" "status without a daemon exits 3" on desk status
fails 3 "no daemon runs" "lock without a daemon exits 3" on desk lock
fails 1 "" "a second init is refused" node_init desk --reader
nodes=(desk)
mkdir -m 700 "$T/others"
echo data >"$T/others/evident.db"
echo data >"$T/others/zzz"
fails 1 "not empty" "a directory with other files is refused" node_init others
is "and nothing in it was touched" "$(cat "$T/others/evident.db" "$T/others/zzz" | wc -l)" 2
nodes=(desk)
fails 6 "locked" "a locked store exits 6" on desk capture --field a=b
ok "status answers while locked" on desk status
wrong() { on desk unlock --passphrase-fd 3 3<<<"not the passphrase"; }
fails 1 "passphrase" "a wrong passphrase is refused" wrong
ok "the right one opens" node_unlock desk
fails 1 "" "a second daemon on one home is refused" \
	timeout 10 "$EVIDENTD" --home "$T/desk"
id=$(on desk capture --field statement=first)
records() { on desk list --json | json "len(j['records'])"; }
is "one record is there" "$(records)" 1

# One line on standard error, besides a hint.
keep() { cp "$T/err" "$T/err.kept"; }
refuse() { # CODE TEXT CLAIM COMMAND...
	fails "$@"
	keep
	local lines
	lines=$(grep -vc '^hint: ' "$T/err.kept")
	[ "$lines" = 1 ] || is "  in one line" "$lines" 1
}
refuse 1 "'nobody'" "an unknown partner" on desk capture --to nobody --field a=b
refuse 1 "'$T/missing'" "a missing file" on desk capture --attach "$T/missing"
mkfifo "$T/fifo"
refuse 1 "not a regular file: '$T/fifo'" "a FIFO" on desk capture --attach "$T/fifo"
refuse 1 "not a regular file" "a FIFO as a text" on desk capture --text "$T/fifo"
refuse 1 "not a regular file" "a FIFO as a field" on desk capture --field "a=@$T/fifo"
refuse 1 "not a regular file" "a directory" on desk capture --attach "$T"
refuse 1 "not a regular file" "a device" on desk capture --attach /dev/null
refuse 2 "nothing to capture" "an empty capture" on desk capture
five_thousand() {
	local i args=()
	for i in $(seq 5000); do args+=(--field "n=$i"); done
	on desk capture "${args[@]}"
}
refuse 1 "fields" "5,000 fields" five_thousand
printf 'bad \xff bytes' >"$T/latin"
refuse 1 "UTF-8" "bytes that are no UTF-8" on desk capture --text "$T/latin"
printf 'a\0b' >"$T/nul"
refuse 1 "NUL" "a NUL" on desk capture --text "$T/nul"
printf 'a\033[31mb' >"$T/escape"
refuse 1 "control" "control characters" on desk capture --text "$T/escape"
refuse 1 "name" "a field name that is none" on desk capture --field 'Bad Name=x'
refuse 1 "name" "a field that Evident itself writes" on desk capture --field kind=x
refuse 2 "NAME=VALUE" "a field without a value" on desk capture --field x
refuse 1 "" "a record that is not there" on desk show 0123456789abcdef
refuse 1 "" "an id that is none" on desk show zzzzzzzzzz
refuse 2 "no option" "an unknown option" on desk capture --wrong
refuse 2 "no command" "an unknown command" on desk frobnicate

# Attachments that change while they are read.
while_captured() { # COMMAND: again and again until the capture ends
	on desk capture --attach "$T/changes" &
	local pid=$!
	while kill -0 "$pid" 2>/dev/null; do "$@"; done
	wait "$pid"
}
head -c 60000000 /dev/zero >"$T/changes"
shrink() { truncate -s -1000 "$T/changes"; }
refuse 1 "changed while" "an attachment that shrinks while it is read" while_captured shrink
head -c 60000000 /dev/zero >"$T/changes"
grow() { head -c 4096 /dev/zero >>"$T/changes"; }
refuse 1 "changed while" "an attachment that grows while it is read" while_captured grow
rewrite() { printf x | dd of="$T/changes" bs=1 seek=1000 conv=notrunc 2>/dev/null; }
refuse 1 "changed while" "one that is written to, at the same size" while_captured rewrite

# Cards.
on desk card >"$T/own.card"
refuse 1 "own" "the node's own card" on desk partner add "$T/own.card"
node_start other --reader
on other card >"$T/other.card"
: >"$T/empty.card"
refuse 1 "card" "an empty card" on desk partner add "$T/empty.card"
head -c 200 "$T/other.card" >"$T/cut.card"
refuse 1 "card" "a card cut short" on desk partner add "$T/cut.card"
sed 's/^serial .*/serial 99/' "$T/other.card" >"$T/changed.card"
refuse 1 "card" "a card that was changed" on desk partner add "$T/changed.card"
head -c 100000 /dev/urandom >"$T/large.card"
refuse 1 "too large" "a card too large" on desk partner add "$T/large.card"
ok "a good card" on desk partner add "$T/other.card"
refuse 1 "compare" "nothing is sealed to a partner not compared" \
	on desk capture --to other --field a=b
refuse 1 "compare" "nothing is synced with a partner not compared" \
	on desk sync other
refuse 1 "number" "a wrong number" on desk partner compare other \
	"00000 00000 00000 00000 00000 00000 00000 00000 00000 00000 00000 00000"
zero=$(python3 "$(dirname "$0")/bech32.py" 0000000000000000000000000000000000000000000000000000000000000000)
refuse 1 "reader" "a reader of small order" on desk card add-reader "$zero"
refuse 1 "reader" "a reader that is none" on desk card add-reader age1qqqq
node_start mute
refuse 1 "" "what nobody could ever open is refused" on mute capture --field a=b

# What the log could not say is not done as if nothing had been given.
refuse 1 "UTF-8" "a purpose that is no text" on desk show "$id" --purpose $'\xff'
refuse 1 "UTF-8" "a reason that is none" on desk share "$id" --to other --override $'\xff'

# Import: each bad line is named, the good ones are stored.
cat >"$T/lines.jsonl" <<'J'
{"fields":{"statement":"good one"}}
{"fields":{"statement":"bad one","kind":"x"}}
not json
{"fields":{"a":"b"},"attach":["missing.bin"]}
{"fields":{"violation":["x","y"]}}
J
before=$(records)
fails 5 "line 3" "import says which lines are wrong" on desk import "$T/lines.jsonl"
cp "$T/out" "$T/ids"
is "a line out for each line in" "$(wc -l <"$T/ids")" 5
is "two of them are ids" "$(grep -cE '^[0-9a-f]{64}$' "$T/ids")" 2
is "and two records came of it" "$(records)" $((before + 2))
is "nothing else was ever stored" "$(records)" 3

# A file that cannot be read to its end is no file that ended.
narrow() { (ulimit -v 262144 && on desk "$@"); }
echo '{"fields":{"statement":"before the end"}}' >"$T/cut.jsonl"
truncate -s 1G "$T/cut.jsonl"
if narrow status >"$T/out" 2>&1; then
	fails 5 "line 2" "import says from where on a file could not be read" \
		narrow import "$T/cut.jsonl"
	is "and what came before it is stored" "$(wc -l <"$T/out")" 1
	on desk withdraw "$(cat "$T/out")" 2>/dev/null
else
	skip "import says from where on a file could not be read" "no limit of memory"
fi
rm "$T/cut.jsonl"
is "no object was left behind" "$(find "$T/desk/objects" -type f | wc -l)" 0

# An answer that cannot be printed.
unprinted() { on desk "$@" >/dev/full; }
before=$(records)
refuse 1 "IS stored" "a capture whose id cannot be printed says that it is stored" \
	unprinted capture --field statement=unprinted
is "and it is" "$(records)" $((before + 1))
refuse 1 "IS stored" "so it does in JSON" unprinted --json capture --field statement=unprinted
echo '{"fields":{"statement":"unprinted"}}' >"$T/unprinted.jsonl"
refuse 1 "IS stored" "and so does an import" unprinted import "$T/unprinted.jsonl"
is "which is stored, too" "$(records)" $((before + 3))
refuse 1 "printed" "a list that cannot be printed" unprinted list
refuse 1 "printed" "a list in JSON" unprinted --json list
refuse 1 "printed" "a record that cannot be" unprinted show "$id"
refuse 1 "printed" "a card that cannot be" unprinted card
on desk export "$id" --to "$T/printed.bag" --disclose-all || die "export"
verdict() { "${EVIDENT}-verify" "$T/printed.bag" >/dev/full; }
refuse 1 "printed" "a verdict that cannot be" unprinted verify "$T/printed.bag"
refuse 1 "printed" "nor by the auditor's program" verdict

# The disk is full: nothing is stored, and all goes on when there is room.
# (In a chroot the mounts of a name space of its own stay as shared as they were.)
for apart in "unshare -m" "unshare -m --propagation unchanged"; do
	[ "$(id -u)" = 0 ] && $apart true 2>/dev/null && break
	apart=
done
if [ -n "$apart" ]; then
	ok "a full disk is told and loses nothing" $apart \
		bash "$(dirname "$0")/disk_full.sh" "$T"
else
	skip "a full disk is told and loses nothing" "only root can make a file system"
fi

# An object that was damaged while nobody looked.
head -c 200000 /dev/urandom >"$T/sound.wav"
whole=$(on desk capture --attach "$T/sound.wav") || die "capture"
object=$(find "$T/desk/objects" -type f)
printf '\x5a\xa5\x5a' | dd of="$object" bs=1 seek=100000 conv=notrunc 2>/dev/null
fails 4 "does not open" "a flipped object is refused" \
	on desk show "$whole" --attachments "$T/flipped"
is "and no half of it is left" "$(find "$T/flipped" -type f | wc -l)" 0
truncate -s 1000 "$object"
fails 4 "does not open" "a truncated object is refused" \
	on desk show "$whole" --attachments "$T/flipped"
fails 4 "" "and no bag is made of it" \
	on desk export "$whole" --to "$T/flipped.bag" --disclose-all
is "nor a part of a bag" "$(ls -d "$T"/flipped.bag* 2>/dev/null | wc -l)" 0

# A home that was damaged while nobody looked.
on desk stop
damage() { # FILE OFFSET
	cp -a "$T/desk" "$T/copy"
	printf '\x5a\xa5\x5a' | dd of="$T/copy/$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
	[ -z "${3:-}" ] || truncate -s "$3" "$T/copy/$1"
	: >"$T/damage.err"
	"$EVIDENT" --home "$T/copy" unlock --passphrase-fd 3 \
		3< <(passphrase_of desk) 2>>"$T/damage.err"
	local code=$?
	"$EVIDENT" --home "$T/copy" list --json >"$T/damage.json" 2>>"$T/damage.err"
	code=$((code + $?))
	"$EVIDENT" --home "$T/copy" show "$id" >"$T/damage.show" 2>>"$T/damage.err"
	code=$((code + $?))
	"$EVIDENT" --home "$T/copy" stop 2>/dev/null
	rm -rf "$T/copy"
	[ "$code" -ne 0 ] && grep -q 'evident: error' "$T/damage.err"
}
on desk unlock --passphrase-fd 3 3< <(passphrase_of desk)
on desk list --json >"$T/true.list"
on desk show "$id" >"$T/true.show"
on desk stop
# Whatever page is flipped: the list is the true one, or it is refused.
flip_pages() {
	local page refused=0
	for page in $(seq 0 14); do
		if damage evident.db $((page * 4136 + 1000)); then
			refused=$((refused + 1))
		elif ! cmp -s "$T/damage.json" "$T/true.list" ||
			! cmp -s "$T/damage.show" "$T/true.show"; then
			echo "page $page changed what is told" >&2
			return 1
		fi
	done
	[ "$refused" -gt 2 ]
}
ok "a flipped database page is refused, or was not needed" flip_pages
for at in 3 40 740 8000; do
	ok "a keyring flipped at $at is refused" damage keyring $at
	ok "  and is called damaged" grep -q "damaged" "$T/damage.err"
done
ok "flipped keys of records are refused" damage keys.0 40
ok "cut ones, too" damage keys.0 0 10
ok "and a flipped wrap of them" damage keys.wrap 20
ok "a database cut short is refused" damage evident.db 0 9000
truncated() {
	cp -a "$T/desk" "$T/copy"
	truncate -s 100 "$T/copy/keyring"
	"$EVIDENT" --home "$T/copy" unlock --passphrase-fd 3 \
		3< <(passphrase_of desk)
	local code=$?
	"$EVIDENT" --home "$T/copy" stop 2>/dev/null
	rm -rf "$T/copy"
	return $code
}
fails 1 "keyring" "a truncated keyring is refused" truncated
# An unlock that fails holds no keys: a store that starts anew gets none.
failed_unlock() {
	local state='' try
	cp -a "$T/desk" "$T/copy"
	mv "$T/copy/keys.wrap" "$T/wrap"
	node_unlock_copy && return 1
	mv "$T/wrap" "$T/copy/keys.wrap"
	sleep 1
	kill -9 "$(process_of copy store)"
	sleep 1
	for try in $(seq 40); do
		state=$(field_of copy state 2>/dev/null) && break
		sleep 0.25
	done
	echo "state: $state, looked $try times" >&2
	on copy stop
	rm -rf "$T/copy"
	[ "$state" = locked ]
}
node_unlock_copy() {
	on copy unlock --passphrase-fd 3 3< <(passphrase_of desk)
}
ok "an unlock that failed leaves the node locked" failed_unlock
on desk stop 2>/dev/null
mv "$T/desk/keyring" "$T/keyring.aside"
fails 1 "not empty" "a home whose keyring was put aside is not begun anew" node_init desk
nodes=(desk)
on desk stop 2>/dev/null
mv "$T/keyring.aside" "$T/desk/keyring"
chmod 755 "$T/desk"
fails 1 "" "a home open to others is refused" timeout 10 "$EVIDENTD" --home "$T/desk"
chmod 700 "$T/desk"
ok "the home itself is whole" node_unlock desk
ok "and holds its records" on desk show "$id"
