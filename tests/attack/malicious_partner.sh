#!/bin/bash
# Goal of this test: a partner that was compared and is hostile, with its own keys
# and its own program, gets nothing from lies, floods, broken bytes or patience.
# After every attack what was held is as it was, an honest partner is served, no
# more is in memory and on disk than is stated, and the log has the stated lines
# and no others. Names of parts, as arguments, choose what is tried; without them it
# is two parts and two more that SEED draws. ALL=1 tries all, and what takes minutes:
# deadlines, ten million entries (or ENTRIES of them).
. "$(dirname "$0")/../scenario/lib.sh"
: "${PARTNER:?the hostile partner}"

keep_logs
hub_start office --reader 2>/dev/null
node_start field
introduce field office || die "field and office"
port=$(field_of office port)
on office card >"$T/office.card"
on field card >"$T/field.card"
befriend() { # NODE NAME: NODE compared the card of NAME
	on "$1" partner add "$T/$2.card" >/dev/null || die "card of $2"
	on "$1" partner compare "$2" "$(on "$1" partner compare "$2")" || die "compare $2"
}
"$PARTNER" evil card >"$T/evil.card" || die "card"
befriend office evil
# A hub of the office's: it may bring the logs of others.
"$PARTNER" evilhub card "$(sed -n 's/^reader //p' "$T/office.card")" >"$T/evilhub.card" || die "card"
befriend office evilhub

declare -A author=([evil]=$(author_of office evil) [field]=$(author_of office field))

head -c 100000 /dev/urandom >"$T/photo.jpg"
honest=$(on field capture --to office --field statement=words --attach "$T/photo.jpg") &&
	on field sync office || die "sync"
sent=1
own=$(on office capture --to evil --field statement=own) || die "capture"

from() { on office list --json | json "sum(r['author']=='${author[$1]}' for r in j['records'])"; }
used() { # NAME WHAT
	on office partner list --json | json "[p['used']['$2'] for p in j['partners'] if p['name']=='$1'][0]"
}
quota() { on office partner quota evil "$@" >/dev/null || die "quota"; }
forks_told() { field_of office warnings | grep -c "two ways"; }
lines_since() { # NODE LINES: what it logged since, each with how often
	tail -n "+$(($2 + 1))" "$T/$1.log" | sed 's/^<[0-9]>//' | sort | uniq -c |
		sed 's/^ *//' | paste -sd'|'
}
logged() { # CLAIM NODE LINES WANTED: the last lines may take a moment
	local try
	for try in $(seq 50); do
		[ "$(lines_since "$2" "$3")" = "$4" ] && break
		sleep 0.1
	done
	is "$1: the log says so and no more" "$(lines_since "$2" "$3")" "$4"
}
ended() { # COUNT CODE: the line of each of the two that end a meeting
	echo "$1 courier: a connection ended: $2|$1 store: a meeting was ended: $2"
}
told() { # NAME-PATTERN: how those variants ended, and how often
	grep -E "^($1) " "$T/told" | cut -d' ' -f2- | sort | uniq -c | sed 's/^ *//' | paste -sd'|'
}
lies_heard() { sed -n '/^the-truth /d; s/ heard$//p' "$T/told" | paste -sd' '; }
field_meets() {
	on field capture --to office --field statement=more >/dev/null && on field sync office
}
as_before() { # CLAIM: the honest partner is served, and nothing of it changed
	ok "$1: an honest partner is served" field_meets
	sent=$((sent + 1))
	is "$1: what it brought is all there" "$(from field)" "$sent"
}
peak() { awk '/VmHWM/{print $2}' "/proc/$(process_of office "$1")/status"; }
sizes() { echo $(($(stat -c %s "$T/office/evident.db" "$T/office/evident.db-wal" | paste -sd+))); }
: "${PEAK_KIB:=98304}" # a sanitizer's own memory is more
in_bounds() {
	is "attack: no process of the node has had more than $((PEAK_KIB / 1024)) MiB" \
		"$(for role in courier store; do echo $(($(peak $role) < PEAK_KIB)); done | paste -sd' ')" "1 1"
	echo "# at most: courier $(peak courier) KiB, store $(peak store) KiB"
}
evil() { "$PARTNER" evil "$T/office.card" "$port" "$@" >"$T/told" 2>"$T/err"; }
evilhub() { "$PARTNER" evilhub "$T/office.card" "$port" "$@" >"$T/told" 2>"$T/err"; }
attack() { # CLAIM LOG COMMAND...
	local claim="attack: $1" log=$2 mark
	shift 2
	mark=$(wc -l <"$T/office.log")
	"$@" || die "$claim: $(cat "$T/err")"
	logged "$claim" office "$mark" "$log"
	as_before "$claim"
}

