#!/bin/bash
# Goal of this test: a sync ends though there is always more to tell, because
# records are captured for as long as it lasts; all that was there when it began
# is delivered then, and the rest by the next one.
. "$(dirname "$0")/lib.sh"

LONG=90 # seconds: what has no end is cut off
hub_start hub --reader 2>/dev/null
node_start field
introduce field hub || die "field and hub"
head -c 20000 /dev/urandom >"$T/file"

capture() { # LIST [OPTION...]: on and on, until there is a file "stop"
	local list=$1
	shift
	while [ ! -e "$T/stop" ]; do
		on field capture --to hub --field statement=words "$@" >>"$T/$list" ||
			touch "$T/stop"
	done
}
begin() { # COMMAND...: in the background, until stop
	rm -f "$T/stop"
	(trap - EXIT && "$@") &
	work+=($!)
}
stop() {
	touch "$T/stop"
	wait "${work[@]}"
	work=()
}
work=()
count() { cat "$T"/list* 2>/dev/null | wc -l; }
await() { # NUMBER: until so many are captured
	while [ "$(count)" -lt "$1" ] && [ ! -e "$T/stop" ]; do sleep 0.1; done
}
undelivered() { # LIST: how many of it the field knows no receipt of
	on field list --json >"$T/known"
	python3 - "$T/known" "$1" <<'P'
import json, sys
have = {r["id"]: r["delivered"] for r in json.load(open(sys.argv[1]))["records"]}
print(sum(have[line.strip()] != ["hub"] for line in open(sys.argv[2])))
P
}
ends() { # a sync of the field, in whichever way one ends that met
	timeout "$LONG" "$EVIDENT" --home "$T/field" sync hub >"$T/said" 2>&1
	case $? in 0 | 5) true ;; *) cat "$T/said"; false ;; esac
}

begin capture list1
begin capture list2 --attach "$T/file"
await 20
cat "$T/list1" "$T/list2" >"$T/before"
ok "a sync ends while records are captured" ends
after=$(count)
await $((after + 2))
ok "and they are, still" test ! -e "$T/stop"
stop
is "all that were there before it are delivered" "$(undelivered "$T/before")" 0
ok "one more sync brings the rest" on field sync hub
cat "$T/list1" "$T/list2" >"$T/all"
is "and all are delivered" "$(undelivered "$T/all")" 0
