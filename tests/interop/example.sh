#!/bin/bash
# The worked example of FORMAT.md, section 13: each indented block is run, and
# must print what stands under its commands. TAP.
set -u
source=${EVIDENT_SOURCE:-$(dirname "$0")/../..}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$source"/proto/example/* "$work" || exit 1
chmod 600 "$work"/reader.key
python3 "$source/tests/interop/example.py" "$source/proto/FORMAT.md" "$work"
