#!/bin/bash
# Goal of this test: what a thief learns is what README says and no more.
#   thief.sh memory     from the memory of a daemon that is unlocked, as it locks,
#                       and locked
#   thief.sh lock       the same of one node as it locks, in a few seconds
#   thief.sh disk       from a locked disk; from two images of one disk with a
#                       month of work in between; and from one that was put back
#                       and went on another way
. "$(dirname "$0")/../scenario/lib.sh"
here=$(dirname "$0")
: "${THIEF_KEYS:?what prints a keyring}" "${OPEN_ALL:?what opens all}"

daemon_of() { pgrep -f -- "evidentd --home $T/$1\$"; }
processes() { daemon_of "$1" && pgrep -P "$(daemon_of "$1")"; }
memory() { # NODE [KIND]: "process secret", a line each
	python3 "$here/thief_memory.py" $(processes "$1") <"$T/$1.${2:-secrets}"
}
dying() { # NODE COMMAND...: the same of all but the supervisor, as they end
	local node=$1
	shift
	python3 "$here/thief_memory.py" --dying $(pgrep -P "$(daemon_of "$node")") \
		-- "$@" <"$T/$node.secrets"
}
image() { cp -a "$T/$1" "$T/$2"; }
tell() { python3 "$here/thief_image.py" tell "$T/$1" | json "$2"; }
compare() { # A B FIELD...: of what two images tell side by side
	local a=$1 b=$2
	shift 2
	python3 "$here/thief_image.py" compare "$T/$a" "$T/$b" |
		json "*[j[n] for n in '$*'.split(', ')]"
}
secrets_of() { # NODE ID: the keys of the node, of a record of it, and its words
	mkdir -p "$T/found.$1"
	image "$1" "copy.$1"
	passphrase_of "$1" | "$OPEN_ALL" take "$T/found.$1" "$2" -- "$T/copy.$1"
	rm -rf "$T/copy.$1"
	{
		passphrase_of "$1" | "$THIEF_KEYS" "$T/$1"
		grep -E '^(record-key|veil-key|file-key|content|file) ' "$T/found.$1/$2"
		echo "words $(printf Kqzwordspoken | xxd -p)"
	} >"$T/$1.secrets"
}
capture() { # NODE [OPTION...]
	local node=$1
	shift
	on "$node" capture --to hub --text "$T/text" "$@"
}
# As the format says: Padmé, then a nonce and a tag for each 64 KiB.
padded() {
	python3 -c 'import sys
n = int(sys.argv[1]); e = n.bit_length() - 1; s = e - e.bit_length()
p = n + (1 << s) - 1 >> s << s
print(p + 16 + 16 * -(-p // 65536))' "$1"
}

ended='courier died
keeper died
store died
worker died'
if [ "$1" = lock ]; then
	node_start desk --reader
	passphrase_of desk | "$THIEF_KEYS" "$T/desk" >"$T/desk.secrets"
	is "unlocked, the keeper has its reader" \
		"$(memory desk | grep -c 'keeper reader')" 1
	is "as it locks, all is wiped before the kernel takes it back" \
		"$(dying desk "$EVIDENT" --home "$T/desk" lock)" "$ended"
	is "and the locked daemon holds nothing" "$(memory desk)" ""
	exit
fi
three_nodes
printf 'Kqzwordspoken by somebody\n' >"$T/text"
head -c 70011 /dev/urandom >"$T/photo.jpg"
id=$(capture field --attach "$T/photo.jpg") || die "capture"
gone=$(capture field --attach "$T/photo.jpg") || die "capture"
on field sync hub && on desk sync hub || die "sync"
on desk show "$id" >/dev/null && on desk show "$gone" >/dev/null || die "show"
if [ "$1" = memory ]; then # -------------------------------------------------
for node in field hub desk; do
	secrets_of $node "$id"
	on $node partner list --json | json "'\n'.join('partner ' + p['author'] for p in j['partners'])" >"$T/$node.names"
	is "unlocked, the $node knows with whom it shares" "$(memory $node names | grep -c 'store partner')" 1
done
is "the desk's secrets are many to look for" \
	"$(cut -d' ' -f1 "$T/desk.secrets" | sort -u | tr '\n' ' ')" \
	"author bundle content derived file file-key passphrase reader record-key storage transport veil-key words "
held='courier transport
keeper author
keeper bundle
keeper storage
keeper transport
store storage'
for node in field hub; do
	is "unlocked, the $node holds its keys, each where it should be" \
		"$(memory $node)" "$held"
done
is "and the desk its reader beside them, in the keeper alone" \
	"$(memory desk)" "$(printf '%s\nkeeper reader' "$held" | sort)"
for node in field hub desk; do
	is "as the $node locks, all is wiped before the kernel takes it back" \
		"$(dying $node "$EVIDENT" --home "$T/$node" lock)" "$ended"
	is "and the locked daemon of the $node holds nothing" "$(memory $node)" ""
	is "nor with whom it shares" "$(memory $node names)" ""
done
echo "a passphrase of desk, long enough?" >"$T/mistyped"
fails 1 "this passphrase does not open it" "a passphrase mistyped is refused" \
	on desk unlock --passphrase-fd 3 3<"$T/mistyped"
echo "mistyped $(head -c -1 "$T/mistyped" | xxd -p -c 99)" >>"$T/desk.secrets"
is "and neither it nor anything else stays" "$(memory desk)" ""
node_unlock desk || die "unlock"
is "nor does the right one, once it is open" \
	"$(memory desk | grep -E 'passphrase|derived|mistyped')" ""
is "what is waiting in pipes is nothing" "$(python3 - $(processes desk) <<'P'
import array, fcntl, glob, os, sys, termios
for pid in sys.argv[1:]:
    for path in glob.glob(f"/proc/{pid}/fd/*"):
        if os.readlink(path).startswith("pipe:"):
            fd, count = os.open(path, os.O_RDONLY | os.O_NONBLOCK), array.array("i", [0])
            fcntl.ioctl(fd, termios.FIONREAD, count)
            if count[0]:
                print(count[0])
P
)" ""
on desk stop
printf 'lock-after = 4\n' >"$T/desk/evident.conf"
node_unlock desk || die "unlock"
is "nor is anything left where it locks by itself" \
	"$(dying desk sleep 11)" "$ended"
exit
fi

# --- a locked disk --------------------------------------------------------
on field lock
before=$(tell field "j['records']")
node_unlock field || die "unlock"
for _ in 1 2 3; do capture field >/dev/null || die "capture"; done
head -c 5000 /dev/urandom >"$T/small.bin"
capture field --attach "$T/small.bin" >/dev/null || die "capture"
on field lock
image field first
is "a locked disk tells how many records were added" \
	"$(tell first "j['records']")" $((before + 4))
is "and the padded size of each attachment" "$(tell first "j['attachments']")" \
	"[$(padded 5000), $(padded 70011), $(padded 70011)]"
is "and when each of their files was made, which no program can set" \
	"$(tell first "len(set(j['made'])) > 1")" True
is "but bears no time of its own" "$(tell first "j['times of attachments']")" "[0.0]"
is "and has no name or byte that says more" \
	"$(tell first "j['other names'] + j['readable']")" "[]"
cp -a "$T/first" "$T/planted"
printf 'somebody wrote a line of words into a page of this, and it can be read' |
	dd of="$T/planted/evident.db" bs=1 seek=8192 conv=notrunc 2>/dev/null
is "which would be seen" "$(tell planted "len(j['readable']) > 0")" True

# --- two images -----------------------------------------------------------
node_unlock field || die "unlock"
mkdir "$T/kept"
passphrase_of field | "$OPEN_ALL" take "$T/kept" "$gone" -- "$T/first" || die "take"
for _ in $(seq 12); do capture field >/dev/null || die "capture"; done
later=$(capture field --attach "$T/small.bin") || die "capture"
on field withdraw "$gone" >/dev/null || die "withdraw"
on field lock
image field second
is "two images tell what was added between" \
	"$(compare first second 'attachments more, erasures')" "1 1"
added=$(compare first second 'records more')
ok "the records as well: $added, of 14 made" [ "$added" -ge 13 -a "$added" -le 18 ]
is "that something was withdrawn, and how many attachments it had" \
	"$(compare first second 'attachments gone')" 1
echo "# pages: $(compare first second 'pages the same, pages changed') the same, changed"
ok "and which pages changed" [ "$(compare first second 'pages changed')" -ge 1 ]
fresh='nonces with two texts, changed and alike, veils with two texts'
is "no nonce or veil has two texts, and no page is like the one before" \
	"$(compare first second "$fresh")" "0 0 0"

opens() { # IMAGE RECORD-DIR: what of it opens or is there, each with a count
	rm -rf "$T/pool" "$T/look"
	mkdir "$T/pool"
	cp -a "$T/$1" "$T/look"
	passphrase_of field | "$OPEN_ALL" look "$T/$2" "$T/pool" "$T/look" 2>/dev/null |
		grep -v '^all' | cut -d' ' -f2-
}
is "with the passphrase, the second image opens nothing of what was withdrawn" \
	"$(opens second kept | grep -o ' [1-9][0-9]*\b\|^open [1-9]')" ""
is "the first one has it all: an image outlives a withdrawal" \
	"$(opens first kept | grep -oE '(record-key|veil-key) [1-9]' | cut -d' ' -f1 | tr '\n' ' ')" \
	"record-key veil-key "

# --- put back, and on another way -----------------------------------------
on field stop
mv "$T/field" "$T/aside"
cp -a "$T/first" "$T/field"
node_unlock field || die "unlock of the image"
for _ in $(seq 12); do capture field >/dev/null || die "capture"; done
capture field --attach "$T/photo.jpg" >/dev/null || die "capture"
image field third # as a pulled plug leaves it, the log of the database beside it
on field lock
image field fourth
for other in third fourth; do
	is "an image that goes on another way uses no nonce again ($other)" \
		"$(compare second $other "$fresh")" "0 0 0"
	is "nor does it beside the first" "$(compare first $other "$fresh")" "0 0 0"
done
ok "of more than a hundred nonces each" \
	[ "$(compare second third nonces)" -gt 100 ]
is "a pulled plug leaves nothing that can be read" \
	"$(tell third "j['other names'] + j['readable']")" "[]"
