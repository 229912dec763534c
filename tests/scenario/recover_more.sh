#!/bin/bash
# Goal of this test: what goes wrong around being put back. Whatever was cut off,
# forgotten or came by another way, a node that was put back can record, meets its
# partners again and falls silent, and its partners meet each other.
# Three parts, drawn each time; ALL=1 runs every part, ONLY="PART..." those.
. "$(dirname "$0")/lib.sh"

# Of two tellings of a log the desk and the hub never say the same, from "apart" on.
quiet() { on "$1" sync "$2" --json | json "j['round_trips']"; }

hub_start hub
hub_start desk --reader
on hub card add-reader "$(on desk card | sed -n 's/^reader //p')" || die "add-reader"
introduce hub desk --mirror || die "desk and hub"
hub_start far --reader
head -c 3000000 /dev/urandom >"$T/photo.jpg"
head -c 500 /dev/urandom >"$T/small.jpg"

# NODE: what the hub has of it
all_of() {
	on hub list --json |
		json "' '.join(r['id'] for r in j['records'] if r['author'] == '$(author_of hub "$1")')"
}

# CONDITION NODE COMMAND...: let a node do that, and end its courier once CONDITION holds
cut_when() {
	local condition=$1 node=$2 meeting
	shift 2
	on "$node" "$@" 2>/dev/null &
	meeting=$!
	for _ in $(seq 200); do
		$condition && break
		sleep 0.1
	done
	process_of "$node" courier | xargs -r kill -9
	wait $meeting
}

# recover is the first that it does
part_first() {
	node_start first
	introduce first hub || die "first and hub"
	a=$(told first hub one) && on first sync hub || die "sync"
	keep_disk first early
	b=$(told first hub two) && on first sync hub || die "sync"
	put_back first early
	fails 5 "put back" "who asks before it knows is told" on first recover hub
	c=$(told first hub three) || c=none
	is "it can record" "$([ "$c" != none ] && echo yes)" yes
	is "in a new log" "$([ "$(log_of first "$c")" != "$(log_of first "$a")" ] && echo new)" new
	ok "it recovers" on first recover hub
	is "all" "$(lacks first "$a" "$b" "$c") $(lacks hub "$a" "$b" "$c")" "0 0"
	ok "and syncs" on first sync hub
	is "until nothing is left to say" "$(quiet first hub)" 1
}

# a recovery that is cut off
part_cut() {
	node_start cut
	introduce cut hub || die "cut and hub"
	a=$(told cut hub one) && on cut sync hub || die "sync"
	keep_disk cut early
	b=$(told cut hub two "$T/photo.jpg") && c=$(told cut hub three) && on cut sync hub || die "sync"
	put_back cut early
	on cut sync hub 2>/dev/null
	on cut partner limit hub 200 || die "limit"
	on hub partner limit cut 200 || die "limit"
	began() { [ "$(object_files cut)" -gt 0 ]; }
	cut_when began cut recover hub
	on cut partner limit hub none
	on hub partner limit cut none
	node_reopen cut || die "reopen"
	ok "a sync after a recovery that was cut off goes well" on cut sync hub
	ok "and one more" on cut sync hub
	is "it is quiet" "$(quiet cut hub)" 1
	ok "a recovery brings the rest" on cut recover hub
	is "all" "$(lacks cut "$a" "$b" "$c")" 0
	is "whole" "$(on cut list --json | json "[r['complete'] for r in j['records'] if r['id'] == '$b']")" "[True]"
}

# what it forgot, since it was delivered
part_lean() {
	node_start lean
	introduce lean hub || die "lean and hub"
	on lean stop
	echo 'retain = until-delivered' >"$T/lean/evident.conf"
	node_unlock lean || die "unlock"
	a=$(told lean hub one) && on lean sync hub || die "sync"
	keep_disk lean early
	b=$(told lean hub two) && on lean sync hub || die "sync"
	put_back lean early
	c=$(told lean hub "on the old disk") || die "capture"
	on lean sync hub 2>/dev/null
	on lean sync hub || die "sync"
	on lean recover hub >/dev/null || die "recover"
	ok "who forgot what the partner sends again syncs" on lean sync hub
	is "and is quiet" "$(quiet lean hub)" 1
	is "the partner owes it nothing" "$(on hub status --json | json "j['undelivered']")" 0
}

