#!/bin/bash
# Goal of this test: a sync that is cut in the middle of an attachment is not
# called delivered, keeps what came, and finishes at a later meeting.
. "$(dirname "$0")/lib.sh"

port=$(free_port)
relay=$(free_port)
node_start hub --listen "127.0.0.1:$port" --address "127.0.0.1:$relay"
reader=$(age-keygen 2>/dev/null | tee "$T/reader.key" | sed -n 's/^# public key: //p')
on hub card add-reader "$reader" || die "add-reader"
node_start field
introduce field hub || die "field and hub"
head -c 30000000 /dev/urandom >"$T/audio.wav"
id=$(on field capture --to hub --text - --attach "$T/audio.wav" <<<"spoken words") || die "capture"

delivered() {
	on field list --json |
		json "[r['delivered'] for r in j['records'] if r['id']=='$id'][0]"
}
held() { du -sb "$T/hub/objects" | cut -f1; }

relay_start 12000000
fails 5 "" "a sync cut in mid-attachment ends 5" on field sync hub
is "and is not delivered" "$(delivered)" "[]"
is "the hub does not call it whole" \
	"$(on hub list --json | json "[r['complete'] for r in j['records'] if r['id']=='$id']")" "[False]"
first=$(held)
on field sync hub 2>/dev/null
second=$(held)
relay_stop
is "the second attempt went on where the first stopped" \
	"$([ "$second" -gt $((first + 5000000)) ] && echo yes || echo "no: $first then $second")" yes
relay_start 0
ok "when the line holds, the sync ends 0" on field sync hub
is "and now it is delivered" "$(delivered)" "['hub']"
relay_stop
on hub show "$id" --sealed "$T/sealed" >/dev/null 2>"$T/err"
for file in content attachment-1; do
	ok "age alone opens $file" age -d -i "$T/reader.key" \
		-o "$T/$file.plain" "$T/sealed/$file.age"
done
head -c 30000000 "$T/attachment-1.plain" >"$T/audio.out"
ok "the attachment is the one captured" cmp "$T/audio.wav" "$T/audio.out"

# What comes across must be what the entry names, whatever the sender does.
head -c 500000 /dev/urandom >"$T/photo.jpg"
bad=$(on field capture --to hub --attach "$T/photo.jpg") || die "capture"
object=$(find "$T/field/objects" -type f -size -1000k)
cp "$object" "$T/good.object"
printf '\x5a\xa5\x5a' | dd of="$object" bs=1 seek=100000 conv=notrunc 2>/dev/null
relay_start 0
fails 5 "" "an attachment that is not the one signed is refused" on field sync hub
complete() {
	on hub list --json | json "[r['complete'] for r in j['records'] if r['id']=='$bad'][0]"
}
is "the hub does not call it whole" "$(complete)" False
is "nor the field delivered" "$(on field list --json |
	json "[r['delivered'] for r in j['records'] if r['id']=='$bad'][0]")" "[]"
cp "$T/good.object" "$object"
ok "once the true one is there, the sync ends 0" on field sync hub
relay_stop
is "and the hub holds it whole" "$(complete)" True

# An object that is gone here does not keep all else from being exchanged.
find "$T/field/objects" -type f | sort >"$T/before"
gone=$(on field capture --to hub --attach "$T/photo.jpg") || die "capture"
relay_start 0
find "$T/field/objects" -type f | sort | comm -13 "$T/before" - | xargs rm
text=$(on field capture --to hub --field statement=words) || die "capture"
on field sync hub 2>/dev/null
code=$?
relay_stop
is "a sync that misses an object ends 5" "$code" 5
is "and delivers the rest" "$(on field list --json |
	json "[r['delivered'] for r in j['records'] if r['id']=='$text'][0]")" "['hub']"
is "but not what it belongs to" "$(on field list --json |
	json "[r['delivered'] for r in j['records'] if r['id']=='$gone'][0]")" "[]"
