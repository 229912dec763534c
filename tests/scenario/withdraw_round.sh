#!/bin/bash
# Goal of this test: a withdrawal reaches whoever has the record also where neither
# its author's log nor whoever wrote it goes: who shares what was taken back before
# it came is told; an author passes on what its organisation took back; and an
# author that was put back, and is told its own withdrawal, tells the others.
. "$(dirname "$0")/lib.sh"

three_nodes
second_hub
introduce field hubb && introduce deskb hub || die "partners"
head -c 200000 /dev/urandom >"$T/photo.jpg"
both() { on field capture --to hub --to hubb --field "statement=$1" --attach "$T/photo.jpg"; }
states() { # ID NODE...
	local id=$1 node
	shift
	for node; do withdrawn "$node" "$id"; echo; done | xargs
}

# --- shared with one who had the withdrawal before the record ---
early=$(both early) || die "capture"
by_hand field hubb "$T/early.bundle" >/dev/null && on deskb sync hubb || die "hubb and deskb"
on field withdraw "$early" && on field sync hub || die "withdraw"
is "one hub and its desk have it, the other knows only that it was taken back" \
	"$(states "$early" hubb deskb) $(lacks hub "$early")" "None None 1"
on deskb share "$early" --to hub --override "a test" || die "share"
ok "the desk brings it there" on deskb sync hub
is "where it does not come in" "$(lacks hub "$early")$(object_files hub)" 10
ok "they meet again" on deskb sync hub
is "and the desk has destroyed what it brought" "$(states "$early" deskb)$(object_files deskb)" destroyed0
ok "its hub hears of it at the next meeting" on deskb sync hubb
is "and obeys" "$(states "$early" hubb)$(object_files hubb)" destroyed0

# --- what an organisation takes back, and only the author can tell the other hub ---
node_start office
introduce office hub || die "office and hub"
introduce office field || die "office and field"
on field card organisation office || die "organisation"
card_anew field hub hubb || die "card"
taken=$(both taken) || die "capture"
on field sync || die "sync"
on office withdraw "$taken" && on office sync hub || die "withdraw"
is "the hub that its organisation meets obeys" "$(states "$taken" hub hubb field)" "destroyed None None"
ok "the author hears of it there" on field sync hub
is "and obeys" "$(states "$taken" field)" destroyed
ok "and meets the other hub" on field sync hubb
is "which obeys" "$(states "$taken" hubb)" destroyed

# --- one's own withdrawal, which only a partner remembers ---
own=$(both own) || die "capture"
on field sync || die "sync"
keep_disk field early
on field withdraw "$own" && on field sync hub || die "withdraw"
put_back field early
is "the author was put back and has it again" "$(states "$own" field hub hubb)" "None destroyed None"
on field sync hub 2>/dev/null # it learns that it was put back
on field sync hub && on field recover hub >/dev/null || die "recover"
is "it obeys itself" "$(states "$own" field)" destroyed
ok "and meets the other hub" on field sync hubb
is "which obeys, too" "$(states "$own" hubb)" destroyed
on field sync hub || die "sync" # what the other hub destroyed
for node in hub hubb; do
	ok "nothing is left to say to $node" on field sync $node --json
	is "in one round trip" "$(json "j['round_trips']" <"$T/out")" 1
done
