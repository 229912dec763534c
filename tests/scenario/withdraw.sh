#!/bin/bash
# Goal of this test: what its author takes back is destroyed wherever it went, by
# any carrier, and stays so; who destroyed it says so, signed, and the author can
# see who has not yet; logs and proofs still stand; a seized device cannot erase
# everything everywhere; and nobody takes back what is not theirs.
. "$(dirname "$0")/lib.sh"

# A node names its organisation, and hub compares its card anew.
works_for() { # ORGANISATION NODE
	introduce "$1" "$2" || die "$1 and $2"
	on "$2" card organisation "$1" || die "organisation"
	card_anew "$2" hub || die "card"
}

three_nodes
second_hub
introduce desk hubb || die "desk and hubb"

has() { # NODE ID COLUMN
	on "$1" list --json | json "[r.get('$3') for r in j['records'] if r['id']=='$2'][0]"
}
life() { on "$1" log "$2"; }
files() { find "$T/$1/objects" -type f | wc -l; }

head -c 200000 /dev/urandom >"$T/photo.jpg"
id=$(on field capture --to hub --field statement=unsafe --attach "$T/photo.jpg") || die "capture"
kept=$(on field capture --to hub --field statement=kept --attach "$T/photo.jpg") || die "capture"
on field bundle write hub "$T/old.bundle" || die "bundle"
on field sync hub || die "sync"
on desk sync hub || die "sync"
on desk share "$id" --to hubb --override "a test" || die "share"
on desk sync hubb || die "sync"
on deskb sync hubb || die "sync"
on desk bundle write hubb "$T/old-shared.bundle" || die "bundle"
is "it went to the hub, the desk and another organisation's hub and desk" \
	"$(for node in field hub desk hubb deskb; do has $node "$id" complete; done | sort -u)" True
ok "the other organisation reads it" on deskb show "$id"
ok "where it is, is known" sh -c '"$0" --home "$1" log "$2" | grep -qx "delivered to hub"' \
	"$EVIDENT" "$T/field" "$id"
ok "and with whom the desk shared it" sh -c '"$0" --home "$1" log "$2" | grep -q "shared by desk (this node)"' \
	"$EVIDENT" "$T/desk" "$id"

# --- who may ---
fails 1 "ask its author" "a hub cannot take back what a device recorded" on hub withdraw "$id"
fails 1 "ask its author" "nor can a desk" on desk withdraw "$id"
fails 1 "no such record" "an unknown record" on field withdraw 0123456789
fails 1 "named twice" "one record twice" on field withdraw "$id" "${id:0:16}"
fails 1 "not set aside" "nothing is to be confirmed" on field withdraw --confirm "$id"
fails 2 "withdraw ID" "no record at all" on field withdraw
is "nothing came of all that" "$(has field "$id" withdrawn)$(on field list --json |
	json "len(j['records'])")" None2

# --- here ---
ok "the author takes it back" on field withdraw "${id:0:20}" --reason "the witness is in danger"
is "it is destroyed here" "$(has field "$id" withdrawn)" destroyed
is "with its file, and no other" "$(files field)" 1
fails 1 "withdrawn" "it cannot be taken back twice" on field withdraw "$id"
fails 1 "withdrawn and is destroyed" "nor given out sealed" on field show "$id" --sealed "$T/sealed"
ok "its entry, place and proof are kept" sh -c '"$0" --home "$1" log "$2" | grep -q "^state withdrawn"' \
	"$EVIDENT" "$T/field" "$id"
ok "the hub has not yet confirmed" sh -c '"$0" --home "$1" log "$2" | grep -qx "not yet confirmed by hub"' \
	"$EVIDENT" "$T/field" "$id"
is "the hub still has it" "$(has hub "$id" withdrawn)" None

# --- at the hub ---
ok "they meet" on field sync hub
is "it is destroyed there" "$(has hub "$id" withdrawn)" destroyed
is "with its file" "$(files hub)" 1
ok "and the hub has said so, signed" sh -c '"$0" --home "$1" log "$2" | grep -qx "erased by hub"' \
	"$EVIDENT" "$T/field" "$id"
ok "a meeting with nothing to say is short" on field sync hub --json
is "one round trip" "$(json "j['round_trips']" <"$T/out")" 1
ok "an old bundle is read" on hub bundle read "$T/old.bundle"
is "and brings nothing back" "$(has hub "$id" withdrawn)$(files hub)" destroyed1

