#!/bin/bash
# Goal of this test: what three organisations do with one record, when one of them
# is reached by bundles alone and another is off, or killed, at the worst moment:
# consent binds, its author's side knows what was done; a withdrawal reaches every
# holder before any attachment, each confirms, and nothing brings it back; what was
# exported before still verifies; and a device forgets only what the last of them
# has confirmed.
. "$(dirname "$0")/lib.sh"

three_organisations
head -c 200000 /dev/urandom >"$T/photo.jpg"
head -c 4000000 /dev/urandom >"$T/film.mp4"
b=$(author_of deska hubb)
id=$(on fielda capture --to huba --field statement=palabras --field "consent.share=$b" \
	--attach "$T/photo.jpg") || die "capture"
kept=$(on fielda capture --to huba --field statement=kept --field "consent.share=$b") || die "capture"
on fielda sync huba && on deska sync huba || die "sync"

# --- consent ---
fails 1 "did not consent that this partner" "C is not in the consent" on deska share "$id" --to arch
is "and nothing is said to be shared" "$(says deska "$id" shared)" 0
ok "against it, with a reason" on deska share "$id" --to arch --override "a court of C asks"
by_hand deska arch "$T/old.bundle" >/dev/null || die "bundle"
ok "it goes to C by bundle" on arch show "$id"
is "its author's hub does not know yet" "$(says huba "$id" override)" 0
on deska sync huba || die "sync"
is "but at the next contact" "$(says huba "$id" "override a court of C asks")" 1

# --- what B does ---
ok "B is in the consent" on deska share "$id" --to hubb
on deska share "$kept" --to hubb || die "share"
on deska sync hubb && on deskb sync hubb || die "sync"
ok "B reads" on deskb show "$id" --purpose "to translate it"
on deskb sync hubb || die "sync"
is "whoever it came from knows" "$(says hubb "$id" "opened by deskb; purpose to translate it")" 1
introduce fielda deskb || die "fielda and deskb"
ok "B exports" on deskb export "$id" --to "$T/bagb" --disclose statement --purpose trial --for "a court"
by_hand deskb fielda "$T/custody.bundle" >/dev/null || die "bundle"
is "its author, who never meets it, knows by bundle" \
	"$(says fielda "$id" "exported by deskb; field statement; purpose trial; recipient a court")" 1
translation=$(on deskb derive "$id" --kind translation --to hubb --field statement=words) || die "derive"
on deskb sync hubb || die "sync"
ok "C exports" on arch export "$id" --to "$T/bagc" --disclose-all --override "a court order"
ok "A exports, with what was done" on deska export "$id" "$kept" --to "$T/baga" --disclose-all --with-custody
ok "and the ids of its log" on deska leaves "$id" --out "$T/a.leaves"
by_hand deska arch "$T/second.bundle" >/dev/null && by_hand arch deska "$T/receipt.bundle" || die "bundle"
is "all have it" "$(for node in fielda huba deska hubb deskb arch; do withdrawn $node "$id"; done | sort -u)" None

# --- taken back while B is off, and something large is on its way ---
on hubb stop
on deskb stop
film=$(on fielda capture --to huba --field statement=film --field "consent.share=$b" \
	--attach "$T/film.mp4") || die "capture"
ok "its author takes it back" on fielda withdraw "$id"
is "its hub has not confirmed" "$(says fielda "$id" "not yet confirmed by huba")" 1
whole() { on "$1" list --json | json "[r['complete'] for r in j['records'] if r['id']=='$film']"; }
# NODE PARTNER: they meet over a slow line, which breaks in the film
slow_meeting() {
	on "$1" partner limit "$2" 100 || die "limit"
	on "$1" sync "$2" >/dev/null 2>&1 &
	local try
	for try in $(seq 100); do
		[ "$(withdrawn "$2" "$id")" = destroyed ] && break
		sleep 0.1
	done
	slow="$(withdrawn "$2" "$id")$(whole "$2")"
	process_of "$1" courier | xargs kill -9
	wait $!
	on "$1" partner limit "$2" default || die "limit"
	for try in $(seq 20); do
		on "$1" sync "$2" >/dev/null 2>&1 && return
		sleep 0.25
	done
	die "sync"
}
slow_meeting fielda huba
is "its hub obeys before the attachment came" "$slow" "destroyed[False]"
is "and says so" "$(on fielda log "$id" | grep -cx "erased by huba")" 1
on deska sync huba || die "sync"
is "A's desk obeys" "$(withdrawn deska "$id")" destroyed
is "and its hub knows" "$(on huba log "$id" | grep -cx "erased by deska")" 1
is "neither B nor C has confirmed" "$(says deska "$id" "not yet confirmed by hubb")$(says deska "$id" "not yet confirmed by arch")" 11
fails 1 "" "B cannot be reached" on deska sync hubb

