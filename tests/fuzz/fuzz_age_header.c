/*
 * age_header_parse() and age_payload_open() on a stranger's file, and age's key
 * texts. What is taken keeps its bounds and needs nothing behind it; nothing
 * is verified or opened by a key that did not make it.
 */
#include <string.h>

#include "proto/format/age.h"
#include "tests/fuzz/fuzz.h"

static const uint8_t file_key[AGE_FILE_KEY_BYTES] = "not in the files";
static const struct age_identity identity = {.key = {1, 2, 3}};

static void check_header(struct span file, const struct age_header *header)
{
	struct age_header alone;
	uint8_t key[AGE_FILE_KEY_BYTES];
	struct span own = span_of(file.data, header->length);
	size_t i;

	CLAIM(header->length <= file.len && header->length <= AGE_HEADER_MAX);
	CLAIM(header->signed_length < header->length);
	CLAIM(header->stanza_count <= AGE_STANZAS_MAX);
	CLAIM(file.data[header->length - 1] == '\n');
	CLAIM(memcmp(file.data + header->signed_length - 3, "--- ", 4) == 0);
	CLAIM(age_header_parse(own, &alone) == 0);
	CLAIM(memcmp(&alone, header, sizeof alone) == 0);
	own.len--;
	CLAIM(age_header_parse(own, &alone) == FORMAT_E_MALFORMED);
	CLAIM(age_header_verify(file, header, file_key) == FORMAT_E_MISMATCH);
	for (i = 0; i < header->stanza_count && i < 2; i++)
		CLAIM(
		    age_stanza_unwrap(&identity, &header->stanzas[i], key) > 0);
}

static void check_payload(struct span payload)
{
	struct buf out = {0};
	uint64_t size;

	CLAIM(age_payload_open(file_key, payload, &out) == FORMAT_E_MISMATCH);
	CLAIM(out.len == 0);
	if (age_plain_size(payload.len, &size) == 0)
		CLAIM(age_payload_size(size) == payload.len);
	buf_free(&out);
}

/* There is one text for a key: the text that was taken. */
static void check_texts(struct span text)
{
	char again[AGE_IDENTITY_TEXT];
	struct age_recipient recipient;
	struct age_identity secret;

	if (age_recipient_parse(text, &recipient) == 0) {
		age_recipient_format(&recipient, again);
		CLAIM(span_equal(text, span_text(again)));
	}
	if (age_identity_parse(text, &secret) == 0) {
		age_identity_format(&secret, again);
		CLAIM(span_equal(text, span_text(again)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span file = span_of(data, size);
	static struct age_header header;
	int r;

	check_texts(file);
	memset(&header, 0, sizeof header);
	r = age_header_parse(file, &header);
	CLAIM(r == 0 || r == FORMAT_E_MALFORMED || r == FORMAT_E_UNKNOWN);
	if (r == 0) {
		check_header(file, &header);
		check_payload(
		    span_of(data + header.length, size - header.length));
	} else {
		CLAIM(header.length == 0 && header.stanza_count == 0);
		check_payload(file);
	}
	return 0;
}
