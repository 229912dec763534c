/*
 * First lines (FORMAT.md, 1). A later version is told from rubbish, because
 * the one asks for a newer program and the other for no trust at all.
 */
#include <string.h>

#include "proto/format/ids.h"
#include "proto/format/version.h"

int version_take(struct lines *lines, const char *name)
{
	struct lines next = *lines;
	struct span line, number;
	size_t head = strlen(name) + 2;
	uint64_t version;

	if (lines_next_raw(&next, &line) != 0 || line.len <= head ||
	    memcmp(line.data, name, head - 2) != 0 ||
	    memcmp(line.data + head - 2, " v", 2) != 0)
		return FORMAT_E_MALFORMED;
	number = span_of(line.data + head, line.len - head);
	if (decimal_decode(number, &version) != 0 || version == 0)
		return FORMAT_E_MALFORMED;
	if (version != 1)
		return FORMAT_E_UNKNOWN;
	*lines = next;
	return 0;
}
