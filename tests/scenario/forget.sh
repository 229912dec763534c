#!/bin/bash
# Goal of this test: a device that is told to keep nothing that is delivered keeps
# entry and proof alone, never before every partner has confirmed; what it forgot
# can be withdrawn; and a device told to keep all keeps all.
. "$(dirname "$0")/lib.sh"

three_nodes
hub_start second
on second card add-reader "$(on desk card | sed -n 's/^reader //p')" || die "reader"
introduce field second || die "field and second"
column() { # ID COLUMN
	on field list --json | json "[r.get('$2') for r in j['records'] if r['id']=='$1'][0]"
}
files() { find "$T/field/objects" -type f | wc -l; }

head -c 100000 /dev/urandom >"$T/photo.jpg"
old=$(on field capture --to hub --field statement=old --attach "$T/photo.jpg") || die "capture"
on field sync hub || die "sync"
is "what is delivered is kept, by default" "$(column "$old" forgotten)$(files)" None1
fails 1 "retain must be" "a word that is none" sh -c \
	'echo "retain = sometimes" >"$1"; "$0" --check-config "$1"' "$EVIDENTD" "$T/conf"

hub_start third
on third card add-reader "$(on desk card | sed -n 's/^reader //p')" || die "reader"
introduce field third || die "field and third"
lost=$(on field capture --to third --field statement=lost) || die "capture"
on field sync third || die "sync"
ok "one of those who have a record is no partner any more" on field partner remove third

on field stop
echo 'retain = until-delivered' >"$T/field/evident.conf"
node_unlock field || die "unlock"
ok "a person is told what this means" sh -c '"$0" --home "$1" status --json | grep -q "only ones"' \
	"$EVIDENT" "$T/field"
id=$(on field capture --to hub --to second --field statement=new --attach "$T/photo.jpg" --label mine) || die "capture"
ok "one of two has it" on field sync hub
is "it is kept" "$(column "$id" forgotten)" None
is "and what was delivered before is not" "$(column "$old" forgotten)" True
is "but what only a partner of old has is" "$(column "$lost" forgotten)" None
on second stop
on field sync second >"$T/out" 2>&1
is "the other cannot be reached: it is kept" "$(column "$id" forgotten)$(files)" None1
node_unlock second || die "unlock"
ok "both have it" on field sync second
is "then it goes, with its files" "$(column "$id" forgotten)$(files)" True0
is "and its label" "$(column "$id" label)" None
is "the list says who has it" "$(on field list --json |
	json "' '.join(sorted([r['delivered'] for r in j['records'] if r['id']=='$id'][0]))")" "hub second"
fails 1 "keeps only its entry" "it cannot be given out" on field show "$id" --sealed "$T/sealed"
ok "its life is known" sh -c '"$0" --home "$1" log "$2" | grep -qx "delivered to second"' \
	"$EVIDENT" "$T/field" "$id"
on desk sync hub || die "sync"
ok "the desk reads it" on desk show "$id" --attachments "$T/files"
ok "as it was" cmp "$T/photo.jpg" "$T/files/attachment-1.jpg"
ok "exports it" on desk export "$id" --to "$T/bag" --disclose-all
ok "and the bag holds" on desk verify "$T/bag"

ok "a meeting without news" on field sync hub --json
is "is short" "$(json "j['round_trips']" <"$T/out")" 1
on field stop
node_unlock field || die "unlock"
is "it stays forgotten" "$(column "$id" forgotten)" True

ok "what was forgotten can be withdrawn" on field withdraw "$id"
is "and is" "$(column "$id" withdrawn)" destroyed
on field sync hub || die "sync"
on field sync second || die "sync"
ok "everywhere" sh -c '[ "$("$0" --home "$1" log "$2" | grep -cE "^erased by (hub|second)$")" = 2 ]' \
	"$EVIDENT" "$T/field" "$id"

# --- never ---
on desk stop
echo 'retain = never' >"$T/desk/evident.conf"
node_unlock desk || die "unlock"
fails 1 "nobody could ever open" "a node that keeps nothing captures nothing for itself alone" on desk capture --field statement=x
