/*
 * entry_parse(): what it takes, entry_build() writes again to the byte.
 */
#include "proto/format/entry.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct entry entry;
	struct span bytes = span_of(data, size);
	const char *why = NULL;
	struct buf again = {0};

	if (entry_parse(bytes, &entry, &why) != 0) {
		CLAIM(why);
		return 0;
	}
	CLAIM(entry_build(&entry, &again) == 0);
	CLAIM(span_equal(bytes, buf_span(&again)));
	buf_free(&again);
	return 0;
}
