#!/bin/bash
# Goal of this test: a partner brings no more than its quota, in entries, bytes
# and entries an hour, by TLS and by bundle; what is refused is refused whole and
# in words, stays safe where it is, and is delivered once the quota is raised.
. "$(dirname "$0")/lib.sh"

hub_start hub
hub_start field --reader
introduce field hub || die "field and hub"
on hub card add-reader "$(age-keygen 2>/dev/null | sed -n 's/.*public key: //p')" || die "reader"
on hub card >"$T/hub.card"
on field partner add "$T/hub.card" >/dev/null || die "card"
number=$(on field partner compare hub)
on field partner compare hub "$number" || die "compare"

capture() { on field capture --to hub --field "statement=$1" "${@:2}" || die "capture"; }
about() { # EXPRESSION with p: of field, as the hub sees it
	on hub partner list --json | json "[$1 for p in j['partners'] if p['name']=='field'][0]"
}
used() { about "p['used']['$1']"; }
held() { on hub list --json | json "len(j['records'])"; }
objects() { find "$T/hub/objects" -type f | wc -l; }
quota() { on hub partner quota field "$@" >/dev/null || die "quota $*"; }
full="quota for this node is used up: what was captured is safe here; ask the partner to raise it"
delivered() { # ID
	on field list --json | json "[r['delivered'] for r in j['records'] if r['id']=='$1'][0]"
}

is "nobody has a quota at first" "$(about "list(p['quota'].values())+list(p['used'].values())")" \
	"[0, 0, 0, 0, 0, 0]"

# --- entries
ok "a quota is set" on hub partner quota field --entries 3
is "and told" "$(tr -s ' ' <"$T/out" | head -2 | tail -1)" "entries 0 of 3"
is "the others are not" "$(about "list(p['quota'].values())")" "[0, 3, 0]"
capture one >/dev/null
capture two >/dev/null
third=$(capture three)
ok "what it allows is taken, to the last" on field sync hub
is "all of it" "$(held) $(used entries)" "3 3"
before=$(used bytes)
fourth=$(capture four)
fails 5 "$full" "one more is refused, in words" on field sync hub
is "in one line" "$(wc -l <"$T/err")" 1
is "nothing of it is here" "$(held) $(used entries) $(used bytes)" "3 3 $before"
fails 5 "$full" "again and again" on field sync hub
is "it is not called delivered" "$(delivered "$fourth")" "[]"
is "what was delivered before is" "$(delivered "$third")" "['hub']"
fails 5 "used up its quota here: what it brings is safe there" \
	"the hub, when it calls, is told what it can do" on hub sync field
quota --entries 4
ok "with a higher quota it is delivered" on field sync hub
is "at last" "$(held) $(used entries) $(delivered "$fourth")" "4 4 ['hub']"
quota --entries 5
capture five >/dev/null
capture six >/dev/null
fails 5 "$full" "two where one is allowed are refused" on field sync hub
is "both: a batch is taken whole or not at all" "$(held) $(used entries)" "4 4"
on field capture --field statement=own >/dev/null || die "capture"
quota --entries 6
fails 5 "$full" "a leaf counts as well" on field sync hub
quota --entries 7
ok "what fits is taken" on field sync hub
is "the leaf is no record, but counts" "$(held) $(used entries)" "6 7"
on field capture --field statement=own >/dev/null || die "capture"
fails 5 "$full" "leaves alone are held to it, too" on field sync hub
quota --entries 0
ok "0 is no limit" on field sync hub
is "and counting goes on" "$(used entries)" 8

# --- bytes
before=$(used bytes)
capture nine >/dev/null
on field sync hub || die "sync"
cost=$(($(used bytes) - before))
is "a record costs what it is sealed" "$((cost > 4128 && cost < 6000))" 1
quota --bytes "$(($(used bytes) + cost - 1))"
tenth=$(capture ten)
fails 5 "$full" "a byte too many is refused" on field sync hub
is "and not counted" "$(held)" 7
quota --bytes "$(($(used bytes) + cost))"
ok "what fits to the byte is taken" on field sync hub
is "to the last byte" "$(about "p['quota']['bytes']-p['used']['bytes']")" 0
is "it is here" "$(delivered "$tenth")" "['hub']"
head -c 400000 /dev/urandom >"$T/photo.jpg"
photo=$(capture photo --attach "$T/photo.jpg")
quota --bytes "$(($(used bytes) + 400000))"
were=$(objects)
fails 5 "$full" "an attachment counts before it comes" on field sync hub
is "nothing of it is here" "$(held) $(objects)" "8 $were"
quota --bytes "$(($(used bytes) + 500000))"
ok "with room for it" on field sync hub
is "it comes" "$(on hub list --json | json "[r['complete'] for r in j['records'] if r['id']=='$photo']")" "[True]"
is "and has been counted once" "$(about "400000 < p['used']['bytes'] < p['quota']['bytes']")" True
quota --bytes 0

# --- entries an hour
hour="used up for this hour: what was captured is safe here; sync again later"
quota --rate 2
capture r1 >/dev/null
capture r2 >/dev/null
ok "two an hour are taken" on field sync hub
is "and counted for this hour" "$(used rate)" 2
late=$(capture r3)
fails 5 "$hour" "a third is refused, until later" on field sync hub
is "in one line" "$(wc -l <"$T/err")" 1
is "it is not here" "$(delivered "$late")" "[]"
fails 5 "used up its quota here" "nor when the hub calls" on hub sync field
quota --rate 4
ok "with a higher rate it is delivered" on field sync hub
quota --rate 0
capture r4 >/dev/null
on field sync hub || die "sync"
quota --rate 2
for i in 1 2 3; do capture "offline $i" >/dev/null; done
ok "what an offline device held back is taken in one piece" on field sync hub
is "and counted over the hours to come" "$(used rate)" 3
capture r5 >/dev/null
fails 5 "$hour" "so the next must wait" on field sync hub
quota --rate 0
ok "or not" on field sync hub