# --- strangers who begin to shake hands with a hub of their own, meanwhile
strangers_begin() {
	hub_start harbour
	introduce field harbour || die "field and harbour"
	on harbour card >"$T/harbour.card"
	"$PARTNER" evil "$T/harbour.card" "$(field_of harbour port)" handshakes 80 >"$T/begun" 2>&1 &
	strangers=$!
	for try in $(seq 100); do grep -q begun "$T/begun" && break; sleep 0.1; done
	is "attack: handshakes that are not finished: as many as came" "$(cat "$T/begun")" "begun 80"
	for try in 1 2 3; do
		ok "attack: handshakes that are not finished: a partner gets in all the same" on field sync harbour
	done
}

# --- lies
lies() {
	lies='by-another-author|by-the-victim|of-another-log|of-another-place|of-another-content|signed-.*|with-.*|a-checkpoint-.*|under-.*|another-.*|no-.*|not-.*'
	attack "entries that are not what they say" "$(ended 22 7)" evil entries
	is "attack: each was refused" "$(told "$lies|the-log-of-another")" "22 cut"
	is "attack: none was heard" "$(lies_heard)" ""
	is "attack: and only for the lie" "$(told the-truth)" "21 heard"
	is "attack: nothing of them is here" "$(from evil)" 42
	attack "single entries that are not what they say" "$(ended 21 7)" evil proven
	is "attack: each was refused" "$(told "$lies")" "21 cut"
	is "attack: none was heard" "$(lies_heard)" ""
	is "attack: and only for the lie" "$(told the-truth)" "21 heard"
	is "attack: nothing of them is here" "$(from evil)" 63

	attack "a false receipt" "4 store: a receipt is not for what is here: it is passed over" evil receipts "$own" "$honest"
	delivered() { on office list --json | json "[r['delivered'] for r in j['records'] if r['id']=='$own'][0]"; }
	is "attack: it delivers nothing" "$(delivered)" "[]"
	evil receipt "$own"
	is "attack: a true one does" "$(delivered)" "['evil']"

	told_of() { on office log "$honest" | grep -vE '(evil|[0-9a-f]{64}) \(entry|^cosigned'; }
	log_before=$(told_of)
	# These are taken in, as what whoever signed them says: no line.
	attack "false words of what was done" "" evil custody "$honest"
	is "attack: they stand under the name of who said them" \
		"$(on office log "$honest" | grep -c -e 'erased by evil (' -e 'opened by evil (')" 2
	is "attack: or of nobody that is known" \
		"$(on office log "$honest" | grep -cE '(erased|exported) by [0-9a-f]{64} \(')" 2
	is "attack: and change nothing else" "$(told_of)" "$log_before"

	attack "taking back what is another's" \
		"6 store: a withdrawal is by nobody who may: it is passed over" evil withdraw "$own" "$honest"
	is "attack: nothing is taken back" "$(withdrawn office "$own")$(withdrawn office "$honest")" NoneNone

	# A partner may have cosigned a log before it was put back: what does not fit
	# the log as it is is no lie, and no line. Of what is one, the meeting ends.
	attack "false cosignatures" "$(ended 5 7)" evil cosign
	is "attack: what can be checked is refused" \
		"$(told 'seen-by-another|signed-amiss|of-two|of-no-time|of-nobody')" "5 cut"
	is "attack: what is not for this log is passed over" "$(told 'of-another-root|of-an-unknown-log')" "2 heard"
	is "attack: none is kept" "$(on office log "$own" | grep -c "cosigned by evil")" 0
	evil cosign truth
	is "attack: a true one is" "$(on office log "$own" | grep -c "cosigned by evil")" 1
}

