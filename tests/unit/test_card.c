/*
 * Cards: one spelling, a signature that covers it, keys that are safe; and the
 * number that two people read to each other.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/format/card.h"
#include "proto/format/sshsig.h"

static const uint8_t seed_author[32] = {1}, seed_transport[32] = {2};
static struct card card, found;
static const char *why;
static char *text;           /* what is signed in ${card}, with NUL */
static char author_line[96]; /* its line "author ...", without LF */

static void recipient_of(uint8_t number, struct age_recipient *ret_recipient)
{
	/* Clamping takes the low bits of the first byte. */
	struct age_identity identity = {{0, number}};

	assert_int_equal(age_identity_recipient(&identity, ret_recipient), 0);
}

static void public_of(const uint8_t *seed, struct sign_key *ret_key)
{
	uint8_t secret[64];

	assert_int_equal(
	    crypto_sign_seed_keypair(ret_key->bytes, secret, seed), 0);
}

static int by_text(const void *a, const void *b)
{
	char x[AGE_RECIPIENT_TEXT], y[AGE_RECIPIENT_TEXT];

	age_recipient_format(a, x);
	age_recipient_format(b, y);
	return strcmp(x, y);
}

static void fill(struct card *out)
{
	size_t i;

	memset(out, 0, sizeof *out);
	memcpy(out->name, "field-1", 8);
	out->serial = 3;
	public_of(seed_author, &out->author);
	public_of(seed_transport, &out->transport);
	recipient_of(1, &out->bundle);
	out->reader_count = 2;
	for (i = 0; i < 2; i++)
		recipient_of((uint8_t)(2 + i), &out->readers[i]);
	qsort(out->readers, 2, sizeof *out->readers, by_text);
	out->address_count = 2;
	memcpy(out->addresses[0], "[2001:db8::1]:7443", 19);
	memcpy(out->addresses[1], "hub.example.org:7443", 21);
}

static int make_card(void **state)
{
	struct buf out = {0}, key = {0};

	(void)state;
	if (sodium_init() < 0)
		return -1;
	fill(&card);
	if (card_build(&card, &out) != 0 || buf_append(&out, "", 1) != 0 ||
	    sign_key_format(&card.author, &key) != 0)
		return -1;
	text = (char *)out.data;
	memcpy(author_line, "author ", 7);
	memcpy(author_line + 7, key.data, key.len);
	buf_free(&key);
	return 0;
}

static int free_card(void **state)
{
	(void)state;
	free(text);
	return 0;
}

/* ${body} with its signature by ${seed}. */
static void seal_text(const char *body, const uint8_t *seed, struct buf *out)
{
	uint8_t signature[64];
	struct sign_key key;

	public_of(seed, &key);
	assert_int_equal(sshsig_sign(seed, SSHSIG_NAMESPACE_CARD,
			     span_text(body), signature),
	    0);
	assert_int_equal(buf_append_text(out, body), 0);
	assert_int_equal(
	    sshsig_armour(&key, SSHSIG_NAMESPACE_CARD, signature, out), 0);
}

/* How a correctly signed card of this text parses. */
static int parse_signed(const char *body)
{
	struct buf out = {0};
	int r;

	seal_text(body, seed_author, &out);
	why = NULL;
	r = card_parse(buf_span(&out), &found, &why);
	if (r != 0)
		assert_non_null(why);
	buf_free(&out);
	return r;
}

/* ${text} with the first ${from} replaced. */
static char *changed(const char *from, const char *to)
{
	static char out[4096];
	const char *at = strstr(text, from);

	assert_non_null(at);
	assert_true(strlen(text) + strlen(to) < sizeof out);
	memcpy(out, text, (size_t)(at - text));
	memcpy(out + (at - text), to, strlen(to));
	memcpy(out + (at - text) + strlen(to), at + strlen(from),
	    strlen(at + strlen(from)) + 1);
	return out;
}

static void expect_malformed(const char *from, const char *to)
{
	assert_int_equal(parse_signed(changed(from, to)), FORMAT_E_MALFORMED);
}

