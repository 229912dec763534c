#!/bin/bash
# Goal of this test: what Evident signs is what OpenSSH signs, to the byte, and
# each accepts the other's keys, signatures and allowed_signers.
#
# ssh_keygen.sh DRIVER: DRIVER is ssh_driver.c. Output is TAP.
set -u
driver=${1:?the driver}
export LC_ALL=C
T=$(mktemp -d "${TMPDIR:-/tmp}/evident-ssh.XXXXXX")
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
		sed 's/^/# /' "$T/out" | head -10
	fi
}

not() { ! "$@"; }

# The seed of RFC 8032, 7.1, TEST 1, and another.
seed=9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60
other=4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb

keygen_sign() { # NAMESPACE MESSAGE: leaves MESSAGE.sig
	rm -f "$2.sig"
	ssh-keygen -q -Y sign -f "$T/key" -n "$1" "$2"
}

keygen_verify() { # SIGNERS PRINCIPAL NAMESPACE SIG MESSAGE
	ssh-keygen -Y verify -f "$1" -I "$2" -n "$3" -s "$4" <"$5"
}

sign() { "$driver" sign "$1" "$2" <"$3" >"$4"; }
verify() { "$driver" verify "$1" "$2" <"$3"; }
same_sig() { # NAMESPACE MESSAGE
	keygen_sign "$1" "$2" && sign "$seed" "$1" "$2" "$T/ours.sig" &&
		cmp "$2.sig" "$T/ours.sig"
}
flip_last() { # FILE BYTE: change one byte in place
	local value
	value=$(od -An -tu1 -j "$2" -N 1 "$1")
	printf "\\x$(printf %02x $((value ^ 1)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

(umask 077 && "$driver" key "$seed" >"$T/key" &&
	"$driver" key "$other" >"$T/other")
author=$("$driver" author "$seed")
"$driver" public "$seed" >"$T/public"
"$driver" signer "$seed" >"$T/signers"
"$driver" signer "$other" >"$T/signers-other"
printf 'evident entry v1\nauthor %s\n' "$author" >"$T/message"
: >"$T/empty"
head -c 1000003 /dev/zero | tr '\0' 'x' >"$T/large"

same_public() { ssh-keygen -y -f "$T/key" | cut -d' ' -f1,2 | cmp - "$T/public"; }
same_author() {
	ssh-keygen -l -f "$T/public" | cut -d' ' -f2 | cut -d: -f2 |
		sed 's/$/=/' | base64 -d | od -An -tx1 | tr -d ' \n' >"$T/fp"
	[ "$(cat "$T/fp")" = "$author" ]
}
ok "ssh-keygen reads the key and finds the same public key" same_public
ok "the author id is the fingerprint that ssh-keygen shows" same_author

for name in entry card bundle; do
	space=evident-$name-v1
	for message in message empty large; do
		ok "the $name signature of '$message' is ssh-keygen's to the byte" \
			same_sig "$space" "$T/$message"
	done
	sign "$seed" "$space" "$T/message" "$T/$name.sig"
	ok "ssh-keygen accepts the $name signature by our allowed_signers" \
		keygen_verify "$T/signers" "$author" "$space" "$T/$name.sig" "$T/message"
done

other_space_refused() {
	not keygen_verify "$T/signers" "$author" evident-card-v1 "$T/entry.sig" "$T/message"
}
ok "ssh-keygen refuses an entry's signature as a card's" other_space_refused
ok "so do we" not verify evident-card-v1 "$T/entry.sig" "$T/message"
foreign_space_refused() {
	sign "$seed" file "$T/message" "$T/file.sig" &&
		not keygen_verify "$T/signers" "$author" file "$T/file.sig" "$T/message"
}
ok "our allowed_signers allow no other namespace" foreign_space_refused

cp "$T/message" "$T/flipped"
flip_last "$T/flipped" 20
ok "the flipped message differs" not cmp "$T/message" "$T/flipped"
ok "ssh-keygen refuses a flipped message" \
	not keygen_verify "$T/signers" "$author" evident-entry-v1 "$T/entry.sig" "$T/flipped"
ok "so do we" not verify evident-entry-v1 "$T/entry.sig" "$T/flipped"
ok "ssh-keygen refuses a signer who is not in the list" \
	not keygen_verify "$T/signers-other" "$author" evident-entry-v1 "$T/entry.sig" "$T/message"

# A signature by a key that ssh-keygen drew itself.
ssh-keygen -q -t ed25519 -N '' -C '' -f "$T/drawn"
rm -f "$T/large.sig"
ssh-keygen -q -Y sign -f "$T/drawn" -n evident-entry-v1 "$T/large" 2>/dev/null
ok "we accept the signature of a key that ssh-keygen drew" \
	verify evident-entry-v1 "$T/large.sig" "$T/large"

# allowed_signers as people write them: both programs must choose alike.
key=$(cat "$T/public")
ours_allows() { # LINE
	printf '%s\n' "$1" | "$driver" signers evident-entry-v1 | grep -qx "$author"
}
keygen_allows() { # LINE
	printf '%s\n' "$1" >"$T/line"
	keygen_verify "$T/line" anna evident-entry-v1 "$T/entry.sig" "$T/message"
}
while IFS='|' read -r allowed line; do
	if [ "$allowed" = yes ]; then
		ok "ssh-keygen takes: ${line%%KEY*}" keygen_allows "${line//KEY/$key}"
		ok "we take: ${line%%KEY*}" ours_allows "${line//KEY/$key}"
	else
		ok "ssh-keygen does not take: ${line%%KEY*}" \
			not keygen_allows "${line//KEY/$key}"
		ok "we do not take: ${line%%KEY*}" not ours_allows "${line//KEY/$key}"
	fi
done <<'END'
yes|anna KEY
yes|anna KEY a comment
yes|  	anna	  KEY
yes|anna namespaces="evident-entry-v1" KEY
yes|anna NAMESPACES="evident-entry-v1" KEY
yes|anna namespaces="file,evident-entry-v1" KEY
yes|anna namespaces="evident-*" KEY
yes|anna namespaces="evident-?ntry-v1" KEY
yes|anna namespaces="!file,*" KEY
no|anna namespaces="!evident-entry-v1,*" KEY
no|anna namespaces="*,!evident-entry-v1" KEY
no|anna namespaces="file" KEY
no|anna namespaces="" KEY
no|anna namespaces="evident-entry-v" KEY
no|anna cert-authority KEY
no|anna namespaces="evident-*",cert-authority KEY
no|anna namespaces="evident-*", KEY
no|anna namespaces="evident-*",namespaces="evident-*" KEY
no|anna namespaces=evident-entry-v1 KEY
no|anna unknown-option KEY
no|anna valid-before="20200101" KEY
no|# anna KEY
no|anna
END

echo "1..$count"
[ "$failed" -eq 0 ]
