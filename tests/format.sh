#!/bin/sh
# Whether all code is laid out as .clang-format says (Debian 12's version, where
# it is installed: other versions differ in details). TAP.
cd "$EVIDENT_SOURCE" || exit 1
echo 1..1
files=$(find proto daemon client tests -name '*.[ch]' -not -path '*/node_modules/*')
if said=$("$1" --dry-run -Werror $files 2>&1); then
	echo "ok 1 - all code is laid out as .clang-format says"
else
	echo "not ok 1 - all code is laid out as .clang-format says"
	echo "$said" | grep error: | sed 's/^/# /' | head -20
	exit 1
fi
