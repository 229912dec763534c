#!/bin/bash
# Run in a mount namespace of its own by bad_input.sh: a home on a file system
# of a few megabytes that fills up in mid-capture.
dir=$1/small
mkdir -p "$dir"
mount -t tmpfs -o size=12m,mode=0700 none "$dir" || exit 1
home=$dir/home
run() { "$EVIDENT" --home "$home" "$@"; }
run init --name small --reader --passphrase-fd 3 3<<<"small disk" || exit 1
run unlock --passphrase-fd 3 3<<<"small disk" || exit 1
id=$(run capture --field statement=before) || exit 1
head -c 30000000 /dev/zero >"$1/thirty"
if run capture --attach "$1/thirty" 2>"$1/full.err"; then
	echo "a full disk went unnoticed" >&2
	exit 1
fi
cat "$1/full.err" >&2
grep -qi 'full\|space' "$1/full.err" || exit 1
run show "$id" | grep -q before || exit 1
run capture --field statement=after >/dev/null || exit 1
[ "$(run list --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)["records"]))')" = 2 ] || exit 1
[ "$(find "$home/objects" -type f | wc -l)" = 0 ] || exit 1
run stop