# --- C, by bundle ---
ok "a bundle goes to C" by_hand deska arch "$T/news.bundle"
is "which obeys" "$(withdrawn arch "$id")$(object_files arch)" destroyed0
is "which A does not know" "$(says deska "$id" "not yet confirmed by arch")" 1
ok "until C's answer" by_hand arch deska "$T/answer.bundle"
is "then it does" "$(on deska log "$id" | grep -cx "erased by arch")" 1
for old in old second; do
	ok "an old bundle is read again: $old" on arch bundle read "$T/$old.bundle"
	is "and brings nothing back: $old" "$(withdrawn arch "$id")$(object_files arch)" destroyed0
done

# --- B comes back, and is killed between hearing it and having destroyed it ---
node_unlock hubb || die "unlock"
keys=$(basename "$T"/hubb/keys.[0-9]*)
next=keys.$((${keys#keys.} + 1))
mkdir "$T/hubb/$next" # no new file of keys can be made: the erasure stops there
on deska sync hubb >/dev/null 2>&1
is "while it cannot destroy the key, B's hub confirms nothing" "$(says deska "$id" "not yet confirmed by hubb")" 1
pkill -9 -f -- "--home $T/hubb\$"
while pgrep -f -- "--home $T/hubb\$" >/dev/null; do sleep 0.1; done
rmdir "$T/hubb/$next"
is "the key is there yet" "$(ls "$T/hubb" | grep -c "^$keys\$")" 1
node_unlock hubb || die "unlock"
is "it destroys it by itself when it comes back" \
	"$(withdrawn hubb "$id")$(object_files hubb)$(ls "$T/hubb" | grep '^keys\.[0-9]')" "destroyed0$next"
is "nobody met it meanwhile" "$(says deska "$id" "not yet confirmed by hubb")" 1
on deska share "$film" --to hubb || die "share"
on deska sync hubb || die "sync"
is "then it says so" "$(on deska log "$id" | grep -cx "erased by hubb")" 1
is "its desk is off, and has not" "$(says hubb "$id" "not yet confirmed by deskb")" 1
node_unlock deskb || die "unlock"
is "it has what was taken back" "$(withdrawn deskb "$id")" None
on deskb sync hubb >/dev/null 2>&1 &
sleep 0.$((RANDOM % 4 + 1))
process_of deskb store | xargs -r kill -9
wait $!
node_reopen deskb || die "deskb does not open again"
ok "the desk, killed while it met the hub, meets it again" on deskb sync hubb
is "and has destroyed it, and the translation it made" \
	"$(withdrawn deskb "$id")$(withdrawn deskb "$translation")" destroyeddestroyed
on deskb sync hubb || die "sync"
is "which is gone at its hub, too" "$(withdrawn hubb "$translation")" destroyed
is "and the hub knows that the desk did" "$(on hubb log "$id" | grep -cx "erased by deskb")" 1
by_hand deskb fielda "$T/erased.bundle" >/dev/null || die "bundle"
is "and its author, by bundle" "$(says fielda "$id" "erased by deskb")" 1

# --- what stands ---
for bag in baga bagb bagc; do
	ok "what was exported before still holds: $bag" on deska verify "$T/$bag"
done
on fielda signers >"$T/signers" || die "signers"
ok "and so do the ids of its log" on deska verify "$T/a.leaves" --signers "$T/signers" --record "$id"
is "everywhere it is withdrawn, and not missing" \
	"$(for node in fielda huba deska hubb deskb arch; do on $node log "$id" | grep '^state'; done | sort -u)" "state withdrawn"
ok "B reads what was not taken back" on deskb show "$kept"
ok "and exports it" on deskb export "$kept" --to "$T/bagk" --disclose statement
ok "which holds" on deska verify "$T/bagk"

# --- forgetting ---
introduce fielda hubb && introduce fielda arch || die "fielda, hubb and arch"
on fielda stop
echo 'retain = until-delivered' >"$T/fielda/evident.conf"
node_unlock fielda || die "unlock"
forgotten() { on fielda list --json | json "[r.get('forgotten') for r in j['records'] if r['id']=='$last'][0]"; }
last=$(on fielda capture --to huba --to hubb --to arch --field statement=last --attach "$T/photo.jpg") || die "capture"
on fielda sync huba && on fielda sync hubb || die "sync"
is "two of three have it: it is kept" "$(forgotten)" None
by_hand fielda arch "$T/last.bundle" >/dev/null || die "bundle"
is "C has it, and the device does not know" "$(withdrawn arch "$last")$(forgotten)" NoneNone
ok "C answers" by_hand arch fielda "$T/last.answer"
is "then it is forgotten, with its file" "$(forgotten)$(object_files fielda)" True0
on deskb sync hubb || die "sync"
ok "and others read it" on deskb show "$last"