# --- the same again, and what nobody asked for
floods() {
	before=$(from evil)
	# An honest partner does so too, when a meeting was cut: no line.
	attack "replays" "" evil replay
	is "attack: all were heard" "$(told '.*')" "5 heard"
	is "attack: and taken in once" "$(($(from evil) - before))" 2
	attack "floods of what nobody asked for" "$(echo "1 courier: a connection ended: 13|2 courier: a connection ended: 2|1 courier: a connection ended: 6|1 store: a meeting was ended: 2" |
		tr '|' '\n' | sort -k2 | paste -sd'|')" evil flood
	is "attack: what is harmless is heard" "$(told 'cosignatures|turns|one-frontier')" "3 heard"
	is "attack: what is not is cut" "$(told 'an-object-.*|a-summary-.*|a-second-.*')" "3 cut"
	files=$(object_files office)
	attack "attachments that are not what was signed" "2 courier: a connection ended: 6|3 courier: a connection ended: 7|3 store: a meeting was ended: 7|3 store: an attachment did not have the hash its entry names" evil objects
	is "attack: none was taken in" "$(told 'not-.*|once-more')" "5 cut"
	is "attack: the true one was, once" "$(told 'half|the-truth') $(($(object_files office) - files))" "2 heard 1"
}

# --- bytes that are no messages
frames() {
	attack "frames that no partner sends" "48 courier: a connection ended: 2" evil frames
	is "attack: all were cut" "$(told '.*')" "48 cut"
	attack "a meeting in records of one byte" "" evil trickle
	is "attack: it is a meeting" "$(told '.*')" "1 heard"
	sent=$((sent + 1)) # meanwhile
	mark=$(wc -l <"$T/office.log")
	for part in 1 2 3; do "$PARTNER" evil "$T/office.card" "$port" bombs >"$T/told.$part" 2>&1 & bombs[part]=$!; done
	ok "attack: small messages that are large in memory: an honest partner is served meanwhile" field_meets
	wait "${bombs[@]}"
	is "attack: small messages that are large in memory: all were cut" \
		"$(cat "$T"/told.* | cut -d' ' -f2 | sort | uniq -c | sed 's/^ *//')" "51 cut"
	logged "attack: small messages that are large in memory" office "$mark" \
		"48 courier: a connection ended: 2|$(ended 3 7)"
	as_before "attack: small messages that are large in memory"
	in_bounds
}

# --- patience
patience() {
	mkfifo "$T/hold"
	mark=$(wc -l <"$T/office.log")
	"$PARTNER" evil "$T/office.card" "$port" tarpits 70 ${ALL:+wait} <"$T/hold" >"$T/left" 2>&1 &
	tarpits=$!
	exec 9>"$T/hold"
	for try in $(seq 300); do grep -q left "$T/left" && break; sleep 0.1; done
	is "attack: meetings that stop: of one partner four are left" "$(cat "$T/left")" "left 4"
	is "attack: meetings that stop: the others gave way" "$(lines_since office "$mark")" \
		"66 courier: a connection ended: 14"
	ok "attack: meetings that stop: an honest partner gets in all the same" field_meets
	sent=$((sent + 1))
	exec 9>&-
	wait $tarpits
	[ -z "${ALL:-}" ] || is "attack: meetings that stop: all were thrown out" "$(grep thrown "$T/left")" "thrown-out all"
	as_before "attack: meetings that stop"
}