static void what_parses_is_what_was_built(void **state)
{
	struct buf again = {0};

	(void)state;
	assert_int_equal(parse_signed(text), 0);
	assert_memory_equal(&found, &card, sizeof card);
	assert_int_equal(card_build(&found, &again), 0);
	assert_true(span_equal(buf_span(&again), span_text(text)));
	buf_free(&again);
}

static void the_text_has_the_lines_of_the_format(void **state)
{
	char bundle[AGE_RECIPIENT_TEXT], first[AGE_RECIPIENT_TEXT],
	    second[AGE_RECIPIENT_TEXT];
	struct buf author = {0}, transport = {0}, want = {0};

	(void)state;
	age_recipient_format(&card.bundle, bundle);
	age_recipient_format(&card.readers[0], first);
	age_recipient_format(&card.readers[1], second);
	assert_int_equal(sign_key_format(&card.author, &author), 0);
	assert_int_equal(sign_key_format(&card.transport, &transport), 0);
	assert_int_equal(
	    buf_printf(&want,
		"evident card v1\nname field-1\nserial 3\n"
		"author %.*s\ntransport %.*s\nbundle %s\nreader %s\n"
		"reader %s\naddress [2001:db8::1]:7443\n"
		"address hub.example.org:7443\n",
		(int)author.len, (char *)author.data, (int)transport.len,
		(char *)transport.data, bundle, first, second),
	    0);
	assert_true(span_equal(buf_span(&want), span_text(text)));
	buf_free(&author);
	buf_free(&transport);
	buf_free(&want);
}

static void a_sealed_card_is_text_and_armour(void **state)
{
	uint8_t signature[64];
	struct buf sealed = {0}, want = {0};

	(void)state;
	assert_int_equal(sshsig_sign(seed_author, SSHSIG_NAMESPACE_CARD,
			     span_text(text), signature),
	    0);
	assert_int_equal(card_seal(&card, signature, &sealed), 0);
	seal_text(text, seed_author, &want);
	assert_true(span_equal(buf_span(&sealed), buf_span(&want)));
	assert_int_equal(card_parse(buf_span(&sealed), &found, NULL), 0);
	buf_free(&sealed);
	buf_free(&want);
}

static void readers_and_addresses_may_be_absent(void **state)
{
	struct buf body = {0};
	struct card bare = card;

	(void)state;
	bare.reader_count = bare.address_count = 0;
	assert_int_equal(card_build(&bare, &body), 0);
	assert_int_equal(buf_append(&body, "", 1), 0);
	assert_int_equal(parse_signed((char *)body.data), 0);
	assert_int_equal(found.reader_count + found.address_count, 0);
	buf_free(&body);
}

static void every_truncation_is_refused(void **state)
{
	struct buf out = {0};
	size_t i;

	(void)state;
	seal_text(text, seed_author, &out);
	for (i = 0; i < out.len; i++)
		assert_int_not_equal(
		    card_parse(span_of(out.data, i), &found, &why), 0);
	assert_int_equal(card_parse(buf_span(&out), &found, &why), 0);
	buf_free(&out);
}

static void every_flipped_byte_is_refused(void **state)
{
	struct buf out = {0};
	size_t i;
	uint8_t bit;

	(void)state;
	seal_text(text, seed_author, &out);
	for (i = 0; i < out.len; i++) {
		bit = (uint8_t)(1 << i % 8);
		out.data[i] ^= bit;
		assert_int_not_equal(
		    card_parse(buf_span(&out), &found, &why), 0);
		out.data[i] ^= bit;
	}
	buf_free(&out);
}

static void a_signature_by_another_key_is_refused(void **state)
{
	struct buf out = {0};

	(void)state;
	seal_text(text, seed_transport, &out);
	assert_int_equal(
	    card_parse(buf_span(&out), &found, &why), FORMAT_E_MISMATCH);
	assert_string_equal(why, "the card is signed by another key");
	buf_free(&out);
}

