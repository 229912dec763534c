#!/bin/bash
# Goal of this test: an organisation enrols devices, and a hub that trusts it
# takes what they bring without comparing each; nobody else can enrol them,
# nothing old comes back, and the moment the organisation, or the trust in it,
# ends, so does what rested on it alone.
. "$(dirname "$0")/lib.sh"

id_of() { on "$1" card | sed -n 's/^author ssh-ed25519 //p' | base64 -d | sha256sum | cut -c1-64; }
about() { # NODE PARTNER: how it came to be trusted there, if it is
	on "$1" partner list --json |
		json "[str(p['compared'])+' '+p['by'] for p in j['partners'] if p['name']=='$2']"
}
count_of() { on hub list --json | json "len(j['records'])"; }
capture() { on "$1" capture --to hub --field "statement=$2" || die "capture"; }
reader() { age-keygen 2>/dev/null | sed -n 's/.*public key: //p'; }
card_of() { on "$1" card >"$T/$1.card" || die "card of $1"; }
enrol() { # DEVICE FILE: its present card, enrolled by the office
	card_of "$1"
	rm -f "$T/$2"
	on office enrol "$T/$1.card" --out "$T/$2" 2>/dev/null || die "enrol $1"
}
enrolled="['True enrolled']" people="['True people']" neither="['False ']"

node_start office
hub_start hub
node_start dev
node_start other
introduce office hub || die "office and hub"
introduce dev office || die "dev and office"
introduce other office || die "other and office"
on hub card add-reader "$(reader)" || die "reader"
card_of hub

# --- a device names its organisation
fails 1 "there is no partner" "a card names no organisation that is unknown" \
	on dev card organisation nobody
on dev partner add "$T/hub.card" >/dev/null || die "add hub"
fails 1 "was not compared" "nor one that was not compared" on dev card organisation hub
before=$(on dev card | sed -n 's/^serial //p')
card_of dev
fails 1 "does not name this node as its organisation" \
	"no device is enrolled against its word" on office enrol "$T/dev.card"
ok "a device names its organisation" on dev card organisation office
is "and is told that partners must compare again" "$(grep -c 'must compare' "$T/err")" 1
is "its card says so" "$(on dev card | sed -n 's/^organisation //p')" "$(id_of office)"
is "with a higher serial" "$(on dev card | sed -n 's/^serial //p')" "$((before + 1))"
ok "saying it twice is fine" on dev card organisation office
is "and changes nothing, not even the serial" \
	"$(on dev card | sed -n 's/^serial //p')" "$((before + 1))"
card_of dev
ok "its organisation takes the new card" on office partner add "$T/dev.card"
is "and must compare again" "$(about office dev)" "$neither"

# --- an organisation enrols it
fails 1 "does not name this node" "another node cannot enrol it" on hub enrol "$T/dev.card"
card_of office
echo "no card" >"$T/nocard"
fails 1 "own card" "nobody enrols itself" on office enrol "$T/office.card"
fails 1 "cannot be used" "what is no card is refused" on office enrol "$T/nocard"
fails 2 "enrol [--end] CARD" "no card at all is wrong usage" on office enrol
head -c 9217 /dev/zero >"$T/large"
fails 1 "too large" "a file that is too large for a card" on office enrol "$T/large"
ok "the organisation enrols it" on office enrol "$T/dev.card" --out "$T/1"
is "and is asked to be sure, as nobody compared it" "$(grep -c 'nobody has compared' "$T/err")" 1
cat "$T/dev.card" >"$T/begin"
is "what it gives begins with the card" \
	"$(head -c "$(stat -c %s "$T/begin")" "$T/1" | cmp - "$T/begin" && echo same)" same
