#!/bin/bash
# Goal of this test: a partner with a proxy or an onion address is contacted by
# way of the proxy alone. Every connect() and every packet of the processes is
# watched by strace while the proxy is up, down, hangs, refuses or babbles: none
# goes anywhere else, and no name is looked up.
. "$(dirname "$0")/lib.sh"

port=$(free_port)
proxy=$(free_port)
onion=$(printf 'a%.0s' {1..56}).onion
node_start hub --listen "127.0.0.1:$port" --address "$onion:7440"
reader=$(age-keygen 2>/dev/null | sed -n 's/^# public key: //p')
on hub card add-reader "$reader" || die "add-reader"
port2=$(free_port)
node_start second --listen "127.0.0.1:$port2" --address "127.0.0.1:$port2"
on second card add-reader "$reader" || die "add-reader"
node_start field
introduce field hub || die "field and hub"
introduce field second || die "field and second"
on field capture --to hub --to second --field statement=seen >/dev/null || die "capture"

proxy_of() { on field partner list --json | json "[p['proxy'] for p in j['partners'] if p['name']=='$1'][0]"; }
proxy_start() { # MODE [TARGET]
	rm -f "$T/proxy.log"
	python3 "$(dirname "$0")/socks_server.py" "$proxy" "$@" >"$T/proxy.log" &
	proxy_pid=$!
	until grep -qs ready "$T/proxy.log"; do sleep 0.05; done
}
proxy_stop() {
	kill "$proxy_pid"
	wait "$proxy_pid" 2>/dev/null
}
watch() { # all that the field's daemon does on a network
	main=$(pgrep -f -- "evidentd --home $T/field\$")
	: >"$T/trace"
	strace -f -qq -e trace=connect,sendto,sendmsg,sendmmsg -e signal=none -o "$T/trace" \
		-p "$main" $(pgrep -P "$main" | sed 's/^/-p /') 2>"$T/strace.err" &
	strace_pid=$!
	sleep 1
	kill -0 "$strace_pid" 2>/dev/null || die "strace"
}
unwatch() {
	kill "$strace_pid"
	wait "$strace_pid" 2>/dev/null
}
# Where anything went, beside the proxy and sockets of this machine's own files.
astray() {
	grep -E 'sa_family=AF_(INET|INET6)|AF_PACKET' "$T/trace" |
		grep -vF "sin_port=htons($proxy), sin_addr=inet_addr(\"127.0.0.1\")"
}
contacted() { grep -cF "connect(" <(grep -F "sin_port=htons($proxy)" "$T/trace"); }

is "who has an onion address is reached by Tor, if nothing else is set" \
	"$(proxy_of hub)" "127.0.0.1:9050"
is "who has none is reached directly" "$(proxy_of second)" ""
fails 2 "an IP address and a port" "a proxy that would have to be looked up is refused" \
	on field partner proxy hub localhost:9050
fails 2 "an IP address and a port" "so is one without a port" on field partner proxy hub 127.0.0.1
fails 1 "" "so is an unknown partner" on field partner proxy nobody 127.0.0.1:9050
ok "another proxy is set" on field partner proxy hub "127.0.0.1:$proxy"
is "and is used" "$(proxy_of hub)" "127.0.0.1:$proxy"

watch
fails 1 "the proxy of this partner could not be reached" \
	"the proxy is down: nobody is contacted" on field sync hub
is "nothing went elsewhere" "$(astray)" ""
is "the proxy alone was tried" "$(contacted)" 1
proxy_start refuse
fails 1 "could not be reached" "the proxy refuses: nobody is contacted" on field sync hub
proxy_stop
is "nothing went elsewhere" "$(astray)" ""
proxy_start babble
fails 1 "could not be reached" "what answers is no proxy: nobody is contacted" on field sync hub
proxy_stop
is "nothing went elsewhere" "$(astray)" ""
proxy_start eager "127.0.0.1:$port"
fails 1 "could not be reached" "the proxy says more than it should: nobody is trusted" on field sync hub
proxy_stop
is "nothing went elsewhere" "$(astray)" ""
proxy_start hang
on field sync hub >"$T/hung.out" 2>"$T/hung.err" &
hung=$!
sleep 3
is "the proxy hangs: the sync waits" "$(kill -0 $hung 2>/dev/null && echo waits)" waits
is "nothing went elsewhere" "$(astray)" ""
proxy_stop
wait $hung
is "and fails when the proxy hangs up" "$?" 1
is "nothing went elsewhere" "$(astray)" ""

proxy_start relay "127.0.0.1:$port"
ok "the proxy is up: the hub is met through it" on field sync hub
is "the proxy was asked for the onion address by name" \
	"$(sed -n 's/^ask \([^ ]* [0-9]*\) .*/\1/p' "$T/proxy.log")" "$onion 7440"
is "nothing went elsewhere" "$(astray)" ""
is "the record is delivered" "$(on field list --json | json "j['records'][0]['delivered']")" "['hub']"
ok "a second meeting, too" on field sync hub
is "with the same circuit as before" \
	"$(sed -n 's/^ask .* //p' "$T/proxy.log" | sort -u | wc -l)" 1
proxy_stop
unwatch

# Another partner by the same proxy: another circuit.
ok "a partner with a plain address gets a proxy" on field partner proxy second "127.0.0.1:$proxy"
watch
proxy_start relay "127.0.0.1:$port2"
ok "it is met through it" on field sync second
is "the proxy was asked for its address" \
	"$(sed -n 's/^ask \([^ ]* [0-9]*\) .*/\1/p' "$T/proxy.log")" "127.0.0.1 $port2"
cp "$T/proxy.log" "$T/second.log"
proxy_stop
proxy_start relay "127.0.0.1:$port"
ok "and the first one again" on field sync hub
is "with a circuit of its own" \
	"$(cat "$T/second.log" "$T/proxy.log" | sed -n 's/^ask .* //p' | sort -u | wc -l)" 2
is "no password names a partner" \
	"$(cat "$T/second.log" "$T/proxy.log" | grep -cE "hub|second|field")" 0
proxy_stop
is "nothing went elsewhere" "$(astray)" ""
fails 1 "proxy" "the proxy is down again: neither is contacted" on field sync
is "nothing went elsewhere" "$(astray)" ""
unwatch

# A proxy that we did not write.
if command -v microsocks >/dev/null; then
	microsocks -i 127.0.0.1 -p "$proxy" >/dev/null 2>&1 &
	micro=$!
	until (exec 3<>"/dev/tcp/127.0.0.1/$proxy") 2>/dev/null; do sleep 0.1; done
	ok "microsocks, which wants no password, is a proxy as well" on field sync second
	kill $micro
	wait $micro 2>/dev/null
else
	report 1 "microsocks is not installed"
fi
ok "without a proxy the second is met directly again" on field partner proxy second none
watch
ok "directly" on field sync second
is "which the watch does see" "$([ -n "$(astray)" ] && echo seen)" seen
unwatch
ok "an onion address needs one, whatever is set" on field partner proxy hub none
is "and has Tor's" "$(proxy_of hub)" "127.0.0.1:9050"