static void a_signature_of_another_text_is_refused(void **state)
{
	uint8_t signature[64];
	struct card newer = card;
	struct buf out = {0};

	(void)state;
	newer.serial++;
	assert_int_equal(sshsig_sign(seed_author, SSHSIG_NAMESPACE_CARD,
			     span_text(text), signature),
	    0);
	assert_int_equal(card_seal(&newer, signature, &out), 0);
	assert_int_equal(
	    card_parse(buf_span(&out), &found, &why), FORMAT_E_MISMATCH);
	assert_string_equal(why, "the card's signature does not hold");
	buf_free(&out);
}

static void a_card_without_or_with_two_signatures_is_refused(void **state)
{
	struct buf out = {0}, twice = {0};

	(void)state;
	assert_int_equal(
	    card_parse(span_text(text), &found, &why), FORMAT_E_MALFORMED);
	seal_text(text, seed_author, &out);
	assert_int_equal(buf_append_span(&twice, buf_span(&out)), 0);
	assert_int_equal(buf_append(&out, "\n", 1), 0);
	assert_int_equal(
	    card_parse(buf_span(&out), &found, &why), FORMAT_E_MALFORMED);
	assert_int_equal(buf_append(&twice, out.data + strlen(text),
			     out.len - 1 - strlen(text)),
	    0);
	assert_int_equal(
	    card_parse(buf_span(&twice), &found, &why), FORMAT_E_MALFORMED);
	buf_free(&out);
	buf_free(&twice);
}

static void each_line_must_be_there_once_and_in_its_place(void **state)
{
	char line[128];

	(void)state;
	expect_malformed("name field-1\n", "");
	expect_malformed("serial 3\n", "");
	expect_malformed("serial 3\n", "serial 3\nserial 3\n");
	expect_malformed(
	    "name field-1\nserial 3\n", "serial 3\nname field-1\n");
	expect_malformed(author_line, "x");
	expect_malformed("\ntransport ", "\ntransports ");
	expect_malformed("\nbundle ", "\nbundles ");
	expect_malformed("serial 3\n", "serial 3\nphone 1\n");
	expect_malformed("address [", "phone [");
	expect_malformed("7443\n", "7443\n\n");
	expect_malformed("evident card v1\n", "");
	assert_true(strlen(author_line) + 2 < sizeof line);
	memcpy(line, author_line, strlen(author_line));
	memcpy(line + strlen(author_line), " x", 3);
	expect_malformed(author_line, line);
}

static void white_space_is_exact(void **state)
{
	(void)state;
	expect_malformed("serial 3\n", "serial 3 \n");
	expect_malformed("serial 3\n", "serial  3\n");
	expect_malformed("serial 3\n", " serial 3\n");
	expect_malformed("serial 3\n", "serial\t3\n");
	expect_malformed("serial 3\n", "serial 3\r\n");
	expect_malformed("v1\n", "v1\r\n");
	expect_malformed("v1\n", "v1 \n");
	expect_malformed("serial 3\n", "\nserial 3\n");
}

static void a_later_version_is_unknown(void **state)
{
	(void)state;
	assert_int_equal(
	    parse_signed(changed("card v1", "card v2")), FORMAT_E_UNKNOWN);
	expect_malformed("card v1", "card v01");
	expect_malformed("card v1", "entry v1");
}

static void serials_are_numbers_from_1(void **state)
{
	(void)state;
	assert_int_equal(
	    parse_signed(changed("serial 3", "serial 9007199254740991")), 0);
	expect_malformed("serial 3", "serial 0");
	expect_malformed("serial 3", "serial 03");
	expect_malformed("serial 3", "serial 9007199254740992");
	expect_malformed("serial 3", "serial -3");
	expect_malformed("serial 3", "serial");
}

#define N64 "a123456789a123456789a123456789a123456789a123456789a123456789a123"

