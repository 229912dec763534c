#!/bin/bash
# Goal of this test: a device that was put back to an earlier state, or copied, finds
# out at its next contact and goes on in a new log instead of telling its log in two
# ways. What it wrote meanwhile arrives all the same, and what its partner holds comes
# back when a person asks for it; what it took back does not.
. "$(dirname "$0")/lib.sh"

keep_logs
hub_start hub
node_start desk --reader
on hub card add-reader "$(on desk card | sed -n 's/^reader //p')" || die "add-reader"
introduce hub desk --mirror || die "desk and hub"
node_start field
introduce field hub || die "field and hub"

head -c 300000 /dev/urandom >"$T/photo.jpg"
warned() { on "$1" status --json | grep -c "put back"; }

a=$(told field hub first) || die "capture"
on field sync hub || die "sync"
keep_disk field early
b=$(told field hub second "$T/photo.jpg") && c=$(told field hub third) || die "capture"
on field sync hub && on desk sync hub || die "sync"
gone=$(told field hub "to be taken back") && on field sync hub && on field withdraw "$gone" &&
	on field sync hub || die "withdraw"

# --- put back, and found out at once ---
put_back field early
is "a device that is put back has lost what it wrote since" "$(lacks field "$a" "$b" "$c")" 2
fails 5 "put back to an earlier state" "its next sync tells, and what to do: recover" on field sync hub
is "its status says so" "$(warned field)" 1
new_logs() { grep -c "store: this node was put back or copied: it opens a new log$" "$T/field.log"; }
is "its log says so once" "$(new_logs)" 1
d=$(told field hub "after it was put back") || die "capture"
ok "the next sync goes well" on field sync hub
is "which stands in a new log" "$([ "$(log_of field "$d")" != "$(log_of field "$a")" ] && echo new)" new
is "that begins with it" "$(on field log "$d" --json | json "j['index']")" 0
on desk sync hub || die "sync"
on desk show "$d" --json >"$T/shown" || die "show"
previous=$(json "[f['value'] if isinstance(f, dict) else f[1] for f in j['fields'] if (f.get('name') if isinstance(f, dict) else f[0]) == 'previous'][0]" <"$T/shown")
is "and names the one before" "${previous%% *}" "$(log_of desk "$a")"
is "with its size, as it was on that disk" "$(echo "$previous" | cut -d' ' -f2)" 1
is "its log says so no more" "$(new_logs)" 1
ok "there is nothing left to say" on field sync hub --json
is "in one round trip" "$(on field sync hub --json | json "j['round_trips']")" 1
is "nothing was told in two ways" "$(on hub status --json | grep -c "two ways")" 0

# --- what the partner holds comes back ---
is "nothing came back by itself" "$(lacks field "$b" "$c")" 2
ok "recover" on field recover hub --json
cp "$T/out" "$T/recovered"
is "brings back the two that are in force, and the withdrawal was there" "$(json "j['recovered']" <"$T/recovered")" 2
is "all are there" "$(lacks field "$a" "$b" "$c" "$d")" 0
is "delivered, as they were" "$(on field list --json | json "sorted(len(r.get('delivered', [])) for r in j['records'] if r['id'] in '$b $c')")" "[1, 1]"
ok "whole" sh -c '"$0" --home "$1" list --json | python3 -c "import json,sys; assert [r for r in json.load(sys.stdin)[\"records\"] if r[\"id\"] == \"$2\"][0][\"complete\"]"' "$EVIDENT" "$T/field" "$b"
is "nothing is undelivered" "$(on field status --json | json "j['undelivered']")" 0
is "its status is calm again" "$(warned field)" 0
is "what was taken back is not" "$(lacks field "$gone")" 1
on field sync hub || die "sync"
is "and it is quiet" "$(on field sync hub --json | json "j['round_trips']")" 1
ok "once more" on field recover hub --json
is "brings nothing" "$(json "j['recovered']" <"$T/out")" 0
is "what came back proves its place, and that it is whole" \
	"$(on field log "$b" --json | json "j['index'], j['state']")" "1 whole"

