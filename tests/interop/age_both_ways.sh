#!/bin/bash
# Goal of this test: what we seal, age opens, and what age seals, we open, at
# every size where chunks begin and end; and both refuse what was damaged.
#
# age_both_ways.sh DRIVER: DRIVER is age_driver.c. Output is TAP.
set -uo pipefail
driver=${1:?the driver}
export LC_ALL=C
T=$(mktemp -d "${TMPDIR:-/tmp}/evident-age.XXXXXX") || exit 1
trap 'rm -rf "$T"' EXIT
count=0
failed=0

ok() { # CLAIM COMMAND...
	local claim=$1
	shift
	count=$((count + 1))
	if "$@" >"$T/out" 2>&1 </dev/null; then
		echo "ok $count - $claim"
	else
		echo "not ok $count - $claim"
		failed=$((failed + 1))
		head -c 2000 "$T/out" | tr -cd '[:print:]\n' | sed 's/^/# /'
	fi
}

refuses() { # OPENER FILE: no success, and not even the whole plaintext
	if "$1" "$2" >"$T/released"; then
		return 1
	fi
	! cmp -s "$T/released" "$T/plain"
}

ours_opens() { "$driver" open "${2:-$T/key}" <"$1"; }
age_opens() { age -d -i "${2:-$T/key}" "$1"; }
ours_refuses() { # FILE: exit 1 says it does not open; 2 would be an accident
	"$driver" open "$T/key" <"$1" >"$T/released"
	[ $? -eq 1 ] && ! cmp -s "$T/released" "$T/plain"
}

flip() { # FILE BYTE: change one bit in place
	local value
	value=$(od -An -tu1 -j "$2" -N 1 "$1")
	printf "\\x$(printf %02x $((value ^ 1)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

for key in key second third; do
	age-keygen -o "$T/$key" 2>/dev/null
done
to=$(age-keygen -y "$T/key")
second=$(age-keygen -y "$T/second")
third=$(age-keygen -y "$T/third")

ours_opens_ages() {
	age -r "$to" -o "$T/age" "$T/plain" &&
		ours_opens "$T/age" | cmp - "$T/plain"
}
age_opens_ours() {
	"$driver" seal "$to" <"$T/plain" >"$T/ours" &&
		age_opens "$T/ours" | cmp - "$T/plain"
}
same_size() { [ "$(stat -c %s "$T/age")" -eq "$(stat -c %s "$T/ours")" ]; }

for size in 0 1 65535 65536 65537 131071 131072 131073 209715200; do
	head -c $size /dev/urandom >"$T/plain"
	ok "we open $size bytes that age sealed" ours_opens_ages
	ok "age opens $size bytes that we sealed" age_opens_ours
	ok "both files of $size bytes are of one size" same_size
done

# Keys.
same_recipient() {
	grep -v '^#' "$T/$1" | "$driver" recipient | cmp - <(age-keygen -y "$T/$1")
}
for key in key second third; do
	ok "the recipient of the $key identity is age-keygen's" same_recipient $key
done
"$driver" identity >"$T/drawn"
ok "age-keygen reads an identity that we drew" same_recipient drawn
drawn=$(age-keygen -y "$T/drawn")

# Several recipients.
head -c 70000 /dev/urandom >"$T/plain"
"$driver" seal "$to" "$second" "$third" "$drawn" <"$T/plain" >"$T/ours"
age -r "$to" -r "$second" -r "$third" -r "$drawn" -o "$T/age" "$T/plain"
reads() { "$1" "$T/$2" "$T/$3" | cmp - "$T/plain"; }
for key in key second third drawn; do
	ok "age opens ours with the $key of four" reads age_opens ours $key
	ok "we open age's with the $key of four" reads ours_opens age $key
done

# Stanzas of other types stand beside ours.
ssh-keygen -q -t ed25519 -N '' -C '' -f "$T/ssh"
ssh-keygen -q -t rsa -b 2048 -N '' -C '' -f "$T/rsa"
age -R "$T/ssh.pub" -R "$T/rsa.pub" -r "$to" -o "$T/age" "$T/plain"
ok "the mixed file has SSH stanzas" grep -aq '^-> ssh-rsa ' "$T/age"
ok "we open a file that SSH keys can open too" reads ours_opens age key
ok "we do not open it with another key" \
	eval '! ours_opens "$T/age" "$T/second"'

# Not ours to open.
age -r "$second" -o "$T/age" "$T/plain"
ok "we refuse a file for somebody else" ours_refuses "$T/age"
age -a -r "$to" -o "$T/age" "$T/plain"
ok "we refuse an armoured file" ours_refuses "$T/age"

# Damage. Both must refuse, whoever sealed.
"$driver" seal "$to" <"$T/plain" >"$T/sealed"
size=$(stat -c %s "$T/sealed")
header=$(($(grep -abo '^--- ' "$T/sealed" | head -1 | cut -d: -f1) + 48))
damage() { # WHAT: make $T/damaged
	cp "$T/sealed" "$T/damaged"
	case $1 in
	"cut by one byte") truncate -s -1 "$T/damaged" ;;
	"cut after its first chunk") truncate -s $((header + 16 + 65552)) "$T/damaged" ;;
	"cut after its nonce") truncate -s $((header + 16)) "$T/damaged" ;;
	"cut in its nonce") truncate -s $((header + 15)) "$T/damaged" ;;
	"cut in its header") truncate -s $((header - 1)) "$T/damaged" ;;
	"longer by one byte") printf x >>"$T/damaged" ;;
	"flipped in its stanza") flip "$T/damaged" 100 ;;
	"flipped in its MAC") flip "$T/damaged" $((header - 10)) ;;
	"flipped in its nonce") flip "$T/damaged" $header ;;
	"flipped in its first chunk") flip "$T/damaged" $((header + 16)) ;;
	"flipped in its last byte") flip "$T/damaged" $((size - 1)) ;;
	"given another header")
		"$driver" seal "$to" </dev/null >"$T/other"
		{
			head -c "$header" "$T/other"
			tail -c "+$((header + 1))" "$T/sealed"
		} >"$T/damaged"
		;;
	esac
	! cmp -s "$T/damaged" "$T/sealed"
}
for what in "cut by one byte" "cut after its first chunk" "cut after its nonce" \
	"cut in its nonce" "cut in its header" "longer by one byte" \
	"flipped in its stanza" "flipped in its MAC" "flipped in its nonce" \
	"flipped in its first chunk" "flipped in its last byte" \
	"given another header"; do
	ok "a file is $what" damage "$what"
	ok "age refuses a file $what" refuses age_opens "$T/damaged"
	ok "so do we" ours_refuses "$T/damaged"
done

echo "1..$count"
[ "$failed" -eq 0 ]
