#!/bin/bash
# Goal of this test: a desk shares a record of its organisation with another
# organisation later: that one record, whole, with its proof, and nothing else of
# its author's log; by TLS and by bundle; recorded before it leaves; and nobody
# who cannot read a record can share it.
. "$(dirname "$0")/lib.sh"

three_nodes
second_hub
introduce desk hubb || die "desk and hubb"

head -c 300000 /dev/urandom >"$T/photo.jpg"
may="consent.share=$(author_of desk hubb)"
id=$(on field capture --to hub --field "$may" --field statement=shared --attach "$T/photo.jpg") || die "capture"
kept=$(on field capture --to hub --field statement=kept) || die "capture"
late=$(on field capture --to hub --field "$may" --field statement=late) || die "capture"
on field sync hub || die "sync"
on desk sync hub || die "sync"

has() { # NODE ID: how many such records it lists
	on "$1" list --json | json "sum(r['id']=='$2' for r in j['records'])"
}
column() { # NODE ID COLUMN
	on "$1" list --json | json "[r['$3'] for r in j['records'] if r['id']=='$2'][0]"
}

fails 1 "no reader" "a hub cannot share what it cannot read" on hub share "$id" --to desk
fails 1 "no reader" "nor can the device that captured it" on field share "$id" --to hub
fails 1 "no partner" "an unknown partner" on desk share "$id" --to nobody
fails 1 "came from that partner" "not to whom it came from" on desk share "$id" --to hub
fails 1 "no such record" "an unknown record" on desk share 0123456789 --to hubb
fails 2 "share ID" "no partner at all" on desk share "$id"
node_start stranger --reader
on stranger card >"$T/stranger.card"
on desk partner add "$T/stranger.card" >/dev/null || die "add"
fails 1 "not compared" "a partner that was not compared" on desk share "$id" --to stranger

log_size() { on "$1" list --json | json "len(j['records'])"; }
ok "the desk shares it with hubb" on desk share "${id:0:12}" --to hubb --json
said=$(json "j['id']" <"$T/out")
is "and its list says so" "$(column desk "$id" to)" "['hubb']"
is "not yet delivered" "$(column desk "$id" delivered)" "[]"
fails 1 "already" "twice is refused" on desk share "$id" --to hubb
on desk show "$said" --json >"$T/said" || die "show of the entry"
is "the desk's own log says what was shared" \
	"$(json "dict(j['fields'])['kind']+' '+dict(j['fields'])['subject']" <"$T/said")" \
	"shared $id"
is "and with whom" "$(json "dict(j['fields'])['audience']" <"$T/said")" \
	"$(author_of desk hubb)"

ok "desk and hubb meet" on desk sync hubb
is "hubb has the record" "$(has hubb "$id")" 1
is "whole" "$(column hubb "$id" complete)" True
is "the desk holds its receipt" "$(column desk "$id" delivered)" "['hubb']"
is "hubb has no other of that log" "$(has hubb "$kept")$(has hubb "$late")" 00
fails 1 "" "hubb cannot read it" on hubb show "$id"
ok "a second meeting has nothing to say" on desk sync hubb
ok "deskb fetches it from its hub" on deskb sync hubb
on deskb show "$id" --attachments "$T/read" --json >"$T/shown" || die "show"
is "deskb reads the words" "$(json "dict(j['fields'])['statement']" <"$T/shown")" shared
ok "and the photograph, to the byte" cmp "$T/photo.jpg" "$T/read/attachment-1.jpg"
ok "deskb exports it" on deskb export "$id" --to "$T/bag" --disclose-all
ok "and the bag verifies: its proof came along" "$EVIDENT" verify "$T/bag"
is "the proof names nobody but the author" \
	"$(grep -c '^— ' "$T/bag/data/$id/proof")" 1
ok "deskb's receipt reached its hub: nothing more to say" on deskb sync hubb

mirrored() { on hubb partner list --json | json "[p['mirror'] for p in j['partners'] if p['name']=='deskb'][0]"; }
is "a mirror is shown" "$(mirrored)" True

# By hand, where there is no network.
ok "another is shared" on desk share "$late" --to hubb
ok "it goes into a bundle" on desk bundle write hubb "$T/there"
ok "which hubb reads" on hubb bundle read "$T/there"
is "and has it" "$(has hubb "$late")" 1
is "not delivered before the answer" "$(column desk "$late" delivered)" "[]"
on hubb bundle write desk "$T/back" || die "answer"
ok "the answer is read" on desk bundle read "$T/back"
is "and brings the receipt" "$(column desk "$late" delivered)" "['hubb']"
ok "the same bundle again changes nothing" on hubb bundle read "$T/there"

# A record of the desk's own, whose place hubb knows as a leaf.
head -c 150000 /dev/urandom >"$T/sound.wav"
own=$(on desk capture --field statement=mine --attach "$T/sound.wav") || die "capture"
on desk capture --to hubb --field statement=yours >/dev/null || die "capture"
ok "desk and hubb meet again" on desk sync hubb
is "hubb does not have the desk's own record" "$(has hubb "$own")" 0
ok "it is shared" on desk share "$own" --to hubb
on hubb stop
fails 1 "could not be reached" "a meeting that is not had is not called done" \
	on desk sync hubb
is "nor is the record called delivered" "$(column desk "$own" delivered)" "[]"
node_reopen hubb || die "hubb does not open"
ok "desk and hubb meet once more" on desk sync hubb
is "now hubb has it" "$(has hubb "$own")$(column hubb "$own" complete)" 1True
is "and it is delivered" "$(column desk "$own" delivered)" "['hubb']"

# The author comes itself: the log grows around what was shared.
introduce field hubb || die "field and hubb"
direct=$(on field capture --to hubb --field statement=direct) || die "capture"
ok "the author and hubb meet" on field sync hubb
is "hubb has what is for it" "$(has hubb "$direct")" 1
is "and what was shared, once" "$(has hubb "$id")$(has hubb "$late")" 11
is "and nothing else" "$(has hubb "$kept")" 0
ok "deskb meets its hub" on deskb sync hubb
ok "deskb exports both" on deskb export "$id" "$direct" --to "$T/both" --disclose-all
ok "and the bag verifies" "$EVIDENT" verify "$T/both"
is "no fork was seen" "$(for n in hubb desk deskb hub; do field_of $n warnings; done | grep -c fork)" 0
ok "everything still opens after a restart" sh -c \
	'"$0" --home "$1" lock' "$EVIDENT" "$T/deskb"
node_reopen deskb || die "deskb does not open"
ok "and reads" on deskb show "$late"
on hubb partner remove deskb || die "remove"
on hubb partner add "$T/deskb.card" >/dev/null || die "add"
is "a mirror that was removed is none when it comes back" "$(mirrored)" False
