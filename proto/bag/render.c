/*
 * Texts of a bag that follow from others.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bag/files.h"
#include "proto/format/text.h"

static const struct {
	const char *type, *ending;
} endings[] = {
    {"image/jpeg", "jpg"},
    {"image/png", "png"},
    {"image/webp", "webp"},
    {"image/heic", "heic"},
    {"image/gif", "gif"},
    {"image/tiff", "tif"},
    {"audio/wav", "wav"},
    {"audio/mpeg", "mp3"},
    {"audio/ogg", "ogg"},
    {"audio/mp4", "m4a"},
    {"audio/flac", "flac"},
    {"audio/aac", "aac"},
    {"video/mp4", "mp4"},
    {"video/quicktime", "mov"},
    {"video/webm", "webm"},
    {"video/x-matroska", "mkv"},
    {"video/x-msvideo", "avi"},
    {"video/3gpp", "3gp"},
    {"application/pdf", "pdf"},
    {"text/plain", "txt"},
    {"text/csv", "csv"},
    {"application/json", "json"},
    {"application/zip", "zip"},
};

const char *bag_ending(const char *type)
{
	size_t i;

	for (i = 0; i < sizeof endings / sizeof *endings; i++)
		if (strcmp(endings[i].type, type) == 0)
			return endings[i].ending;
	return "bin";
}

void render_attachment(
    const struct content_attachment *attachment, char ret_name[32])
{
	const char *ending = bag_ending(attachment->type);

	hex_encode(attachment->sealed.bytes, 8, ret_name);
	ret_name[16] = '.';
	memcpy(ret_name + 17, ending, strlen(ending) + 1);
}

static int put_attachment(struct span value, struct buf *out)
{
	struct content_attachment attachment;
	int r;

	r = content_value_attachment(value, &attachment);
	if (r != 0)
		return r < 0 ? r : FORMAT_E_MALFORMED;
	r = text_escape(span_text(attachment.file), NULL, out);
	if (r == 0)
		r = buf_append_text(out, " (");
	if (r == 0)
		r = text_escape(span_text(attachment.type), NULL, out);
	return r == 0 ? buf_printf(out, ", %llu bytes)",
			    (unsigned long long)attachment.size)
		      : r;
}

static int put_value(const struct content_line *line, struct buf *out)
{
	struct buf text = {0};
	int r;

	if (strcmp(line->name, "attachment") == 0)
		return put_attachment(line->value, out);
	r = content_value_text(line->value, &text);
	if (r == 0)
		r = text_escape(buf_span(&text), "  ", out);
	else if (r > 0) /* a value of another type than text */
		r = text_escape(line->value, NULL, out);
	buf_free(&text);
	return r;
}

int render_readable(
    const struct content_line *lines, size_t count, struct buf *out)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < count; i++) {
		if (lines[i].decoy)
			continue;
		r = buf_printf(out, "%s: ", lines[i].name);
		if (r == 0)
			r = put_value(&lines[i], out);
		if (r == 0)
			r = buf_append_text(out, "\n");
	}
	return r;
}

struct signer {
	struct author_id id;
	struct sign_key key;
};

static int by_id(const void *a, const void *b)
{
	const struct signer *x = a, *y = b;

	return memcmp(x->id.bytes, y->id.bytes, sizeof x->id.bytes);
}

int render_signers(const struct sign_key *keys, size_t count, struct buf *out)
{
	struct signer *signers = calloc(count + 1, sizeof *signers);
	size_t i;
	int r = signers ? 0 : -ENOMEM;

	for (i = 0; signers && i < count; i++) {
		signers[i].key = keys[i];
		sign_key_author(&keys[i], &signers[i].id);
	}
	if (signers)
		qsort(signers, count, sizeof *signers, by_id);
	for (i = 0; r == 0 && i < count; i++)
		if (i == 0 || by_id(&signers[i - 1], &signers[i]) != 0)
			r = sshsig_allowed_signer(&signers[i].key, out);
	free(signers);
	return r;
}