is "here the device counts at once" "$(about office dev)" "$enrolled"
part() { # FILE: take the enrolment apart into text and text.sig
	awk 'end { print } /^-----END/ { end = 1 }' "$1" >"$T/behind"
	sed '/^-----BEGIN/,$d' "$T/behind" >"$T/text"
	sed -n '/^-----BEGIN/,$p' "$T/behind" >"$T/text.sig"
}
part "$T/1"
on office signers office >"$T/signers"
keygen() {
	ssh-keygen -Y verify -f "$T/signers" -I "$(id_of office)" \
		-n evident-enrolment-v1 -s "$T/text.sig" <"$T/text"
}
ok "ssh-keygen finds that the organisation signed it" keygen
keys=$(grep -E '^(author|transport|bundle|organisation|reader) ' "$T/dev.card" | sha256sum | cut -c1-64)
is "and it says what FORMAT.md says" "$(cat "$T/text")" "$(printf \
	'evident enrolment v1\norganisation %s\nmember %s\nserial 1\nkeys %s' \
	"$(id_of office)" "$(id_of dev)" "$keys")"

# --- the hub, which is enrolled itself
ok "a hub names its organisation, too" on hub card organisation office
enrol hub hub.enrolled
ok "the device adds the enrolled hub" on dev partner add "$T/hub.enrolled"
is "and is told that it does not trust the organisation" \
	"$(grep -c 'does not trust the enrolments' "$T/err")" 1
is "so the hub does not count" "$(about dev hub)" "$neither"
ok "it trusts it" on dev partner trust office yes
is "now the hub counts" "$(about dev hub)" "$enrolled"
ok "the hub adds the enrolled device" on hub partner add "$T/1"
is "whom it does not know yet" "$(about hub dev)" "$neither"
first=$(capture dev first)
fails 1 "" "nothing is taken from it" on dev sync hub
is "nothing at all" "$(count_of)" 0
fails 1 "no partner" "nobody unknown is trusted" on hub partner trust nobody yes
fails 1 "was not compared" "nor who was not compared" on hub partner trust dev yes
fails 2 "yes or no" "trust is yes or no" on hub partner trust office maybe
ok "the hub trusts its organisation's enrolments" on hub partner trust office yes
is "its list says so" "$(on hub partner list --json |
	json "[(p['name'],p['trust']) for p in j['partners']]")" "[('dev', False), ('office', True)]"
is "and how the device came to be trusted" "$(about hub dev)" "$enrolled"
is "in plain words, too" "$(on hub partner list | awk '{print $1, $2}' | tr '\n' ' ')" \
	"dev enrolled office compared "
fails 1 "was not compared" "an enrolled partner vouches for nobody" on hub partner trust dev yes
ok "a device that nobody compared delivers to the hub" on dev sync hub
is "what it captured is there" "$(on hub list --json | json "j['records'][0]['id']")" "$first"
is "the hub vouches for it" "$(on hub signers dev | cut -d' ' -f1)" "$(id_of dev)"
is "and it for the hub" "$(on dev signers hub | cut -d' ' -f1)" "$(id_of hub)"

# --- forged, foreign, cut, changed
ssh-keygen -q -t ed25519 -N "" -C "" -f "$T/forger"
forger=$(cut -d' ' -f2 "$T/forger.pub" | base64 -d | sha256sum | cut -c1-64)
on other card organisation office 2>/dev/null || die "organisation"
card_of other
other_keys=$(grep -E '^(author|transport|bundle|organisation|reader) ' "$T/other.card" | sha256sum | cut -c1-64)
forge() { # ORGANISATION MEMBER SERIAL KEYS [NAMESPACE]: a card with that behind it
	printf 'evident enrolment v1\norganisation %s\nmember %s\nserial %s\nkeys %s\n' \
		"$1" "$2" "$3" "$4" >"$T/forged"
	rm -f "$T/forged.sig"
	ssh-keygen -q -Y sign -f "$T/forger" -n "${5:-evident-enrolment-v1}" "$T/forged" 2>/dev/null
	cat "$T/other.card" "$T/forged" "$T/forged.sig" >"$T/forged.card"
}
forge "$(id_of office)" "$(id_of other)" 1 "$other_keys"
fails 1 "not signed by the organisation it names" "a forged enrolment is refused" \
	on hub partner add "$T/forged.card"
