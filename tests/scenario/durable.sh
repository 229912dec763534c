#!/bin/bash
# Goal of this test: nothing is acknowledged before it is on disk. Kills cannot
# show that: the kernel keeps what was written. So strace watches: when a record's
# id goes to the client, when a receipt is signed, when a withdrawal is answered and
# when a hub signs that it erased, nothing written to the database's log, to the
# records' keys or to an object is without its fsync.
. "$(dirname "$0")/lib.sh"
if [ "$(id -u)" != 0 ]; then # nobody else may look into the daemon's processes
	echo "1..0 # SKIP only root can watch them"
	trap - EXIT
	exit 0
fi

watch() { # NODE: until watched() is called
	local pids
	: >"$T/strace"
	pids=$(for role in store worker courier; do process_of "$1" $role; done)
	strace -f -yy -s 64 -o "$T/trace" \
		-e trace=fsync,fdatasync,write,pwrite64,pwritev,ftruncate,renameat,renameat2,sendmsg \
		$(printf -- '-p %s ' $pids) 2>"$T/strace" &
	tracer=$!
	until [ "$(grep -c attached "$T/strace")" -ge "$(echo $pids | wc -w)" ]; do sleep 0.1; done
}
watched() { # TYPE...: what order.py says
	sleep 0.3
	kill "$tracer" 2>/dev/null # it ends by itself with those it watches
	while kill -0 "$tracer" 2>/dev/null; do sleep 0.1; done
	python3 "$(dirname "$0")/order.py" "$T/trace" "$@"
}
reply=17 sign=53 # CTL_REPLY, KEEPER_SIGN

hub_start hub
on hub card add-reader "$(age-keygen 2>/dev/null | sed -n 's/^# public key: //p')" || die "reader"
node_start field
introduce field hub || die "introduce"
head -c 300000 /dev/urandom >"$T/photo.jpg"
watch field
id=$(on field capture --to hub --field statement=x --attach "$T/photo.jpg") || die "capture"
is "a record is on disk with all that belongs to it before its id is told" \
	"$(watched $reply)" "1 evident.db-wal,folder,keys,object,objects none"
for n in $(seq 20); do echo '{"fields":{"n":"'"$n"'"},"to":["hub"]}'; done >"$T/many.jsonl"
watch field
on field import "$T/many.jsonl" >/dev/null || die "import"
is "so are many at once" "$(watched $reply | cut -d' ' -f1,3)" "20 none"
watch hub
on field sync hub || die "sync"
said=$(watched $sign)
is "a hub signs its receipt when all is on disk" \
	"$(echo "$said" | cut -d' ' -f2-)" "evident.db-wal,folder,keys,object,objects none"
is "and did sign one" "$([ "${said%% *}" -ge 1 ] && echo yes)" yes
is "the record is delivered" "$(on field list --json |
	json "[r['delivered'] for r in j['records'] if r['id']=='$id'][0]")" "['hub']"
watch field
on field withdraw "$id" || die "withdraw"
is "a withdrawal is answered when its keys are overwritten, on disk" \
	"$(watched $reply)" "1 evident.db-wal,folder,home,keys none"
watch hub
on field sync hub || die "sync"
said=$(watched $sign)
is "a hub signs that it erased when that is on disk" \
	"$(echo "$said" | cut -d' ' -f2-)" "evident.db-wal,folder,home,keys none"
is "and did sign it" "$([ "${said%% *}" -ge 1 ] && echo yes)" yes
is "the field was told" "$(says field "$id" "erased by hub (")" 1
watch field
on field lock || die "lock"
is "a lock is answered when all is on disk" "$(watched $reply | cut -d' ' -f3)" none
