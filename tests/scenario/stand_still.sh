#!/bin/bash
# Goal of this test: what a partner had brought of an attachment when its line
# died, unheard, or when the hash of it took longer than the meeting, is not lost,
# and the next meeting goes on from there; and nobody waits for who is no partner.
. "$(dirname "$0")/lib.sh"

port=$(free_port)
relay=$(free_port)
node_start hub --reader --listen "127.0.0.1:$port" --address "127.0.0.1:$relay"
node_start field
introduce field hub || die "field and hub"

complete() { # ID
	on hub list --json | json "[r['complete'] for r in j['records'] if r['id']=='$1']"
}
sync_sent() { on field sync hub --json | json "j['sent']"; }
wait_for() { # COMMAND...
	local try
	for try in $(seq 600); do "$@" && return; sleep 0.05; done
	return 1
}

# A line that dies and tells nobody: the hub's end of the meeting is still there.
head -c 30000000 /dev/urandom >"$T/audio.wav"
id=$(on field capture --to hub --attach "$T/audio.wav") || die "capture"
relay_start 20000000 still
on field sync hub >/dev/null 2>&1 &
wait_for grep -qs still "$T/relay.$relay" || die "the relay"
kill -9 $(process_of field courier)
wait $!
sent=$(sync_sent)
is "a meeting after one whose line died ends well" "$(complete "$id")" "[True]"
is "and goes on where that one was" "$([ "$sent" -lt 25000000 ] && echo yes || echo "no: $sent")" yes
relay_stop

# The hub is at the hash when the partner goes.
head -c 150000000 /dev/urandom >"$T/film.mp4"
id=$(on field capture --to hub --attach "$T/film.mp4") || die "capture"
relay_start 0
file_is_full() { find "$T/hub/objects" -type f -size +149999999c | grep -q .; }
on field sync hub >/dev/null 2>&1 &
wait_for file_is_full || die "the film does not come"
workers=$(process_of hub worker)
kill -STOP $workers
sleep 0.5
kill -9 $(process_of field courier)
wait $!
is "a file whose hash is not taken is not whole" "$(complete "$id")" "[False]"
kill -CONT $workers
is_complete() { [ "$(complete "$id")" = "[True]" ]; }
ok "and is whole once it was, without the partner" wait_for is_complete
sent=$(sync_sent)
relay_stop
is "which does not send it again" "$([ "$sent" -lt 1000000 ] && echo yes || echo "no: $sent")" yes
is "and has it confirmed" "$(on field list --json |
	json "[r['delivered'] for r in j['records'] if r['id']=='$id'][0]")" "['hub']"

# A person's sync waits for a meeting that the node began by itself, and that is
# with somebody who is silent and then removed.
away_port=$(free_port)
away_relay=$(free_port)
node_start away --listen "127.0.0.1:$away_port" --address "127.0.0.1:$away_relay"
introduce field away || die "field and away"
relay=$away_relay port=$away_port relay_start 1 still
relay_start 0
on field stop
printf 'sync = on\nsync-every = 1\n' >"$T/field/evident.conf"
node_unlock field || die "unlock"
wait_for grep -qs still "$T/relay.$away_relay" || die "nobody was dialled"
on field sync hub >/dev/null 2>"$T/waits" &
waiting=$!
sleep 1
ok "a sync waits for a meeting with who is silent" kill -0 "$waiting"
on field partner remove away || die "remove"
is_over() { ! kill -0 "$waiting" 2>/dev/null; }
ok "but not when that is a partner no more" wait_for is_over
kill "$waiting" 2>/dev/null
wait "$waiting"
is "and goes well" $? 0