forge "$forger" "$(id_of other)" 1 "$other_keys"
fails 1 "by another organisation" "so is one by an organisation that the card does not name" \
	on hub partner add "$T/forged.card"
forge "$(id_of office)" "$(id_of other)" 1 "$other_keys" evident-card-v1
fails 1 "cannot be used" "and one signed for another purpose" on hub partner add "$T/forged.card"
part "$T/1"
cat "$T/other.card" "$T/behind" >"$T/moved"
fails 1 "of another device" "and that of another device" on hub partner add "$T/moved"
enrol other other.enrolled
on other card add-reader "$(reader)" || die "reader"
card_of other
part "$T/other.enrolled"
cat "$T/other.card" "$T/behind" >"$T/wrong"
fails 1 "for other keys" "and one for the keys the device had before" on hub partner add "$T/wrong"
head -c -30 "$T/other.enrolled" >"$T/cut"
fails 1 "cannot be used" "and one that was cut" on hub partner add "$T/cut"
cat "$T/other.enrolled" "$T/behind" >"$T/twice"
fails 1 "cannot be used" "and one that comes twice" on hub partner add "$T/twice"
sed 's/^serial 1$/serial 9/' "$T/other.enrolled" >"$T/serial"
fails 1 "cannot be used" "and one whose serial was changed" on hub partner add "$T/serial"
is "nothing of all that was taken in" "$(about hub other)" "[]"

# --- older ones
enrol dev 2
ok "a newer enrolment is taken" on hub partner add "$T/2"
fails 1 "older than the one" "an older one is not, ever again" on hub partner add "$T/1"
ok "the same again is" on hub partner add "$T/2"
is "and it still counts" "$(about hub dev)" "$enrolled"
kill -9 $(process_of office store) 2>/dev/null
node_reopen office || die "office does not open"
enrol dev 3
part "$T/3"
is "the serial rises after a crash" "$(sed -n 's/^serial //p' "$T/text")" 3

# --- other keys
ok "an enrolment at its latest" on hub partner add "$T/3"
second=$(capture dev second)
on dev card add-reader "$(reader)" || die "reader"
card_of dev
ok "the device has a new key" on hub partner add "$T/dev.card"
is "and is trusted no more" "$(about hub dev)" "$neither"
fails 1 "" "it is not met" on dev sync hub
fails 1 "older than the one" "its card of before is refused" on hub partner add "$T/3"
enrol dev 4
ok "the new key is enrolled" on hub partner add "$T/4"
ok "and it delivers again" on dev sync hub
is "all is there" "$(count_of)" 2
cp "$T/dev.card" "$T/old.card"
on dev card add-reader "$(reader)" || die "reader"
enrol dev 5
part "$T/5"
cat "$T/old.card" "$T/behind" >"$T/mixed"
fails 1 "for other keys" "a newer enrolment with an older card is no card" \
	on hub partner add "$T/mixed"
is "but the organisation's newest word counts" "$(about hub dev)" "$neither"
fails 1 "older than the one" "over its word before" on hub partner add "$T/4"
ok "until its card comes" on hub partner add "$T/5"
is "which it is for" "$(about hub dev)" "$enrolled"

# --- the end
third=$(capture dev third)
rm -f "$T/6"
ok "the organisation ends it" on office enrol --end "$T/dev.card" --out "$T/6"
is "with the keys none" "$(part "$T/6"; sed -n 's/^keys //p' "$T/text")" none
is "there it counts at once" "$(about office dev)" "$neither"
ok "the hub is told" on hub partner add "$T/6"
is "in so many words" "$(grep -c 'has ended' "$T/err")" 1
is "and trusts it no more" "$(about hub dev)" "$neither"
fails 1 "" "nothing is taken from it" on dev sync hub
is "nothing at all" "$(count_of)" 2
fails 1 "older than the one" "its enrolment of before does not come back" on hub partner add "$T/5"
ok "its card alone is taken" on hub partner add "$T/dev.card"
is "but counts for nothing" "$(about hub dev)" "$neither"
is "no signature of its is vouched for" "$(on hub signers | grep -c "^$(id_of dev)")" 0
hub_start late
introduce office late || die "office and late"
on late partner trust office yes 2>/dev/null || die "trust"
ok "who is told of the end first" on late partner add "$T/6"
fails 1 "older than the one" "takes no enrolment of before" on late partner add "$T/5"
is "nor made a partner of it" "$(about late dev)" "[]"

