#!/bin/bash
# Goal of this test: a label tells a worker her own records apart and never
# leaves her device: not in what is synced, bundled or sealed, nor in a locked
# home.
. "$(dirname "$0")/lib.sh"

three_nodes
label="Zq the baker's daughter, زقاق"
id=$(on field capture --to hub --field statement=one --label "$label") || die "capture"
label_of() { # NODE ID
	on "$1" list --json |
		json "[r.get('label') for r in j['records'] if r['id']=='$2'][0]"
}
is "the list shows the label" "$(label_of field "$id")" "$label"
is "people see it, too" "$(on field list | grep -cF "$label")" 1
printf 'from a file\n' >"$T/label"
two=$(on field capture --to hub --field statement=two --label "@$T/label") || die "capture"
is "a label comes from a file as well" "$(label_of field "$two")" "from a file"
three=$(on field capture --to hub --field statement=three) || die "capture"
is "no label is none" "$(label_of field "$three")" "None"
printf '{"fields":{"statement":"four"},"to":["hub"],"label":"imported"}\n' >"$T/one.jsonl"
four=$(on field import "$T/one.jsonl") || die "import"
is "import takes labels" "$(label_of field "$four")" "imported"

long=$(printf 'x%.0s' $(seq 200))
full=$(on field capture --to hub --field a=b --label "$long") || die "capture"
is "200 bytes are a label" "$(label_of field "$full")" "$long"
records() { on field list --json | json "len(j['records'])"; }
before=$(records)
fails 1 "at most 200 bytes" "201 bytes are none" \
	on field capture --to hub --field a=b --label "x$long"
printf '%0300d' 0 >"$T/long"
fails 1 "at most 200 bytes" "nor is a larger file" \
	on field capture --to hub --field a=b --label "@$T/long"
fails 1 "one line" "nor what acts on a terminal" \
	on field capture --to hub --field a=b --label $'a\033[31m'
fails 1 "one line" "nor two lines" on field capture --to hub --field a=b --label $'a\nb'
fails 1 "UTF-8" "nor what is no UTF-8" \
	on field capture --to hub --field a=b --label $'\xff'
fails 1 "no file" "nor a file that is not there" \
	on field capture --to hub --field a=b --label "@$T/missing"
is "and nothing was stored for them" "$(records)" "$before"

on field bundle write hub "$T/bundle" || die "bundle"
ok "field syncs with the hub" on field sync hub
ok "the desk syncs with its hub" on desk sync hub
is "the hub does not know the label" "$(label_of hub "$id")" None
is "nor does the desk" "$(label_of desk "$id")" None
on desk show "$id" --json >"$T/shown"
is "nor is it in what was sealed" "$(grep -c baker "$T/shown")" 0
on field lock || die "lock"
is "nor does it stand in the locked home, nor in the bundle" \
	"$(printf '%s' "Zq the baker" | xxd -p |
		cat - <(echo) | (cp "$T/bundle" "$T/field/bundle.copy" &&
			python3 "$(dirname "$0")/search.py" "$T/field"))" 0
rm -f "$T/field/bundle.copy"
node_unlock field || die "unlock"
is "after a lock it is there again" "$(label_of field "$id")" "$label"
