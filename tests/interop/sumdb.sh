#!/bin/bash
# Goal of this test: notes, places in logs and growth of logs hold for Go's
# sumdb, which knows nothing of Evident, and no longer when anything in them is
# changed: for 1,600 proofs made here, and for those in a bag of a real node.
# And what sumdb makes, Evident's code accepts.
#
# sumdb.sh DRIVER: DRIVER is sumdb_driver.c; EVIDENT and EVIDENTD as in
# scenarios. golang.org/x/mod is Debian's; nothing is fetched. Output is TAP.
driver=${1:?the driver}
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../scenario/lib.sh"

build() {
	cd "$here/sumdb" &&
		env GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS= \
			GOTOOLCHAIN=local CGO_ENABLED=0 GOCACHE="$T/go" \
			go build -o "$T/sumdb" .
}
(build) >"$T/out" 2>&1 || {
	sed 's/^/# /' "$T/out"
	die "sumdb is not built: golang-go and golang-golang-x-mod-dev"
}
counts() { # CLAIM NUMBER PROGRAM ARGUMENT...: it ends well and counts so many
	local claim=$1 number=$2 got
	shift 2
	got=$("$@" 2>&1) || got="failed: $got"
	is "$claim" "$got" "$number"
}
all() { # WHOSE DIR PROOFS NOTES GROWTHS: what holds, holds
	local whose=$1 dir=$2
	counts "sumdb opens all $4 notes of $whose" "$4" "$T/sumdb" notes "$dir"
	counts "it accepts all $3 inclusion proofs of $whose" "$3" "$T/sumdb" records "$dir"
	[ "$5" -eq 0 ] ||
		counts "it accepts all $5 consistency proofs of $whose" "$5" "$T/sumdb" trees "$dir"
}
changes() { # WHOSE DIR ATLEAST
	local number
	number=$("$T/sumdb" tampered "$2" 2>"$T/err")
	echo "# $number changes of ${1}"
	: >"$T/out"
	[ "${number:-0}" -ge "$3" ]
	report $? "it refuses every change of ${1}"
}

# Logs made here: 1 to 56 entries, and four places in larger ones.
mkdir "$T/ours" "$T/theirs" "$T/bagged"
ok "logs of 1 to 56 entries are written, and four places in larger ones" \
	"$driver" write "$T/ours"
all "ours" "$T/ours" 1600 1661 1600
counts "tlog makes the same roots and proofs of the same entries" 3192 \
	"$T/sumdb" rebuilt "$T/ours"
changes "ours" "$T/ours" 120000

# The other way round.
ok "sumdb makes a log" "$T/sumdb" make "$T/theirs"
counts "Evident's code accepts all 561 proofs of sumdb's" 561 "$driver" check "$T/theirs"
mv "$T/theirs/entry-7" "$T/kept"
echo "another entry" >"$T/theirs/entry-7"
fails 1 "of size 8: 2" "but not of another entry" "$driver" check "$T/theirs"
mv "$T/kept" "$T/theirs/entry-7"
sed -i 's/^— \(.*\)...=$/— \1AAA=/' "$T/theirs/checkpoint-9"
fails 1 "of size 9: " "and not a note with another signature" "$driver" check "$T/theirs"

# A bag of a real node, cosignatures included.
hub_start hub
node_start desk --reader
on hub card add-reader "$(on desk card | sed -n 's/^reader //p')" || die "add-reader"
introduce desk hub || die "desk and hub"
ids=()
for i in $(seq 13); do
	ids+=("$(on desk capture --to hub --field "statement=number $i")") || die "capture"
done
on desk sync hub || die "sync"
on desk export "${ids[@]}" --to "$T/bag" --disclose statement --witnesses || die "export"
lay_out() { # the bag's proofs, as sumdb finds them
	local id size index
	for id in "${ids[@]}"; do
		size=$(sed '1,/^$/d' "$T/bag/data/$id/proof" | sed -n 2p)
		index=$(sed -n 's/^index //p' "$T/bag/data/$id/proof")
		cp "$T/bag/data/$id/proof" "$T/bagged/proof-$size-$index" &&
			cp "$T/bag/data/$id/entry" "$T/bagged/entry-$index" ||
			return 1
	done
	origin=$(sed '1,/^$/d' "$T/bag/data/${ids[0]}/proof" | sed -n 1p)
	"$driver" key "$origin" "$(grep "^$(cut -d/ -f3 <<<"$origin") " "$T/bag/allowed_signers" |
		sed -E 's/.*(ssh-ed25519 [^ ]+)$/\1/')" \
		>"$T/bagged/key"
}
ok "a desk exports 13 records" lay_out
is "their notes carry the hub's cosignature" \
	"$(cat "$T"/bagged/proof-* | grep -c '^— evident/witness/')" 13
all "a bag" "$T/bagged" 13 13 0
counts "tlog makes the same roots and proofs of its entries" 13 \
	"$T/sumdb" rebuilt "$T/bagged"
changes "a bag" "$T/bagged" 390
sed 's/+[0-9a-f]*+.*/+00000000+AA==/' "$T/bagged/key" >"$T/bad" && mv "$T/bad" "$T/bagged/key"
fails 1 "" "without the author's key no note opens" "$T/sumdb" notes "$T/bagged"
"$driver" key "$origin" "$(on hub card | sed -n 's/^author //p')" >"$T/bagged/key"
fails 1 "" "nor with another node's key" "$T/sumdb" notes "$T/bagged"