# --- races
races() {
	only() { # MARK: the log lines that are not of meetings that met each other
		lines_since office "$1" | tr '|' '\n' | grep -vcE ' ended: (6|13|14)$'
	}
	mark=$(wc -l <"$T/office.log")
	before=$(used evil entries)
	evil race "race $$" and-nothing-else
	raced=$(cut -d' ' -f2 "$T/told")
	is "attack: four meetings at once: what they all brought is here once, and whole" \
		"$(on office list --json | json "[r['complete'] for r in j['records'] if r['id']=='$raced']") $(($(used evil entries) - before))" "[True] 1"
	is "attack: four meetings at once: the log says that they met" "$(only "$mark")" 0
	files=$(object_files office)
	mark=$(wc -l <"$T/office.log")
	evil race "race $$ back" and-take-back
	raced=$(cut -d' ' -f2 "$T/told")
	is "attack: one takes back what others bring: it is gone" \
		"$(withdrawn office "$raced") $(($(object_files office) - files))" "destroyed 0"
	is "attack: one takes back what others bring: the log says so" "$(only "$mark") $(lines_since office "$mark" |
		grep -c "1 store: a withdrawn record is destroyed")" "1 1"
	as_before "attack: races"
}

# --- quotas
quotas() {
	before=$(sizes)
	entries=$(used evil entries)
	attack "many tiny entries" "" evil leaves "free $$" 50000
	is "attack: an entry costs less than 512 bytes" "$((($(sizes) - before) / 50000 < 512))" 1
	echo "# $((($(sizes) - before) / 50000)) bytes an entry"
	quota --entries "$(($(used evil entries) + 30000))"
	attack "many tiny entries beyond a quota" "$(ended 1 17)" evil leaves "quota $$" 100000
	is "attack: it is told why" "$(told leaves)" "1 refused 17"
	is "attack: those that fit were taken" "$(($(used evil entries) - entries))" "$((50000 + 8192 * 3))"
	quota --entries 0 --bytes "$(($(used evil bytes) + 200000))"
	before=$(from evil)
	attack "records beyond a quota" "$(ended 1 17)" evil records "quota records $$" 60
	is "attack: it is told why" "$(told records)" "1 refused 17"
	taken=$(($(from evil) - before))
	is "attack: those that fit were taken" "$((taken > 30 && taken < 50))" 1
	before=$(sizes)
	quota --bytes "$(($(used evil bytes) + 1000000))"
	attack "withdrawals of what nobody holds" "$(ended 1 17)" evil names "names $$" 60
	is "attack: it is told why" "$(told names)" "1 refused 17"
	is "attack: with 1024 names each they cost the disk what the quota allows, four times at most" \
		"$(($(sizes) - before < 4 * 1000000 + 4 * 1048576))" 1
	echo "# $(($(sizes) - before)) bytes for a quota of 1000000"
	quota --bytes "$(($(used evil bytes) + 10000))"
	attack "ballast on what takes back a record, past a full quota" "" evil ballast "ballast $$" 1048576
	is "attack: it is not taken in" "$(withdrawn office "$(cut -d' ' -f1 "$T/told")")" None
	quota --bytes "$(($(used evil bytes) + 10000))"
	attack "what takes back a record past a full quota" "1 store: a withdrawn record is destroyed" \
		evil ballast "no ballast $$" 4096
	is "attack: without ballast it is" "$(withdrawn office "$(cut -d' ' -f1 "$T/told")")" destroyed
	quota --bytes 0 --rate 10
	attack "records faster than a rate" "$(ended 1 18)" evil records "rate $$" 20
	is "attack: it is told why" "$(told records)" "1 refused 18"
	quota --rate 0
}

# --- what closes a record to whoever can read it
envelopes() {
	local name id before
	for name in evil2 evil3; do
		"$PARTNER" $name card >"$T/$name.card" || die "card"
		befriend office $name
	done
	before=$(used evil bytes)
	attack "large envelopes that open nothing, of three partners" "" evilhub \
		envelopes "envelopes $$" evil evil2 evil3
	is "attack: they are heard out" "$(told '.*')" "4 heard"
	id=$(cut -d' ' -f1 "$T/told" | head -1)
	ok "attack: who can read the record reads it" on office show "$id"
	is "attack: each pays for eight and no more" \
		"$((($(used evil bytes) - before) / 64000))" 8
}