static void names_are_short_and_plain(void **state)
{
	static const char *const bad[] = {"name ", "name", "name .a", "name -a",
	    "name _a", "name a b", "name a/b", "name a:b", "name " N64 "4",
	    "name \xc3\xa9", "name a\x7f", "name a*"};
	size_t i;

	(void)state;
	assert_int_equal(parse_signed(changed("name field-1", "name " N64)), 0);
	assert_int_equal(
	    parse_signed(changed("name field-1", "name 0._-Z")), 0);
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		expect_malformed("name field-1", bad[i]);
	assert_false(card_name_is_valid(span_of("a\0b", 3)));
	assert_false(card_name_is_valid(span_text("")));
}

static void addresses_name_a_host_and_a_port(void **state)
{
	static const char *const good[] = {"h:1", "hub.example.org:65535",
	    "192.0.2.7:80", "[::1]:80", "[2001:db8::192.0.2.7]:443",
	    "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion:1",
	    "xn--bcher-kva.example:9", "a-b.c--d:7"};
	static const char *const bad[] = {"", ":", ":80", "h", "h:", "h:0",
	    "h:65536", "h:080", "h:+80", "h:80 ", " h:80", "h:80:", "h:8x",
	    "a b:80", "h/:80", "@h:80", "-h:80", "h-:80", "h.-a:80", "h-.a:80",
	    ".h:80", "h.:80", "h..a:80", "a_b:80", "[]:80", "[:]:80",
	    "[g::]:80", "[::1:80", "::1:80", "::1]:80", "[fe80::1%eth0]:80",
	    "[192.0.2.7]:80", "[::1]", "[::1]80", "[1:2:3:4:5:6:7:8:9]:80",
	    "$(id):80", "h\n:80", "\xc3\xa9:80", N64 "x:80"};
	char large[CARD_ADDRESS_MAX + 1];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(card_address_is_valid(span_text(good[i])));
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(card_address_is_valid(span_text(bad[i])));
	for (i = 0; i < sizeof large; i++)
		large[i] = i % 2 ? '.' : 'a';
	memcpy(large + CARD_ADDRESS_MAX - 3, ":80", 3);
	assert_false(card_address_is_valid(span_of(large, CARD_ADDRESS_MAX)));
	assert_true(
	    card_address_is_valid(span_of(large + 2, CARD_ADDRESS_MAX - 2)));
	expect_malformed("hub.example.org:7443", "hub..org:7443");
}

static void unsafe_keys_are_refused(void **state)
{
	static const char small[] =
	    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAAA";
	char line[128], bundle[AGE_RECIPIENT_TEXT];
	struct card bad = card;
	struct buf out = {0};

	(void)state;
	memcpy(line, "author ", 7);
	memcpy(line + 7, small, sizeof small);
	assert_int_equal(
	    parse_signed(changed(author_line, line)), FORMAT_E_MISMATCH);
	memset(bad.bundle.key, 0, sizeof bad.bundle.key);
	assert_int_equal(card_build(&bad, &out), FORMAT_E_MALFORMED);
	age_recipient_format(&card.bundle, bundle);
	age_recipient_format(&bad.bundle, line);
	assert_int_equal(
	    parse_signed(changed(bundle, line)), FORMAT_E_MISMATCH);
	age_recipient_format(&card.readers[1], bundle);
	assert_int_equal(
	    parse_signed(changed(bundle, line)), FORMAT_E_MISMATCH);
	bad = card;
	bad.reader_count = 1;
	memset(bad.readers[0].key, 0, 32);
	assert_int_equal(card_build(&bad, &out), FORMAT_E_MALFORMED);
	bad = card;
	memset(bad.transport.bytes, 0, 32);
	assert_int_equal(card_build(&bad, &out), FORMAT_E_MALFORMED);
	assert_int_equal(out.len, 0);
}

static void author_and_transport_must_differ(void **state)
{
	struct card same = card;
	struct buf out = {0}, transport = {0};

	(void)state;
	same.transport = same.author;
	assert_int_equal(card_build(&same, &out), FORMAT_E_MALFORMED);
	assert_int_equal(sign_key_format(&card.transport, &transport), 0);
	assert_int_equal(buf_append(&transport, "", 1), 0);
	expect_malformed((char *)transport.data, author_line + 7);
	assert_string_equal(why, "author and transport key are the same");
	buf_free(&transport);
}

