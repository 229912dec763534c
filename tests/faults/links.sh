#!/bin/bash
# Goal of this test: over lines that lose, delay, crawl or stand still, what is
# captured comes across whole or the sync says why not; a hub serves its other
# partners and answers its own people meanwhile. Each field has a network
# namespace and a line of its own to one hub, and all sync at once.
#
# links.sh [--seed N]; ALL=1 waits for a line that stands still until the daemon
# gives it up by itself (two minutes), and carries more.
. "$(dirname "$0")/../scenario/lib.sh"
here=$(dirname "$0")
seed=$((RANDOM * 32768 + RANDOM))
[ "${1:-}" = --seed ] && seed=$2
echo "# seed $seed"

skip() {
	echo "1..0 # SKIP $*"
	trap - EXIT
	rm -rf "$T"
	exit 0
}
[ "$(id -u)" = 0 ] || skip "only root can make network namespaces"
command -v ip >/dev/null || skip "there is no ip(8)"
[ -c /dev/net/tun ] || skip "there is no /dev/net/tun"
tag=ev$$
ip netns add "$tag-hub" 2>/dev/null || skip "no network namespace can be made"
lines=()
spaces=("$tag-hub")
apart() {
	local word
	for word in "${lines[@]}"; do kill "$word" 2>/dev/null; done
	for word in "${spaces[@]}"; do ip netns del "$word"; done
	finish
}
trap apart EXIT

hub_address=10.99.0.1
in_hub() { ip netns exec "$tag-hub" "$@"; }
in_hub ip link set lo up
in_hub ip addr add $hub_address/32 dev lo

number=0
line() { # NAME [LINE OPTION...]: a namespace and its line to the hub
	local name=$1 space=$tag-$1 a=${tag}a$number b=${tag}b$number n=$number
	shift
	number=$((number + 1))
	ip netns add "$space" || die "netns"
	spaces+=("$space")
	python3 "$here/links_tun.py" "$a" "$b" --seed $((seed + n)) \
		--stall "$T/stall-$name" "$@" >"$T/line-$name" 2>&1 &
	lines+=($!)
	until grep -qs ready "$T/line-$name"; do
		kill -0 $! 2>/dev/null || die "line $name: $(cat "$T/line-$name")"
		sleep 0.05
	done
	ip link set "$a" netns "$tag-hub" && ip link set "$b" netns "$space" &&
		in_hub ip addr add "10.77.$n.1/32" peer "10.77.$n.2" dev "$a" &&
		in_hub ip link set "$a" up &&
		ip netns exec "$space" ip addr add "10.77.$n.2/32" peer "10.77.$n.1" dev "$b" &&
		ip netns exec "$space" ip link set "$b" up &&
		ip netns exec "$space" ip link set lo up &&
		ip netns exec "$space" ip route add $hub_address dev "$b" || die "line $name"
}

# The daemon is started by the first command, and lives where that was run.
start_in() { # NAMESPACE NODE [INIT OPTION...]
	local space=$1 node=$2
	shift 2
	node_init "$node" "$@" || die "init of $node"
	ip netns exec "$space" "$EVIDENT" --home "$T/$node" unlock --passphrase-fd 3 \
		3< <(passphrase_of "$node") || die "unlock of $node"
}

start_in "$tag-hub" hub --reader --listen "0.0.0.0:7440" --address "$hub_address:7440"
line good
line lossy --loss 15
line far --delay 150 --loss 10
line slow --rate 20000
line still --delay 20
for name in good lossy far slow still; do
	start_in "$tag-$name" $name --reader
	introduce $name hub || die "$name and hub"
done

more=1
[ -n "${ALL:-}" ] && more=8
declare -A id size=([good]=1000000 [lossy]=400000 [far]=100000 [slow]=12000 [still]=3000000)
for name in good lossy far slow still; do
	head -c $((${size[$name]} * more)) /dev/urandom >"$T/$name.bin"
	id[$name]=$(on $name capture --to hub --field "statement=by $name" \
		--attach "$T/$name.bin") || die "capture"
done

whole() { # NAME: the hub opens it, byte for byte
	rm -rf "$T/shown"
	on hub show "${id[$1]}" --attachments "$T/shown" >"$T/words" &&
		grep -q "by $1" "$T/words" && cmp "$T/$1.bin" "$T/shown"/*
}
delivered() {
	on "$1" list --json |
		json "[r['delivered'] for r in j['records'] if r['id']=='${id[$1]}'][0]"
}

# One stands still in mid-attachment.
on still sync hub >"$T/still.out" 2>"$T/still.err" &
still=$!
for try in $(seq 200); do
	[ "$(du -sb "$T/hub/objects" | cut -f1)" -gt 500000 ] && break
	sleep 0.01
done
touch "$T/stall-still"
declare -A sync
for name in lossy far slow; do
	timeout 600 "$EVIDENT" --home "$T/$name" sync hub >"$T/$name.out" 2>"$T/$name.err" &
	sync[$name]=$!
done
ok "with lines that crawl and one that stands still, a good one is served" on good sync hub
ok "and its record is there whole" whole good
ok "the hub answers its own people" timeout 10 "$EVIDENT" --home "$T/hub" status
ok "so does the field on the line that stands still" \
	timeout 10 "$EVIDENT" --home "$T/still" status
ok "and it captures" on still capture --to hub --field statement=meanwhile
is "its sync waits" "$(kill -0 $still 2>/dev/null && echo yes)" yes
for name in lossy far slow; do
	wait "${sync[$name]}"
	code=$?
	[ "$code" -eq 5 ] && on $name sync hub 2>"$T/$name.err" && code=0
	is "over the $name line a sync ends 0" "$code" 0
	ok "and the record is there whole" whole $name
	is "and called delivered" "$(delivered $name)" "['hub']"
done
if [ -n "${ALL:-}" ]; then
	wait $still
	is "the one that stands still is given up" "$?" 5
	ok "and says so" grep -q "error: " "$T/still.err"
	rm "$T/stall-still"
else
	rm "$T/stall-still"
	wait $still
fi
is "nothing of it is called delivered that is not whole" \
	"$([ "$(delivered still)" = "[]" ] || whole still || echo lost)" ""
ok "when the line moves again a sync ends 0" on still sync hub
ok "and its record is there whole" whole still
for name in good lossy far slow still; do
	is "the $name field has its own still" "$(on $name list --json |
		json "sum(r['complete'] for r in j['records'] if r['own'] and r['id']=='${id[$name]}')")" 1
done
kill "${lines[@]}"
wait "${lines[@]}" 2>/dev/null
is "the lossy line did drop packets" \
	"$(grep -c 'dropped [1-9]' "$T/line-lossy")" 1
sed 's/^/# /' "$T"/line-*
