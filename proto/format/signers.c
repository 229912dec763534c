/*
 * allowed_signers files (ssh-keygen(1), ALLOWED SIGNERS).
 *
 * Ours have one spelling. Of other people's we take the lines we can judge: an
 * ssh-ed25519 key whose namespaces, if limited, include ours. A line with an
 * option whose meaning we do not enforce (valid-after, valid-before) is refused
 * as a whole rather than taken for more than it says.
 */
#include <string.h>

#include "proto/format/lines.h"
#include "proto/format/sshsig.h"

#define NAMESPACES                                                            \
	SSHSIG_NAMESPACE_ENTRY "," SSHSIG_NAMESPACE_CARD                      \
			       "," SSHSIG_NAMESPACE_BUNDLE

int sshsig_allowed_signer(const struct sign_key *key, struct buf *out)
{
	struct author_id author;
	int r;

	sign_key_author(key, &author);
	r = buf_append_hex(out, author.bytes, sizeof author.bytes);
	if (r == 0)
		r = buf_append_text(out, " namespaces=\"" NAMESPACES "\" ");
	if (r == 0)
		r = sign_key_format(key, out);
	if (r == 0)
		r = buf_append_text(out, "\n");
	return r;
}

/* Words parted by any number of spaces or tabs, as ssh reads them. A double
 * quote makes the rest of the word run to the next one. */
static struct span next_word(struct span *rest)
{
	struct span word;
	bool quoted = false;
	size_t i;

	while (rest->len > 0 && (*rest->data == ' ' || *rest->data == '\t')) {
		rest->data++;
		rest->len--;
	}
	for (i = 0; i < rest->len; i++) {
		if (rest->data[i] == '"')
			quoted = !quoted;
		if (!quoted && (rest->data[i] == ' ' || rest->data[i] == '\t'))
			break;
	}
	word = span_of(rest->data, i);
	rest->data += i;
	rest->len -= i;
	return word;
}

static bool begins(struct span text, const char *prefix)
{
	return text.len >= strlen(prefix) &&
	    memcmp(text.data, prefix, strlen(prefix)) == 0;
}

/* Whether namespaces="a,b" lists ${name_space} by its exact name. */
static bool lists(struct span option, const char *name_space)
{
	const char *head = "namespaces=\"";
	struct span rest = span_of(option.data + strlen(head),
	    option.len - strlen(head) - 1);
	const uint8_t *comma;
	size_t len;

	while (rest.len > 0) {
		comma = memchr(rest.data, ',', rest.len);
		len = comma ? (size_t)(comma - rest.data) : rest.len;
		if (span_equal(
			span_of(rest.data, len), span_text(name_space)))
			return true;
		rest.data += comma ? len + 1 : len;
		rest.len -= comma ? len + 1 : len;
	}
	return false;
}

static bool is_namespaces(struct span word)
{
	return begins(word, "namespaces=\"") &&
	    word.len > strlen("namespaces=\"") &&
	    word.data[word.len - 1] == '"';
}

static int read_line(struct span line, const char *name_space,
    sshsig_signer_cb each, void *context)
{
	struct span principal = next_word(&line), word = next_word(&line);
	struct sign_key key;
	struct buf text = {0};
	bool ours = true;
	int r;

	if (is_namespaces(word)) {
		ours = lists(word, name_space);
		word = next_word(&line);
	} else if (begins(word, "cert-authority")) {
		return 0;
	}
	if (word.len == 0)
		return FORMAT_E_MALFORMED;
	if (!span_equal(word, span_text("ssh-ed25519")))
		return memchr(word.data, '=', word.len) ? FORMAT_E_MALFORMED
							: 0;
	r = buf_append_text(&text, "ssh-ed25519 ");
	if (r == 0)
		r = buf_append_span(&text, next_word(&line));
	if (r == 0)
		r = sign_key_parse(buf_span(&text), &key);
	buf_free(&text);
	if (r != 0)
		return r < 0 ? r : FORMAT_E_MALFORMED;
	return ours ? each(context, &key, principal) : 0;
}

int sshsig_read_signers(struct span text, const char *name_space,
    sshsig_signer_cb each, void *context)
{
	const uint8_t *end;
	struct span line;
	size_t len;
	int r = 0;

	while (r == 0 && text.len > 0) {
		end = memchr(text.data, '\n', text.len);
		len = end ? (size_t)(end - text.data) : text.len;
		line = span_of(text.data, len);
		text.data += end ? len + 1 : len;
		text.len -= end ? len + 1 : len;
		if (line.len > 0 && line.data[line.len - 1] == '\r')
			line.len--;
		if (line.len > 0 && line.data[0] != '#')
			r = read_line(line, name_space, each, context);
	}
	return r;
}