static void recipients_have_one_spelling(void **state)
{
	char lower[AGE_RECIPIENT_TEXT], upper[AGE_RECIPIENT_TEXT];
	size_t i;

	(void)state;
	age_recipient_format(&card.bundle, lower);
	for (i = 0; i < sizeof lower; i++)
		upper[i] = lower[i] >= 'a' && lower[i] <= 'z'
			       ? (char)(lower[i] - 32)
			       : lower[i];
	expect_malformed(lower, upper);
	lower[10] = lower[10] == 'q' ? 'p' : 'q';
	age_recipient_format(&card.bundle, upper);
	expect_malformed(upper, lower);
}

static void lists_are_ascending_and_bounded(void **state)
{
	struct card bad = card;
	struct buf out = {0};
	char first[AGE_RECIPIENT_TEXT], second[AGE_RECIPIENT_TEXT];

	(void)state;
	bad.readers[0] = card.readers[1];
	bad.readers[1] = card.readers[0];
	assert_int_equal(card_build(&bad, &out), FORMAT_E_MALFORMED);
	bad.readers[0] = bad.readers[1];
	assert_int_equal(card_build(&bad, &out), FORMAT_E_MALFORMED);
	bad = card;
	bad.reader_count = CARD_READERS_MAX + 1;
	assert_int_equal(card_build(&bad, &out), FORMAT_E_MALFORMED);
	bad = card;
	bad.address_count = CARD_ADDRESSES_MAX + 1;
	assert_int_equal(card_build(&bad, &out), FORMAT_E_MALFORMED);
	age_recipient_format(&card.readers[0], first);
	age_recipient_format(&card.readers[1], second);
	expect_malformed(first, second);
	expect_malformed("[2001:db8::1]", "zz.example");
	expect_malformed("[2001:db8::1]", "hub.example.org");
}

static void seventeen_readers_or_nine_addresses_are_refused(void **state)
{
	struct age_recipient readers[CARD_READERS_MAX + 1];
	char line[AGE_RECIPIENT_TEXT];
	struct card bare = card;
	struct buf out = {0};
	size_t i;

	(void)state;
	for (i = 0; i <= CARD_READERS_MAX; i++)
		recipient_of((uint8_t)(10 + i), &readers[i]);
	qsort(readers, CARD_READERS_MAX + 1, sizeof *readers, by_text);
	bare.address_count = 0;
	bare.reader_count = CARD_READERS_MAX;
	memcpy(bare.readers, readers, sizeof bare.readers);
	assert_int_equal(card_build(&bare, &out), 0);
	age_recipient_format(&readers[CARD_READERS_MAX], line);
	assert_int_equal(buf_append(&out, "", 1), 0);
	assert_int_equal(parse_signed((char *)out.data), 0);
	out.len--;
	assert_int_equal(buf_printf(&out, "reader %s\n", line), 0);
	assert_int_equal(buf_append(&out, "", 1), 0);
	assert_int_equal(parse_signed((char *)out.data), FORMAT_E_MALFORMED);
	buf_free(&out);
	bare.reader_count = 0;
	assert_int_equal(card_build(&bare, &out), 0);
	for (i = 0; i <= CARD_ADDRESSES_MAX; i++)
		assert_int_equal(buf_printf(&out, "address h%zu:1\n", i), 0);
	assert_int_equal(buf_append(&out, "", 1), 0);
	assert_int_equal(parse_signed((char *)out.data), FORMAT_E_MALFORMED);
	out.len -= 1 + strlen("address h8:1\n");
	assert_int_equal(buf_append(&out, "", 1), 0);
	assert_int_equal(parse_signed((char *)out.data), 0);
	buf_free(&out);
}

