#!/bin/bash
# Goal of this test: another user of the machine learns nothing and changes
# nothing. Sockets, processes, an impostor's socket, links and other files planted
# where a node keeps its own or where a command writes, endless attachments, and
# descriptors of every kind at the control socket. Programs of the same user are
# not kept out, but do not bring it down either.
. "$(dirname "$0")/../scenario/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
OWNER=12346 OTHER=12345
[ "$(id -u)" -eq 0 ] && setpriv --reuid $OTHER --regid $OTHER --clear-groups true || {
	echo "1..0 # SKIP it needs root, to be two users"
	trap - EXIT
	exit 0
}
chmod 755 "$T"
# Where both may run it, wherever it was built.
cp "$EVIDENT" "$EVIDENTD" "$T/"
EVIDENT=$T/evident EVIDENTD=$T/evidentd
owner() { setpriv --reuid $OWNER --regid $OWNER --clear-groups "$@"; }
other() { setpriv --reuid $OTHER --regid $OTHER --clear-groups "$@"; }
on() {
	local node=$1
	shift
	owner "$EVIDENT" --home "$T/$node" "$@"
}
serve() { # NODE: a daemon whose log can be read
	owner "$EVIDENTD" --home "$T/$1" 2>>"$T/$1.log" &
	for _ in $(seq 100); do
		[ -S "$T/$1/control" ] && on "$1" status >/dev/null 2>&1 && return
		sleep 0.1
	done
	die "the daemon did not start"
}
lines() { grep -c -- "$2" "$T/$1.log"; }
for dir in node peer mine; do
	mkdir -m 700 "$T/$dir"
	chown $OWNER:$OWNER "$T/$dir"
done
node_init node --reader || die "init"
node_init peer --reader || die "init"
serve node
node_unlock node || die "unlock"
node_unlock peer || die "unlock"
introduce node peer || die "introduce"
printf 'Kqzwords of a witness' >"$T/mine/text"
head -c 3000 /dev/urandom >"$T/mine/photo.jpg"
chmod 644 "$T/mine/text"
id=$(on node capture --to peer --text "$T/mine/text" --attach "$T/mine/photo.jpg") || die "capture"
on node export "$id" --to "$T/mine/bag" --disclose-all || die "export"

# --- the socket and the processes -----------------------------------------
connect() { # as the other user: what a program gets that asks for the status
	python3 -c 'import os, socket, sys
os.setgroups([])
os.setgid(int(sys.argv[2]))
os.setuid(int(sys.argv[2]))
s = socket.socket(socket.AF_UNIX)
try:
    s.connect(sys.argv[1])
    s.sendall(bytes([0, 0, 0, 4, 0, 16, 0, 0, 8, 1, 16, 0]))
    print(len(s.recv(100)))
except (ConnectionResetError, BrokenPipeError):
    print(0)
except PermissionError:
    print("refused")' "$T/node/control" $OTHER
}
is "another user cannot connect" "$(connect)" refused
chmod 711 "$T/node" && chmod 666 "$T/node/control"
is "nor where the owner let everybody in, and reads nothing" "$(connect)" 0
is "and one line of the log says so" "$(lines node 'a local connection was refused')" 1
chmod 700 "$T/node" && chmod 600 "$T/node/control"
pids="$(pgrep -f -- "evidentd --home $T/node\$") $(process_of node "")"
for what in mem environ maps fd/0; do
	is "another user opens no $what of its processes" "$(
		for pid in $pids; do other head -c 1 "/proc/$pid/$what" 2>/dev/null; done | wc -c)" 0
done
is "and finds nothing in the home" "$(other ls -R "$T/node" 2>/dev/null | wc -l)" 0

# A client that waits for its passphrase, which came by a descriptor.
mkfifo "$T/mine/fifo"
chown $OWNER "$T/mine/fifo"
setpriv --reuid $OWNER --regid $OWNER --clear-groups \
	"$EVIDENT" --home "$T/node" unlock --passphrase-fd 3 3<>"$T/mine/fifo" &
waiting=$!
printf 'Kqzhalfofit' >"$T/mine/fifo"
for _ in $(seq 50); do
	python3 "$here/../scenario/memory.py" $waiting Kqzhalfofit 2>/dev/null | grep -q '^[1-9]' && break
	sleep 0.1
done
is "a passphrase is in the client's memory while it is typed" \
	"$(python3 "$here/../scenario/memory.py" $waiting Kqzhalfofit | grep -c '^[1-9]')" 1
is "and in no argument and no environment" \
	"$(cat /proc/$waiting/cmdline /proc/$waiting/environ | grep -ac Kqzhalf)" 0
is "and the client leaves no core and is nobody's to look into" \
	"$(grep -c 'core file size *0 *0' /proc/$waiting/limits) $(stat -c %u /proc/$waiting/mem)" "1 0"
kill $waiting
wait $waiting 2>/dev/null

