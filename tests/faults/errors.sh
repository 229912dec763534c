#!/bin/sh
# Errors at the n-th call: errors.sh [--seed S] [--rounds N] ..., see errors.py.
# The programs under test come from the environment, or from build-test/.
here=$(cd "$(dirname "$0")" && pwd)
build=${BUILD:-$here/../../build-test}
: "${EVIDENT:=$build/client/evident}" "${EVIDENTD:=$build/daemon/evidentd}"
: "${VERIFY:=$build/client/evident-verify}" "${SHIM:=$build/tests/faults/shim.so}"
export EVIDENT EVIDENTD VERIFY SHIM
exec python3 "$here/errors.py" "$@"
