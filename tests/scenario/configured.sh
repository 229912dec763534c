#!/bin/bash
# Goal of this test: a node does as it is configured, and says what is wrong with
# a configuration: file, line, fault. It locks itself when it should, never while
# it listens; it meets partners by itself only where it may; and it keeps to
# limits.
. "$(dirname "$0")/lib.sh"

# --- what is wrong with a file ---
conf=$T/some.conf
check() { # LINE...
	printf '%s\n' "$@" >"$conf"
	"$EVIDENTD" --check-config "$conf"
}
ok "a good file" check '# a comment' 'lock-after = 60' 'sync = on # another' \
	'sync-every = 90' 'rate = 100' 'workers = 2'
ok "an empty one" check ''
fails 1 "some.conf:3: no such option 'colour'" "an option that is none" \
	check '# one' '# two' 'colour = 1'
fails 1 "some.conf:1: invalid integer" "a number that is none" check 'rate = fast'
fails 1 "some.conf:2: sync must be" "a word that is none" check '' 'sync = sometimes'
fails 1 "from 0 to 16" "too many workers" check 'workers = 17'
fails 1 "from 1 to 31536000" "no time between meetings" check 'sync-every = 0'
fails 1 "from 1 to 31536000" "nor more than a year" check 'sync-every = 31536001'
ok "a year" check 'sync-every = 31536000'
fails 1 "from 0 to" "a number below" check 'lock-after = -1'
fails 1 "out of range" "a number beyond all" check 'rate = 99999999999999999999999'
fails 1 "no such file" "no file" "$EVIDENTD" --check-config "$T/none"
mkfifo "$T/fifo"
fails 1 "not a regular file" "a FIFO" "$EVIDENTD" --check-config "$T/fifo"
printf 'rate = 1\0\n' >"$conf"
fails 1 "NUL" "a NUL" "$EVIDENTD" --check-config "$conf"
head -c 65537 /dev/zero | tr '\0' '\n' >"$conf"
fails 1 "65536" "a file too large" "$EVIDENTD" --check-config "$conf"
head -c 65536 /dev/zero | tr '\0' '\n' >"$conf"
ok "one just as large as may be" "$EVIDENTD" --check-config "$conf"

# --- in a home ---
reader=$(age-keygen 2>/dev/null | sed -n 's/^# public key: //p')
mkdir -m 700 "$T/field"
echo 'lock-after = 2' >"$T/field/evident.conf"
ok "a home with nothing but a configuration is as good as empty" node_init field
ok "and still has it" grep -q lock-after "$T/field/evident.conf"
hub_start hub
on hub card add-reader "$reader" || die "reader"
echo 'lock-after = 1' >"$T/hub/evident.conf"
on hub stop
node_unlock hub || die "unlock"
node_unlock field || die "unlock"
# Asking would be a request: the processes tell that they are new ones.
keeper=$(process_of field keeper)
locked() {
	local try
	for try in $(seq 100); do
		[ "$(process_of field keeper)" != "$keeper" ] &&
			[ "$(field_of field state)" = locked ] && return
		sleep 0.2
	done
	return 1
}
ok "the field locks itself when nobody asks for so long" locked
is "the hub, which listens, does not" "$(field_of hub state)" open
on field stop
echo 'lock-after = never' >"$T/field/evident.conf"
fails 3 "did not start" "a bad configuration keeps the daemon from starting" \
	node_unlock field
fails 1 "evident.conf:1: invalid integer" "which says why" \
	timeout 10 "$EVIDENTD" --home "$T/field"
fails 1 "no such option" "a file given on the command line counts instead" sh -c \
	'echo "x = 1" >"$1"; timeout 10 "$0" --home "$2" --config "$1"' \
	"$EVIDENTD" "$conf" "$T/field"
rm "$T/field/evident.conf"