static void a_hundred_readers_overrun_nothing(void **state)
{
	struct age_recipient reader;
	char line[AGE_RECIPIENT_TEXT];
	struct card bare = card;
	struct buf out = {0};
	size_t i;

	(void)state;
	bare.reader_count = bare.address_count = 0;
	assert_int_equal(card_build(&bare, &out), 0);
	for (i = 0; i < 100; i++) {
		recipient_of((uint8_t)(10 + i), &reader);
		age_recipient_format(&reader, line);
		assert_int_equal(buf_printf(&out, "reader %s\n", line), 0);
	}
	assert_true(out.len < CARD_BYTES_MAX);
	assert_int_equal(buf_append(&out, "", 1), 0);
	assert_int_equal(parse_signed((char *)out.data), FORMAT_E_MALFORMED);
	assert_string_equal(why, "a line of the card is malformed");
	buf_free(&out);
}

static void a_card_beyond_the_limit_is_refused_unread(void **state)
{
	uint8_t *bytes = calloc(1, CARD_BYTES_MAX + 1);

	(void)state;
	assert_non_null(bytes);
	assert_int_equal(
	    card_parse(span_of(bytes, CARD_BYTES_MAX + 1), &found, &why),
	    FORMAT_E_MALFORMED);
	assert_string_equal(why, "the card is too long");
	free(bytes);
}

static void only_keys_make_cards_differ(void **state)
{
	struct card other = card;

	(void)state;
	assert_int_equal(card_keys_differ(&card, &other), 0);
	other.serial = 9;
	memcpy(other.name, "other", 6);
	other.address_count = 0;
	assert_int_equal(card_keys_differ(&card, &other), 0);
	other.reader_count = 1;
	assert_int_equal(card_keys_differ(&card, &other), 1);
	other = card;
	recipient_of(77, &other.readers[1]);
	assert_int_equal(card_keys_differ(&card, &other), 1);
	other = card;
	recipient_of(77, &other.bundle);
	assert_int_equal(card_keys_differ(&card, &other), 1);
	other = card;
	other.transport.bytes[0] ^= 1;
	assert_int_equal(card_keys_differ(&card, &other), 1);
	other = card;
	other.author.bytes[0] ^= 1;
	assert_int_equal(card_keys_differ(&card, &other), 1);
}

static void make_peer(struct card *peer)
{
	*peer = card;
	public_of(seed_transport, &peer->author);
	public_of(seed_author, &peer->transport);
	peer->reader_count = 0;
}

/* Made anew from the text of FORMAT.md 9, not from the code. */
static void the_number_is_that_of_the_format(void **state)
{
	char got[CARD_NUMBER_TEXT], want[CARD_NUMBER_TEXT + 1];
	struct buf hashed = {0}, keys[2] = {{0}}, line = {0};
	struct author_id authors[2];
	struct card peer;
	const char *end;
	unsigned long long group;
	uint8_t hash[64];
	size_t i, k, low;

	(void)state;
	make_peer(&peer);
	for (i = 0; i < 2; i++) {
		assert_int_equal(card_build(i ? &peer : &card, &line), 0);
		assert_int_equal(buf_append(&line, "", 1), 0);
		end = strstr((char *)line.data, "address ");
		assert_non_null(end);
		assert_int_equal(buf_append_text(&keys[i],
				     strstr((char *)line.data, "author ")),
		    0);
		keys[i].len -= strlen(end);
		buf_free(&line);
		sign_key_author(i ? &peer.author : &card.author, &authors[i]);
	}
	low = memcmp(authors[0].bytes, authors[1].bytes, 32) < 0 ? 0 : 1;
	assert_int_equal(buf_append_text(&hashed, "evident compare v1\n"), 0);
	assert_int_equal(buf_append_span(&hashed, buf_span(&keys[low])), 0);
	assert_int_equal(buf_append_span(&hashed, buf_span(&keys[!low])), 0);
	crypto_hash_sha512(hash, hashed.data, hashed.len);
	for (i = 0; i < 12; i++) {
		for (group = 0, k = 0; k < 5; k++)
			group = group * 256 + hash[5 * i + k];
		snprintf(want + 6 * i, 7, "%05llu ", group % 100000);
	}
	want[CARD_NUMBER_TEXT - 1] = 0; /* the last space */
	assert_int_equal(card_number(&card, &peer, got), 0);
	assert_string_equal(got, want);
	buf_free(&hashed);
	buf_free(&keys[0]);
	buf_free(&keys[1]);
}