# --- an impostor ----------------------------------------------------------
mkdir -m 777 "$T/shared"
python3 "$here/local_impostor.py" "$T/shared/home" $OTHER >"$T/heard" &
impostor=$!
for _ in $(seq 50); do [ -S "$T/shared/home/control" ] && break; sleep 0.1; done
impostor_asked() { owner "$EVIDENT" --home "$T/shared/home" unlock --passphrase-fd 3 3< <(passphrase_of node); }
fails 1 "another user's program answers" "a socket of somebody else gets no passphrase" impostor_asked
kill $impostor
wait $impostor 2>/dev/null
is "and not one byte" "$(wc -c <"$T/heard")" 0
fails 1 "belongs to somebody else" "no daemon serves another's directory" \
	owner "$EVIDENTD" --home "$T/shared/home"
chmod 770 "$T/peer"
on peer stop
fails 1 "must be closed to others" "nor one that a group may write to" \
	owner "$EVIDENTD" --home "$T/peer"
chmod 700 "$T/peer"

# --- links in the home ----------------------------------------------------
on node stop
owner sh -c 'umask 077; echo "workers = 2" >"$1"' sh "$T/node/evident.conf"
for name in lock control keyring keys.wrap keys.0 evident.db evident.db-wal evident.conf objects; do
	mkdir "$T/aside"
	cp -a "$T/node" "$T/kept"
	if [ -e "$T/node/$name" ]; then
		mv "$T/node/$name" "$T/aside/$name"
	else
		printf precious >"$T/aside/$name"
	fi
	chown -R $OWNER "$T/aside"
	ln -s "$T/aside/$name" "$T/node/$name"
	sum=$(find "$T/aside" -type f -exec cat {} + | sha256sum)
	linked() { on node unlock --passphrase-fd 3 3< <(passphrase_of node) && on node list; }
	linked >"$T/out" 2>"$T/err"
	code=$?
	is "a link in the place of $name is not followed" \
		"$([ $code -ne 0 ] && echo refused) $(find "$T/aside" -type f -exec cat {} + | sha256sum)" \
		"refused $sum"
	on node stop 2>/dev/null
	rm -rf "$T/node" "$T/aside"
	mv "$T/kept" "$T/node"
done
serve node
node_unlock node || die "unlock"
ok "and without them all is as it was" on node show "$id"

# --- a home whose name changes all the time --------------------------------
on peer stop 2>/dev/null
there() { # EVIDENT's words, in the home of the parent $P
	timeout 60 setpriv --reuid $OWNER --regid $OWNER --clear-groups "$EVIDENT" \
		--home "$P/home" "$@" 3< <(passphrase_of peer) 2>>"$T/swap.err"
}
end_there() { # whatever its home is called now
	pkill -9 -u $OWNER -f "^$EVIDENTD --home $P/home\$"
	for _ in $(seq 50); do
		pgrep -u $OWNER -f "^$EVIDENTD --home $P/home\$" >/dev/null || break
		sleep 0.1
	done
}
for mode in 777 1777; do
	P=$T/parent-$mode
	mkdir -m $mode "$P"
	cp -a "$T/peer" "$P/home"
	python3 "$here/local_swap.py" "$P" $OTHER >"$T/heard" &
	swapper=$!
	until [ -e "$P/begun" ]; do sleep 0.05; done
	opened=0 refused=0
	for _ in $(seq 4); do
		if there unlock --passphrase-fd 3; then
			opened=$((opened + 1))
		else
			refused=$((refused + 1))
		fi
		end_there
	done
	touch "$P/stop"
	wait $swapper
	swaps=$(sed -n 's/^swapped //p' "$T/heard")
	echo "# parent $mode: $swaps swaps, $opened opened, $refused refused"
	is "in a parent of mode $mode another's home is given nothing" \
		"$(sed -n 's/^heard //p' "$T/heard") $(find "$P/fake" ! -user $OTHER | wc -l)" "0 0"
	is "and could take the place of ours only where that is everybody's" \
		"$([ "$swaps" -gt 0 ] && echo yes || echo no)" "$([ $mode = 777 ] && echo yes || echo no)"
	ok "when the name holds still it opens" there unlock --passphrase-fd 3
	ok "and has all it had" there partner compare node
	end_there
done