# --- more logs than there is room for
crowds() {
	crowd() { "$PARTNER" crowd "$T/office.card" "$port" "$@" >"$T/told" 2>"$T/err"; }
	local no_more="1 store: more logs came than may: no more are taken in"
	node_start late
	introduce late office || die "late and office"
	keep_disk late early
	on late capture --to office --field statement=first >/dev/null && on late sync office || die "late"
	# A hub of the office's, too.
	"$PARTNER" crowd card "$(sed -n 's/^reader //p' "$T/office.card")" >"$T/crowd.card" || die "card"
	befriend office crowd
	attack "logs of its own without end" "$(ended 1 5)|$no_more" crowd logs own 260 crowd whole
	is "attack: it is cut off" "$(told logs)" "1 cut"
	is "attack: of one author 256 are taken in" "$(used crowd entries)" 256
	attack "another of its own, by a single entry" "$no_more" crowd logs single 1 crowd single
	is "attack: it is not taken in" "$(used crowd entries)" 256
	attack "single entries of authors without end" "$no_more" crowd logs others 520 nobody single
	is "attack: what has no room is passed over" "$(told logs)" "1 heard"
	is "attack: 512 are taken in" "$(($(used crowd entries) - 256))" 512
	attack "logs of others without end" "$(ended 1 5)|$no_more" crowd logs whole 520 nobody whole
	is "attack: it is cut off" "$(told logs)" "1 cut"
	is "attack: as many more are taken in, and no more" "$(($(used crowd entries) - 256))" 1024
	attack "after all that, a log of an author whom the office compared" "" crowd logs known 1 evil whole
	is "attack: it is taken in, whoever brings it" "$(told logs) $(($(used crowd entries) - 256))" "1 heard 1025"
	put_back late early
	fails 5 "put back" "attack: after all that, a partner is put back" on late sync office
	ok "attack: and goes on" on late sync office
	on late capture --to office --field statement=second >/dev/null || die "capture"
	ok "attack: in a new log, which has room" on late sync office
	is "attack: it is all there" "$(on office list --json | json "sum(r['author']=='$(author_of office late)' for r in j['records'])")" 2
}

# --- logs told in two ways
forks() {
	is "no fork was told of, and none was there" "$(forks_told)" 0
	attack "an honest author is made to look like one who tells a log in two ways" \
		"3 store: what a partner tells of another's log does not fit: it is passed over" evilhub framing
	is "attack: the lies were heard, and nothing of them taken in" "$(told 'false-.*|a-false-.*')" "3 heard"
	is "attack: the person is told of no fork" "$(forks_told)" 0
	attack "a log that its author did tell in two ways" \
		"1 store: a log was told in two ways: the evidence is kept|1 store: what a partner tells of another's log does not fit: it is passed over" evilhub true-fork
	is "attack: the person is told" "$(forks_told)" 1
	attack "a log of its own told in two ways, and one that shrank" \
		"5 courier: a connection ended: 5|6 store: a log was told in two ways: the evidence is kept|5 store: a meeting was ended: 5" evil forks
	is "attack: each was found" "$(told 'rewritten-.*|longer-.*|offered-.*')" "5 cut"
	is "attack: another entry of the same place stands beside the first" "$(told 'proven-.*')" "1 heard"
	is "attack: the first stories and the shorter one stay" "$(told 'the-first-story|shrunk-.*')" "8 heard"
}

# --- of the strangers, by now
strangers_end() {
	wait $strangers
	is "attack: handshakes that are not finished: all were thrown out" "$(grep thrown "$T/begun")" "thrown-out 80"
	gave_way=$(grep -c 'a connection ended: 14' "$T/harbour.log")
	is "attack: handshakes that are not finished: at their deadline, or for who came after them" \
		"$((gave_way >= 16 && gave_way <= 19)) $((gave_way + $(grep -c 'a connection ended: 13' "$T/harbour.log")))" "1 80"
}