# what comes back to a node that has a mirror
part_mirrored() {
	introduce hub far || die "hub and far"
	on desk sync hub || die "sync"
	keep_disk hub early
	a=$(told hub far "by the hub") && on hub sync far || die "sync"
	put_back hub early
	on hub sync far 2>/dev/null
	on hub sync far && on hub recover far || die "recover"
	is "a hub has back what it wrote" "$(lacks hub "$a")" 0
	on desk sync hub 2>/dev/null # the hub learns that it was put back
	ok "its mirror meets it" on desk sync hub
	is "and they fall silent" "$(quiet desk hub)" 1
}

# by way of another
part_around() {
	node_start around
	introduce around hub || die "around and hub"
	introduce around desk || die "around and desk"
	a=$(told around hub one) && on around sync hub || die "sync"
	keep_disk around early
	b=$(told around hub two) && on around sync hub && on desk sync hub || die "sync"
	put_back around early
	on around sync desk 2>/dev/null
	on around sync hub 2>/dev/null
	ok "a desk gives back what it has by way of its hub" on around recover desk
	is "whole" "$(lacks around "$a" "$b")" 0
	ok "and is met again" on around sync desk
}

# by hand alone
part_hand() {
	node_start hand
	introduce hand far || die "hand and far"
	a=$(told hand far one) && by_hand hand far "$T/1.bundle" >/dev/null && by_hand far hand "$T/1.answer" >/dev/null || die "by hand"
	keep_disk hand early
	b=$(told hand far two) && by_hand hand far "$T/2.bundle" >/dev/null && by_hand far hand "$T/2.answer" >/dev/null || die "by hand"
	put_back hand early
	c=$(told hand far "on the old disk") || die "capture"
	on hand bundle write far "$T/3.bundle" && on far bundle read "$T/3.bundle" 2>/dev/null
	on far bundle write hand "$T/3.answer" || die "bundle"
	fails 5 "put back" "who is reached by hand learns that it was put back" on hand bundle read "$T/3.answer"
	d=$(told hand far four) || die "capture"
	ok "what it wrote comes" by_hand hand far "$T/4.bundle"
	is "all of it" "$(lacks far "$a" "$b" "$c" "$d")" 0
	ok "and is confirmed" by_hand far hand "$T/4.answer"
	is "there" "$(on hand status --json | json "j['undelivered']")" 0
}

# by hand alone, to one who has heard of it by way of another
part_heard() {
	node_start heard
	introduce heard hub || die "heard and hub"
	introduce heard desk || die "heard and desk"
	a=$(told heard hub one) && on heard sync hub || die "sync"
	keep_disk heard early
	b=$(told heard hub two) && on heard sync hub && on desk sync hub || die "sync"
	put_back heard early
	c=$(told heard desk "on the old disk") || die "capture"
	by_hand heard desk "$T/5.bundle" >/dev/null 2>&1
	is "a telling beside the one that came by way of the hub is not taken in" "$(lacks desk "$b" "$c")" 1
	fails 5 "put back" "whoever holds the other shows it by hand, too" by_hand desk heard "$T/5.answer"
	d=$(told heard desk four) || die "capture"
	ok "and what was written comes" by_hand heard desk "$T/6.bundle"
	is "all of it" "$(lacks desk "$a" "$b" "$c" "$d")" 0
	ok "and is confirmed" by_hand desk heard "$T/6.answer"
	is "there" "$(on heard status --json | json "j['undelivered']")" 0
}

