#!/bin/bash
# Goal of this test: whoever is not a compared partner gets nothing from a hub's
# port: no certificate, a stranger's, an RSA one, TLS 1.2; and a device does not
# talk to a machine that is not the partner it dialled.
. "$(dirname "$0")/lib.sh"

hub_start hub
on hub card add-reader "$(age-keygen 2>/dev/null |
	sed -n 's/^# public key: //p')" || die "add-reader"
port=$(field_of hub port)
node_start field
introduce field hub || die "field and hub"

openssl genpkey -algorithm ed25519 -out "$T/stranger.key" 2>/dev/null
openssl req -new -x509 -key "$T/stranger.key" -subj /CN=- -days 2 \
	-out "$T/stranger.crt" 2>/dev/null
openssl req -new -x509 -newkey rsa:2048 -nodes -keyout "$T/rsa.key" \
	-subj /CN=- -days 2 -out "$T/rsa.crt" 2>/dev/null

# What the server sent us of application data, which must be nothing.
heard() { # S_CLIENT OPTION...
	(sleep 2) | timeout 10 openssl s_client -connect "127.0.0.1:$port" \
		-quiet -ign_eof "$@" 2>"$T/s_client" | wc -c
}
is "no certificate: not a byte" "$(heard -tls1_3)" 0
is "a stranger's certificate: not a byte" \
	"$(heard -tls1_3 -cert "$T/stranger.crt" -key "$T/stranger.key")" 0
is "an RSA certificate: not a byte" \
	"$(heard -tls1_3 -cert "$T/rsa.crt" -key "$T/rsa.key")" 0
is "TLS 1.2: not a byte" "$(heard -tls1_2)" 0
ok "TLS 1.2 was refused for its version" grep -qi 'protocol version' "$T/s_client"
id=$(on field capture --to hub --field statement=one) || die "capture"
ok "the true partner still syncs" on field sync hub

# A node that the hub knows, but that nobody compared there.
node_start unknown
on unknown card >"$T/unknown.card"
on hub card >"$T/hub.card"
on hub partner add "$T/unknown.card" >/dev/null || die "add"
on unknown partner add "$T/hub.card" >/dev/null || die "add"
on unknown partner compare hub "$(on unknown partner compare hub)" || die "compare"
held() { on hub list --json | json "len(j['records'])"; }
before=$(held)
on unknown capture --to hub --field statement=three >/dev/null || die "capture"
fails 1 "" "a node that was not compared here is not met" on unknown sync hub
is "and nothing of it is here" "$(held)" "$before"
on hub partner compare unknown "$(on hub partner compare unknown)" || die "compare"
ok "once it is compared, it is" on unknown sync hub

# Another machine takes over the hub's address.
on hub stop
openssl s_server -accept "127.0.0.1:$port" -cert "$T/stranger.crt" \
	-key "$T/stranger.key" -tls1_3 -quiet </dev/null >"$T/got" 2>/dev/null &
server=$!
sleep 0.5
id=$(on field capture --to hub --field statement=two) || die "capture"
fails 1 "is not the partner" "a machine with another key is not the partner" on field sync hub
kill "$server"
wait "$server" 2>/dev/null
is "and it was sent nothing of ours" "$(wc -c <"$T/got")" 0
node_unlock hub
ok "the hub is back, and the record goes to it" on field sync hub
is "both are delivered" \
	"$(on field list --json | json "sum(r['delivered']==['hub'] for r in j['records'])")" 2
