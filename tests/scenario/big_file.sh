#!/bin/bash
# Goal of this test: a large attachment is captured, synced, read and exported
# while worker and store stay small (Argon2id's own memory is the keeper's).
# SIZE_MB sets how large it is.
. "$(dirname "$0")/lib.sh"

size=${SIZE_MB:-1024}
three_nodes
truncate -s 0 "$T/video.mp4"
openssl enc -aes-128-ctr -pass pass:x -nosalt </dev/zero 2>/dev/null |
	head -c "$((size * 1048576))" >"$T/video.mp4"
peak() { # NODE ROLE: the largest resident set so far, in MB, in clear memory
	local pid worst=0 kb
	for pid in $(process_of "$1" "$2"); do
		kb=$(awk '/VmHWM/ {print $2}' "/proc/$pid/status")
		[ "$kb" -gt "$worst" ] && worst=$kb
	done
	echo $((worst / 1024))
}
below() { # NODE ROLE
	local mb
	mb=$(peak "$1" "$2")
	is "the $2 of the $1 stayed under 64 MB" \
		"$([ "$mb" -gt 0 ] && [ "$mb" -lt 64 ] && echo yes || echo "$mb MB")" yes
}
id=$(on field capture --to hub --field statement=x --attach "$T/video.mp4")
ok "the field syncs $size MB to the hub" on field sync hub
ok "the desk syncs with the hub" on desk sync hub
ok "the desk exports it" on desk export "$id" --to "$T/bag" --disclose-all
ok "the bag verifies" "$EVIDENT" verify "$T/bag"
ok "the file in the bag is the one captured" \
	cmp "$T/video.mp4" "$(find "$T/bag/data" -name '*.mp4')"
for node in field hub desk; do
	below "$node" worker
	below "$node" store
	below "$node" courier
done
