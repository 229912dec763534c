#!/bin/bash
# Goal of this test: a line that is cut again and again, at any place, costs little:
# an attachment comes across whole and what is sent, in both directions, is hardly
# more than its size. And a partner that sends a byte a second is given up.
#
# links_cuts.sh [--seed N]; ALL=1: 1 GB over 100 cuts, at most 1.05 of its size, and a
# byte a second in mid-attachment, and in the hub's answers to it, as well.
. "$(dirname "$0")/../scenario/lib.sh"
here=$(dirname "$0")
seed=$((RANDOM * 32768 + RANDOM))
[ "${1:-}" = --seed ] && seed=$2
echo "# seed $seed"
size=24000000 cuts=12
[ -n "${ALL:-}" ] && size=1000000000 cuts=100

port=$(free_port)
relay=$(free_port)
node_start hub --reader --listen "127.0.0.1:$port" --address "127.0.0.1:$relay"
node_start field --reader
introduce field hub || die "field and hub"
relay_start() { # CUTS [after|back BYTES]
	relay_run "$here/links_relay.py" "$size" "$1" "$seed" "$T/count" "${@:2}"
}
whole() { # ID FILE
	rm -rf "$T/shown"
	on hub show "$1" --attachments "$T/shown" >"$T/words" && cmp "$2" "$T/shown"/*
}

head -c $size /dev/urandom >"$T/large.bin"
id=$(on field capture --to hub --field statement=large --attach "$T/large.bin") || die "capture"
relay_start $cuts
tries=0
until on field sync hub 2>"$T/err"; do
	code=$?
	[ "$code" -eq 5 ] || [ "$code" -eq 1 ] || die "a sync that was cut ended $code"
	grep -q "error: " "$T/err" || die "a sync that was cut did not say so"
	tries=$((tries + 1))
	[ "$tries" -lt $((cuts * 3)) ] || die "it never ends"
done
relay_stop
read -r sent done <"$T/count"
ok "after $done cuts the attachment is there whole" whole "$id" "$T/large.bin"
is "it was cut as often as was meant" "$done" "$cuts"
# A cut costs what was on its way (the relay's buffers, a piece) and what two partners
# say when they meet: 128 KiB at most. For 1 GB that is 1.05.
padded=$(find "$T/field/objects" -type f -printf '%s\n' | sort -n | tail -1)
bound=$((padded + cuts * 131072))
echo "# $sent bytes sent for $padded sealed ones ($size plain), $done cuts: $(
	python3 -c "print(f'{$sent/$padded:.4f}')") of its size; bound $bound"
is "what was sent in both directions is within the bound" \
	"$([ "$sent" -le "$bound" ] && echo yes || echo "no: $sent")" yes
[ -z "${ALL:-}" ] || is "which is 1.05 of its size at most" \
	"$([ $((sent * 100)) -le $((1000000000 * 105)) ] && echo yes || echo "no: $sent")" yes

# A byte a second: nothing is waited for longer than is said in the manual.
size=50000
head -c $size /dev/urandom >"$T/small.bin"
slow=$(on field capture --to hub --field statement=small --attach "$T/small.bin") || die "capture"
for way in after back; do
	relay_start 0 $way 0
	on field sync hub 2>"$T/slow.err" &
	sync=$!
	ok "with a line of a byte a second ($way) the field answers its own people" \
		timeout 10 "$EVIDENT" --home "$T/field" status
	ok "so does the hub" timeout 10 "$EVIDENT" --home "$T/hub" status
	wait $sync
	code=$?
	is "and gives the line up" "$([ $code -eq 1 ] || [ $code -eq 5 ] || echo $code)" ""
	ok "and says so" grep -q "error: " "$T/slow.err"
	relay_stop
done
if [ -n "${ALL:-}" ]; then
	for way in "after 20000" "back 3000"; do
		relay_start 0 $way
		on field sync hub 2>"$T/slow.err"
		is "so it does in mid-attachment ($way)" "$?" 5
		ok "and says so" grep -q "error: " "$T/slow.err"
		relay_stop
	done
fi
relay_start 0
ok "over a line that holds the sync ends 0" on field sync hub
ok "and all is there" whole "$slow" "$T/small.bin"
relay_stop
