#!/bin/bash
# Goal of this test: kill -9 of any process, in the middle of captures and of
# syncs, loses nothing that was acknowledged, and the store reopens clean.
. "$(dirname "$0")/lib.sh"

hub_start hub
reader=$(age-keygen 2>/dev/null | tee "$T/reader.key" | sed -n 's/^# public key: //p')
on hub card add-reader "$reader" || die "add-reader"
node_start field
introduce field hub || die "field and hub"
head -c 3000000 /dev/urandom >"$T/file.bin"

# Capture until told to stop; every id printed was acknowledged.
capture_loop() {
	local n=0
	while [ ! -e "$T/stop" ]; do
		n=$((n + 1))
		on field capture --to hub --field "statement=number $n" \
			--attach "$T/file.bin" >>"$T/ids" 2>>"$T/capture.err" ||
			sleep 0.1
		[ "$(on field status --json 2>/dev/null | json "j['state']" 2>/dev/null)" = open ] ||
			node_unlock field 2>/dev/null
	done
}
all_there() { # NODE: ids acknowledged but not listed
	on "$1" list --json | json "'\n'.join(r['id'] for r in j['records'])" |
		sort >"$T/listed"
	sort -u "$T/ids" | comm -23 - "$T/listed" | wc -l
}

for role in worker courier store keeper; do
	: >"$T/ids"
	rm -f "$T/stop"
	capture_loop &
	loop=$!
	for i in 1 2 3; do
		sleep 0.$((RANDOM % 5 + 2))
		process_of field "$role" | shuf -n 1 | xargs -r kill -9
	done
	sleep 0.3
	touch "$T/stop"
	wait "$loop"
	node_reopen field || die "the field does not open again"
	is "kill -9 of the $role while capturing loses nothing acknowledged" \
		"$(all_there field)" 0
	is "and captures went on" "$([ -s "$T/ids" ] && echo yes)" yes
done

: >"$T/ids"
rm -f "$T/stop"
capture_loop &
loop=$!
sleep 1
pkill -9 -f -- "--home $T/field\$"
touch "$T/stop"
wait "$loop"
node_reopen field || die "the field does not open again"
is "kill -9 of the supervisor loses nothing acknowledged" "$(all_there field)" 0

# Each sync has an attachment to carry, and the kill comes while it grows at the
# hub: the process dies in mid-sync, not before or after.
head -c 60000000 /dev/urandom >"$T/large.bin"
arrived() { du -sb "$T/hub/objects" | cut -f1; }
kill_in_sync() { # NODE ROLE
	local before sync try
	on field capture --to hub --field "statement=$1 $2" \
		--attach "$T/large.bin" >>"$T/ids" || die "capture"
	before=$(arrived)
	on field sync hub >/dev/null 2>&1 &
	sync=$!
	for try in $(seq 400); do
		[ "$(arrived)" -gt $((before + 1000000)) ] && break
		sleep 0.01
	done
	if [ "$2" = supervisor ]; then
		pkill -9 -f -- "--home $T/$1\$"
	else
		process_of "$1" "$2" | shuf -n 1 | xargs -r kill -9
	fi
	wait "$sync" || cut=$((cut + 1))
	node_reopen field || die "the field does not open again"
	node_reopen hub || die "the hub does not open again"
}
cut=0
: >"$T/ids"
on field sync hub || die "sync"
for role in courier store worker keeper supervisor; do
	for node in field hub; do
		kill_in_sync "$node" "$role"
	done
done
is "most of them cut a sync in the middle" \
	"$([ "$cut" -ge 6 ] && echo yes || echo "only $cut")" yes
is "kill -9 in mid-sync loses nothing acknowledged" "$(all_there field)" 0
on field list --json | json "'\n'.join(r['id'] for r in j['records'] if r['own'] and r['to'])" |
	sort >"$T/want"
ok "after all that, a sync ends 0" on field sync hub
on hub list --json | json "'\n'.join(r['id'] for r in j['records'] if r['complete'])" |
	sort >"$T/have"
is "the hub holds every record, whole" "$(comm -23 "$T/want" "$T/have" | wc -l)" 0
is "and the field holds a receipt for each" \
	"$(on field list --json | json "sum(r['delivered']!=['hub'] for r in j['records'] if r['own'] and r['to'])")" 0
ok "the field stops cleanly" on field stop
ok "and opens again" node_unlock field

# Kill a process, and stop the one that is started in its place where it begins.
stop_next() { # NODE ROLE
	python3 - "$(pgrep -f -- "evidentd --home $T/$1\$")" "$(process_of "$1" "$2")" <<-END
		import os, signal, sys, time
		parent, old = map(int, sys.argv[1:])
		children = f"/proc/{parent}/task/{parent}/children"
		known = set(open(children).read().split())
		os.kill(old, signal.SIGKILL)
		end = time.monotonic() + 5
		while time.monotonic() < end:
		    for pid in set(open(children).read().split()) - known:
		        os.kill(int(pid), signal.SIGSTOP)
		        print(pid)
		        sys.exit()
		sys.exit(1)
	END
}
keep_logs
on field stop
node_unlock field || die "the field does not open again"
stopped=$(stop_next field store) || die "no store was started anew"
is "who stands still before it is ready is stopped by us" \
	"$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$stopped/status")" T
is "another is started in its place, and the node is open" \
	"$(timeout 60 "$EVIDENT" --home "$T/field" status --json | json "j['state']")" open
is "the log says so" "$(grep -c 'a process did not get ready' "$T/field.log")" 1
