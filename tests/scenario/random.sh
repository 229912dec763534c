#!/bin/bash
# Goal of this test: whatever happens on the way (meetings by TLS, by proxies and
# by bundles in random order, cut off, lost, repeated, processes killed, nodes
# locked), once partners have met again every audience holds exactly its records,
# readable by exactly those who may, delivered, provable; and nobody holds others'.
#
# random.sh [--seed N] [--seeds COUNT] [--keep] [--trace]: a seed makes the same
# choices each time. A few run here; 200 in a row: random.sh --seed 1 --seeds 200.
: "${EVIDENT:?the client under test}" "${EVIDENTD:?the daemon under test}"
export EVIDENT EVIDENTD LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
[ $# -gt 0 ] || set -- --seed 1 --seeds 2
exec python3 "$(dirname "$0")/random_run.py" "$@"