# --- wherever it went ---
ok "the desk hears of it" on desk sync hub
is "it is destroyed at the desk" "$(has desk "$id" withdrawn)" destroyed
fails 1 "withdrawn" "the desk cannot read it any more" on desk show "$id"
fails 1 "withdrawn" "nor share it" on desk share "$id" --to hubb
fails 1 "withdrawn" "nor export it" on desk export "$id" --to "$T/bag" --disclose-all
is "nothing of an export is left" "$([ -e "$T/bag" ] && echo there)" ""
ok "the rest is as it was" on desk show "$kept"
ok "and is exported with its place among what was taken back" sh -c \
	'"$0" --home "$1" export "$2" --to "$3/bag" --disclose-all && "$0" verify "$3/bag"' \
	"$EVIDENT" "$T/desk" "$kept" "$T"
ok "the hub knows that the desk destroyed it" sh -c \
	'"$0" --home "$1" log "$2" | grep -qx "erased by desk"' "$EVIDENT" "$T/hub" "$id"
ok "the desk does not know it of hubb" sh -c \
	'"$0" --home "$1" log "$2" | grep -qx "not yet confirmed by hubb"' "$EVIDENT" "$T/desk" "$id"
is "which has it still" "$(has hubb "$id" withdrawn)" None
ok "a bundle carries it to hubb" on desk bundle write hubb "$T/news.bundle"
ok "which reads it" on hubb bundle read "$T/news.bundle"
is "and destroys it" "$(has hubb "$id" withdrawn)$(files hubb)" destroyed0
ok "an older bundle comes late" on hubb bundle read "$T/old-shared.bundle"
is "and brings nothing back" "$(has hubb "$id" withdrawn)$(files hubb)" destroyed0
ok "a bundle carries the answer" on hubb bundle write desk "$T/answer.bundle"
ok "which the desk reads" on desk bundle read "$T/answer.bundle"
ok "and knows" sh -c '"$0" --home "$1" log "$2" | grep -qx "erased by hubb"' \
	"$EVIDENT" "$T/desk" "$id"
ok "the last one hears of it" on deskb sync hubb
is "and destroys it" "$(has deskb "$id" withdrawn)$(files deskb)" destroyed0

ok "the desk and hubb meet" on desk sync hubb
ok "and again" on desk sync hubb --json
is "with nothing more to say" "$(json "j['round_trips']" <"$T/out")" 1

# --- after a restart, and before the record itself came ---
on hub stop
node_unlock hub || die "unlock"
is "it stays destroyed" "$(has hub "$id" withdrawn)" destroyed
early=$(on field capture --to hub --field statement=early) || die "capture"
on field withdraw "$early" || die "withdraw"
ok "what the hub never had comes as a place only" on field sync hub
is "and is not listed" "$(on hub list --json |
	json "sum(r['id']=='$early' for r in j['records'])")" 0

# --- many at once ---
many=()
for n in 1 2 3 4 5; do
	many+=("$(on field capture --to hub --field "statement=$n" --attach "$T/photo.jpg")") || die "capture"
done
on field sync hub || die "sync"
ok "a device takes many back" on field withdraw "${many[@]}"
ok "and meets the hub" on field sync hub
count() { on hub list --json | json "sum(r.get('withdrawn')=='$1' for r in j['records'])"; }
is "which obeys at once for three a day" "$(count destroyed)" 3
is "and sets the others aside" "$(count 'set aside')" 3
is "with their files" "$(files hub)" 4
aside=$(on hub list --json | json "' '.join(r['id'] for r in j['records'] if r.get('withdrawn')=='set aside')")
one=${aside%% *}
fails 1 "set aside" "closed to everybody" on hub show "$one" --sealed "$T/sealed"
ok "a person is told" sh -c '"$0" --home "$1" status --json | grep -q "set aside"' "$EVIDENT" "$T/hub"
ok "the device sees who has not confirmed" sh -c \
	'"$0" --home "$1" log "$2" | grep -qx "not yet confirmed by hub"' "$EVIDENT" "$T/field" "$one"
on desk sync hub || die "sync"
is "a mirror gets none of what is set aside" "$(on desk list --json |
	json "sum(r['id'] in '$aside' for r in j['records'])")" 0
ok "a person confirms" on hub withdraw --confirm $aside
is "and they are gone" "$(count destroyed)$(files hub)" 61
ok "they meet again" on field sync hub
ok "and the device knows" sh -c '"$0" --home "$1" log "$2" | grep -qx "erased by hub"' \
	"$EVIDENT" "$T/field" "$one"

