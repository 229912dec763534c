#!/bin/bash
# Goal of this test: whatever is done to a good bag, also by somebody who makes
# all its manifests anew, it is refused, for the right reason.
. "$(dirname "$0")/lib.sh"

node_start desk --reader
node_start other --reader
head -c 5000 /dev/urandom >"$T/photo.jpg"
ids=()
for i in 1 2 3; do
	printf 'words number %s\nsecond line' "$i" >"$T/text"
	ids+=("$(on desk capture --text "$T/text" --field "witness.name=Example $i" \
		--attach "$T/photo.jpg")") || die "capture"
done
printf "foreign words" >"$T/text"
foreign=$(on other capture --text "$T/text" --attach "$T/photo.jpg") || die "capture"
on desk export "${ids[0]}" "${ids[1]}" --to "$T/bag" \
	--disclose statement,attachment,kind || die "export"
on desk export "${ids[2]}" --to "$T/third" --disclose-all || die "export"
on other export "$foreign" --to "$T/foreign" --disclose-all || die "export"
ok "the good bag holds" "$EVIDENT" verify "$T/bag" --signers "$T/bag/allowed_signers"
python3 "$(dirname "$0")/corrupt.py" "$EVIDENT" "$T" >"$T/result"
while IFS=$'\t' read -r verdict claim; do
	printf '%s\n' "$verdict" >"$T/err"
	[ "$verdict" = ok ]
	report $? "$claim"
done <"$T/result"
is "there were many of them" \
	"$([ "$(wc -l <"$T/result")" -ge 90 ] && echo yes || wc -l <"$T/result")" yes
