/*
 * allowed_signers files (ssh-keygen(1), ALLOWED SIGNERS; OpenSSH sshsig.c).
 *
 * Ours have one spelling. Other people's are read as ssh-keygen reads them, so
 * that both verifiers of a bag trust the same keys: a principal, options, a
 * key. Keys of other types, certificate authorities and namespaces that are not
 * ours are passed over. A line that would count but is limited in time is
 * refused: who signed when is a matter of cosignatures and timestamps, and to
 * take the key for ever, or silently never, would both be wrong.
 */
#include <string.h>
#include <strings.h>

#include "proto/format/lines.h"
#include "proto/format/sshsig.h"

#define NAMESPACES \
	SSHSIG_NAMESPACE_ENTRY \
	"," SSHSIG_NAMESPACE_CARD "," SSHSIG_NAMESPACE_ENROLMENT \
	"," SSHSIG_NAMESPACE_BUNDLE

/* What stands between the principal and the key. */
struct options {
	bool limited; /* by ${namespaces} */
	struct span namespaces;
	bool authority;
	bool after, before;
};

int sshsig_allowed_signer(const struct sign_key *key, struct buf *out)
{
	struct author_id author;
	size_t start = out->len;
	int r;

	sign_key_author(key, &author);
	r = buf_append_hex(out, author.bytes, sizeof author.bytes);
	if (r == 0)
		r = buf_append_text(out, " namespaces=\"" NAMESPACES "\" ");
	if (r == 0)
		r = sign_key_format(key, out);
	if (r == 0)
		r = buf_append_text(out, "\n");
	if (r != 0)
		out->len = start;
	return r;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip(struct span *rest, size_t count)
{
	rest->data += count;
	rest->len -= count;
}

/* Words parted by any number of blanks. A double quote makes blanks part of
 * the word up to the next one. */
static struct span next_word(struct span *rest)
{
	struct span word;
	bool quoted = false;
	size_t i;

	while (rest->len > 0 && is_blank(*rest->data))
		skip(rest, 1);
	for (i = 0; i < rest->len; i++) {
		if (rest->data[i] == '"')
			quoted = !quoted;
		if (!quoted && is_blank(rest->data[i]))
			break;
	}
	word = span_of(rest->data, i);
	skip(rest, i);
	return word;
}

static bool begins(struct span text, const char *prefix)
{
	return text.len >= strlen(prefix) &&
	       memcmp(text.data, prefix, strlen(prefix)) == 0;
}

static bool is_named(struct span text, const char *name)
{
	return text.len == strlen(name) &&
	       strncasecmp((const char *)text.data, name, text.len) == 0;
}

/* ssh's patterns: '*' is any text and '?' any one character. */
static bool matches(struct span pattern, struct span text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, resume = 0;

	while (t < text.len) {
		if (p < pattern.len && pattern.data[p] == '*') {
			star = p++;
			resume = t;
		} else if (p < pattern.len &&
			   (pattern.data[p] == '?' ||
			       pattern.data[p] == text.data[t])) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++resume;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.data[p] == '*')
		p++;
	return p == pattern.len;
}

/* A list of patterns; one with '!' that matches rules the text out. */
static bool list_allows(struct span list, struct span text)
{
	struct span pattern;
	const uint8_t *comma;
	bool found = false, negated;

	while (list.len > 0) {
		comma = memchr(list.data, ',', list.len);
		pattern = span_of(
		    list.data, comma ? (size_t)(comma - list.data) : list.len);
		skip(&list, pattern.len + (comma ? 1 : 0));
		negated = begins(pattern, "!");
		if (negated)
			skip(&pattern, 1);
		if (!matches(pattern, text))
			continue;
		if (negated)
			return false;
		found = true;
	}
	return found;
}

/* Cut ="text" off ${rest}; escapes are not taken, as no namespace needs one. */
static int take_value(struct span *rest, struct span *ret_value)
{
	const uint8_t *end;

	if (!begins(*rest, "=\""))
		return FORMAT_E_MALFORMED;
	skip(rest, 2);
	end = memchr(rest->data, '"', rest->len);
	if (!end)
		return FORMAT_E_MALFORMED;
	*ret_value = span_of(rest->data, (size_t)(end - rest->data));
	skip(rest, ret_value->len + 1);
	return memchr(ret_value->data, '\\', ret_value->len)
		   ? FORMAT_E_MALFORMED
		   : 0;
}

static struct span option_name(struct span word)
{
	size_t i = 0;

	while (i < word.len && word.data[i] != '=' && word.data[i] != ',')
		i++;
	return span_of(word.data, i);
}

static int take_option(struct span *word, struct options *options)
{
	struct span name = option_name(*word), value;
	bool *once = NULL;

	skip(word, name.len);
	if (is_named(name, "cert-authority")) {
		options->authority = true;
		return 0;
	}
	if (is_named(name, "namespaces"))
		once = &options->limited;
	else if (is_named(name, "valid-after"))
		once = &options->after;
	else if (is_named(name, "valid-before"))
		once = &options->before;
	if (!once || *once || take_value(word, &value) != 0)
		return FORMAT_E_MALFORMED;
	*once = true;
	if (once == &options->limited)
		options->namespaces = value;
	return 0;
}

static int take_options(struct span word, struct options *options)
{
	int r;

	for (;;) {
		r = take_option(&word, options);
		if (r != 0 || word.len == 0)
			return r;
		if (*word.data != ',')
			return FORMAT_E_MALFORMED;
		skip(&word, 1);
	}
}

bool sshsig_speaks_for(const struct sign_key *key, struct span principals,
    struct author_id *ret_id)
{
	const uint8_t *comma;
	struct span one;
	bool named = false;
	char hex[65];

	sign_key_author(key, ret_id);
	hex_encode(ret_id->bytes, sizeof ret_id->bytes, hex);
	do {
		comma = memchr(principals.data, ',', principals.len);
		one = span_of(principals.data,
		    comma ? (size_t)(comma - principals.data) : principals.len);
		skip(&principals, one.len + (comma ? 1 : 0));
		/* Whom ssh-keygen would leave out is not to be let in. */
		if (begins(one, "!"))
			return false;
		named = named || span_equal(one, span_text(hex));
	} while (comma);
	return named;
}

static bool is_key_type(struct span word)
{
	return begins(word, "ssh-") || begins(word, "ecdsa-sha2-") ||
	       begins(word, "sk-");
}

static int read_key(struct span encoded, struct sign_key *ret_key)
{
	struct buf text = {0};
	int r;

	r = buf_append_text(&text, "ssh-ed25519 ");
	if (r == 0)
		r = buf_append_span(&text, encoded);
	if (r == 0)
		r = sign_key_parse(buf_span(&text), ret_key);
	buf_free(&text);
	return r > 0 ? FORMAT_E_MALFORMED : r;
}

static int read_line(struct span line, const char *name_space,
    sshsig_signer_cb each, void *context)
{
	struct span principal = next_word(&line), word = next_word(&line);
	struct span encoded;
	struct options options = {0};
	struct sign_key key;
	int r = 0;

	if (!is_key_type(word)) {
		r = take_options(word, &options);
		word = next_word(&line);
	}
	encoded = next_word(&line);
	if (r != 0 || !is_key_type(word) || encoded.len == 0)
		return FORMAT_E_MALFORMED;
	if (!span_equal(word, span_text("ssh-ed25519")))
		return 0;
	r = read_key(encoded, &key);
	if (r != 0 || options.authority ||
	    (options.limited &&
		!list_allows(options.namespaces, span_text(name_space))))
		return r;
	if (options.after || options.before)
		return FORMAT_E_MALFORMED;
	return each(context, &key, principal);
}

int sshsig_read_signers(struct span text, const char *name_space,
    sshsig_signer_cb each, void *context)
{
	const uint8_t *end;
	struct span line;
	int r = 0;

	while (r == 0 && text.len > 0) {
		end = memchr(text.data, '\n', text.len);
		line = span_of(
		    text.data, end ? (size_t)(end - text.data) : text.len);
		skip(&text, line.len + (end ? 1 : 0));
		while (line.len > 0 && is_blank(*line.data))
			skip(&line, 1);
		if (line.len > 0 && *line.data != '#')
			r = read_line(line, name_space, each, context);
	}
	return r;
}
