#!/bin/bash
# Goal of this test: corrections, translations and copies stand beside the record
# they are of, and say so; the original stays what it was, and its consent holds
# for them; and what is made of a record goes with it when its author takes it
# back.
. "$(dirname "$0")/lib.sh"

three_nodes
second_hub
introduce desk hubb || die "desk and hubb"
head -c 50000 /dev/urandom >"$T/photo.jpg"
hubb=$(author_of desk hubb)
id=$(on field capture --to hub --field statement=palabras --field "consent.share=$hubb" \
	--attach "$T/photo.jpg") || die "capture"
plain=$(on field capture --to hub --field statement=palabras --field "witness.name=Example Witness") || die "capture"
bound=$(on field capture --to hub --field statement=palabras --field "consent.share=$hubb" \
	--field consent.purposes=trial --field consent.purposes=archive --field consent.expires=2999-12-31 \
	--field consent.name-disclosed=yes --field consent.medium=spoken --field consent.language=es \
	--field "consent.explained-by=a worker") || die "capture"
over=$(on field capture --to hub --field statement=palabras --field "consent.share=$hubb" \
	--field consent.expires=2020-02-29) || die "capture"
on field sync hub && on desk sync hub || die "sync"
value() { # NODE ID FIELD
	on "$1" show "$2" --json | json "dict(j['fields'])['$3']"
}
values() { # NODE ID FIELD
	on "$1" show "$2" --json | json "' '.join(sorted(v for n,v in j['fields'] if n=='$3'))"
}
says() { on "$1" log "$2" | grep -cF -- "$3"; }
held() { on desk list --json | json "len(j['records'])"; }
gone() { # NODE ID
	on "$1" list --json | json "[r.get('withdrawn') for r in j['records'] if r['id']=='$2'][0]"
}

fails 2 "derive ID --kind" "of a kind that is none" on desk derive "$id" --kind poem --field statement=words
fails 2 "derive ID --kind" "of no kind" on desk derive "$id" --field statement=words
fails 1 "no such record" "of nothing" on desk derive 0123456789 --kind translation --field statement=words
fails 2 "id of one record" "a revision of nothing" on desk revise --field statement=words
ok "a translation" on desk derive "${id:0:12}" --kind translation --to hubb --field statement=words
translation=$(cat "$T/out")
is "says what it is" "$(value desk "$translation" kind) $(value desk "$translation" derivative.kind)" \
	"derivative translation"
is "and of what" "$(value desk "$translation" subject)" "$id"
ok "the original names it" sh -c '"$0" --home "$1" show "$2" | grep -qx "derivative beside it: $3"' \
	"$EVIDENT" "$T/desk" "$id" "$translation"
is "and is what it was" "$(value desk "$id" statement) $(value desk "$id" kind)" "palabras testimony"
ok "a device that cannot read corrects what it captured" on field revise "$id" --to hub --field "statement=more palabras"
revision=$(cat "$T/out")
cp "$T/err" "$T/said"
ok "and is told that nobody asked the original's consent" grep -q "cannot read the original" "$T/said"
on field sync hub && on desk sync hub || die "sync"
is "the desk reads the correction" "$(value desk "$revision" subject) $(value desk "$revision" kind)" "$id revision"
ok "both are exported" on desk export "$id" "$translation" "$revision" --to "$T/bag" --disclose statement
ok "and the bag holds" on desk verify "$T/bag"
is "and shows what is of what" "$(cat "$T"/bag/data/*/readable.txt | grep -c "^subject: $id$")" 2

# --- its consent ---
before=$(held)
fails 1 "did not consent that this partner" "a translation goes to nobody that the witness did not name" \
	on desk derive "$plain" --kind translation --to hubb --field statement=words
fails 1 "did not consent that this partner" "nor does a correction" on desk revise "$plain" --to hubb --field statement=words
fails 1 "no purpose was given" "a purpose must be given where some are named" \
	on desk derive "$bound" --kind transcript --to hubb --field statement=words
fails 1 "not consent to this purpose" "and be one of them" \
	on desk derive "$bound" --kind transcript --to hubb --purpose press --field statement=words
fails 1 "expired" "an expired consent is none" on desk derive "$over" --kind redaction --to hubb --field statement=words
is "nothing of all this was stored" "$(held)" "$before"
is "nor said to be done" "$(says desk "$plain" disclosed)$(says desk "$bound" disclosed)$(says desk "$over" disclosed)" 000
ok "what was consented to goes out" \
	on desk derive "$bound" --kind transcript --to hubb --purpose trial --field statement=words \
	--field consent.expires=2030-12-31
transcript=$(cat "$T/out")
is "and the log says so" "$(says desk "$bound" "disclosed by desk (this node); purpose trial")" 1
said=$(on desk log "$bound" --json | json "[e['entry'] for e in j['events'] if e['kind']=='disclosed'][0]")
is "and to whom" "$(values desk "$said" subject) $(values desk "$said" audience)" "$bound $hubb"
is "it has the original's consent" "$(for name in purposes name-disclosed medium language explained-by; do
	values desk "$transcript" "consent.$name"
done | tr '\n' ' ')" "archive trial yes spoken es a worker "
is "but what was given anew" "$(values desk "$transcript" consent.expires)" 2030-12-31
is "and to whom it is sealed, not whom the original was" "$(values desk "$transcript" consent.share)" "$hubb"
ok "one that is for nobody else is made without a word" on desk derive "$plain" --kind working-copy --field statement=words
copy=$(cat "$T/out")
fails 1 "did not consent that this partner" "and is no way round the consent" on desk share "$copy" --to hubb
ok "going against it is possible" on desk derive "$plain" --kind redaction --to hubb --field statement=words \
	--override "the witness agreed by telephone"
is "and stands in the log" \
	"$(says desk "$plain" "disclosed by desk (this node); override the witness agreed by telephone")" 1
theirs=$(on hubb capture --to desk --field statement=palabras) || die "capture"
on desk sync hubb || die "sync"
ok "who wrote the original may have what is made of it" \
	on desk derive "$theirs" --kind translation --to hubb --field statement=words
on desk sync hub || die "sync"
is "and is told to whom the record came from" "$(says hub "$plain" "override the witness agreed by telephone")" 1

on desk sync hubb && on deskb sync hubb || die "sync"
is "another organisation reads the translation alone" "$(value deskb "$translation" statement)" words
fails 1 "no such record" "not the original" on deskb show "$id"
ok "the author takes the original back" on field withdraw "$id"
on field sync hub && on desk sync hub || die "sync"
ok "the desk has destroyed it" test "$(gone desk "$id")" = destroyed
is "and takes back its translation by itself" "$(gone desk "$translation")" destroyed
is "as the author did its correction" "$(gone desk "$revision")" destroyed
on desk sync hubb && on deskb sync hubb || die "sync"
is "which is destroyed wherever it went" "$(gone hubb "$translation")$(gone deskb "$translation")" destroyeddestroyed
fails 1 "withdrawn" "nothing is made of what was taken back" on desk derive "$id" --kind redaction --field statement=x