# from two who have the same
part_twice() {
	node_start twice
	introduce twice hub || die "twice and hub"
	introduce twice far || die "twice and far"
	a=$(told twice hub one) && on twice sync || die "sync"
	keep_disk twice early
	b=$(on twice capture --to hub --to far --field statement=two) && on twice sync || die "sync"
	put_back twice early
	on twice sync 2>/dev/null
	on twice sync || die "sync"
	ok "the first brings it back" on twice recover hub
	ok "the second has it as well" on twice recover far
	is "and both are known to" "$(on twice list --json | json "[sorted(r['delivered']) for r in j['records'] if r['id'] == '$b']")" "[['far', 'hub']]"
	is "so that nothing is undelivered" "$(on twice status --json | json "j['undelivered']")" 0
	ok "all syncs" on twice sync
	is "and is quiet" "$(quiet twice hub) $(quiet twice far)" "1 1"
}

# a mirror that heard by hand what the hub never will, in a log that goes on otherwise
part_apart() {
	node_start apart
	introduce apart hub || die "apart and hub"
	introduce apart desk || die "apart and desk"
	a=$(told apart hub one) && on apart sync hub && on desk sync hub || die "sync"
	keep_disk apart early
	for i in 1 2 3; do b=$(told apart desk "by hand $i") || die "capture"; done
	by_hand apart desk "$T/7.bundle" || die "bundle"
	put_back apart early
	c=$(told apart hub "to the hub") && d=$(told apart hub "with a file" "$T/photo.jpg") || die "capture"
	ok "whoever has only what the old disk has notices nothing" on apart sync hub
	ok "the mirror meets it" on desk sync hub
	ok "and again" on desk sync hub
	is "and has what it has, beside what it had" "$(lacks desk "$a" "$b" "$c" "$d")" 0
	is "whole" "$(on desk list --json | json "[r['complete'] for r in j['records'] if r['id'] in ('$c','$d')]")" "[True, True]"
	is "and reads it" "$(on desk show "$c" --json | json "dict(j['fields'])['statement']")" "to the hub"
	# Of that log they never say the same: two trips is silence.
	ok "it is confirmed" on desk sync hub
	is "and nothing is left to say" "$(quiet desk hub)" 2
	e=$(told apart hub five) && on apart sync hub || die "sync"
	ok "what follows" on desk sync hub
	is "comes, too" "$(lacks desk "$e")" 0
	is "and then nothing is left to say" "$(quiet desk hub) $(quiet desk hub)" "2 2"
}

# a mirror that has single entries before their log
part_late() {
	node_start late
	introduce late hub || die "late and hub"
	a=$(told late hub one) && on late sync hub && on desk sync hub || die "sync"
	keep_disk late early
	keep_disk desk early
	b=$(told late hub two) && c=$(told late hub three) && on late sync hub && on desk sync hub || die "sync"
	put_back late early
	d=$(told late hub "on the old disk") || die "capture"
	on late sync hub 2>/dev/null
	on late sync hub || die "sync"
	put_back desk early
	by_hand hub desk "$T/mirror.bundle" >/dev/null 2>&1
	on desk sync hub 2>/dev/null
	ok "a mirror that was put back meets its hub" on desk sync hub
	is "and has both tellings" "$(lacks desk "$a" "$b" "$c" "$d")" 0
}

# the partner is put back, too
part_both() {
	node_start both
	hub_start near --reader
	introduce both near || die "both and near"
	a=$(told both near one) && on both sync near || die "sync"
	keep_disk both early
	b=$(told both near two) && on both sync near || die "sync"
	put_back both early
	keep_disk near early
	c=$(told both near "on the old disk") || die "capture"
	on both sync near 2>/dev/null
	on both sync near || die "sync"
	is "what it wrote meanwhile is there" "$(lacks near "$c")" 0
	put_back near early
	is "and is not, once the partner is put back" "$(lacks near "$c")" 1
	on both sync near 2>/dev/null
	on both sync near 2>/dev/null
	on both sync near 2>/dev/null
	is "it is told again" "$(lacks near "$a" "$b" "$c")" 0
	ok "and they meet in good order" on both sync near
	is "and in silence" "$(quiet both near)" 1
}

