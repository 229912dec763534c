#!/bin/bash
# Goal of this test: readers come from age-keygen and go to age; a machine's key
# opens a node at its start and never after somebody locked it; and nothing about
# the keyring changes without a person's passphrase.
. "$(dirname "$0")/lib.sh"

node_start desk --reader
key() { # COMMAND...: with the desk's passphrase
	on desk key "$@" --passphrase-fd 3 3< <(passphrase_of desk)
}
readers() { on desk key list | sort; }
age-keygen -o "$T/person.key" 2>/dev/null
person=$(age-keygen -y "$T/person.key")
serial() { on desk card | sed -n 's/^serial //p'; }
before=$(serial)

# --- readers ---
wrong() { on desk key import-reader "$1" --passphrase-fd 3 3<<<"not it"; }
fails 1 "passphrase" "a wrong passphrase changes nothing" wrong "$T/person.key"
is "and there is one reader" "$(readers | wc -l)" 1
ok "a reader made by age-keygen comes in" key import-reader "$T/person.key"
is "is listed" "$(on desk key list | grep -c "$person")" 1
is "and stands on the card" "$(on desk card | grep -c "^reader $person")" 1
is "whose serial has risen" "$([ "$(serial)" -gt "$before" ] && echo yes)" yes
fails 1 "already" "the same again is refused" key import-reader "$T/person.key"
tail -1 "$T/person.key" | tr A-Z a-z >"$T/lower.key"
fails 1 "age identity" "one in small letters" key import-reader "$T/lower.key"
sed '$s/.$/Q/' "$T/person.key" >"$T/typo.key"
sed '$s/.$/P/' "$T/person.key" >"$T/typo2.key"
cmp -s "$T/typo.key" "$T/person.key" && mv "$T/typo2.key" "$T/typo.key"
fails 1 "age identity" "one with a wrong digit" key import-reader "$T/typo.key"
head -c 60 "$T/person.key" >"$T/cut.key"
fails 1 "age identity" "one cut short" key import-reader "$T/cut.key"
age-keygen 2>/dev/null >"$T/two.key"
age-keygen 2>/dev/null >>"$T/two.key"
fails 1 "age identity" "two at once" key import-reader "$T/two.key"
head -c 5000 /dev/zero | tr '\0' '#' >"$T/long.key"
fails 1 "age identity" "a file too large" key import-reader "$T/long.key"
: >"$T/empty.key"
fails 1 "age identity" "an empty file" key import-reader "$T/empty.key"
mkfifo "$T/fifo"
fails 1 "regular file" "a FIFO" key import-reader "$T/fifo"
is "nothing came of them" "$(readers | wc -l)" 2
by_pipe() { age-keygen 2>/dev/null | key import-reader -; }
ok "from a pipe" by_pipe
for n in 4 5 6 7 8; do
	age-keygen 2>/dev/null >"$T/$n.key"
	key import-reader "$T/$n.key" >/dev/null 2>&1 || die "reader $n"
done
age-keygen 2>/dev/null >"$T/9.key"
fails 1 "at most 8" "a ninth reader" key import-reader "$T/9.key"
is "there are eight" "$(readers | wc -l)" 8
on desk stop
node_unlock desk || die "unlock"
is "and they are there after a restart" "$(readers | wc -l)" 8

# What was sealed to the person before is read here, and the other way round.
node_start other
printf '%s\n' "words for a person" >"$T/words"
hub_start hub
on hub card add-reader "$person" || die "add-reader"
introduce other hub || die "introduce"
introduce hub desk --mirror || die "introduce"
id=$(on other capture --to hub --text "$T/words") || die "capture"
on other sync hub && on desk sync hub || die "sync"
on desk show "$id" --json >"$T/shown" || die "show"
is "a record sealed to the person is read with her key" \
	"$(json "dict(j['fields'])['statement']" <"$T/shown")" "$(cat "$T/words")"
