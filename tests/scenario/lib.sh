# The verbs that scenarios are written in. Source it; it needs EVIDENT and
# EVIDENTD (the programs under test) in the environment.
#
# A scenario is a list of claims: `ok CLAIM COMMAND...` holds when the command
# succeeds, `fails CODE TEXT CLAIM COMMAND...` when it exits with CODE and says
# TEXT on standard error. Output is TAP. Daemons are real, and so is all else.
set -u
: "${EVIDENT:?the client under test}" "${EVIDENTD:?the daemon under test}"
export EVIDENT EVIDENTD LC_ALL=C.UTF-8
T=$(mktemp -d "${TMPDIR:-/tmp}/evident-scenario.XXXXXX") || exit 1
count=0
failed=0
nodes=()
declare -A relays=() # port -> process

finish() {
	local node
	set +u # nothing keeps the verdict from being told
	for node in "${nodes[@]}"; do
		"$EVIDENT" --home "$T/$node" stop >/dev/null 2>&1
	done
	pkill -9 -f -- "--home $T/" 2>/dev/null
	[ ${#relays[@]} -eq 0 ] || kill "${relays[@]}"
	if [ -n "${KEEP:-}" ]; then echo "# kept: $T"; else rm -rf "$T"; fi
	echo "1..$count"
	[ "$failed" -eq 0 ] || exit 1
}
trap finish EXIT

report() { # RESULT CLAIM
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		failed=$((failed + 1))
		sed 's/^/# /' "$T/err" "$T/out" 2>/dev/null | head -20
	fi
}

ok() { # CLAIM COMMAND...
	local claim=$1
	shift
	"$@" >"$T/out" 2>"$T/err"
	report $? "$claim"
}

fails() { # CODE TEXT CLAIM COMMAND...
	local code=$1 text=$2 claim=$3 got
	shift 3
	"$@" >"$T/out" 2>"$T/err"
	got=$?
	if [ "$got" -ne "$code" ]; then
		echo "# exit code $got, not $code" >>"$T/err"
		report 1 "$claim"
	elif ! grep -qF -- "$text" "$T/err"; then
		echo "# this is missing: $text" >>"$T/err"
		report 1 "$claim"
	else
		report 0 "$claim"
	fi
}

skip() { # CLAIM WHY: what this machine has not the means for
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

is() { # CLAIM GOT WANTED
	printf 'got:    %s\nwanted: %s\n' "$2" "$3" >"$T/err"
	: >"$T/out"
	[ "$2" = "$3" ]
	report $? "$1"
}

die() {
	echo "Bail out! $*"
	exit 1
}

# From here on daemons write their logs beside their homes: $T/NODE.log.
keep_logs() {
	cat >"$T/evidentd" <<EOS
#!/bin/sh
for word; do [ "\$last" = --home ] && home=\$word; last=\$word; done
exec "$EVIDENTD" "\$@" 2>>"\$home.log"
EOS
	chmod +x "$T/evidentd"
	export EVIDENTD=$T/evidentd
}

passphrase_of() { echo "a passphrase of $1, long enough"; }

on() { # NODE COMMAND...: run evident for a node
	local node=$1
	shift
	"$EVIDENT" --home "$T/$node" "$@"
}

node_init() { # NODE [INIT OPTION...]
	local node=$1
	shift
	nodes+=("$node")
	on "$node" init --name "$node" --passphrase-fd 3 "$@" \
		3< <(passphrase_of "$node")
}

node_unlock() { # NODE
	on "$1" unlock --passphrase-fd 3 3< <(passphrase_of "$1")
}

# Unlock a node whose processes were killed: they may be starting anew.
node_reopen() { # NODE
	local try
	for try in $(seq 40); do
		node_unlock "$1" 2>/dev/null &&
			[ "$(field_of "$1" state 2>/dev/null)" = open ] && return
		sleep 0.25
	done
	return 1
}

# A new node, unlocked; dies when that fails, for no claim could follow.
node_start() { # NODE [INIT OPTION...]
	node_init "$@" || die "init of $1 failed"
	node_unlock "$1" || die "unlock of $1 failed"
}

json() { # PYTHON-EXPRESSION: evaluate with j = the JSON on standard input
	python3 -c 'import json,sys; j=json.load(sys.stdin); print('"$1"')'
}

field_of() { on "$1" status --json | json "j['$2']"; }

process_of() { # NODE ROLE: the process ids of that role of a node's daemon
	local main
	main=$(pgrep -f -- "evidentd --home $T/$1\$") || return 1
	pgrep -P "$main" -f -- "--role $2"
}

free_port() {
	python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])'
}

# A line that breaks: a program that is one, from the port $relay to the port $port.
relay_run() { # PROGRAM ARGUMENT...: what it says is in $T/relay.PORT
	rm -f "$T/relay.$relay"
	python3 "$1" "$relay" "$port" "${@:2}" >"$T/relay.$relay" &
	relays[$relay]=$!
	until grep -qs ready "$T/relay.$relay"; do sleep 0.05; done
}
relay_start() { relay_run "$(dirname "$0")/cutter.py" "$@"; } # BYTES [HOW]
relay_stop() {
	kill "${relays[$relay]}"
	wait "${relays[$relay]}" 2>/dev/null || true
	unset "relays[$relay]"
}

# Exchange cards and compare the number, as two people would.
introduce() { # A B [OPTION FOR A] [OPTION FOR B]
	local a=$1 b=$2 number
	on "$a" card >"$T/$a.card" && on "$b" card >"$T/$b.card" || return 1
	on "$a" partner add "$T/$b.card" ${3:+"$3"} >/dev/null || return 1
	on "$b" partner add "$T/$a.card" ${4:+"$4"} >/dev/null || return 1
	number=$(on "$a" partner compare "$b") || return 1
	[ "$number" = "$(on "$b" partner compare "$a")" ] || return 1
	on "$a" partner compare "$b" "$number" &&
		on "$b" partner compare "$a" "$number"
}

# A node's card has changed: these take it anew, and both compare.
card_anew() { # NODE AT...
	local node=$1 at number
	shift
	on "$node" card --out "$T/$node.card" || return 1
	for at; do
		on "$at" partner add "$T/$node.card" >/dev/null || return 1
		number=$(on "$at" partner compare "$node") || return 1
		on "$at" partner compare "$node" "$number" &&
			on "$node" partner compare "$at" "$number" || return 1
	done
}

# A hub that listens on loopback, with its address in its card.
hub_start() { # NODE [INIT OPTION...]
	local node=$1 port
	shift
	port=$(free_port)
	node_start "$node" --listen "127.0.0.1:$port" \
		--address "127.0.0.1:$port" "$@"
}

# field --seals to--> hub <--mirrors to-- desk, all compared. The hub's card
# carries the desk's reader, so what field seals to the hub the desk opens.
three_nodes() { # [HUB DESK FIELD]: their names
	local hub=${1:-hub} desk=${2:-desk} field=${3:-field} reader
	hub_start "$hub"
	node_start "$desk" --reader
	node_start "$field"
	reader=$(on "$desk" card | sed -n 's/^reader //p')
	on "$hub" card add-reader "$reader" || die "add-reader"
	introduce "$hub" "$desk" --mirror || die "hub and desk"
	introduce "$field" "$hub" || die "field and hub"
}

# One more hub, hubb, and deskb, its desk and reader.
second_hub() {
	hub_start hubb
	node_start deskb --reader
	on hubb card add-reader "$(on deskb card | sed -n 's/^reader //p')" ||
		die "add-reader"
	introduce hubb deskb --mirror || die "hubb and deskb"
}

# Organisation A: fielda, huba, deska, as three_nodes makes them; B: hubb and its
# desk deskb; C: arch, which reads and is reached by bundles of deska's alone.
three_organisations() {
	three_nodes huba deska fielda
	second_hub
	introduce deska hubb || die "deska and hubb"
	node_start arch --reader
	introduce deska arch || die "deska and arch"
}

author_of() { # NODE PARTNER: the author id that NODE knows PARTNER by
	on "$1" partner list --json |
		json "[p['author'] for p in j['partners'] if p['name']=='$2'][0]"
}

withdrawn() { # NODE ID: None, 'set aside' or destroyed; nothing if not listed
	on "$1" list --json |
		json "''.join(str(r.get('withdrawn')) for r in j['records'] if r['id']=='$2')"
}

says() { # NODE ID TEXT: how many lines of the record's log hold TEXT
	on "$1" log "$2" | grep -cF -- "$3"
}

object_files() { find "$T/$1/objects" -type f | wc -l; }

by_hand() { # FROM TO FILE: a bundle
	on "$1" bundle write "$2" "$3" >/dev/null && on "$2" bundle read "$3"
}

told() { # NODE TO WORDS [FILE]: capture a statement, and print its id
	on "$1" capture --to "$2" --field "statement=$3" ${4:+--attach "$4"}
}

log_of() { on "$1" log "$2" --json | json "j['log']"; } # NODE ID

lacks() { # NODE ID...: how many of them it does not list
	local node=$1
	shift
	on "$node" list --json |
		json "len(set('$(printf '%s ' "$@")'.split(' ')[:-1]) - {r['id'] for r in j['records']})"
}

# An old disk: keep it as it is under a name, and start from it again.
keep_disk() { # NODE NAME
	on "$1" stop
	rm -rf "${T:?}/$1.$2"
	cp -a "$T/$1" "$T/$1.$2"
	node_unlock "$1" || die "unlock"
}
put_back() { # NODE NAME
	on "$1" stop 2>/dev/null
	rm -rf "${T:?}/$1"
	cp -a "$T/$1.$2" "$T/$1"
	node_unlock "$1" || die "unlock"
}
