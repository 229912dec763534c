#!/bin/bash
# Goal of this test: a record arrives whoever brings its log first. A desk that
# mirrors its hub and also knows the author gets from each what that one has for
# it, even where the other brought a leaf; receipts are no mirror's business, so
# two mirrors with nothing to say fall silent; and nobody is brought back what is
# its own.
. "$(dirname "$0")/lib.sh"

three_nodes # field -> hub -> desk
introduce field desk || die "field and desk"
node_start second --reader
on hub card add-reader "$(on second card | sed -n 's/^reader //p')" || die "add-reader"
introduce hub second --mirror || die "hub and second"
on hub card >"$T/hub.card"
for node in field desk; do # the hub's card has one more reader
	on $node partner add "$T/hub.card" >/dev/null || die "the new card"
	number=$(on $node partner compare hub)
	on hub partner compare $node "$number" && on $node partner compare hub "$number" || die "compare"
done

by_hand() { # FROM TO
	rm -f "$T/carried"
	on "$1" bundle write "$2" "$T/carried" && on "$2" bundle read "$T/carried"
}
column() { # NODE ID COLUMN: that of such a record, if it is there
	on "$1" list --json | json "[r['$3'] for r in j['records'] if r['id']=='$2']"
}
statement() { # NODE ID
	on "$1" show "$2" --json | json "dict(j['fields'])['statement']"
}
size_of() { on "$1" list --json | json "len(j['records'])"; }

# The hub is first: of what is for the desk alone it has leaves.
head -c 200000 /dev/urandom >"$T/one.bin"
head -c 150000 /dev/urandom >"$T/two.bin"
straight=$(on field capture --to desk --field statement=straight --attach "$T/one.bin") || die "capture"
around=$(on field capture --to hub --field statement=around --attach "$T/two.bin") || die "capture"
both=$(on field capture --to hub --to desk --field statement=both) || die "capture"
ok "field and hub meet" on field sync hub
ok "the desk mirrors the hub" on desk sync hub
is "it has what is for the hub" "$(column desk "$around" complete)" "[True]"
is "and nothing of the other but its leaf" "$(column desk "$straight" id)" "[]"
ok "field writes to the desk by hand" by_hand field desk
is "now the desk has it, whole" "$(column desk "$straight" complete)" "[True]"
is "and reads it" "$(statement desk "$straight")" straight
ok "to the byte" eval 'on desk show "$straight" --attachments "$T/a" >/dev/null &&
	cmp "$T/one.bin" "$T/a/attachment-1.bin"'
ok "the desk answers" by_hand desk field
is "it is delivered" "$(column field "$straight" delivered)" "[['desk']]"
is "what came both ways is delivered to both" \
	"$(column field "$both" delivered)" "$(column field "$both" to)"
is "the hub has nothing of it" "$(column hub "$straight" id)" "[]"

# The author is first: of what is for the hub alone the desk has leaves.
later=$(on field capture --to hub --field statement=later --attach "$T/two.bin") || die "capture"
also=$(on field capture --to desk --field statement=also) || die "capture"
ok "field writes to the desk, by hand" by_hand field desk
is "the desk has what is for it" "$(column desk "$also" complete)" "[True]"
is "and not what is for the hub" "$(column desk "$later" id)" "[]"
ok "field and hub meet" on field sync hub
ok "and hub and desk" on desk sync hub
is "now the desk has it as well" "$(column desk "$later" complete)" "[True]"
is "and reads it" "$(statement desk "$later")" later
ok "all of it verifies" eval 'on desk export "$straight" "$around" "$both" "$later" "$also" \
	--to "$T/bag" --disclose-all && on desk verify "$T/bag"'

