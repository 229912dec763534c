#!/bin/bash
# The unit tests of proto/, which is what strangers' bytes come to first, built and
# run once more under AddressSanitizer and UBSan. TAP.
# sanitized.sh SOURCE BUILD COMPILER TEST...: the daemon, with its sandboxes, is for
# packaging/check sanitizers.
set -u
source=$1 build=$2 compiler=$3
shift 3
work=$(mktemp -d "${TMPDIR:-/tmp}/evident-sanitized.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
flags="-O1 -g1 -std=c11 -D_GNU_SOURCE -DEVIDENT_VERSION=\"test\" -fsanitize=address,undefined
	-fno-sanitize-recover=all -I$source -I$build -I$build/proto/wire"
if ! echo 'int main(void) { return 0; }' | $compiler $flags -xc - -o there 2>said; then
	echo "1..0 # SKIP $compiler has no sanitizers: $(head -1 said)"
	exit 0
fi
export EVIDENT_SOURCE=$source UBSAN_OPTIONS=print_stacktrace=1
echo "1..$(($# + 1))"
ls "$source"/proto/{format,bag,wire}/*.c "$build"/proto/wire/*.pb-c.c \
	"$build"/proto/bag/documents.c | xargs -P 2 -n 6 $compiler $flags -c >said 2>&1 &&
	ar rcs proto.a ./*.o
if [ $? -ne 0 ]; then
	echo "not ok 1 - proto/ builds with sanitizers"
	sed 's/^/# /' said
	exit 1
fi
echo "ok 1 - proto/ builds with sanitizers"
printf '%s\n' "$@" | xargs -P 2 -I{} $compiler $flags "$source/tests/unit/test_{}.c" proto.a \
	-o {} -lcmocka -lsodium -lcrypto -ljansson -lprotobuf-c >said 2>&1
sed 's/^/# /' said
count=1
failed=0
for name in "$@"; do
	count=$((count + 1))
	if "./$name" >said 2>&1; then
		echo "ok $count - $name"
	else
		failed=1
		echo "not ok $count - $name"
		grep -v '^ok' said | head -40 | sed 's/^/# /'
	fi
done
exit $failed
