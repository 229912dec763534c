#!/bin/bash
# Goal of this test: what was done with a record reaches its author hub by hub, as
# whoever acted signed it, though the author knows nobody but its own hub; those
# it is not for get nothing of it; and nobody sends it twice.
. "$(dirname "$0")/lib.sh"

# field -> hub -> desk and second; second -> far -> last
three_nodes
node_start second --reader
on hub card add-reader "$(on second card | sed -n 's/^reader //p')" || die "reader"
introduce hub second --mirror || die "hub and second"
for node in field desk; do # the hub's card has one more reader
	introduce $node hub || die "$node and hub"
done
hub_start far
node_start last --reader
on far card add-reader "$(on last card | sed -n 's/^reader //p')" || die "reader"
introduce far last --mirror || die "far and last"
introduce second far || die "second and far"
says() { on "$1" log "$2" | grep -cF -- "$3"; }
number_of() { on "$1" partner list --json | json "[p['author'] for p in j['partners'] if p['name']=='$2'][0]"; }
short() { # NODE HUB: how many round trips a meeting without news takes
	on "$1" sync "$2" >/dev/null && on "$1" sync "$2" --json | json "j['round_trips']"
}
second=$(number_of hub second)
last=$(number_of far last)
own=$(on desk capture --to hub --field statement=own) || die "capture"
id=$(on field capture --to hub --field statement=words) || die "capture"
on field sync hub && on desk sync hub && on second sync hub || die "sync"

ok "a second desk opens a record of the field" on second show "$id" --purpose "to translate it"
ok "and one of the first desk" on second show "$own"
ok "and shares the first" on second share "$id" --to far --override "a test"
on second sync hub && on second sync far && on last sync far || die "sync"
ok "a desk behind that hub opens it" on last show "$id" --purpose "a far trial"
on last sync far || die "sync"
is "that hub knows" "$(says far "$id" "opened by last; purpose a far trial")" 1

ok "the first desk meets its hub" on desk sync hub
is "and hears of its own record" "$(says desk "$own" "opened by $second")" 1
is "of the field's nothing that was not for it" "$(says desk "$id" "purpose a far trial")" 0
is "a mirror is sent it once" "$(short desk hub)" 1
on second sync far || die "sync"
is "who shared it hears of it" "$(says second "$id" "opened by $last; purpose a far trial")" 1
is "and meets that hub without a word then" "$(short second far)" 1
on second sync hub || die "sync"
is "and its own hub" "$(short second hub)" 1
ok "the author meets its hub" on field sync hub
is "and knows the desk that it does not know" "$(says field "$id" "opened by $second; purpose to translate it")" 1
is "and whom that one shared it with" "$(says field "$id" "shared by $second")" 1
is "and who opened it two hubs away" "$(says field "$id" "opened by $last; purpose a far trial")" 1
is "and meets its hub without a word then" "$(short field hub)" 1
is "it heard nothing of what is not its own" "$(on field log "$own" 2>&1 | grep -c "no such record")" 1
