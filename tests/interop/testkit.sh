#!/bin/bash
# Goal of this test: our age reader agrees with the age testkit on every file
# that is neither armoured nor hybrid.
#
# testkit.sh PROGRAM: PROGRAM is testkit.c. The vectors are npm's cctv-age:
# `npm ci` here brings them. Output is TAP.
set -u
program=${1:?the program}
T=$(mktemp -d "${TMPDIR:-/tmp}/evident-testkit.XXXXXX") || exit 1
trap 'rm -rf "$T"' EXIT
if ! node "$(dirname "$0")/testkit_unpack.mjs" "$T" >&2; then
	echo "not ok 1 - the vectors are there (npm ci in tests/interop)"
	echo "1..1"
	exit 1
fi
"$program" "$T" 93