# --- it wrote before it met anybody: both tellings are kept ---
put_back field early
e=$(told field hub "written on the old disk" "$T/photo.jpg") && f=$(told field hub "and more") || die "capture"
is "it goes on in the old log before it knows" "$(on field log "$e" --json | json "j['index']")" 1
fails 5 "put back" "the next sync tells" on field sync hub
ok "the one after it goes well" on field sync hub
is "what it wrote meanwhile is at the hub" "$(lacks hub "$e" "$f")" 0
is "at its own place" "$(on hub log "$e" --json | json "j['index'], j['state']")" "1 whole"
is "beside what stood there before" "$(on hub log "$b" --json | json "j['index'], j['state']")" "1 whole"
is "nothing is undelivered" "$(on field status --json | json "j['undelivered']")" 0
is "the hub says that the log was told in two ways" "$(on hub status --json | grep -c "two ways")" 1
on desk sync hub || die "sync"
is "the desk has both" "$(lacks desk "$b" "$e" "$f")" 0
on desk show "$e" --attachments "$T/shown.e" >"$T/shown" || die "show"
ok "and reads what was written on the old disk" grep -q "written on the old disk" "$T/shown"
ok "with its attachment" cmp "$T/shown.e/attachment-1.jpg" "$T/photo.jpg"
ok "it can be exported" on desk export "$e" --to "$T/bag.e" --disclose-all
on hub signers >"$T/signers" || die "signers"
ok "and verified" "$EVIDENT" verify "$T/bag.e" --signers "$T/signers"
fails 1 "two ways" "a bag with both tellings is refused" on desk export "$b" "$e" --to "$T/bag.be" --disclose-all
on field sync hub || die "sync"
is "it is quiet again" "$(on field sync hub --json | json "j['round_trips']")" 1
on desk sync hub || die "sync"
is "the desk, too" "$(on desk sync hub --json | json "j['round_trips']")" 1
ok "recover" on field recover hub
is "brings back the other telling" "$(lacks field "$a" "$b" "$c" "$d" "$e" "$f")" 0
ok "what it wrote there it can take back" on field withdraw "$e" "$b"
ok "sync" on field sync hub
is "it is destroyed at the hub" "$(withdrawn hub "$e") $(withdrawn hub "$b")" "destroyed destroyed"
on desk sync hub || die "sync"
is "and at the desk" "$(withdrawn desk "$e") $(withdrawn desk "$b")" "destroyed destroyed"

# --- put back to before its own withdrawal: it obeys itself ---
put_back field early
on field sync hub >/dev/null 2>&1
on field sync hub || die "sync"
on field recover hub >/dev/null || die "recover"
is "what it took back stays away" "$(lacks field "$e" "$b" "$gone")" 3

# --- two of one device ---
keep_disk field twin
x=$(told field hub "from the one") && on field sync hub || die "sync"
mv "$T/field" "$T/field.one"
on field stop 2>/dev/null
"$EVIDENT" --home "$T/field.one" stop 2>/dev/null
cp -a "$T/field.twin" "$T/field"
node_unlock field || die "unlock"
y=$(told field hub "from the other") || die "capture"
fails 5 "put back" "a copy of a device is told that it is one" on field sync hub
ok "and goes on by itself" on field sync hub
rm -rf "$T/field.two"
on field stop
mv "$T/field" "$T/field.two"
mv "$T/field.one" "$T/field"
node_unlock field || die "unlock"
z=$(told field hub "from the one again") || die "capture"
ok "while the first is as it was" on field sync hub
is "what both wrote is at the hub" "$(lacks hub "$x" "$y" "$z")" 0
is "in logs of their own" "$([ "$(log_of hub "$x")" = "$(log_of hub "$z")" ] && [ "$(log_of hub "$x")" != "$(log_of hub "$d")" ] && echo yes)" yes

# --- before its very first entry ---
node_start late
introduce late hub || die "late and hub"
keep_disk late empty
p=$(told late hub one) && on late sync hub || die "sync"
put_back late empty
fails 5 "put back" "a device put back to before its first entry is told" on late sync hub
q=$(told late hub two) || die "capture"
ok "and goes on" on late sync hub
ok "recover" on late recover hub
is "has both" "$(lacks late "$p" "$q")" 0

# --- whoever has no right to it ---
fails 2 "one partner" "recover takes one partner" on field recover
fails 1 "no partner of this name" "that is known" on field recover nobody
