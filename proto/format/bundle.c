/*
 * A bundle's four lines, and what its signature signs.
 *
 * The signature stands behind frames that may be larger than memory, so it is
 * of their hash: whoever reads a bundle hashes it once and takes nothing in
 * before the end has proved who wrote it.
 */
#include <string.h>

#include "proto/format/bundle.h"
#include "proto/format/lines.h"
#include "proto/format/version.h"

int bundle_build_head(const struct bundle_head *head, struct buf *out)
{
	int r;

	r = buf_append_text(out, "evident bundle v1\nfrom ");
	if (r == 0)
		r = buf_append_hex(out, head->from.bytes, 32);
	if (r == 0)
		r = buf_append_text(out, "\nto ");
	if (r == 0)
		r = buf_append_hex(out, head->to.bytes, 32);
	return r == 0 ? buf_printf(out, "\nframes %llu\n",
			    (unsigned long long)head->size)
		      : r;
}

static int take_id(struct lines *lines, const char *key, struct author_id *ret)
{
	struct span value;
	int r = lines_expect(lines, key, &value);

	return r == 0 ? hex_decode(value, ret->bytes, sizeof ret->bytes) : r;
}

int bundle_parse_head(
    struct span bytes, struct bundle_head *ret_head, size_t *ret_len)
{
	struct bundle_head head = {.size = 0};
	struct lines lines;
	struct span value;
	int r;

	if (bytes.len > BUNDLE_HEAD_MAX)
		bytes.len = BUNDLE_HEAD_MAX;
	lines_begin(&lines, bytes);
	r = version_take(&lines, "evident bundle");
	if (r == 0)
		r = take_id(&lines, "from", &head.from);
	if (r == 0)
		r = take_id(&lines, "to", &head.to);
	if (r == 0)
		r = lines_expect(&lines, "frames", &value);
	if (r == 0)
		r = decimal_decode(value, &head.size);
	if (r != 0)
		return r;
	*ret_head = head;
	*ret_len = bytes.len - lines.rest.len;
	return 0;
}

int bundle_message(const struct digest *digest, struct buf *out)
{
	int r = buf_append_hex(out, digest->bytes, sizeof digest->bytes);

	return r == 0 ? buf_append_text(out, "\n") : r;
}
