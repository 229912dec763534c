#!/bin/bash
# Goal of this test: doctor sees what is wrong with a machine and says what to do,
# whatever state the node is in; and starts, changes and contacts nothing.
. "$(dirname "$0")/lib.sh"

state_of() { # CHECK: of the last doctor's answer
	json "[c['state'] for c in j['checks'] if c['check']=='$1'][0]" <"$T/said"
}
doctor() { on field doctor --json >"$T/said" 2>"$T/err"; }
doctor
is "no home fails" $? 1
is "and says which check" "$(state_of home)" fail
node_init field || die "init"
ok "without a daemon it looks at the machine" doctor
is "and starts none" "$(on field status 2>/dev/null; echo $?)" 3
is "it says what it could not see" "$(state_of daemon)" warn
node_unlock field || die "unlock"
on field lock || die "lock"
ok "locked, it does as well" doctor
is "and opens nothing" "$(field_of field state)" locked
chmod 755 "$T/field"
doctor
is "a home that others may look into fails" "$?$(state_of home)" 1fail
chmod 700 "$T/field"
node_unlock field || die "unlock"
hub_start hub
on hub card add-reader "$(age-keygen 2>/dev/null | sed -n 's/^# public key: //p')" || die "reader"
on field partner add <(:) 2>/dev/null
on hub card >"$T/hub.card"
on field partner add "$T/hub.card" >/dev/null || die "add"
doctor
is "a partner that was not compared is a warning" "$(state_of "partner hub")" warn
introduce field hub || die "introduce"
on field capture --to hub --field a=b >/dev/null || die "capture"
doctor
is "one that was never met, too" "$(state_of "partner hub")" warn
is "and what has not arrived" "$(state_of deliveries)" warn
is "nobody was contacted" "$(on hub list --json | json "len(j['records'])")" 0
on field sync hub || die "sync"
doctor
is "after a sync neither is" "$(state_of "partner hub")$(state_of deliveries)" okok
is "the clock may be right" "$(state_of clock)" ok
is "every check has an answer a person can read" \
	"$(on field doctor | grep -cvE '^(ok|warn|fail) +[^ ]|^      ')" 0
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
	swaps() { # a machine that swaps
		unshare -m bash -c 'printf "Filename Type\n/dev/sda2 partition 1 0 -2\n" >"$0"
			mount --bind "$0" /proc/swaps && exec "$1" --home "$2" doctor --json' \
			"$T/swaps" "$EVIDENT" "$T/field" >"$T/said" 2>"$T/err"
	}
	ok "on a machine that swaps" swaps
	is "it warns" "$(state_of swap)" warn
	full() { # a disk with little left
		unshare -m bash -c 'mkdir "$0" && mount -t tmpfs -o size=50m,mode=0700 none "$0" &&
			exec "$1" --home "$0" doctor --json' "$T/small" "$EVIDENT" \
			>"$T/said" 2>"$T/err"
	}
	full
	is "a disk that is nearly full fails" "$?$(state_of disk)" 1fail
else
	skip "a machine that swaps is warned of" "only root can make it look so"
fi