# what came back from the partner is all that there is of it, once that one is put back
part_returned() {
	node_start giver
	hub_start taker --reader
	introduce giver taker || die "giver and taker"
	a=$(told giver taker one) && on giver sync taker || die "sync"
	keep_disk giver early
	keep_disk taker early
	b=$(told giver taker two "$T/photo.jpg") && on giver sync taker || die "sync"
	put_back giver early
	on giver sync taker 2>/dev/null
	on giver sync taker && on giver recover taker || die "recover"
	is "it is brought back" "$(lacks giver "$a" "$b")" 0
	put_back taker early
	is "and lost by who brought it" "$(lacks taker "$b")" 1
	on giver sync taker 2>/dev/null
	on giver sync taker 2>/dev/null
	on giver sync taker 2>/dev/null
	is "it is told again" "$(lacks taker "$a" "$b")" 0
	is "whole" "$(on taker list --json | json "[r['complete'] for r in j['records'] if r['id'] == '$b']")" "[True]"
	ok "and they meet in good order" on giver sync taker
	is "and in silence" "$(quiet giver taker)" 1
}

# what hangs on a record came to one partner whole, and to the one that brings it back not
part_remnant() {
	node_start remnant
	introduce remnant hub || die "remnant and hub"
	introduce remnant far || die "remnant and far"
	a=$(told remnant hub one) && on remnant sync || die "sync"
	keep_disk remnant early
	b=$(on remnant capture --to hub --to far --field statement=two --attach "$T/photo.jpg") || die "capture"
	on remnant sync far || die "sync"
	on remnant partner limit hub 100 || die "limit"
	came() { [ "$(lacks hub "$b")" = 0 ]; }
	cut_when came remnant sync hub
	put_back remnant early
	on remnant sync far 2>/dev/null
	on remnant sync far || die "sync"
	on remnant recover hub >/dev/null || die "recover"
	delivered() { on remnant list --json | json "[(r['complete'], sorted(r['delivered'])) for r in j['records'] if r['id'] == '$b']"; }
	is "who brings back what it has in part has not all of it" "$(delivered)" "[(False, [])]"
	ok "nor can it be brought that" on remnant sync hub
	on remnant recover far >/dev/null || die "recover"
	is "another has the rest" "$(delivered)" "[(True, ['far'])]"
	ok "which the first gets" on remnant sync hub
	is "and confirms" "$(delivered)" "[(True, ['far', 'hub'])]"
	is "it has it whole" "$(on hub list --json | json "[r['complete'] for r in j['records'] if r['id'] == '$b']")" "[True]"
	on remnant sync far || die "sync"
	is "and all is quiet" "$(quiet remnant hub) $(quiet remnant far)" "1 1"
}

# a log came in part, and its end was lost before the rest came
part_partly() {
	local i
	node_start partly
	introduce partly hub || die "partly and hub"
	on desk sync hub || die "sync"
	silence=$(quiet desk hub)
	for i in 1 2 3 4 5 6; do a=$(told partly hub "early $i") || die "capture"; done
	keep_disk partly early
	for i in $(seq 40); do b=$(told partly hub "late $i") || die "capture"; done
	before=$(on hub list --json | json "len(j['records'])")
	came() { echo $(($(on hub list --json | json "len(j['records'])") - before)); }
	on partly partner limit hub 20 || die "limit"
	some_came() { [ "$(came)" -gt 7 ]; }
	cut_when some_came partly sync hub
	is "more came than the old disk has, and not all" "$([ "$(came)" -gt 7 ] && [ "$(came)" -lt 46 ] && echo part)" part
	part=($(all_of partly))
	ok "the hub's mirror meets it" on desk sync hub
	is "and has what came, though its end never may" "$(lacks desk "${part[@]}")" 0
	ok "and reads it" on desk show "${part[${#part[@]} - 1]}"
	ok "and proves its place" sh -c \
		'"$0" --home "$1" export "$2" --to "$3/bag.partly" --disclose-all && "$0" verify "$3/bag.partly"' \
		"$EVIDENT" "$T/desk" "${part[${#part[@]} - 1]}" "$T"
	put_back partly early
	c=$(told partly hub "on the old disk") || die "capture"
	on partly sync hub 2>/dev/null
	on partly sync hub 2>/dev/null
	d=$(told partly hub "in a new log") || die "capture"
	ok "they meet in good order" on partly sync hub
	is "and all is there" "$(lacks hub "$a" "$c" "$d")" 0
	ok "what came of the rest is brought back" on partly recover hub
	is "all of it" "$(lacks partly "${part[@]}")" 0
	is "and they fall silent" "$(quiet partly hub)" 1
	on desk sync hub || die "sync"
	is "and so does the mirror" "$(quiet desk hub)" "$silence"
}