# Cut off between two who bring the same attachment.
head -c 9000000 /dev/urandom >"$T/big.bin"
big=$(on field capture --to hub --to desk --field statement=big --attach "$T/big.bin") || die "capture"
on field sync hub || die "field and hub"
on field bundle write desk "$T/big.age" || die "bundle"
on desk sync hub 2>/dev/null &
meeting=$!
sleep 0.1
process_of desk courier | xargs -r kill -9
wait $meeting
ok "after a cut meeting with the hub the author's bundle is read" eval \
	'for i in $(seq 40); do on desk bundle read "$T/big.age" 2>"$T/err" && break; sleep 0.25; done;
	[ "$(column desk "$big" complete)" = "[True]" ]'
ok "the hub has nothing against it" on desk sync hub
ok "the desk answers" by_hand desk field
is "it is delivered to both" "$(column field "$big" delivered)" "$(column field "$big" to)"

# Two mirrors, and receipts that are for the hub.
hubs=$(on hub capture --to desk --field statement=from-the-hub) || die "capture"
for round in 1 2 3; do
	on desk sync hub && on second sync hub || die "sync"
done
is "who mirrors lists what is evidence, and no receipt" \
	"$(size_of second)" "$(($(size_of hub) - 1))"
is "the desk has the hub's own, too" "$(column desk "$hubs" complete)" "[True]"
index_of() { # NODE: the place that its next record takes
	local id
	id=$(on "$1" capture --field statement=where) && column "$1" "$id" index
}
before=$(index_of desk)
on desk sync hub && on second sync hub && on desk sync hub || die "sync"
on desk sync hub && on second sync hub && on desk sync hub || die "sync"
is "with nothing new nobody writes receipts" "$(index_of desk)" "[$((${before//[\[\]]/} + 1))]"

# Shared with the hub by another: the author, who mirrors the hub, gets it not.
node_start office --reader
introduce desk office || die "desk and office"
introduce office hub || die "office and hub"
own=$(on desk capture --to office --field statement=own) || die "capture"
by_hand desk office || die "by hand"
ok "the office shares the desk's record with the hub" on office share "$own" --to hub --override "a test"
ok "and brings it" on office sync hub
is "the hub has it" "$(column hub "$own" complete)" "[True]"
ok "the author goes on meeting the hub" on desk sync hub
ok "and the other mirror gets it" eval 'on second sync hub && [ "$(column second "$own" complete)" = "[True]" ]'

# Shared with a mirror that has it already, sealed to others.
on office card add-reader "$(on second card | sed -n 's/^reader //p')" || die "add-reader"
introduce office second --mirror || die "office and second"
desks=$(on desk capture --to office --field statement=desks) && by_hand desk office || die "by hand"
ok "the office brings its mirror what it has" by_hand office second
is "of others too" "$(column second "$desks" complete)" "[True]"
ok "it shares it with the mirror" on office share "$desks" --to second --override "a test"
ok "brings it again" by_hand office second
ok "and hears" by_hand second office
is "that it was delivered" "$(column office "$desks" delivered)" "[['second']]"
is "which the mirror reads" "$(statement second "$desks")" desks
is "no fork was told of" \
	"$(for n in field hub desk second office; do field_of $n warnings; done | grep -c "two ways")" 0

# A copy of the device tells the same place in another way, to another partner.
on field stop && cp -r "$T/field" "$T/copy" || die "copy"
nodes+=(copy)
node_unlock field || die "unlock"
on copy unlock --passphrase-fd 3 3< <(passphrase_of field) || die "unlock"
on field capture --to hub --field statement=this >/dev/null && on field sync hub && on desk sync hub || die "one"
other=$(on copy capture --to desk --field statement=that) && on copy bundle write desk "$T/copy.age" || die "other"
fails 5 "not read to its end" "what contradicts the leaf that the hub brought is refused" \
	on desk bundle read "$T/copy.age"
is "nothing of it is taken in" "$(column desk "$other" id)" "[]"
is "and the desk tells of a log told in two ways" \
	"$(field_of desk warnings | grep -c "two ways")" 1
