#!/bin/bash
# Goal of this test: corrections, translations and copies stand beside the record
# they are of, and say so; the original stays what it was; and what is made of a
# record goes with it when its author takes it back.
. "$(dirname "$0")/lib.sh"

three_nodes
hub_start hubb
node_start deskb --reader
on hubb card add-reader "$(on deskb card | sed -n 's/^reader //p')" || die "reader"
introduce hubb deskb --mirror || die "hubb and deskb"
introduce desk hubb || die "desk and hubb"
head -c 50000 /dev/urandom >"$T/photo.jpg"
id=$(on field capture --to hub --field statement=palabras --attach "$T/photo.jpg") || die "capture"
on field sync hub && on desk sync hub || die "sync"
value() { # NODE ID FIELD
	on "$1" show "$2" --json | json "dict(j['fields'])['$3']"
}
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
on field sync hub && on desk sync hub || die "sync"
is "the desk reads the correction" "$(value desk "$revision" subject) $(value desk "$revision" kind)" "$id revision"
ok "both are exported" on desk export "$id" "$translation" "$revision" --to "$T/bag" --disclose statement
ok "and the bag holds" on desk verify "$T/bag"
is "and shows what is of what" "$(cat "$T"/bag/data/*/readable.txt | grep -c "^subject: $id$")" 2

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