ok "the readers go out" key export-reader --out "$T/out.key"
is "to a file for its owner alone" "$(stat -c %a "$T/out.key")" 600
is "which age knows as ours" "$(age-keygen -y "$T/out.key" | sort)" "$(readers)"
own=$(on desk capture --text "$T/words") || die "capture"
on desk show "$own" --sealed "$T/sealed" >/dev/null || die "sealed"
ok "age opens with it what is sealed to us" age -d -i "$T/out.key" -o "$T/clear" "$T/sealed/content.age"
is "to the word" "$(python3 "$(dirname "$0")/../../packaging/read-content.py" "$T/clear" statement)" \
	"$(cat "$T/words")"
fails 1 "already a file" "nothing is written over" key export-reader --out "$T/out.key"
wrong_out() { on desk key export-reader --out "$T/no.key" --passphrase-fd 3 3<<<"not it"; }
fails 1 "passphrase" "nor out with a wrong passphrase" wrong_out
is "and no file is left" "$(ls "$T/no.key" 2>/dev/null | wc -l)" 0
none() { on hub key export-reader --out "$T/no.key" --passphrase-fd 3 3< <(passphrase_of hub); }
fails 1 "no reader" "a node without a reader has none to give" none

# --- a machine that starts without a person ---
hub_key() { on hub key "$@" --passphrase-fd 3 3< <(passphrase_of hub); }
mkdir -m 700 "$T/credentials"
wrong_machine() { on hub key add-machine "$T/no.key" --passphrase-fd 3 3<<<"not it"; }
fails 1 "passphrase" "no machine's key without the passphrase" wrong_machine
is "and no file" "$(ls "$T/no.key" 2>/dev/null | wc -l)" 0
ok "a machine's key" hub_key add-machine "$T/credentials/evident.key"
is "for its owner alone" "$(stat -c %a "$T/credentials/evident.key")" 600
warned() { field_of hub warnings | grep -c "machine key"; }
is "status says what that means" "$(warned)" 1
is "the keyring is as large as ever" "$(stat -c %s "$T/hub/keyring")" 8192
on hub stop
start_hub() { # as a service manager would
	CREDENTIALS_DIRECTORY=$1 "$EVIDENTD" --home "$T/hub" 2>"$T/hub.log" &
	local try
	for try in $(seq 100); do
		on hub status >/dev/null 2>&1 && break
		sleep 0.1
	done
}
until_open() {
	local try
	for try in $(seq 100); do
		[ "$(field_of hub state)" = open ] && return
		sleep 0.1
	done
	return 1
}
start_hub "$T/credentials"
ok "the hub opens by itself" until_open
ok "and works" on other sync hub
ok "whoever locks it" on hub lock
sleep 2
is "has it locked" "$(field_of hub state)" locked
ok "until a person opens it" node_unlock hub
not_by_machine() {
	on hub key remove-machine --passphrase-fd 3 3<"$T/credentials/evident.key"
}
fails 1 "passphrase" "the machine's key changes nothing" not_by_machine
on hub stop
mkdir "$T/others"
head -c 32 /dev/urandom | xxd -p -c 64 >"$T/others/evident.key"
start_hub "$T/others"
sleep 2
is "another key opens nothing" "$(field_of hub state)" locked
is "and the log says so" "$(grep -c 'does not open this node' "$T/hub.log")" 1
on hub stop
start_hub "$T/nowhere"
is "nor does none" "$(field_of hub state)" locked
node_unlock hub || die "unlock"
ok "the machine's key is taken back" hub_key remove-machine
is "status warns no more" "$(warned)" 0
on hub stop
start_hub "$T/credentials"
sleep 2
is "and opens nothing any more" "$(field_of hub state)" locked
ok "the person's passphrase does" node_unlock hub
ok "and all is there" on other sync hub

# --- cut off at any point ---
survive() {
	local n client
	for n in $(seq 8); do
		key remove-machine >/dev/null 2>&1 &
		client=$!
		sleep 0.$((RANDOM % 9))
		pkill -9 -f -- "--home $T/desk\$"
		wait "$client"
		node_reopen desk || return 1
	done
	[ "$(readers | wc -l)" = 8 ]
}
ok "kill -9 while it changes leaves one keyring or the other" survive
ok "which reads what it read" on desk show "$id"
