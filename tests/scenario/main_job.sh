#!/bin/bash
# Goal of this test: a testimony goes from a field device through a hub, which
# cannot read it, to a desk, which can; and out into a bag that verifies.
. "$(dirname "$0")/lib.sh"

three_nodes
printf 'شهادة: رأيت ما حدث\nsecond line' >"$T/statement.txt"
head -c 300000 /dev/urandom >"$T/photo.jpg"

id=$(on field capture --to hub --text "$T/statement.txt" \
	--field witness.name='Example Witness' --field event.date=2024-01-01 \
	--attach "$T/photo.jpg") || die "capture"
is "capture prints the entry's id alone" "$(echo "$id" | grep -cE '^[0-9a-f]{64}$')" 1
fails 1 "" "a field device without a reader cannot read what it captured" \
	on field show "$id"
is "before a sync nothing is delivered" \
	"$(on field list --json | json "j['records'][0]['delivered']")" "[]"
ok "field syncs with the hub" on field sync hub
is "the hub's receipt marks the record delivered" \
	"$(on field list --json | json "[r['delivered'] for r in j['records'] if r['id']=='$id'][0]")" "['hub']"
is "the hub holds the record whole" \
	"$(on hub list --json | json "[r['complete'] for r in j['records'] if r['id']=='$id'][0]")" "True"
fails 1 "" "the hub cannot read it" on hub show "$id"
ok "the desk syncs with its hub" on desk sync hub
on desk show "$id" --json >"$T/shown.json" 2>"$T/err"
is "the desk reads the statement, to the byte" \
	"$(json "dict(j['fields'])['statement']" <"$T/shown.json")" \
	"$(cat "$T/statement.txt")"
ok "the desk writes the attachment" on desk show "$id" --attachments "$T/att"
ok "the attachment is the one captured" cmp "$T/photo.jpg" "$T/att/attachment-1.jpg"
ok "a second sync changes nothing and ends 0" on field sync hub
on field sync hub --json >"$T/said" || die "sync"
is "with nothing to say it takes one round trip" "$(json "j['round_trips']" <"$T/said")" 1
is "of less than 1 KB" \
	"$(json "0 < j['sent'] < 1024 and 0 < j['received'] and j['sent'] + j['received'] < 1024" <"$T/said")" True
ok "the desk exports with some fields disclosed" \
	on desk export "$id" --to "$T/bag" --disclose statement,event.date,attachment
ok "the bag verifies" "$EVIDENT" verify "$T/bag"
sums() { # BAG: every file stands in a manifest of each kind, and fits
	(
		cd "$1" || exit 1
		for kind in 256 512; do
			"sha${kind}sum" --strict --quiet -c "manifest-sha$kind.txt" \
				"tagmanifest-sha$kind.txt" || exit 1
			cut -d' ' -f3- "manifest-sha$kind.txt" \
				"tagmanifest-sha$kind.txt" >"../listed-$kind"
			find . -type f ! -name 'tagmanifest-*' -printf '%P\n' | sort |
				diff - <(sort "../listed-$kind") || exit 1
		done
	)
}
ok "sha256sum and sha512sum check every file of it" sums "$T/bag"
is "alone, it is reported SELF-VOUCHED" \
	"$("$EVIDENT" verify "$T/bag" | grep -c SELF-VOUCHED)" 1
ok "the bag verifies against the signers" \
	"$EVIDENT" verify "$T/bag" --signers "$T/bag/allowed_signers"
is "the withheld name stands nowhere in the bag" \
	"$(grep -rac 'Example Witness' "$T/bag" | awk -F: '{n+=$NF} END {print n}')" 0
: >"$T/nobody"
fails 4 "" "a signer who is not vouched for is refused" \
	"$EVIDENT" verify "$T/bag" --signers "$T/nobody"
cp -r "$T/bag" "$T/bad"
printf x >>"$(find "$T/bad/data" -name entry)"
fails 4 "" "an altered entry is refused" "$EVIDENT" verify "$T/bad"
fails 1 "" "by sha256sum too" sums "$T/bad"
