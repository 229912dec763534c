#!/bin/bash
# Goal of this test: a node that is put back from a backup has again what was taken
# back since. It gives that to nobody who heard of it, and destroys it at the next
# contact with whoever knows, by any carrier: also when what it wrote meanwhile
# makes its log a fork, for which the meeting is refused.
. "$(dirname "$0")/lib.sh"

three_organisations
head -c 100000 /dev/urandom >"$T/photo.jpg"
id=$(on fielda capture --to huba --field statement=words --field "consent.share=$(author_of deska hubb)" \
	--attach "$T/photo.jpg") || die "capture"
on fielda sync huba && on deska sync huba && on deska share "$id" --to hubb &&
	on deska share "$id" --to arch --override "a test" || die "share"
on deska sync hubb && on deskb sync hubb && by_hand deska arch "$T/1.bundle" >/dev/null &&
	by_hand arch deska "$T/1.answer" >/dev/null || die "sync"
for node in deska hubb deskb arch; do
	keep_disk $node backup
done
on fielda withdraw "$id" && on fielda sync huba && on deska sync huba && on deska sync hubb &&
	on deskb sync hubb && by_hand deska arch "$T/2.bundle" >/dev/null &&
	by_hand arch deska "$T/2.answer" >/dev/null || die "withdraw"
all=(fielda huba deska hubb deskb arch)
is "all have destroyed it" "$(for node in "${all[@]}"; do withdrawn $node "$id"; done | sort -u)" destroyed
on deskb sync hubb || die "sync"
ok "two that were not put back have nothing to say" on deskb sync hubb --json
is "in one round trip" "$(json "j['round_trips']" <"$T/out")" 1

as_it_was() { # NODE: its backup, and what it is now aside
	on "$1" stop 2>/dev/null
	[ -e "$T/$1.now" ] || mv "$T/$1" "$T/$1.now"
	put_back "$1" backup
	[ "$(withdrawn "$1" "$id")" = None ] || die "$1 is not put back"
}
as_it_is() { # NODE
	on "$1" stop
	rm -rf "${T:?}/$1"
	mv "$T/$1.now" "$T/$1"
	node_unlock "$1" || die "unlock"
}
write_more() { # NODE COUNT: entries of its own
	for _ in $(seq "$2"); do
		on "$1" capture ${3:+--to "$3"} --field statement=more >/dev/null || die "capture"
	done
}
gone() { # CLAIM NODE: it is destroyed there, with its file, and nowhere else there
	is "$1" "$(withdrawn "$2" "$id")$(object_files "$2")" destroyed0
}

# --- a desk, which is a mirror of its hub ---
as_it_was deskb
is "a desk that is put back has it again" "$(object_files deskb)" 1
on deskb sync hubb >/dev/null 2>&1
gone "and destroys it when it meets its hub" deskb
as_it_was deskb
ok "one that opens it first" on deskb show "$id"
on deskb sync hubb >/dev/null 2>&1
gone "destroys it, though its log is a fork now" deskb
ok "which its hub tells a person" sh -c '"$0" --home "$1" status --json | grep -q "two ways"' "$EVIDENT" "$T/hubb"
as_it_was deskb
write_more deskb 20
on deskb sync hubb >/dev/null 2>&1
gone "and so it does when its log is the longer one" deskb
as_it_was deskb
fails 5 "put back" "a bundle of its hub's tells it" by_hand hubb deskb "$T/desk.bundle"
gone "it destroys it as well" deskb
gone "its hub has not taken it back" hubb
as_it_is deskb

as_it_was deska
on deska sync huba >/dev/null 2>&1
gone "a mirror of the author's hub destroys it" deska
as_it_was deska
ok "one that opens it first" on deska show "$id"
on deska sync huba >/dev/null 2>&1
gone "destroys it, too" deska
as_it_was deska
write_more deska 20
on deska sync hubb >/dev/null 2>&1
gone "and so it does when it meets whom it had shared it with" deska
gone "who takes nothing back" hubb
gone "nor does the author's hub" huba
as_it_is deska

# --- a hub ---
as_it_was hubb
on deska sync hubb >/dev/null 2>&1
gone "a hub that is put back destroys it when it meets who had shared it" hubb
as_it_was hubb
on deskb sync hubb >/dev/null 2>&1
gone "or its own desk, which had it from there" hubb
gone "the desk has not taken it back" deskb
as_it_was hubb
write_more hubb 20 deskb
on deska sync hubb >/dev/null 2>&1
gone "also when its log is a fork, and the longer one" hubb
as_it_was hubb
fails 5 "put back" "or by bundle" by_hand deska hubb "$T/hub.bundle"
gone "as well" hubb
as_it_is hubb

# --- who is reached by bundles alone ---
as_it_was arch
on arch bundle read "$T/1.bundle" >/dev/null 2>&1
is "who was put back and hears nothing has it yet" "$(withdrawn arch "$id")" None
by_hand arch deska "$T/3.answer" >/dev/null 2>&1
gone "what it sends is not taken in" deska
fails 5 "put back" "but shows that it was put back: the next bundle" by_hand deska arch "$T/3.bundle"
gone "tells it again" arch
as_it_is arch
ok "what was put aside, in force again, still holds its place" sh -c \
	'"$0" --home "$1" log "$2" | grep -qx "state withdrawn"' "$EVIDENT" "$T/arch" "$id"
