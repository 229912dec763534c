#!/bin/bash
# Goal of this test: after a withdrawal is confirmed nothing opens the record, for
# whoever has every key of every node and every byte of every home: free pages, the
# database's log, keys files, left-overs. The daemons run, or have ended; and what
# was not taken back is found and opened by the same search all along.
. "$(dirname "$0")/lib.sh"
: "${OPEN_ALL:?the program that opens all}"

three_organisations
all=(fielda huba deska hubb deskb arch)
b=$(author_of deska hubb)
photo() { # WORD FILE: a picture that can be told from others
	head -c 20000 /dev/urandom >"$2"
	for _ in 1 2 3; do printf '%s in the picture. ' "$1"; done >>"$2"
}
photo Qwxgonefile "$T/gone.jpg"
photo Qwxkeptfile "$T/kept.jpg"
capture() { # WORD: a record of the device, for all
	on fielda capture --to huba --label "$1label" --field "statement=$1statement said so" \
		--field "witness.name=$1name" --field "consent.share=$b" --attach "$T/$2.jpg" || die "capture"
}
for _ in 1 2 3; do on fielda capture --to huba --field statement=another >/dev/null || die "capture"; done
gone=$(capture Qwxgone gone)
kept=$(capture Qwxkept kept)
on fielda sync huba && on deska sync huba || die "sync"
for id in "$gone" "$kept"; do
	on deska share "$id" --to hubb && on deska share "$id" --to arch --override "a test" || die "share"
done
on deska sync hubb && on deskb sync hubb && by_hand deska arch "$T/1.bundle" >/dev/null &&
	by_hand arch deska "$T/1.answer" >/dev/null || die "sync"
for node in deska deskb arch; do
	on $node show "$gone" --attachments "$T/seen-$node" >/dev/null || die "show"
done
on deskb export "$gone" --to "$T/bag" --disclose-all --purpose trial >/dev/null 2>&1 || die "export"
is "six nodes of three organisations hold it" \
	"$(for node in "${all[@]}"; do withdrawn $node "$gone"; done | sort | uniq -c | tr -d ' ')" 6None

# --- with every key, on copies of the homes as they are now ---
copies() { # NAME: the homes, whatever their daemons do
	mkdir "$T/$1"
	for node in "${all[@]}"; do
		cp -a "$T/$node" "$T/$1/$node"
		rm -f "$T/$1/$node/control"
	done
}
passphrases() { for node in "${all[@]}"; do passphrase_of $node; done; }
open_all() { # take|look ARGUMENT...
	passphrases | "$OPEN_ALL" "$@"
}
words() { # WORD: how often it stands in any form in clear bytes or homes
	printf '%s\n' "$1statement" "$1name" "$1file" "$1label" |
		xargs python3 "$(dirname "$0")/markers.py" >"$T/markers"
	for place in "$T/pool-$2" "$T/$2"; do
		python3 "$(dirname "$0")/search.py" "$place" <"$T/markers" 2>>"$T/where"
	done | awk '{ sum += $1 } END { print sum + 0 }'
}
look() { # NAME: begin to search copies of that name
	copies "$1"
	mkdir "$T/pool-$1"
	open_all look "$T/taken" "$T/pool-$1" "${all[@]/#/$T/$1/}" >"$T/$1.said" 2>"$T/$1.where" &
	looks[$1]=$!
}
declare -A looks
looked() { # NAME: it is done
	wait "${looks[$1]}" || die "look: $(cat "$T/$1.where")"
	echo "# $1: $(grep ^all "$T/$1.said")"
}
value() { # NAME ID WHAT
	awk -v id="$2" -v what="$3" '$1 == id { for (i = 2; i < NF; i += 2) if ($i == what) print $(i + 1) }' "$T/$1.said"
}
secrets="record-key veil-key file-key payload envelope content object veiled file"
tries="try-0 try-1 try-2 try-3"
present() { # NAME ID WHAT...: which of them are found
	local name=$1 id=$2 what
	shift 2
	for what in "$@"; do [ "$(value "$name" "$id" "$what")" -gt 0 ] && echo "$what"; done | paste -sd' '
}
# NAME ID WORD: it is found and opened in every form
all_is_there() {
	local tries=$tries
	# The keys files were written anew: what opened the old slots is gone.
	[ "$1" = before ] || tries=${tries% try-3}
	is "$1: it opens wherever it is" "$(value "$1" "$2" open)" 6
	is "$1: all that it is made of, and opens it, is found" "$(present "$1" "$2" $secrets)" "$secrets"
	is "$1: and each kind of key, by trying every window" "$(present "$1" "$2" $tries)" "$tries"
	is "$1: and its words" "$([ "$(words "$3" "$1")" -gt 0 ] && echo yes)" yes
}
nothing_is_there() {
	is "$1: what was taken back opens nowhere" "$(value "$1" "$2" open)" 0
	is "$1: nothing that it was made of, and no key to it, is there" "$(present "$1" "$2" $secrets)" ""
	is "$1: nor by trying every window as a key" "$(present "$1" "$2" $tries)" ""
	is "$1: nor any of its words" "$(words "$3" "$1")" 0
}

mkdir "$T/taken"
copies take
open_all take "$T/taken" "$gone" "$kept" -- "${all[@]/#/$T/take/}" 2>"$T/err" || die "take: $(cat "$T/err")"
look before # goes on beside what follows

# --- taken back, and confirmed by all ---
on fielda withdraw "$gone" >/dev/null && on fielda sync huba && on deska sync huba && on deska sync hubb &&
	on deskb sync hubb && by_hand deska arch "$T/2.bundle" >/dev/null &&
	by_hand arch deska "$T/2.answer" >/dev/null || die "withdraw"
is "all have confirmed" \
	"$(for node in fielda huba deska hubb; do on $node log "$gone"; done | grep -E '^(erased|not yet)' | sort | paste -sd,)" \
	"erased by arch,erased by deska,erased by deskb,erased by huba,erased by hubb"
on arch bundle read "$T/1.bundle" >/dev/null 2>&1
# The device's log begins anew, and what it held lies behind its new end.
head -c 4096 "$T/fielda/evident.db-wal" >"$T/head"
for n in $(seq 2000); do
	on fielda partner limit huba "$n" || die "limit"
	[ $((n % 20)) -ne 0 ] || cmp -s -n 4096 "$T/head" "$T/fielda/evident.db-wal" || break
done
is "frames of an earlier log lie behind those of the device's new one" \
	"$([ "$n" -lt 2000 ] && [ "$(stat -c %s "$T/fielda/evident.db-wal")" -gt 4000000 ] && echo yes)" yes
is "the logs of the databases have frames" "$([ -s "$T/hubb/evident.db-wal" ] && echo yes)" yes
look running
for node in "${all[@]}"; do on $node stop; done
looked before
all_is_there before "$gone" Qwxgone
all_is_there before "$kept" Qwxkept
is "the logs went into the databases" "$(for node in "${all[@]}"; do find "$T/$node" -name '*-wal' -size +0; done)" ""
look ended
looked running
nothing_is_there running "$gone" Qwxgone
all_is_there running "$kept" Qwxkept

looked ended
nothing_is_there ended "$gone" Qwxgone
all_is_there ended "$kept" Qwxkept
