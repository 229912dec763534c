#!/bin/bash
# Goal of this test: places in a log, checkpoints and cosignatures of real nodes
# hold for openssl and sha256 in a script that knows nothing of Evident's code,
# and no longer when a byte is changed.
. "$(dirname "$0")/lib.sh"
scripts=$(cd "$(dirname "$0")/../../packaging" && pwd)

hub_start hub
node_start desk --reader
node_start second --reader
for node in desk second; do
	on hub card add-reader "$(on $node card | sed -n 's/^reader //p')" || die "add-reader"
done
introduce desk hub || die "desk and hub"
ids=()
for i in $(seq 13); do
	ids+=("$(on desk capture --to hub --field "statement=number $i")") || die "capture"
done
on desk sync hub || die "sync"
ok "the desk exports what it captured" \
	on desk export "${ids[@]}" --to "$T/bag" --disclose statement --witnesses
key=$(on desk card | sed -n 's/^author ssh-ed25519 //p')
each() { # every record's proof, by packaging/check-proof.py
	local id
	for id in "${ids[@]}"; do
		python3 "$scripts/check-proof.py" "$T/bag/data/$id/proof" \
			"$T/bag/data/$id/entry" "$key" "$T" || return 1
	done
}
ok "openssl and sha256 accept the place of all 13" each
proof=$T/bag/data/${ids[5]}/proof
is "the checkpoint carries the hub's cosignature" "$(grep -c ' evident/witness/' "$proof")" 1
ok "without --witnesses no bag names a partner" eval '
	on desk export "${ids[5]}" --to "$T/plain" --disclose statement &&
	on desk verify "$T/plain" && [ $(wc -l <"$T/plain/allowed_signers") = 1 ] && ! grep -rq evident/witness/ "$T/plain/data" &&
	grep -q evident/log/ "$T/plain/data/${ids[5]}/proof"'
ok "a bag with cosignatures holds" on desk verify "$T/bag"
is "and counts them" "$(on desk verify --json "$T/bag" | json "j['cosignatures']")" 13
hub_key=$(on hub card | sed -n 's/^author ssh-ed25519 //p')
ok "openssl accepts the cosignature" \
	python3 "$(dirname "$0")/cosignature.py" "$proof" "$hub_key" "$T"
fails 1 "" "but not under another key" \
	python3 "$(dirname "$0")/cosignature.py" "$proof" "$key" "$T"
changed() { # SED-EXPRESSION: check-proof.py on a changed proof
	sed "$1" "$proof" >"$T/changed"
	python3 "$scripts/check-proof.py" "$T/changed" \
		"$T/bag/data/${ids[5]}/entry" "$key" "$T"
}
fails 1 "" "another index is refused" changed '2s/index .*/index 4/'
fails 1 "" "a hash of the path exchanged is refused" changed '3{h;d};4{G}'
fails 1 "" "another size is refused" changed 's/^1[0-9]$/12/'

# A log that came in part: its author's checkpoint of more proves what came.
introduce hub second --mirror || die "hub and second"
on second partner quota hub --entries 8 >/dev/null || die "quota"
fails 5 "quota" "of a log some comes" on second sync hub
some=$(on second list --json | json "j['records'][0]['id']") || die "nothing came"
ok "which can be read" on second show "$some"
ok "and told of" on second log "$some"
ok "and exported" on second export "$some" --to "$T/part" --disclose-all
ok "with a proof that holds" on second verify "$T/part"
is "which stands in the own log" "$(says second "$some" exported)" 1
on second partner quota hub --entries 1000 >/dev/null && on second sync hub || die "sync"
ok "and again when the rest is there" on second export "$some" --to "$T/rest" --disclose-all
ok "which holds as well" on second verify "$T/rest"
