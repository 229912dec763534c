/*
 * Cards (FORMAT.md, 9). As with entries, a card has one spelling: what parses
 * is built again and compared.
 */
#include <arpa/inet.h>
#include <sodium.h>
#include <string.h>

#include "proto/format/card.h"
#include "proto/format/hash.h"
#include "proto/format/lines.h"
#include "proto/format/sshsig.h"
#include "proto/format/version.h"

#define FORMAT "evident card"
#define NUMBER_VERSION "evident compare v1\n"
#define GROUPS 12

static bool is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z');
}

bool card_name_is_valid(struct span name)
{
	size_t i;

	if (name.len == 0 || name.len > CARD_NAME_MAX ||
	    !is_alnum(name.data[0]))
		return false;
	for (i = 1; i < name.len; i++)
		if (!is_alnum(name.data[i]) && name.data[i] != '.' &&
		    name.data[i] != '_' && name.data[i] != '-')
			return false;
	return true;
}

/* An IPv6 address as inet_pton(3) takes it; no zone, which means nothing on
 * another machine. */
static bool ipv6_is_valid(struct span text)
{
	char copy[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (text.len == 0 || text.len >= sizeof copy)
		return false;
	memcpy(copy, text.data, text.len);
	copy[text.len] = 0;
	return strlen(copy) == text.len &&
	       inet_pton(AF_INET6, copy, &address) == 1;
}

/* Labels of 1 to 63 letters, digits and hyphens, no hyphen at either end (RFC
 * 1123, 2.1), joined by dots: names, onion names and IPv4 addresses. */
static bool name_is_valid(struct span host)
{
	uint8_t before = '.', c;
	size_t i, label = 0;

	for (i = 0; i < host.len; i++) {
		c = host.data[i];
		if (!is_alnum(c) && c != '-' && c != '.')
			return false;
		if (!is_alnum(c) && before == '.')
			return false;
		if (c == '.' && before == '-')
			return false;
		label = c == '.' ? 0 : label + 1;
		if (label > 63)
			return false;
		before = c;
	}
	return host.len > 0 && is_alnum(before);
}

static bool host_is_valid(struct span host)
{
	if (host.len > 2 && host.data[0] == '[' &&
	    host.data[host.len - 1] == ']')
		return ipv6_is_valid(span_of(host.data + 1, host.len - 2));
	return name_is_valid(host);
}

bool card_address_is_valid(struct span address)
{
	uint64_t port;
	size_t i;

	if (address.len == 0 || address.len >= CARD_ADDRESS_MAX)
		return false;
	for (i = address.len; i > 0 && address.data[i - 1] != ':'; i--)
		;
	if (i == 0 ||
	    decimal_decode(span_of(address.data + i, address.len - i), &port) !=
		0 ||
	    port == 0 || port > 65535)
		return false;
	return host_is_valid(span_of(address.data, i - 1));
}

bool card_address_is_onion(const char *address)
{
	static const char ending[] = ".onion";
	const char *colon = strrchr(address, ':');
	size_t len = colon ? (size_t)(colon - address) : strlen(address);

	return len >= sizeof ending - 1 &&
	       strncasecmp(address + len - (sizeof ending - 1), ending,
		   sizeof ending - 1) == 0;
}

static int put_sign_key(
    struct buf *out, const char *word, const struct sign_key *key)
{
	int r = buf_append_text(out, word);

	if (r == 0)
		r = sign_key_format(key, out);
	return r == 0 ? buf_append_text(out, "\n") : r;
}

static int put_recipient(
    struct buf *out, const char *word, const struct age_recipient *recipient)
{
	char text[AGE_RECIPIENT_TEXT];

	age_recipient_format(recipient, text);
	return buf_printf(out, "%s%s\n", word, text);
}

/* The lines that name keys: what people compare. */
static int put_keys(struct buf *out, const struct card *card)
{
	size_t i;
	int r;

	r = put_sign_key(out, "author ", &card->author);
	if (r == 0)
		r = put_sign_key(out, "transport ", &card->transport);
	if (r == 0)
		r = put_recipient(out, "bundle ", &card->bundle);
	if (r == 0 && card->has_organisation) {
		r = buf_append_text(out, "organisation ");
		if (r == 0)
			r = buf_append_hex(out, card->organisation.bytes, 32);
		if (r == 0)
			r = buf_append_text(out, "\n");
	}
	for (i = 0; r == 0 && i < card->reader_count; i++)
		r = put_recipient(out, "reader ", &card->readers[i]);
	return r;
}

static int compare_recipients(
    const struct age_recipient *a, const struct age_recipient *b)
{
	char x[AGE_RECIPIENT_TEXT], y[AGE_RECIPIENT_TEXT];

	age_recipient_format(a, x);
	age_recipient_format(b, y);
	return strcmp(x, y);
}

static const char *check_lists(const struct card *card)
{
	size_t i;

	for (i = 0; i < card->reader_count; i++) {
		if (age_recipient_check(&card->readers[i]) != 0)
			return "a reader's key is not safe to use";
		if (memcmp(card->readers[i].key, card->bundle.key, 32) == 0)
			return "a reader's key is the bundle key";
		if (i > 0 && compare_recipients(
				 &card->readers[i - 1], &card->readers[i]) >= 0)
			return "the readers are not ascending";
	}
	for (i = 0; i < card->address_count; i++) {
		if (!card_address_is_valid(span_of(card->addresses[i],
			strnlen(card->addresses[i], CARD_ADDRESS_MAX))))
			return "an address is malformed";
		if (i > 0 &&
		    strcmp(card->addresses[i - 1], card->addresses[i]) >= 0)
			return "the addresses are not ascending";
	}
	return NULL;
}

/* The rule a card breaks, or NULL. */
static const char *check(const struct card *card)
{
	if (card->reader_count > CARD_READERS_MAX ||
	    card->address_count > CARD_ADDRESSES_MAX)
		return "a list is too long";
	if (!card_name_is_valid(
		span_of(card->name, strnlen(card->name, sizeof card->name))))
		return "the name is malformed";
	if (card->serial == 0 || card->serial > FORMAT_INTEGER_MAX)
		return "the serial is malformed";
	if (sign_key_check(&card->author) != 0 ||
	    sign_key_check(&card->transport) != 0 ||
	    age_recipient_check(&card->bundle) != 0)
		return "a key is not safe to use";
	if (memcmp(card->author.bytes, card->transport.bytes, 32) == 0)
		return "author and transport key are the same";
	return check_lists(card);
}

int card_build(const struct card *card, struct buf *out)
{
	size_t i, start = out->len;
	int r;

	if (check(card))
		return FORMAT_E_MALFORMED;
	r = buf_printf(out, FORMAT " v1\nname %s\nserial %llu\n", card->name,
	    (unsigned long long)card->serial);
	if (r == 0)
		r = put_keys(out, card);
	for (i = 0; r == 0 && i < card->address_count; i++)
		r = buf_printf(out, "address %s\n", card->addresses[i]);
	if (r != 0)
		out->len = start;
	return r;
}

int card_seal(
    const struct card *card, const uint8_t signature[64], struct buf *out)
{
	size_t start = out->len;
	int r = card_build(card, out);

	if (r == 0)
		r = sshsig_armour(
		    &card->author, SSHSIG_NAMESPACE_CARD, signature, out);
	if (r != 0)
		out->len = start;
	return r;
}

static int take_organisation(struct lines *lines, struct card *card)
{
	struct span value;
	int r;

	if (!lines_peek(lines, "organisation"))
		return 0;
	card->has_organisation = true;
	r = lines_expect(lines, "organisation", &value);
	return r == 0 ? hex_decode(value, card->organisation.bytes, 32) : r;
}

static int take_readers(struct lines *lines, struct card *card)
{
	struct span value;
	int r = 0;

	while (r == 0 && lines_peek(lines, "reader")) {
		if (card->reader_count == CARD_READERS_MAX)
			return FORMAT_E_MALFORMED;
		r = lines_expect(lines, "reader", &value);
		if (r == 0)
			r = age_recipient_parse(
			    value, &card->readers[card->reader_count++]);
	}
	return r;
}

static int take_addresses(struct lines *lines, struct card *card)
{
	struct span value;

	while (lines_peek(lines, "address")) {
		if (card->address_count == CARD_ADDRESSES_MAX ||
		    lines_expect(lines, "address", &value) != 0 ||
		    !card_address_is_valid(value))
			return FORMAT_E_MALFORMED;
		memcpy(card->addresses[card->address_count++], value.data,
		    value.len);
	}
	return 0;
}

static int take_head(struct lines *lines, struct card *card)
{
	struct span value;
	int r = version_take(lines, FORMAT);

	if (r != 0)
		return r;
	if (lines_expect(lines, "name", &value) != 0 ||
	    !card_name_is_valid(value))
		return FORMAT_E_MALFORMED;
	memcpy(card->name, value.data, value.len);
	if (lines_expect(lines, "serial", &value) != 0)
		return FORMAT_E_MALFORMED;
	return decimal_decode(value, &card->serial);
}

static int take_text(struct lines *lines, struct card *card)
{
	struct span value;
	int r;

	r = take_head(lines, card);
	if (r == 0)
		r = lines_expect(lines, "author", &value);
	if (r == 0)
		r = sign_key_parse(value, &card->author);
	if (r == 0)
		r = lines_expect(lines, "transport", &value);
	if (r == 0)
		r = sign_key_parse(value, &card->transport);
	if (r == 0)
		r = lines_expect(lines, "bundle", &value);
	if (r == 0)
		r = age_recipient_parse(value, &card->bundle);
	if (r == 0)
		r = take_organisation(lines, card);
	if (r == 0)
		r = take_readers(lines, card);
	if (r == 0)
		r = take_addresses(lines, card);
	return r;
}

static int wrong(const char **ret_why, const char *why, int result)
{
	if (ret_why)
		*ret_why = why;
	return result;
}

static int check_signature(const struct card *card, struct span text,
    struct span armour, const char **ret_why)
{
	uint8_t signature[SSHSIG_SIGNATURE_BYTES];
	struct sign_key key;
	int r;

	r = sshsig_dearmour(armour, SSHSIG_NAMESPACE_CARD, &key, signature);
	if (r > 0)
		return wrong(ret_why, "the card's signature is malformed", r);
	if (r < 0)
		return r;
	if (memcmp(key.bytes, card->author.bytes, sizeof key.bytes) != 0)
		return wrong(ret_why, "the card is signed by another key",
		    FORMAT_E_MISMATCH);
	r = sshsig_verify(&key, SSHSIG_NAMESPACE_CARD, text, signature);
	return r > 0 ? wrong(ret_why, "the card's signature does not hold", r)
		     : r;
}

static const char *why_not(int r)
{
	if (r == FORMAT_E_UNKNOWN)
		return "the card is of a version this program does not know";
	return r == FORMAT_E_MISMATCH ? "a key is not safe to use"
				      : "a line of the card is malformed";
}

int card_parse(struct span bytes, struct card *ret_card, const char **ret_why)
{
	struct buf again = {0};
	struct lines lines;
	struct card card;
	struct span text;
	const char *why;
	int r;

	memset(&card, 0, sizeof card);
	if (bytes.len > CARD_BYTES_MAX)
		return wrong(
		    ret_why, "the card is too long", FORMAT_E_MALFORMED);
	lines_begin(&lines, bytes);
	r = take_text(&lines, &card);
	if (r != 0)
		return r < 0 ? r : wrong(ret_why, why_not(r), r);
	why = check(&card);
	if (why)
		return wrong(ret_why, why, FORMAT_E_MALFORMED);
	text = span_of(bytes.data, bytes.len - lines.rest.len);
	r = card_build(&card, &again);
	if (r == 0 && !span_equal(buf_span(&again), text))
		r = wrong(ret_why, "the card has another spelling",
		    FORMAT_E_MALFORMED);
	if (r == 0)
		r = check_signature(&card, text, lines.rest, ret_why);
	buf_free(&again);
	if (r == 0)
		*ret_card = card;
	return r;
}

int card_keys_differ(const struct card *a, const struct card *b)
{
	struct buf x = {0}, y = {0};
	int r;

	r = put_keys(&x, a);
	if (r == 0)
		r = put_keys(&y, b);
	if (r == 0)
		r = !span_equal(buf_span(&x), buf_span(&y));
	buf_free(&x);
	buf_free(&y);
	return r;
}

int card_keys_digest(const struct card *card, struct digest *ret_digest)
{
	struct buf keys = {0};
	int r = put_keys(&keys, card);

	if (r == 0)
		r = hash_sha256(buf_span(&keys), ret_digest);
	buf_free(&keys);
	return r;
}

static void put_number(const uint8_t *hash, char out[CARD_NUMBER_TEXT])
{
	uint64_t group;
	size_t i, k;

	for (i = 0; i < GROUPS; i++) {
		for (group = 0, k = 0; k < 5; k++)
			group = group << 8 | hash[5 * i + k];
		group %= 100000;
		for (k = 5; k > 0; k--, group /= 10)
			out[6 * i + k - 1] = (char)('0' + group % 10);
		out[6 * i + 5] = ' ';
	}
	out[CARD_NUMBER_TEXT - 1] = 0;
}

/* Whether a's keys come first: by author id, and by all keys for two cards of
 * one author, so that the order of the arguments never matters. */
static bool goes_first(const struct card *a, struct span a_keys,
    const struct card *b, struct span b_keys)
{
	struct author_id x, y;
	int order;

	sign_key_author(&a->author, &x);
	sign_key_author(&b->author, &y);
	order = memcmp(x.bytes, y.bytes, sizeof x.bytes);
	return order ? order < 0 : span_compare(a_keys, b_keys) < 0;
}

int card_number(const struct card *a, const struct card *b,
    char ret_number[CARD_NUMBER_TEXT])
{
	uint8_t hash[crypto_hash_sha512_BYTES];
	struct buf x = {0}, y = {0}, bytes = {0};
	bool first;
	int r;

	r = put_keys(&x, a);
	if (r == 0)
		r = put_keys(&y, b);
	first = r == 0 && goes_first(a, buf_span(&x), b, buf_span(&y));
	if (r == 0)
		r = buf_append_text(&bytes, NUMBER_VERSION);
	if (r == 0)
		r = buf_append_span(&bytes, buf_span(first ? &x : &y));
	if (r == 0)
		r = buf_append_span(&bytes, buf_span(first ? &y : &x));
	if (r == 0) {
		crypto_hash_sha512(hash, bytes.data, bytes.len);
		put_number(hash, ret_number);
	}
	buf_free(&x);
	buf_free(&y);
	buf_free(&bytes);
	return r;
}
