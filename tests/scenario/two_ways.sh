#!/bin/bash
# Goal of this test: a record arrives whoever brings its log first; receipts are no
# mirror's business, so two mirrors with nothing to say fall silent; and nobody is
# brought back what is its own.
. "$(dirname "$0")/lib.sh"

three_nodes # field -> hub -> desk
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

on field capture --to hub --field statement=around >/dev/null || die "capture"
on field sync hub || die "field and hub"

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
ok "the office shares the desk's record with the hub" on office share "$own" --to hub
ok "and brings it" on office sync hub
is "the hub has it" "$(column hub "$own" complete)" "[True]"
ok "the author goes on meeting the hub" on desk sync hub
ok "and the other mirror gets it" eval 'on second sync hub && [ "$(column second "$own" complete)" = "[True]" ]'
is "no fork was told of" \
	"$(for n in field hub desk second office; do field_of $n warnings; done | grep -c "two ways")" 0
