#!/bin/bash
# Goal of this test: a seized, locked disk tells nothing. After captures, a sync
# and an export, no marked word, name, partner, address or time, and no hash
# that the bag of the same record makes public, stands in the home, be it raw,
# in hex or in base64.
. "$(dirname "$0")/lib.sh"

hub=Zhubnamequx desk=Zdesknamequx field=Zfieldnamequx
three_nodes $hub $desk $field
words=(Zanzibarquux Wqxstatement Vkkfieldname)
printf '%s: %s' "${words[0]}" "${words[1]}" >"$T/text"
head -c 70000 /dev/urandom >"$T/secretphoto.jpg"
printf 'Pxyattachedwords' >>"$T/secretphoto.jpg"
head -c 50000 /dev/urandom >"$T/other.bin"
id=$(on $field capture --to $hub --text "$T/text" \
	--field witness.name=Vkkfieldname --attach "$T/secretphoto.jpg" --attach "$T/other.bin")
on $field sync $hub || die "sync"
on $desk sync $hub || die "sync of the desk"
on $desk export "$id" --to "$T/bag" --disclose-all || die "export"
port=$(field_of $hub port)
# Other ways in and out, and a death in mid-work.
printf '{"fields":{"statement":"%s"},"to":["%s"],"label":"%s"}\n' \
	"${words[0]}" $hub "${words[2]}" >"$T/one.jsonl"
on $field import "$T/one.jsonl" >/dev/null || die "import"
on $field bundle write $hub "$T/bundle" && on $hub bundle read "$T/bundle" &&
	on $hub bundle write $field "$T/back" && on $field bundle read "$T/back" || die "bundle"
on $field capture --to $hub --attach "$T/secretphoto.jpg" >/dev/null || die "capture"
process_of $field store | xargs kill -9
node_reopen $field || die "reopen"
time=$(on $desk show "$id" --json | json "dict(j['fields'])['time']")
stored=$(on $field list --json | json "[r['stored_at'] for r in j['records'] if r['id']=='$id'][0]")

on $field card >"$T/$field.card"
on $hub card >"$T/$hub.card"
on $desk card >"$T/$desk.card"
python3 "$(dirname "$0")/markers.py" "$T/bag" "$T/$field.card" "$T/$hub.card" \
	"$T/$desk.card" "time:$time" "time:$(date -u -d "@$stored" +%Y-%m-%dT%H:%M:%SZ)" \
	"127.0.0.1:$port" "${words[@]}" Pxyattachedwords secretphoto.jpg \
	witness.name evident/log >"$T/markers" || die "markers"
is "there are many markers to look for" \
	"$([ "$(wc -l <"$T/markers")" -gt 60 ] && echo yes)" yes

search() { # DIR: how many markers stand in any file or file name
	python3 "$(dirname "$0")/search.py" "$1" <"$T/markers" 2>"$T/err"
}
mkdir "$T/planted"
(printf xx; sed -n 1p "$T/markers" | xxd -r -p; printf yy) >"$T/planted/f"
is "the search finds a planted marker" \
	"$([ "$(search "$T/planted")" -ge 1 ] && echo yes)" yes
for node in $field $hub $desk; do
	on "$node" lock || die "lock of $node"
	is "the locked home of the $node holds none of them" \
		"$(search "$T/$node")" 0
	on "$node" stop
	is "nor does it once the daemon ended" "$(search "$T/$node")" 0
done
is "every file in a home is for its owner alone" \
	"$(find "$T/$field" "$T/$hub" \( -type f -o -type d \) -perm /077 | wc -l)" 0
for node in $field $hub $desk; do
	is "objects of the $node bear no time" \
		"$(find "$T/$node/objects" -type f -printf '%T@ ' | tr -d '0. ')$(
			find "$T/$node/objects" -type f | wc -l | sed 's/^[2-9]$/some/')" some
done