# --- the organisation itself
enrol dev 7
on hub partner add "$T/7" >/dev/null || die "add"
on other card organisation office 2>/dev/null
enrol other other.2
on hub partner add "$T/other.2" >/dev/null || die "add"
number=$(on hub partner compare other)
ok "a member is compared by people, too" on hub partner compare other "$number"
is "which is said first" "$(about hub other)" "$people"
# A meeting in the middle of which the trust ends: the hub's workers stand
# still, so that what came is neither checked nor stored.
kill -STOP $(process_of hub worker)
on dev sync hub >"$T/met.out" 2>"$T/met.err" &
meeting=$!
for try in $(seq 200); do
	grep -q ":$(printf %04X "$(field_of hub port)") [0-9A-F:]* 01 " /proc/net/tcp && break
	sleep 0.05
done
sleep 1 # most meetings have come to the workers by then; the others are cut too
ok "the trust is taken back" on hub partner trust office no
wait $meeting
is "a meeting that was under way is cut" "$(($? > 0))" 1
kill -CONT $(process_of hub worker)
is "the device is trusted no more" "$(about hub dev)" "$neither"
is "who was compared by people stays" "$(about hub other)" "$people"
fails 1 "" "the device is not met" on dev sync hub
is "nothing of it was stored" "$(count_of)" 2
ok "the trust is given again" on hub partner trust office yes
ok "the device delivers" on dev sync hub
is "what it kept is there" "$(count_of)" 3
ok "the organisation is removed" on hub partner remove office
is "with it goes what rested on it" "$(about hub dev)$(about hub other)" "$neither$people"
fails 1 "" "the device is not met" on dev sync hub
card_of office
on hub partner add "$T/office.card" >/dev/null || die "add office"
number=$(on hub partner compare office)
on hub partner compare office "$number" || die "compare office"
is "who comes back is compared, and not trusted" "$(about hub office)$(about hub dev)" "$people$neither"
on hub partner trust office yes 2>/dev/null || die "trust"
is "until somebody says so" "$(about hub dev)" "$enrolled"
on office card add-reader "$(reader)" || die "reader"
card_of office
on hub partner add "$T/office.card" >/dev/null || die "add office"
is "an organisation that must be compared again vouches for nobody" "$(about hub dev)" "$neither"
number=$(on hub partner compare office)
ok "it is compared again" on hub partner compare office "$number"
is "and vouches again" "$(about hub dev)" "$enrolled"

# --- the member
ok "a member is removed" on hub partner remove dev
card_of dev
ok "its card comes back" on hub partner add "$T/dev.card"
is "and counts for nothing by itself" "$(about hub dev)" "$neither"
ok "its enrolled card does" on hub partner add "$T/7"
is "again" "$(about hub dev)" "$enrolled"
ok "the device names no organisation" on dev card organisation none
is "nor does its card" "$(on dev card | grep -c '^organisation')" 0
card_of dev
ok "its partner takes that" on hub partner add "$T/dev.card"
is "and trusts it no more" "$(about hub dev)" "$neither"
fails 1 "does not name this node" "nor can it be enrolled" on office enrol "$T/dev.card"

# --- as JSON, and locked
enrol other other.3
ok "an enrolled card comes as JSON" on office enrol "$T/other.card" --json
is "with its name and serial" "$(json "j['name'], j['serial']" <"$T/out")" "other 4"
is "adding answers as JSON" "$(on hub partner add "$T/other.3" --json |
	json "sorted(j.items())")" \
	"[('by', 'people'), ('compared', True), ('ended', False), ('name', 'other')]"
on office lock || die "lock"
fails 6 "" "a locked organisation enrols nobody" on office enrol "$T/other.card"