# --- meetings by itself ---
node_unlock field || die "unlock"
on field card add-reader "$reader" || die "reader"
introduce field hub || die "introduce"
is "a node that does not listen meets nobody by itself" "$(field_of field automatic_sync)" False
is "one that listens does" "$(field_of hub automatic_sync)" True
met() { on field partner list --json | json "j['partners'][0]['last_met']"; }
is "and they have not met" "$(met)" 0
on field stop
printf 'sync = on\nsync-every = 1\n' >"$T/field/evident.conf"
node_unlock field || die "unlock"
is "it does when told to" "$(field_of field automatic_sync)" True
id=$(on field capture --to hub --field statement=x) || die "capture"
delivered() {
	local try
	for try in $(seq 100); do
		[ "$(on field list --json |
			json "[r['delivered'] for r in j['records'] if r['id']=='$1'][0]")" = "['hub']" ] && return
		sleep 0.2
	done
	return 1
}
ok "a record is delivered without anybody asking" delivered "$id"
is "and the meeting is remembered" "$([ "$(met)" -gt 1700000000 ] && echo yes)" yes
is "on the other side as well" \
	"$(on hub partner list --json | json "j['partners'][0]['last_met'] > 1700000000")" True
by_hand() {
	local n
	for n in 1 2 3 4 5 6; do
		on field capture --to hub --field "n=$n" >/dev/null && on field sync hub || return 1
	done
}
ok "a person's sync is not disturbed by it" by_hand
on hub stop
sleep 3
node_unlock hub || die "unlock"
id=$(on field capture --to hub --field statement=y) || die "capture"
ok "after failures it tries again" delivered "$id"
on field stop
printf 'sync = on\nsync-every = 1\nlock-after = 3\n' >"$T/field/evident.conf"
node_unlock field || die "unlock"
keeper=$(process_of field keeper)
talk() { # until the file is gone
	while [ -e "$T/talk" ]; do
		on hub capture --to field --field statement=z || return
		sleep 0.3
	done
}
touch "$T/talk"
talk >"$T/said" 2>&1 &
ok "what a partner brings does not keep a node open" locked
rm "$T/talk"
wait
node_unlock field || die "unlock"
is "and it did bring something" \
	"$(on field list --json | json "sum(not r['own'] for r in j['records']) > 1")" True
on field stop
printf 'sync = off\nlock-after = 5\n' >"$T/field/evident.conf"
node_unlock field || die "unlock"

# --- limits ---
fails 2 "KiB" "a limit that is none" on field partner limit hub fast
fails 2 "KiB" "a limit of nothing" on field partner limit hub 0
fails 1 "no partner" "a limit for nobody" on field partner limit nobody 5
ok "a limit" on field partner limit hub 200
limit() { on field partner list --json | json "j['partners'][0]['limit']"; }
is "is shown in bytes a second" "$(limit)" 204800
head -c 2000000 /dev/urandom >"$T/file"
on field capture --to hub --attach "$T/file" >/dev/null || die "capture"
before=$(date +%s%N)
ok "a sync under it ends 0, though it takes longer than lock-after" on field sync hub
is "and was not faster than it" \
	"$([ $(($(date +%s%N) - before)) -gt 7000000000 ] && echo yes)" yes
on field stop
rm "$T/field/evident.conf"
node_unlock field || die "unlock"
is "it is still there after a restart" "$(limit)" 204800
ok "it is taken away" on field partner limit hub none
is "and gone" "$(limit)" 0
on field stop
echo 'rate = 7' >"$T/field/evident.conf"
node_unlock field || die "unlock"
is "none stays none" "$(limit)" 0
ok "or goes back to what is configured" on field partner limit hub default
is "which counts then" "$(limit)" 7168

# --- quotas for all ---
ok "no limit is in the way of what follows" on field partner limit hub none
fails 1 "from 0 to" "a quota below nothing" check 'quota-bytes = -1'
echo 'quota-entries = 3' >>"$T/hub/evident.conf"
on hub stop
node_unlock hub || die "unlock"
quota() { on hub partner list --json | json "j['partners'][0]['quota']['entries']"; }
is "a quota that is configured is shown" "$(quota)" 3
more=$(on field capture --to hub --field statement=more) || die "capture"
fails 5 "quota" "and kept" on field sync hub
ok "another for one partner" on hub partner quota field --entries 1000
ok "counts instead" on field sync hub
