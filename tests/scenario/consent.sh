#!/bin/bash
# Goal of this test: what the witness consented to is in the record, and is obeyed
# by whoever can open it: with whom it is shared, what for, until when, and whether
# the name may be shown; and going against it is possible, written down, and told
# to the author.
. "$(dirname "$0")/lib.sh"

three_nodes
hub_start hubb
hub_start hubc
for node in hubb hubc; do
	on $node card add-reader "$(age-keygen 2>/dev/null | sed -n 's/^# public key: //p')" || die "reader"
	introduce desk $node || die "desk and $node"
done
introduce field desk || die "field and desk"
author_of() { on "$1" partner list --json | json "[p['author'] for p in j['partners'] if p['name']=='$2'][0]"; }
values() { # NODE ID FIELD
	on "$1" show "$2" --json | json "' '.join(sorted(v for n,v in j['fields'] if n=='$3'))"
}
asks() { python3 "$(dirname "$0")/ask_daemon.py" "$T/$1" "${@:2}"; }
says() { on "$1" log "$2" | grep -cF -- "$3"; }
pages() { cat "$1"/data/*/readable.txt; }
capture() { # [OPTION...]: a record of the field at the desk
	on field capture --to hub --field statement=words --field "witness.name=Example Witness" "$@" || die "capture"
}
plain=$(capture)
given=$(capture --field "consent.share=$(author_of desk hubb)" --field consent.purposes=trial \
	--field consent.purposes=archive --field consent.expires=2999-12-31 --field consent.name-disclosed=yes \
	--field consent.medium=spoken --field consent.language=es --field "consent.explained-by=a worker")
over=$(capture --field "consent.share=$(author_of desk hubb)" --field consent.expires=2020-02-29)
head -c 5000 /dev/urandom >"$T/photo.jpg"
photo=$(capture --attach "$T/photo.jpg")
today=$(capture --field "consent.expires=$(date -u +%F)")
fails 1 "consent.expires is never, or a date" "a date that is none" on field capture --to hub --field consent.expires=2021-02-29
on field sync hub && on desk sync hub || die "sync"

is "consent says to whom it is sealed" "$(values desk "$plain" consent.share)" "$(author_of desk hub)"
is "and to whom else it may be" "$(values desk "$given" consent.share | wc -w)" 2
is "a reader's own record for nobody else says nothing of it" \
	"$(own=$(on desk capture --field statement=own) && values desk "$own" consent.share)" ""

# --- sharing ---
fails 1 "did not consent that this partner" "it is shared with nobody else" on desk share "$plain" --to hubb
is "and nothing is said to be" "$(says desk "$plain" shared)" 0
fails 1 "did not consent that this partner" "one of two is not enough" \
	on desk share "$given" --to hubb --to hubc --purpose trial
fails 2 "given once each" "of two purposes none is left out" \
	on desk share "$given" --to hubb --purpose archive --purpose press
asked=$(asks desk "share:$given:hubb:{\"purpose\":[\"archive\",\"press\"]}") || die "ask_daemon.py"
is "nor does the daemon take two, of which one was not consented to" \
	"$(grep -c "^1 .*cannot be recorded" <<<"$asked")$(says desk "$given" shared)" 10
fails 1 "no purpose was given" "a purpose must be given where some are named" on desk share "$given" --to hubb
fails 1 "not consent to this purpose" "and be one of them" on desk share "$given" --to hubb --purpose press
ok "what was consented to is shared" on desk share "$given" --to hubb --purpose trial
is "and the log says what for" "$(says desk "$given" "purpose trial")" 1
fails 1 "expired" "an expired consent is none" on desk share "$over" --to hubb
ok "going against it is possible" on desk share "$plain" --to hubb --override "the witness agreed by telephone"
is "and stands in the log" "$(says desk "$plain" "override the witness agreed by telephone")" 1
ok "the author is told by bundle" on desk bundle write field "$T/stick"
ok "and reads it" on field bundle read "$T/stick"
is "and knows" "$(says field "$plain" "shared by desk")$(says field "$plain" "override the witness agreed by telephone")" 11

# --- exporting ---
ok "an export without a word on the name" on desk export "$plain" --to "$T/plain" --disclose statement,witness.name
cp "$T/err" "$T/said"
ok "withholds it" sh -c '! grep -q "Example Witness" "$1"/data/*/readable.txt' - "$T/plain"
is "and shows the rest" "$(pages "$T/plain" | grep -c '^statement: words$')" 1
ok "and holds" on desk verify "$T/plain"
is "the log says what was shown" "$(says desk "$plain" "exported by desk (this node); field statement (entry")" 1
ok "and the person is told that something was withheld" grep -q "was withheld" "$T/said"
ok "an export that does not ask for the name" on desk export "$plain" --to "$T/unasked" --disclose statement
is "is not told so" "$(grep -c "was withheld" "$T/err")" 0
ok "of all, too" on desk export "$plain" --to "$T/all" --disclose-all
is "the person is told" "$(grep -c "was withheld" "$T/err")" 1
is "and the log does not say all, but what was shown" \
	"$(says desk "$plain" "field after, consent.share, kind, origin, statement, time (entry")$(says desk "$plain" "field all")" 10
dated=$(on desk capture --field event.date=2026-11-01 --field statement=own) || die "capture"
ok "two records at once" on desk export "$plain" "$dated" --to "$T/two" --disclose event.date,witness.name,statement
is "each entry says what that record shows" \
	"$(says desk "$plain" "field statement (entry")$(says desk "$dated" "field event.date, statement (entry")" 31
fails 2 "by --disclose-all alone" "a field that is called all is not taken for all" \
	on desk export "$plain" --to "$T/called" --disclose all
ok "it is withheld" sh -c '! grep -q "Example Witness" "$1"/data/*/readable.txt' - "$T/all"
is "and the rest shown" "$(pages "$T/all" | grep -c '^statement: words$')" 1
fails 1 "no purpose was given" "purposes bind exports" on desk export "$given" --to "$T/given" --disclose-all
is "and no bag is left" "$([ -e "$T/given" ] || [ -e "$T/given.partial" ] && echo there)" ""
ok "one of them is given" on desk export "$given" --to "$T/given" --disclose-all --purpose archive
is "the log says that all was shown" "$(says desk "$given" "field all; purpose archive (entry")" 1
is "the name may be shown" "$(pages "$T/given" | grep -c '^witness.name: Example Witness$')" 1
fails 1 "expired" "nothing is exported after the last day" on desk export "$over" --to "$T/over" --disclose-all
ok "on the last day it is" on desk export "$today" --to "$T/today" --disclose statement
ok "against it, it is possible" on desk export "$over" --to "$T/over" --disclose statement,witness.name --override "a court order"
is "with the name" "$(pages "$T/over" | grep -c '^witness.name: Example Witness$')" 1
is "and stands in the log" "$(says desk "$over" "override a court order")" 1
ok "reading is no export" on desk show "$over"

# --- attachments ---
sealed=$(on desk show "$photo" --json | json "[v['sealed'] for n,v in j['fields'] if n=='attachment'][0]")
asked=$(asks desk "read:$photo" "object-export:$photo:$sealed") || die "ask_daemon.py"
is "what was opened to be read gives no attachment to be exported" \
	"$(sed 's/\(for something else\).*/\1/' <<<"$asked" | tr '\n' ' ')" \
	"0  1 this record was not opened before its attachment, or for something else "
is "nor the reverse" "$(asks desk "export:$photo" "object-read:$photo:$sealed" | cut -c1 | tr '\n' ' ')" "0 1 "
is "each by itself is given" "$(asks desk "export:$photo" "object-export:$photo:$sealed" "read:$photo" \
	"object-read:$photo:$sealed" | cut -c1 | tr '\n' ' ')" "0 0 0 0 "
ok "as an export does" on desk export "$photo" --to "$T/photo" --disclose attachment
is "whole" "$(sha256sum <"$(find "$T/photo" -name "*.jpg")")" "$(sha256sum <"$T/photo.jpg")"
ok "and a person who reads" on desk show "$photo" --attachments "$T/photos"
