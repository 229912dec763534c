#!/bin/bash
# Goal of this test: whatever is done to a good bag, also by somebody who makes
# all its manifests anew, and also by an author who signs it, both verifiers
# (evident verify, and verify.sh with stock tools) refuse it, for the right
# reason and the same one, and touch nothing outside it; and what is good by the
# letter of FORMAT.md, however strange, both accept.
. "$(dirname "$0")/lib.sh"
: "${VERIFY_SH:=$(cd "$(dirname "$0")/../.." && pwd)/packaging/verify.sh}"

three_nodes
node_start other --reader
head -c 5000 /dev/urandom >"$T/photo.jpg"
ids=()
for i in 1 2 3; do
	printf 'words number %s\nsecond line' "$i" >"$T/text"
	ids+=("$(on field capture --to hub --text "$T/text" --field "witness.name=Example $i" \
		--attach "$T/photo.jpg")") || die "capture"
done
on field sync hub >/dev/null || die "sync"
on desk sync hub >/dev/null || die "sync"
printf "foreign words" >"$T/text"
foreign=$(on other capture --text "$T/text" --attach "$T/photo.jpg") || die "capture"
on desk export "${ids[0]}" "${ids[1]}" --to "$T/bag" --witnesses --with-custody \
	--disclose statement,attachment,time 2>/dev/null || die "export"
on desk export "${ids[2]}" --to "$T/third" --disclose-all 2>/dev/null || die "export"
on other export "$foreign" --to "$T/foreign" --disclose-all 2>/dev/null || die "export"
# A home changes when its node locks itself, ten minutes from now.
for node in field hub desk other; do on $node stop; done
python3 "$(dirname "$0")/corrupt.py" "$EVIDENT" "$VERIFY_SH" "$T" >"$T/result" || die "corrupt.py"
while IFS=$'\t' read -r verdict claim; do
	printf '%s\n' "$verdict" >"$T/err"
	[ "$verdict" = ok ]
	report $? "$claim"
done <"$T/result"
is "there were many of them" \
	"$([ "$(wc -l <"$T/result")" -ge 350 ] && echo yes || wc -l <"$T/result")" yes