# --- many
for i in $(seq 1100); do echo '{"fields":{"statement":"'$i'"}}'; done >"$T/many.jsonl"
on field import "$T/many.jsonl" >/dev/null || die "import"
before=$(used entries)
quota --entries "$((before + 1050))"
fails 5 "$full" "of many batches those that fit are taken" on field sync hub
taken=$(($(used entries) - before))
is "and no more" "$((taken > 0 && taken <= 1050))" 1
quota --entries "$((before + 1100))"
ok "the others later" on field sync hub
is "all of them" "$(($(used entries) - before))" 1100

# --- by hand
eleventh=$(capture bundle)
on field bundle write hub "$T/1.age" || die "bundle"
were=$(held)
before=$(used bytes)
fails 5 "more than its partner may bring here" "a bundle is held to it" on hub bundle read "$T/1.age"
is "and nothing of it taken" "$(held) $(used bytes)" "$were $before"
quota --entries 0 --rate 1
on hub bundle read "$T/1.age" || die "read"
capture bundle >/dev/null
on field bundle write hub "$T/2.age" || die "bundle"
fails 5 "more than its partner may bring here" "by the hour, too" on hub bundle read "$T/2.age"
quota --rate 0
ok "with a higher quota it is read" on hub bundle read "$T/2.age"
before="$(used entries) $(used bytes)"
ok "a bundle that is read again" on hub bundle read "$T/1.age"
is "costs nothing" "$(used entries) $(used bytes)" "$before"
on hub bundle write field "$T/back.age" && on field bundle read "$T/back.age" || die "answer"
is "what it brought is delivered" "$(delivered "$eleventh")" "['hub']"

# --- what is shared later
node_start desk --reader
introduce desk hub || die "desk and hub"
own=$(on desk capture --field statement=mine) || die "capture"
ok "the desk meets the hub" on desk sync hub
quota_desk() { on hub partner quota desk "$@" >/dev/null || die "quota"; }
desk_used() { on hub partner list --json | json "[p['used']['entries'] for p in j['partners'] if p['name']=='desk'][0]"; }
on desk share "$own" --to hub --override "a test" || die "share"
quota_desk --entries "$(($(desk_used) + 1))" # the entry that says so, and no more
fails 5 "$full" "what is shared counts as well" on desk sync hub
is "and is not here" "$(on hub list --json | json "sum(r['id']=='$own' for r in j['records'])")" 0
before=$(desk_used)
quota_desk --entries "$((before + 1))"
ok "until there is room" on desk sync hub
is "it is counted" "$(desk_used)" "$((before + 1))"
is "it is here" "$(on hub list --json | json "sum(r['id']=='$own' for r in j['records'])")" 1
before=$(desk_used)
ok "another meeting" on desk sync hub
is "costs nothing" "$(desk_used)" "$before"

# --- what is taken back goes ahead of what a full quota keeps out
quota --bytes 0 --entries 1 --rate 0
never=$(capture never)
on field withdraw "$never" >/dev/null || die "withdraw"
capture waiting >/dev/null
on field withdraw "$third" >/dev/null || die "withdraw"
before=$(held)
fails 5 "$full" "a full quota keeps entries out" on field sync hub
is "but not what takes back a record" "$(withdrawn hub "$third")" destroyed
is "nor does anything else come" "$(held)" "$before"
on field withdraw "$fourth" >/dev/null || die "withdraw"
on field bundle write hub "$T/taken-back" && on hub bundle read "$T/taken-back" >/dev/null 2>&1
is "by bundle, too" "$(withdrawn hub "$fourth")" destroyed
quota --entries 0
ok "with room again they meet" on field sync hub
is "and all is confirmed" "$(on field log "$third" | grep -cx "erased by hub")$(on field log "$fourth" | grep -cx "erased by hub")" 11
ok "another meeting" on field sync hub --json
is "has nothing to say" "$(json "j['round_trips']" <"$T/out")" 1

# --- what may be asked
set_bytes() { on hub partner quota field --bytes "$1" --json | json "j['quota']['bytes']"; }
is "K is 1024 bytes" "$(set_bytes 3K)" 3072
is "M is 1024 K" "$(set_bytes 2M)" 2097152
is "G is 1024 M" "$(set_bytes 1G)" 1073741824
is "the largest" "$(set_bytes 9007199254740991)" 9007199254740991
is "the largest in G" "$(set_bytes 8388607G)" 9007198180999168
for bad in 9007199254740992 8388608G K 1.5K 1T -1 "" " 1" 0x10 01; do
	fails 2 "not a number" "'$bad' is refused" on hub partner quota field "--bytes=$bad"
done
fails 2 "not a number" "entries have no K" on hub partner quota field --entries 1K
fails 2 "too large" "a rate has its limit" on hub partner quota field --rate 1000000001
ok "which is taken" on hub partner quota field --rate 1000000000
fails 1 "no partner" "nobody unknown" on hub partner quota nobody --bytes 1
fails 2 "belong to" "nor elsewhere" on hub partner list --bytes 1
is "nothing of what was refused was set" "$(about "list(p['quota'].values())")" \
	"[9007198180999168, 0, 1000000000]"
on hub lock || die "lock"
node_unlock hub || die "unlock"
is "it is all kept" "$(about "list(p['quota'].values())")" "[9007198180999168, 0, 1000000000]"
