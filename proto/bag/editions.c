/*
 * Which texts a bag may carry about itself: this release's, or those of an
 * earlier one.
 *
 * A bag says on its own pages how it is to be checked. A page that says
 * something else is a way to mislead whoever reads it, so unknown ones are
 * refused; but a bag must not become invalid because a later release words its
 * pages better.
 */
#include <string.h>

#include "proto/bag/files.h"

static bool is_edition(
    struct span line, const char *name, const struct digest *found)
{
	size_t len = strlen(name);
	struct digest known;

	return line.len == len + 1 + 64 && memcmp(line.data, name, len) == 0 &&
	       line.data[len] == ' ' &&
	       hex_decode(span_of(line.data + len + 1, 64), known.bytes,
		   sizeof known.bytes) == 0 &&
	       memcmp(known.bytes, found->bytes, sizeof known.bytes) == 0;
}

bool editions_know(
    struct span list, const char *name, const struct digest *found)
{
	const uint8_t *end;
	struct span line;

	while (list.len > 0) {
		end = memchr(list.data, '\n', list.len);
		line = span_of(
		    list.data, end ? (size_t)(end - list.data) : list.len);
		if (is_edition(line, name, found))
			return true;
		list.data += line.len + (end ? 1 : 0);
		list.len -= line.len + (end ? 1 : 0);
	}
	return false;
}
