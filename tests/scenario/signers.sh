#!/bin/bash
# Goal of this test: the signers that a node names are those whose number was
# compared and itself, nobody else, in the form that ssh-keygen reads; and with
# them ssh-keygen and Evident accept a bag that was not made here.
. "$(dirname "$0")/lib.sh"

three_nodes
node_start stranger
on stranger card >"$T/stranger.card" || die "card"
on hub partner add "$T/stranger.card" >/dev/null || die "add stranger"

author() { # NODE: its author id
	on "$1" card | sed -n 's/^author ssh-ed25519 //p' | base64 -d | sha256sum | cut -c1-64
}
of() { # WHO...: the author ids of nodes, ascending
	local node
	for node in "$@"; do author "$node"; done | sort
}
principals() { cut -d' ' -f1 "$T/signers"; }

ok "the hub prints its signers" eval 'on hub signers >"$T/signers"'
is "they are itself and the two it compared, ascending" \
	"$(principals)" "$(of hub desk field)"
is "the stranger whose card it holds is not among them" \
	"$(grep -c "$(on stranger card | sed -n 's/^author //p')" "$T/signers")" 0
is "a line is exactly that of FORMAT.md" "$(grep "^$(author field)" "$T/signers")" \
	"$(author field) namespaces=\"evident-entry-v1,evident-card-v1,evident-enrolment-v1,evident-bundle-v1\" $(on field card | sed -n 's/^author //p')"
is "named ones are printed alone" "$(on hub signers field)" \
	"$(grep "^$(author field)" "$T/signers")"
is "the node itself can be named" "$(on hub signers field hub)" \
	"$(grep -v "^$(author desk)" "$T/signers")"
is "a name said twice is printed once" "$(on hub signers desk desk | wc -l)" 1
is "as JSON they carry the names" "$(on hub signers --json |
	json "' '.join(sorted(s['name'] for s in j['signers']))")" "desk field hub"
is "and the same lines" "$(on hub signers --json |
	json "''.join(s['line'] for s in j['signers']).strip()")" "$(cat "$T/signers")"
fails 1 "nobody has compared the number of 'stranger'" \
	"a partner that was not compared is refused by name" on hub signers stranger
is "and nothing is printed then" "$(on hub signers field stranger 2>/dev/null)" ""
fails 1 "there is no partner 'nobody'" "so is one that is unknown" on hub signers nobody
fails 1 "there is no partner" "so is what can be no name" on hub signers "$(printf 'é%.0s' {1..100})"
fails 2 "" "an option that it does not have is wrong usage" on hub signers --all

# What they are for: a record of the field device, exported by the desk.
id=$(on field capture --to hub --field statement=seen) || die "capture"
on field sync hub || die "field sync"
on desk sync hub || die "desk sync"
on desk export "$id" --to "$T/bag" --disclose statement || die "export"
keygen() { # SIGNERS: ssh-keygen on the record's signature
	ssh-keygen -Y verify -f "$1" -I "$(author field)" -n evident-entry-v1 \
		-s "$T/bag/data/$id/entry.sig" <"$T/bag/data/$id/entry"
}
ok "ssh-keygen accepts the record's signature with the hub's signers" keygen "$T/signers"
ok "Evident accepts the bag with them" \
	"$EVIDENT" verify "$T/bag" --signers "$T/signers"
is "and no longer says SELF-VOUCHED" \
	"$("$EVIDENT" verify "$T/bag" --signers "$T/signers" | grep -c SELF-VOUCHED)" 0
on hub signers desk >"$T/other"
ok "ssh-keygen refuses it with another's signers" eval '! keygen "$T/other"'
fails 4 "" "so does Evident" "$EVIDENT" verify "$T/bag" --signers "$T/other"
on stranger signers >"$T/other"
is "who compared with nobody names itself alone" "$(cut -d' ' -f1 "$T/other")" "$(author stranger)"
fails 4 "" "and does not vouch for the record" "$EVIDENT" verify "$T/bag" --signers "$T/other"

# However strange a file of signers, both verifiers take the same of it.
: "${VERIFY_SH:=$(cd "$(dirname "$0")/../.." && pwd)/packaging/verify.sh}"
line=$(on hub signers field)
key=${line#* * }
id=${line%% *}
alike() { # CODE CLAIM TEXT
	printf "$3" >"$T/odd"
	fails "$1" "" "$2: evident verify" "$EVIDENT" verify "$T/bag" --signers "$T/odd"
	fails "$1" "" "$2: verify.sh" sh "$VERIFY_SH" "$T/bag" "$T/odd"
}
alike 4 "a pattern for everybody" "* $key\n"
alike 4 "a pattern that fits" "${id:0:60}???? $key\n"
alike 4 "a name in quotes" "\"$id\" $key\n"
alike 4 "a list that leaves the name out" "!$id,$id $key\n"
alike 4 "an authority for certificates" "$id cert-authority $key\n"
alike 4 "another purpose" "$id namespaces=\"git\" $key\n"
alike 4 "no line" ""
alike 1 "a limit in time" "$id valid-after=\"20200101\" $key\n"
alike 1 "rubbish before the key" "rubbish\n$line\n"
alike 1 "rubbish behind the key" "$line\nrubbish\n"
alike 1 "a NUL in a key" "$line\\000\n"
alike 1 "an option twice" "$id namespaces=\"*\",namespaces=\"*\" $key\n"
printf '\t# x\r\n\n%s ssh-rsa AAAA\n\t%s,a NAMESPACES="!git,evident-*"\t%s  x' "$id" "$id" "$key" >"$T/odd"
ok "blanks, comments, patterns of purposes: evident verify" "$EVIDENT" verify "$T/bag" --signers "$T/odd"
ok "blanks, comments, patterns of purposes: verify.sh" sh "$VERIFY_SH" "$T/bag" "$T/odd"

# Trust that is taken back is gone.
on hub partner remove field || die "remove"
on hub signers >"$T/signers"
is "a partner that was removed is not a signer" "$(principals)" "$(of hub desk)"
fails 1 "there is no partner 'field'" "not by name either" on hub signers field
on hub partner add "$T/field.card" >/dev/null || die "add again"
is "nor when its card comes again, until it is compared again" \
	"$(on hub signers | cut -d' ' -f1)" "$(of hub desk)"
on hub lock || die "lock"
fails 6 "" "a locked node names nobody" on hub signers