# a device is lost in mid-meeting; all that its partners say to each other is known
part_midway() {
	local i
	node_start midway
	introduce midway hub || die "midway and hub"
	for i in 1 2 3; do a=$(told midway hub "early $i" "$T/small.jpg") || die "capture"; done
	on midway sync hub && on desk sync hub && on desk sync hub || die "sync"
	silence=$(quiet desk hub)
	on midway withdraw "$a" || die "withdraw"
	for i in $(seq 40); do b=$(told midway hub "late $i" "$T/small.jpg") || die "capture"; done
	before=$(on hub list --json | json "len(j['records'])")
	on midway partner limit hub 20 || die "limit"
	some_came() { [ $(($(on hub list --json | json "len(j['records'])") - before)) -gt 1 ]; }
	cut_when some_came midway sync hub
	node_reopen midway && on midway stop || die "stop"
	part=($(all_of midway))
	is "some came, and not all" "$([ ${#part[@]} -gt 4 ] && [ ${#part[@]} -lt 43 ] && echo part)" part
	ok "the mirror meets the hub" on desk sync hub
	is "and has what came" "$(lacks desk "${part[@]}")" 0
	is "and destroyed what was taken back" "$(withdrawn hub "$a")$(withdrawn desk "$a")" destroyeddestroyed
	node_unlock midway && on midway partner limit hub none || die "unlock"
	ok "the device comes back after all" on midway sync hub
	ok "and the mirror meets the hub" on desk sync hub
	is "all is there" "$(lacks desk "${part[@]}" "$b")" 0
	is "whole" "$(on desk list --json | json "all(r['complete'] for r in j['records'] if not r.get('withdrawn'))")" True
	ok "it is confirmed" on desk sync hub
	is "and then all is quiet" "$(quiet midway hub) $(quiet desk hub)" "1 $silence"
}

# what it shared before and after it was put back was sealed each time anew
part_sealed() {
	local i
	node_start sealed --reader
	introduce sealed hub || die "sealed and hub"
	introduce sealed far || die "sealed and far"
	a=$(told sealed hub one) && on sealed sync || die "sync"
	keep_disk sealed early
	for i in first second third; do
		on sealed sync far 2>/dev/null
		on sealed share "$a" --to far --override "a test" || die "share"
		ok "what is shared is told: $i" on sealed sync far
		is "and confirmed" "$(on sealed list --json | json "[sorted(r['delivered']) for r in j['records'] if r['id'] == '$a']")" "[['far', 'hub']]"
		is "and all is quiet" "$(quiet sealed far)" 1
		[ $i = third ] || put_back sealed early
	done
	ok "which the partner reads" on far show "$a"
}

# whoever took a copy of the device takes back all that it wrote
part_seized() {
	local ids=() i
	node_start seized
	introduce seized hub || die "seized and hub"
	for i in 1 2 3 4 5; do
		ids+=("$(told seized hub "number $i")") || die "capture"
	done
	on seized sync hub || die "sync"
	keep_disk seized twin
	on seized withdraw "${ids[@]}" && on seized sync hub || die "withdraw"
	put_back seized twin
	on seized sync hub 2>/dev/null
	is "the device itself destroys no more than others would" \
		"$(for i in "${ids[@]}"; do withdrawn seized "$i"; echo; done | grep . | sort | uniq -c | xargs)" \
		"3 destroyed 2 set aside"
}

every="first cut lean hand heard seized mirrored around apart twice late both returned remnant partly midway sealed"
parts=${ONLY:-$([ -n "${ALL:-}" ] && echo "$every" || printf '%s\n' $every | shuf -n 3)}
echo "# ONLY=\"$(echo $parts)\""
for part in $parts; do
	"part_$part"
done
