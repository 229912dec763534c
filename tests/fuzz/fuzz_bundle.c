/*
 * The lines in front of a bundle: what is taken is written again to the byte,
 * and needs nothing behind it.
 */
#include <string.h>

#include "proto/format/bundle.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bundle_head head, alone;
	struct buf made = {0};
	size_t len = 0, again;
	int r = bundle_parse_head(span_of(data, size), &head, &len);

	CLAIM(r == 0 || r == FORMAT_E_MALFORMED || r == FORMAT_E_UNKNOWN);
	if (r != 0)
		return 0;
	CLAIM(len <= size && len <= BUNDLE_HEAD_MAX);
	CLAIM(head.size <= FORMAT_INTEGER_MAX);
	CLAIM(bundle_build_head(&head, &made) == 0);
	CLAIM(span_equal(buf_span(&made), span_of(data, len)));
	CLAIM(bundle_parse_head(span_of(data, len), &alone, &again) == 0);
	CLAIM(memcmp(&alone, &head, sizeof head) == 0 && again == len);
	CLAIM(bundle_parse_head(span_of(data, len - 1), &alone, &again) != 0);
	buf_free(&made);
	return 0;
}
