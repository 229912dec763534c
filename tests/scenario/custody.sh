#!/bin/bash
# Goal of this test: whoever opens or exports a record has it in the own signed log
# before anything is handed out, with what for and for whom; and the author hears
# of it, by bundle if there is no other way, or else whoever the record came from,
# who passes it on towards the author.
. "$(dirname "$0")/lib.sh"

three_nodes
id=$(on field capture --to hub --field statement=words --field event.date=2026-11-01) || die "capture"
on field sync hub || die "sync"
life() { on "$1" log "$2"; }
says() { # NODE ID TEXT: how often its log says so
	life "$1" "$2" | grep -cF -- "$3"
}
is "a mirror has nothing that it did not say it has" "$(says hub "$id" "not yet delivered to desk")" 1
on desk sync hub || die "sync"
is "and then it has" "$(says hub "$id" "not yet delivered to desk")$(says hub "$id" "delivered to desk")" 01

fails 1 "no key of this node" "who cannot read opens nothing" on hub show "$id"
is "and does not say that it did" "$(says hub "$id" opened)" 0
is "nothing is said to be opened yet" "$(says desk "$id" opened)" 0
ok "the desk opens it" on desk show "$id" --purpose "to translate it"
is "and its log says so" "$(says desk "$id" "opened by desk (this node); purpose to translate it")" 1
said=$(on desk log "$id" --json | json "[e['entry'] for e in j['events'] if e['kind']=='opened'][0]")
on desk show "$said" --json >"$T/said" || die "show of the entry"
is "by a signed entry" "$(json "dict(j['fields'])['kind']+' '+dict(j['fields'])['subject']" <"$T/said")" \
	"opened $id"
is "whose own opening is not another" "$(says desk "$said" opened)" 0
is "it is in no list" "$(on desk list --json | json "sum(r['id']=='$said' for r in j['records'])")" 0
ok "the desk exports it" on desk export "$id" --to "$T/bag" --disclose statement,event.date \
	--purpose "a trial" --for "an example court"
is "and its log says what, for whom and what for" \
	"$(says desk "$id" "exported by desk (this node); field statement, event.date; purpose a trial; recipient an example court")" 1
fails 1 "cannot be recorded" "what cannot be written down is not handed out" \
	on desk show "$id" --purpose "$(head -c 9000 /dev/zero | tr '\0' x)"
is "nor said to be" "$(says desk "$id" opened)" 1
fails 1 "no record has" "an export that fails leaves no bag" on desk export "$id" --to "$T/bag2" --disclose nothing

ok "age files of it are given out" on desk show "$id" --sealed "$T/sealed" --purpose "an example archive"
is "and its log says so, once" "$(says desk "$id" "disclosed by desk (this node); purpose an example archive")" 1
ok "by the hub, which cannot read it" on hub show "$id" --sealed "$T/sealed2"
is "as well" "$(says hub "$id" "disclosed by hub (this node)")" 1
fails 1 "cannot be recorded" "what cannot be written down is not given out" \
	on desk show "$id" --sealed "$T/sealed3" --purpose "$(head -c 9000 /dev/zero | tr '\0' x)"
is "and nothing is there" "$(find "$T/sealed3" -type f | wc -l)" 0

is "the hub does not know it yet" "$(says hub "$id" opened)" 0
ok "they meet" on desk sync hub
is "then it does" "$(says hub "$id" "opened by desk; purpose to translate it")$(says hub "$id" "recipient an example court")" 11
is "and lists nothing new" "$(on hub list --json | json "len(j['records'])")" 1
ok "a meeting without news" on desk sync hub --json
is "is short" "$(json "j['round_trips']" <"$T/out")" 1

# --- the author that only the hub knows ---
desk=$(on hub partner list --json | json "[p['author'] for p in j['partners'] if p['name']=='desk'][0]") || die "author"
is "the author does not know it yet" "$(says field "$id" opened)" 0
is "the hub has it for it, and counts no record undelivered" "$(field_of hub undelivered)" 0
ok "the author meets the hub" on field sync hub
is "and knows who opened it, and what for" "$(says field "$id" "opened by $desk; purpose to translate it")" 1
is "and who exported it, or tried to, and for whom" \
	"$(says field "$id" "exported by $desk")$(says field "$id" "recipient an example court")" 21
is "by entries that it holds with their proof, as the one who acted signed them" \
	"$(on field log "$id" --json | json "[e['entry'] for e in j['events'] if e['kind']=='opened'][0]")" "$said"
is "it has nothing to read more" "$(on field list --json | json "len(j['records'])")" 1
ok "it says in a receipt that it was told" on field sync hub --json
on hub log "$said" >"$T/life" || die "log"
is "which the hub has" "$(grep -c "received by field" "$T/life")" 1
ok "and so they meet without a word of it" on field sync hub --json
is "in one round trip" "$(json "j['round_trips']" <"$T/out")" 1
is "nobody else is told" "$(on hub log "$said" | grep -c "delivered to")" 1

# --- the author itself, added and not compared: the hub is told instead ---
on field card >"$T/field.card" && on desk partner add "$T/field.card" >/dev/null || die "add"
ok "the desk opens it with the author's card here, not compared" on desk show "$id" --purpose "to read it again"
ok "and meets the hub" on desk sync hub
is "which is told" "$(says hub "$id" "opened by desk; purpose to read it again")" 1
on desk partner remove field || die "remove"

# --- the author itself, reached by hand ---
introduce field desk || die "field and desk"
ok "the desk opens it again" on desk show "$id" --purpose "to be sure"
ok "and writes to the author" on desk bundle write field "$T/stick"
ok "who reads that" on field bundle read "$T/stick"
is "and knows who opened it" "$(says field "$id" "opened by desk; purpose to be sure")" 1
is "but has nothing to read more" "$(on field list --json | json "len(j['records'])")" 1
