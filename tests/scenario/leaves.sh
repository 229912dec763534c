#!/bin/bash
# Goal of this test: the leaves of a log as nodes write them are whole by a script
# that knows nothing of Evident's code, hold for Evident, and no longer when anything
# in them is another.
. "$(dirname "$0")/lib.sh"
root=$(cd "$(dirname "$0")" && pwd)/leaves_root.py

three_nodes
ids=()
for i in $(seq 13); do
	ids+=("$(on field capture --to hub --field "statement=number $i")") || die "capture"
done
on field sync hub >/dev/null || die "field sync"
on desk sync hub >/dev/null || die "desk sync"
on field signers field >"$T/signers" || die "signers"
on hub signers hub >"$T/others" || die "signers"
verify() { "$EVIDENT" verify "$@" --signers "$T/signers"; }

ok "the author writes the leaves of its log" on field leaves "${ids[4]}" --out "$T/leaves"
is "for its owner alone" "$(stat -c %a "$T/leaves")" 600
is "first the number of entries" "$(sed -n 1,2p "$T/leaves" | tr '\n' '|')" \
	"evident leaves v1|entries 13|"
is "then their ids, in the order of the log" "$(sed -n 3,15p "$T/leaves" | tr '\n' ' ')" "${ids[*]} "
ok "sha256 alone comes to the root that the author signed" python3 "$root" "$T/leaves"
is "with no cosignature, which would name partners" "$(grep -c '^—' "$T/leaves")" 1
ok "it verifies" verify "$T/leaves"
author=$(cut -d' ' -f1 "$T/signers")
is "and says so" "$(verify "$T/leaves" | grep -v ^Log)" \
	"Whole: 13 entries, and nothing else, under the checkpoint that $author signed
VERDICT: holds; its author is among the signers given"
is "as JSON, too" "$(verify "$T/leaves" --json | json "j['holds'], j['entries'], j['author']")" \
	"True 13 $author"
if [ -x "$(dirname "$EVIDENT")/evident-verify" ]; then
	ok "for evident-verify as well" \
		"$(dirname "$EVIDENT")/evident-verify" "$T/leaves" --signers "$T/signers"
fi

ok "the hub and the desk write the same bytes" eval '
	on hub leaves "${ids[12]}" --out "$T/of-hub" && cmp "$T/leaves" "$T/of-hub" &&
	on desk leaves "${ids[0]:0:8}" --out "$T/of-desk" && cmp "$T/leaves" "$T/of-desk"'
origin=$(sed -n 16p "$T/leaves")
ok "a log may be named by its origin" eval '
	on desk leaves "$origin" --out "$T/by-origin" && cmp "$T/leaves" "$T/by-origin"'
is "--json says how many entries" "$(on desk leaves "$origin" --out "$T/json" --json)" '{"entries":13}'

# A record in it, or not.
is "a record's place is said" "$(verify "$T/leaves" --record "${ids[4]}" | grep ^In)" \
	"In its log: record ${ids[4]} index 4 of 13"
is "each is where its author says" "$(for id in "${ids[@]}"; do
	verify "$T/leaves" --json --record "$id" | json "j['index']"
done | tr '\n' ' ')" "$(seq 0 12 | tr '\n' ' ')"
late=$(on field capture --to hub --field statement=late) || die "capture"
fails 4 "the record is not in it" "a record that is younger is not in it" \
	verify "$T/leaves" --record "$late"
is "nor said to be" "$(verify "$T/leaves" --record "$late" 2>/dev/null | grep VERDICT)" \
	"VERDICT: does NOT hold: the record is not in it"
ok "but in the author's newer leaves" eval '
	on field leaves "$late" --out "$T/newer" && verify "$T/newer" --record "$late"'
fails 1 "there is no such record" "a node without it writes nothing" \
	on desk leaves "$late" --out "$T/none"
is "not even an empty file" "$(ls "$T/none" 2>&1 | grep -c 'No such file')" 1
fails 2 "64 digits" "--record takes whole ids" verify "$T/leaves" --record "${ids[4]:0:8}"

# What was not asked for well.
fails 1 "something is there already" "a file that is there is kept" \
	on field leaves "$late" --out "$T/leaves"
is "as it was" "$(sed -n 2p "$T/leaves")" "entries 13"
fails 1 "cannot be written" "a folder that is not there" on field leaves "$late" --out "$T/no/leaves"
fails 2 "leaves ID --out FILE" "leaves needs --out" on field leaves "$late"
fails 2 "--signers" "without signers nothing is judged" "$EVIDENT" verify "$T/leaves"
fails 1 "signers" "nor with signers that are none" \
	"$EVIDENT" verify "$T/leaves" --signers "$T/leaves"
fails 4 "among the signers" "the author must be among them" \
	"$EVIDENT" verify "$T/leaves" --signers "$T/others"
fails 4 "no leaves file" "another file is none" verify "$T/signers"
fails 2 "leaves file" "--record is not for bags" verify "$T" --record "$late"
on field lock
fails 6 "locked" "a locked node writes nothing" on field leaves "$late" --out "$T/none"
is "and leaves none behind" "$(ls "$T/none" 2>&1 | grep -c 'No such file')" 1
node_unlock field || die "unlock"

# A node to which one record was shared has no log to write.
node_start friend --reader
introduce desk friend || die "desk and friend"
on desk share "${ids[2]}" --to friend --override "for this test" >/dev/null || die "share"
on desk bundle write friend "$T/bundle" >/dev/null || die "bundle write"
on friend bundle read "$T/bundle" >/dev/null || die "bundle read"
fails 1 "does not have the whole log" "one shared record is not a log" \
	on friend leaves "${ids[2]}" --out "$T/none"

# Whatever is changed.
bad() { # CLAIM TEXT SED-EXPRESSION...
	local claim=$1 text=$2
	shift 2
	sed "$@" "$T/leaves" >"$T/bad"
	fails 4 "$text" "$claim" verify "$T/bad"
	is "  and does not hold by hand" "$(python3 "$root" "$T/bad" >/dev/null 2>&1; echo $?)" 1
}
bad "a digit flipped" "not those that were signed" '7y/0123456789abcdef/1032547698badcfe/'
bad "upper case" "not an entry id" '3s/.*/\U&/'
bad "a line dropped" "fewer" 9d
bad "and the number with it" "another number" -e 9d -e '2s/13/12/'
bad "a line twice" "more" 9p
bad "two lines swapped" "not those that were signed" '9{h;d};10{G}'
bad "one entry less by the number" "more" '2s/13/12/'
bad "one entry more" "fewer" '2s/13/14/'
bad "a later version" "newer program" '1s/v1/v2/'
bad "an empty line" "malformed" '$G'
bad "cut within the ids" "too early" '8,$d'
bad "cut before the checkpoint" "too early" '16,$d'
bad "without its signature" "malformed" '$d'
bad "CR LF" "no leaves file" 's/$/\r/'
head -15 "$T/leaves" >"$T/mixed"
tail -5 "$T/newer" >>"$T/mixed"
fails 4 "another number" "a newer checkpoint behind older leaves" verify "$T/mixed"
