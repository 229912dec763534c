#!/bin/bash
# Goal of this test: while records are captured and read, no process but a
# worker or the client holds plaintext in its memory.
. "$(dirname "$0")/lib.sh"

node_start desk --reader
marker=Kqzwordthatisspoken
python3 - "$marker" >"$T/text" <<'P'
import sys
print((sys.argv[1] + " and more words. ") * 20000)
P
head -c 400000 "$T/text" >"$T/notes.txt"
# Captures go on for as long as the scans do.
while [ ! -e "$T/stop" ]; do
	on desk capture --text "$T/notes.txt" --attach "$T/text" \
		--field "n=1" 2>"$T/err" || die "capture"
done >"$T/ids" &
loop=$!
scan() {
	for role in store keeper courier; do
		for pid in $(process_of desk "$role"); do
			python3 "$(dirname "$0")/memory.py" "$pid" "$marker"
		done
	done
	python3 "$(dirname "$0")/memory.py" \
		"$(pgrep -f -- "evidentd --home $T/desk\$")" "$marker"
}
found=0
for _ in 1 2 3 4 5 6; do
	found=$((found + $(scan | awk '{n+=$1} END {print n+0}')))
done
touch "$T/stop"
wait "$loop"
is "captures went on while they were scanned" \
	"$([ "$(wc -l <"$T/ids")" -gt 5 ] && echo yes)" yes
is "no store, keeper, courier or supervisor held a word of them" "$found" 0
for id in $(head -10 "$T/ids"); do
	on desk show "$id" >/dev/null || die "show"
done
is "nor after they were opened again" "$(scan | awk "{n+=\$1} END {print n+0}")" 0
is "the scan does find the words where they are" "$(
	python3 -c 'import sys,time; w=open(sys.argv[1]).read(); print(flush=True); time.sleep(30)' "$T/text" >/dev/null &
	sleep 1
	[ "$(python3 "$(dirname "$0")/memory.py" $! "$marker")" -gt 0 ] && echo yes
	kill $!
)" yes