# --- as a hub that a device dials
dialled() {
	hubport=$(free_port)
	"$PARTNER" evilhub card - "127.0.0.1:$hubport" >"$T/evilhub.card" || die "card"
	befriend field evilhub
	on field capture --to evilhub --field statement=dialled >/dev/null || die "capture"
	before=$(on field list --json)
	dial() { # CODE TEXT WAY LOG
		local try mark serving claim="attack: a hub that a device dials, $3"
		mark=$(wc -l <"$T/field.log")
		: >"$T/serves"
		"$PARTNER" evilhub "$T/field.card" "$hubport" serve "$3" >"$T/serves" 2>&1 &
		serving=$!
		for try in $(seq 100); do grep -q listens "$T/serves" && break; sleep 0.05; done
		fails "$1" "$2" "$claim" on field sync evilhub
		wait $serving
		logged "$claim" field "$mark" "$4"
	}
	dial 5 "cut off" cut-in-a-frame "1 courier: a connection ended: 13"
	dial 1 "the sync was refused or failed" another-version "1 courier: a connection ended: 2"
	dial 1 "the sync was refused or failed" two-summaries "$(ended 1 2)"
	dial 1 "the sync was refused or failed" its-own-log "$(ended 1 7)"
	dial 5 "cut off" its-log-told-otherwise "1 courier: a connection ended: 13"
	dial 1 "the sync was refused or failed" an-object "1 courier: a connection ended: 6"
	dial 1 "the sync was refused or failed" too-large "1 courier: a connection ended: 2"
	dial 5 "quota for this node is used up" refused "1 courier: a connection ended: 19"
	is "attack: a hub that a device dials: the device has what it had" "$(on field list --json)" "$before"
	is "attack: a hub that a device dials: and is told of no fork" "$(field_of field warnings)" "[]"
	as_before "attack: a hub that a device dials"
}

every="strangers_begin lies floods frames patience races quotas envelopes crowds forks strangers_end dialled"
draw() { # two of the others, with what belongs together
	local others=(floods frames patience races quotas envelopes crowds dialled "strangers_begin strangers_end")
	RANDOM=$SEED
	local first=$((RANDOM % ${#others[@]})) second=$((RANDOM % (${#others[@]} - 1)))
	[ $second -ge $first ] && second=$((second + 1))
	echo "lies ${others[$first]} ${others[$second]} forks"
}
SEED=${SEED:-$((RANDOM + 1))}
parts=${*:-$([ -n "${ALL:-}" ] && echo "$every" || draw)}
echo "# SEED=$SEED: $parts"
for part in $parts; do
	$part
done

is "what was there before all this opens, to the byte" "$(on office show "$honest" --attachments "$T/a" --json |
	json "dict(j['fields'])['statement']") $(cmp "$T/photo.jpg" "$T/a/attachment-1.jpg" && echo same)" "words same"
is "all of it verifies" "$(on office export $(on office list --json | json "' '.join(r['id'] for r in j['records'] if r['author']=='${author[field]}')") \
	--to "$T/bag" --disclose statement >/dev/null && on office signers >"$T/signers" && "$EVIDENT" verify "$T/bag" --signers "$T/signers" |
	grep -c '^VERDICT: holds')" 1

if [ -n "${ALL:-}" ]; then
	many=${ENTRIES:-10000000}
	quota --entries 0
	before=$(sizes)
	entries=$(used evil entries)
	SECONDS=0
	attack "$many tiny entries" "" evil leaves "ten million" "$many"
	is "attack: all were heard and are held" "$(told leaves) $(($(used evil entries) - entries))" "1 heard $many"
	is "attack: an entry costs less than 512 bytes" "$((($(sizes) - before) / many < 512))" 1
	in_bounds
	echo "# $SECONDS s, $((($(sizes) - before) / many)) bytes an entry"
fi
is "no process ended, and no log has an error" "$(cat "$T"/*.log | grep -vE 'a (connection|meeting was) ended: |two ways|does not fit|withdrawn record|passed over|more logs|put back or copied|did not have the hash|evidentd: stopp')" ""