static void both_people_read_the_same_number(void **state)
{
	char one[CARD_NUMBER_TEXT], two[CARD_NUMBER_TEXT];
	struct card peer;

	(void)state;
	make_peer(&peer);
	assert_int_equal(card_number(&card, &peer, one), 0);
	assert_int_equal(card_number(&peer, &card, two), 0);
	assert_string_equal(one, two);
	peer.serial = 8;
	peer.address_count = 0;
	memcpy(peer.name, "x", 2);
	assert_int_equal(card_number(&card, &peer, two), 0);
	assert_string_equal(one, two);
	peer = card;
	recipient_of(77, &peer.bundle);
	assert_int_equal(card_number(&card, &peer, one), 0);
	assert_int_equal(card_number(&peer, &card, two), 0);
	assert_string_equal(one, two);
}

static void any_changed_key_changes_the_number(void **state)
{
	char one[CARD_NUMBER_TEXT], two[CARD_NUMBER_TEXT];
	struct card peer, other;

	(void)state;
	make_peer(&peer);
	assert_int_equal(card_number(&card, &peer, one), 0);
	other = peer;
	other.transport.bytes[5] ^= 1;
	assert_int_equal(card_number(&card, &other, two), 0);
	assert_string_not_equal(one, two);
	other = peer;
	other.author.bytes[5] ^= 1;
	assert_int_equal(card_number(&card, &other, two), 0);
	assert_string_not_equal(one, two);
	other = peer;
	recipient_of(77, &other.bundle);
	assert_int_equal(card_number(&card, &other, two), 0);
	assert_string_not_equal(one, two);
	other = card;
	other.reader_count = 1;
	assert_int_equal(card_number(&other, &peer, two), 0);
	assert_string_not_equal(one, two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_parses_is_what_was_built),
	    cmocka_unit_test(the_text_has_the_lines_of_the_format),
	    cmocka_unit_test(a_sealed_card_is_text_and_armour),
	    cmocka_unit_test(readers_and_addresses_may_be_absent),
	    cmocka_unit_test(every_truncation_is_refused),
	    cmocka_unit_test(every_flipped_byte_is_refused),
	    cmocka_unit_test(a_signature_by_another_key_is_refused),
	    cmocka_unit_test(a_signature_of_another_text_is_refused),
	    cmocka_unit_test(a_card_without_or_with_two_signatures_is_refused),
	    cmocka_unit_test(each_line_must_be_there_once_and_in_its_place),
	    cmocka_unit_test(white_space_is_exact),
	    cmocka_unit_test(a_later_version_is_unknown),
	    cmocka_unit_test(serials_are_numbers_from_1),
	    cmocka_unit_test(names_are_short_and_plain),
	    cmocka_unit_test(addresses_name_a_host_and_a_port),
	    cmocka_unit_test(unsafe_keys_are_refused),
	    cmocka_unit_test(author_and_transport_must_differ),
	    cmocka_unit_test(recipients_have_one_spelling),
	    cmocka_unit_test(lists_are_ascending_and_bounded),
	    cmocka_unit_test(seventeen_readers_or_nine_addresses_are_refused),
	    cmocka_unit_test(a_hundred_readers_overrun_nothing),
	    cmocka_unit_test(a_card_beyond_the_limit_is_refused_unread),
	    cmocka_unit_test(only_keys_make_cards_differ),
	    cmocka_unit_test(the_number_is_that_of_the_format),
	    cmocka_unit_test(both_people_read_the_same_number),
	    cmocka_unit_test(any_changed_key_changes_the_number),
	};

	return cmocka_run_group_tests(tests, make_card, free_card);
}