# --- where commands write -------------------------------------------------
S=$T/sticky
mkdir -m 1777 "$S"
printf precious >"$T/mine/precious"
chown -R $OWNER "$T/mine"
write() { # COMMAND of the list below, to the path $2
	case $1 in
	card) on node card --out "$2" ;;
	enrol) on node enrol "$T/peer.card" --out "$2" ;;
	bundle) on node bundle write peer "$2" ;;
	leaves) on node leaves "$id" --out "$2" ;;
	report) on node verify "$T/mine/bag" --report "$2" ;;
	readers) on node key export-reader --out "$2" --passphrase-fd 3 3< <(passphrase_of node) ;;
	machine) on node key add-machine "$2" --passphrase-fd 3 3< <(passphrase_of node) ;;
	export) on node export "$id" --to "$2" --disclose-all ;;
	attachments) on node show "$id" --attachments "$2" ;;
	sealed) on node show "$id" --sealed "$2" ;;
	esac
}
plant() { # KIND PATH: as the other user
	case $1 in
	link) other ln -s "$T/mine/precious" "$2" ;;
	dangling) other ln -s "$S/elsewhere" "$2" ;;
	file) other sh -c ": >'$2'; chmod 666 '$2'" ;;
	fifo) other mkfifo -m 666 "$2" ;;
	directory) other mkdir -m 777 "$2" ;;
	esac
}
chmod 644 "$T/peer.card" "$T/node.card"
tried=0 wrote=0
for command in card enrol bundle leaves report readers machine export attachments sealed; do
	bad=""
	for kind in link dangling file fifo directory; do
		for suffix in "" .part .partial; do
			path=$S/out.$command.$kind$suffix
			plant $kind "$path"
			write $command "${path%"$suffix"}" >"$T/out" 2>"$T/err"
			code=$?
			tried=$((tried + 1))
			[ "$(cat "$T/mine/precious")" = precious ] || bad="$bad $kind$suffix:precious"
			[ -e "$S/elsewhere" ] && bad="$bad $kind$suffix:elsewhere"
			# What the other user made holds nothing of ours.
			[ -n "$(find "$S" -user $OTHER -type f -size +0)" ] && bad="$bad $kind$suffix:file"
			[ -n "$(find "$S" -user $OTHER -type d ! -empty)" ] && bad="$bad $kind$suffix:directory"
			# And what we made is for nobody else, but for cards.
			[ $command != card ] && [ $command != enrol ] &&
				[ -n "$(find "$S" -user $OWNER \( -type f -o -type d \) -perm /077)" ] &&
				bad="$bad $kind$suffix:open"
			[ $code -eq 0 ] && wrote=$((wrote + 1))
			find "$S" -mindepth 1 -delete
		done
	done
	is "$command writes nothing to what another user planted" "$bad" ""
done
echo "# $tried writes tried, of which $wrote found a place of their own"
ok "what is written elsewhere works" write card "$S/own.card"
rm -f "$S/own.card"

# A name that changes all the time.
other bash -c "while [ ! -e '$S/stop' ]; do ln -sf '$T/mine/precious' '$S/race'; rm -f '$S/race'; : >'$S/race'; rm -f '$S/race'; done" 2>/dev/null &
racer=$!
for _ in $(seq 5); do
	write card "$S/race" >/dev/null 2>&1
	write leaves "$S/race" >/dev/null 2>&1
	rm -f "$S/race"
done
touch "$S/stop"
wait $racer 2>/dev/null
rm "$S/stop"
is "nor through a name that changes all the time" "$(cat "$T/mine/precious")" precious

# --- what is read ---------------------------------------------------------
attach() { on node capture --text "$T/mine/text" --to peer --attach "$1"; }
objects=$(find "$T/node/objects" -type f | wc -l)
mkfifo "$T/mine/endless"
truncate -s 1T "$T/mine/sparse"
python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$T/mine/socket"
chown -R $OWNER "$T/mine"
for name in /dev/zero "$T/mine/endless" "$T/mine" "$T/mine/socket"; do
	fails 1 "file" "no attachment: ${name##*/}" timeout 30 \
		setpriv --reuid $OWNER --regid $OWNER --clear-groups "$EVIDENT" --home "$T/node" \
		capture --to peer --attach "$name"
done
fails 1 "128 GiB" "nor a sparse file of a terabyte" attach "$T/mine/sparse"
head -c 20000000 /dev/zero >"$T/mine/growing"
chown $OWNER "$T/mine/growing"
while :; do echo more; done >>"$T/mine/growing" &
growing=$!
fails 1 "changed while it was read" "nor one that grows" attach "$T/mine/growing"
kill $growing
wait $growing 2>/dev/null
rm "$T/mine/growing"
head -c 20000000 /dev/zero >"$T/mine/written"
chown $OWNER "$T/mine/written"
while :; do printf more | dd of="$T/mine/written" conv=notrunc 2>/dev/null; done &
writer=$!
fails 1 "changed while it was read" "nor one that is written to" attach "$T/mine/written"
kill $writer
wait $writer 2>/dev/null
is "and nothing is left of any" "$(find "$T/node/objects" -type f | wc -l)" "$objects"

# --- the control socket, by the same user ----------------------------------
python3 "$here/local_control.py" "$T/node" $OWNER >"$T/answers" 2>"$T/err"
report $? "descriptors of every kind and a thousand connections are answered or refused"
sed 's/^/# /' "$T/answers"
ok "and the daemon goes on" on node show "$id"
is "no process of it died" "$(lines node 'ended by signal\|ended with code')" 0
is "a program that sends nonsense is in the log" \
	"$(lines node 'a local program broke the rules')" 1