# --- a device that is lost ---
node_start lost
introduce lost hub || die "lost and hub"
gone=$(on lost capture --to hub --field statement=lost) || die "capture"
on lost sync hub && on desk sync hub || die "sync"
fails 1 "ask its author" "who is not its organisation cannot" on hub withdraw "$gone"
on lost card organisation hub || die "organisation"
on lost card --out "$T/lost.card" && on hub partner add "$T/lost.card" >/dev/null || die "card"
on lost stop
ok "its organisation takes back what it recorded" on hub withdraw "$gone"
is "there" "$(has hub "$gone" withdrawn)" destroyed
ok "a mirror hears of it" on desk sync hub
is "and does not obey who may not, as far as it knows" "$(has desk "$gone" withdrawn)" None
ok "until it has the card" on desk partner add "$T/lost.card"
is "then it does" "$(has desk "$gone" withdrawn)" destroyed

# --- what cannot be taken back, and who need not be told ---
node_start again
introduce again hub || die "again and hub"
on again card organisation hub || die "organisation"
card_anew again hub || die "card"
last=$(on again capture --to hub --field statement=last) || die "capture"
on again sync hub || die "sync"
taken=$(on again withdraw "$last" --json | json "j['id']") || die "withdraw"
ok "an organisation names a withdrawal that it never had" on hub withdraw "$taken"
ok "the withdrawal comes" on again sync hub
is "and counts all the same" "$(has hub "$last" withdrawn)" destroyed

introduce again hubb || die "again and hubb"
introduce again desk || die "again and desk"
on again card organisation hubb || die "organisation"
card_anew again hub hubb desk || die "card"
theirs=$(on again capture --to hub --field statement=theirs) || die "capture"
on again sync hub && on desk sync hub || die "sync"
on desk share "$theirs" --to hubb --override "a test" || die "share"
on desk sync hubb || die "sync"
ok "an organisation takes back what was shared with it" on hubb withdraw "$theirs"
ok "who shared it hears of it" on desk sync hubb
is "and destroys it" "$(has desk "$theirs" withdrawn)" destroyed
ok "and does not tell the organisation its own word" on desk sync hubb

# --- whoever names its organisation obeys what that withdrew before ---
node_start later
introduce later hub || die "later and hub"
before=$(on later capture --field statement=before --to hub) || die "capture"
ok "an organisation takes back what it has not seen" on hub withdraw "$before"
ok "they meet" on later sync hub
is "it is no organisation of this device's yet" "$(has later "$before" withdrawn)" None
ok "the device names it" on later card organisation hub
is "and obeys" "$(has later "$before" withdrawn)" destroyed

# --- a withdrawal that comes while the record is being checked ---
node_start office
introduce office hub || die "office and hub"
works_for office later
on hub stop
echo 'workers = 2' >"$T/hub/evident.conf"
node_unlock hub || die "unlock"
racing=$(on later capture --field statement=racing --to hub) || die "capture"
on office withdraw "$racing" || die "withdraw"
workers=($(process_of hub worker))
is "the hub has two workers" "${#workers[@]}" 2
kill -STOP "${workers[0]}"
on later sync hub >"$T/later.out" 2>&1 &
sleep 2
ok "the withdrawal comes first" timeout 20 "$EVIDENT" --home "$T/office" sync hub
kill -CONT "${workers[0]}"
wait $!
is "and the record does not come in behind it" "$(on hub list --json |
	json "sum(r['id']=='$racing' and not r.get('withdrawn') for r in j['records'])")" 0
ok "whoever brought it" on later sync hub
is "hears of it from whom it brought it to" "$(has later "$racing" withdrawn)" destroyed

# --- an organisation speaks for many, and is as easily seized as one ---
node_start other
introduce other hub || die "other and hub"
works_for office other
both=()
for node in later other; do
	for n in 1 2; do
		both+=("$(on $node capture --to hub --field "statement=$n")") || die "capture"
	done
	on $node sync hub || die "sync"
done
ok "an organisation takes back two of each of its devices" on office withdraw "${both[@]}"
ok "and meets the hub" on office sync hub
states() { on hub list --json | json "sum(r['id'] in '${both[*]}' and r.get('withdrawn')=='$1' for r in j['records'])"; }
is "which obeys at once for three" "$(states destroyed)$(states 'set aside')" 31
ok "the author meets the hub alone" on other sync hub
is "and hears of it, too" "$(has other "${both[2]}" withdrawn)$(has other "${both[3]}" withdrawn)" destroyeddestroyed
