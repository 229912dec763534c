#!/bin/bash
# Goal of this test: places in a log, checkpoints and cosignatures of real nodes
# hold for openssl and sha256 in a script that knows nothing of Evident's code,
# and no longer when a byte is changed.
. "$(dirname "$0")/lib.sh"
scripts=$(cd "$(dirname "$0")/../../packaging" && pwd)

hub_start hub
node_start desk --reader
on hub card add-reader "$(on desk card | sed -n 's/^reader //p')" || die "add-reader"
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
