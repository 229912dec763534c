#!/bin/bash
# Goal of this benchmark: a log of a million entries. The proof of one has at most 20
# hashes, and is made, exported and verified in a moment; an audit of the whole
# streams from one file in under 64 MB of memory.
#
# ENTRIES (1000000) may be set. Times are printed; nothing fails by time.
. "$(dirname "$0")/../scenario/lib.sh"
: "${MANY_LOGS:?the program that makes logs}"
entries=${ENTRIES:-1000000}
memory_kb=65536

now() { echo "${EPOCHREALTIME/./}"; }
since() { # START: seconds
	local us=$((${EPOCHREALTIME/./} - $1))
	printf '%d.%03d' $((us / 1000000)) $((us / 1000 % 1000))
}
say() { echo "# $*"; }
timed() { # CLAIM COMMAND...: as ok, and the time in $took
	local start
	start=$(now)
	ok "$@"
	took=$(since "$start")
}
# Seconds, and the largest resident size in KB; what the command prints goes to $T/out.
measured() { # COMMAND...
	python3 - "$T/out" "$@" <<'P'
import resource, subprocess, sys, time
start = time.monotonic()
with open(sys.argv[1], "w") as out:
    code = subprocess.run(sys.argv[2:], stdout=out, stderr=subprocess.STDOUT).returncode
took = time.monotonic() - start
print(code, f"{took:.3f}", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
P
}
largest_of() { # ROLE: KB, since the process began
	sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(process_of node "$1")/status"
}

node_start node --reader
id=$(on node capture --field statement=first) || die "capture"
on node stop
start=$(now)
passphrase_of node | "$MANY_LOGS" "$T/node" own $((entries - 1)) || die "many_logs"
say "making a log of $entries entries: $(since "$start") s"
start=$(now)
node_unlock node || die "unlock"
say "unlock: $(since "$start") s"

on node signers >"$T/signers" || die "signers"

# All of them.
before=$(largest_of store)
start=$(now)
on node leaves "$id" --out "$T/leaves" &
writer=$!
longest=0
while kill -0 $writer 2>/dev/null; do
	asked=$(now)
	on node status >/dev/null
	waited=$((${EPOCHREALTIME/./} - asked))
	[ $waited -le $longest ] || longest=$waited
done
wait $writer || die "leaves"
say "writing the leaves: $(since "$start") s, $(stat -c %s "$T/leaves") bytes;" \
	"meanwhile evident status took at most $((longest / 1000)) ms;" \
	"the store's memory went from $before to $(largest_of store) KB"
for i in 1 2 3; do
	read -r code seconds rss < <(measured "$EVIDENT" verify "$T/leaves" \
		--signers "$T/signers" --record "$id")
	say "audit of the whole: $seconds s, $rss KB"
	is "the whole log holds" "$code $(grep -c -e "^Whole: $entries entries" -e '^VERDICT: holds' "$T/out")" "0 2"
	is "an audit takes less than $memory_kb KB" \
		"$([ "$rss" -lt $memory_kb ] && echo yes || echo "$rss")" yes
done
start=$(now)
ok "by hashlib alone it comes to the same root" \
	python3 "$(dirname "$0")/../scenario/leaves_root.py" "$T/leaves"
say "the same by Python's hashlib: $(since "$start") s"
line=$((entries / 2))
sed "${line}y/0123456789abcdef/1032547698badcfe/" "$T/leaves" >"$T/bad"
fails 4 "not those that were signed" "one entry exchanged is found out" \
	"$EVIDENT" verify "$T/bad" --signers "$T/signers"
sed "${line}d" "$T/leaves" >"$T/bad"
fails 4 "fewer" "so is one left out" "$EVIDENT" verify "$T/bad" --signers "$T/signers"

# One of them, as people do it.
timed "one record is exported with its proof" \
	on node export "$id" --to "$T/bag" --disclose statement
say "export of one: $took s"
proof=$T/bag/data/$id/proof
size=$(sed '1,/^$/d' "$proof" | sed -n 2p)
is "its checkpoint covers $entries entries" "$size" "$entries"
hashes=$(sed -n '/^index /,/^$/p' "$proof" | grep -vc -e '^index ' -e '^$')
say "proof of one: $hashes hashes, $(stat -c %s "$proof") bytes"
is "a proof of one has at most 20 hashes" "$([ "$hashes" -le 20 ] && echo yes || echo "$hashes")" yes
timed "the proof is made once more" on node log "$id"
say "proof of one, made and looked into by evident log: $took s"
timed "the bag holds" "$EVIDENT" verify "$T/bag"
say "verifying it: $took s"
