#!/bin/bash
# Goal of this benchmark: what a meeting costs. Without news it is one round trip of
# less than 1 KB, whether the log has a thousand records or a hundred thousand, and
# whether there is one log or a thousand; a full sync grows with the records and not
# with their square; and ten more records cost ten records.
#
# RECORDS (100000), LOGS (1000) and ENTRIES (20, in each of those logs) may be set.
# Times are printed beside limits of this machine at this moment (the same bytes by
# plain TLS to a synced file, and by rsync as files if it is there); nothing fails by
# time.
. "$(dirname "$0")/../scenario/lib.sh"
: "${MANY_LOGS:?the program that makes logs}"
records=${RECORDS:-100000}
logs=${LOGS:-1000}
entries=${ENTRIES:-20}

# By the shell's own clock: starting a program takes longer than a quiet meeting.
now() { echo "${EPOCHREALTIME/./}"; }
since() { # START: seconds
	local us=$((${EPOCHREALTIME/./} - $1))
	printf '%d.%03d' $((us / 1000000)) $((us / 1000 % 1000))
}
calc() { python3 -c "print(f'{$1:.2f}')"; }
say() { echo "# $*"; }

import() { # FROM TO
	python3 - "$1" "$2" >"$T/lines" <<'P'
import json, sys
for n in range(int(sys.argv[1]), int(sys.argv[2])):
    print(json.dumps({"fields": {"statement": f"number {n}"}, "to": ["hub"]}))
P
	on field import "$T/lines" >/dev/null || die "import"
}
meet() { # NODE HUB: seconds, bytes and round trips in $took, $bytes and $trips
	local start
	start=$(now)
	on "$1" sync "$2" --json >"$T/said" || die "$1 does not sync"
	took=$(since "$start")
	bytes=$(json "j['sent'] + j['received']" <"$T/said")
	trips=$(json "j['round_trips']" <"$T/said")
}
silence() { # NODE HUB CLAIM: meetings without news
	local i all=""
	for i in 1 2 3 4 5; do
		meet "$1" "$2"
		all="$all $took"
	done
	say "$3: $bytes bytes, $trips round trip, seconds:$all"
	is "$3: one round trip" "$trips" 1
	is "$3: less than 1 KB" "$([ "$bytes" -lt 1024 ] && echo yes || echo "$bytes")" yes
}

hub_start hub
on hub card add-reader "$(age-keygen 2>/dev/null | sed -n 's/^# public key: //p')" || die "add-reader"
node_start field
introduce field hub || die "field and hub"

done=0
say "records | import s | full sync s | bytes a record | s a 1000 records"
for part in $((records / 100)) $((records / 10)) $((records)); do
	start=$(now)
	import $done $part
	imported=$(since "$start")
	meet field hub
	say "$done to $part | $imported | $took | $((bytes / (part - done))) |" \
		"$(calc "$took * 1000 / ($part - $done)")"
	full=$bytes
	last=$took
	silence field hub "a log of $part"
	done=$part
done
import $done $((done + 10))
meet field hub
say "ten more on $done: $took s, $bytes bytes, $trips round trips"

# The same bytes by the shortest ways there are.
openssl req -x509 -newkey ed25519 -nodes -subj /CN=x -keyout "$T/key" -out "$T/cert" 2>/dev/null
limit=$(python3 "$(dirname "$0")/tls_copy.py" "$T/cert" "$T/key" "$full" "$T/copy") || die "tls_copy"
say "limit: the same $full bytes by plain TLS to a synced file: $limit s; full sync is $(calc "$last / $limit") times that"
if command -v rsync >/dev/null; then
	mkdir "$T/files" "$T/there"
	head -c "$full" /dev/urandom >"$T/bytes"
	split -a 4 -b $((full / (records - records / 10))) "$T/bytes" "$T/files/r" 2>/dev/null
	port=$(free_port)
	printf 'use chroot = no\n[x]\npath = %s\nread only = no\nuid = %s\ngid = %s\n' \
		"$T/there" "$(id -u)" "$(id -g)" >"$T/rsyncd.conf"
	rsync --daemon --no-detach --port "$port" --config "$T/rsyncd.conf" &
	server=$!
	sleep 0.5
	start=$(now)
	rsync -a "$T/files/" "rsync://127.0.0.1:$port/x/" || say "rsync failed"
	peer=$(since "$start")
	start=$(now)
	rsync -a "$T/files/" "rsync://127.0.0.1:$port/x/" || say "rsync failed"
	idle=$(since "$start")
	kill $server
	say "peer: rsync of as many files, unsynced and in the clear: $peer s, without news $idle s;" \
		"full sync is $(calc "$last / $peer") times that"
else
	say "rsync is not installed: no peer"
fi
rm -rf "$T/bytes" "$T/copy" "$T/files" "$T/there"
on field stop
on hub stop

# Many logs, between a hub and its desk.
hub_start big
on big stop
say "making $logs logs of $entries entries"
passphrase_of big | "$MANY_LOGS" "$T/big" "$logs" "$entries" || die "many_logs"
node_unlock big || die "unlock"
node_start desk --reader
on big card add-reader "$(on desk card | sed -n 's/^reader //p')" || die "add-reader"
introduce big desk --mirror || die "big and desk"
meet desk big
say "$logs logs, first sync: $took s, $bytes bytes, $trips round trips"
silence desk big "$logs logs"
