/*
 * What a field of a known name may hold, and how often it may stand
 * (FORMAT.md, 4.1). Any other name is free.
 *
 * What version 1 once accepts it accepts for ever, so what a later command
 * will have to obey (consent, custody, succession) has its one spelling now.
 */
#include <string.h>

#include "proto/format/content_rules.h"
#include "proto/format/note.h"

/* How often a name stands. */
enum often {
	OFTEN_ANY,
	OFTEN_ONCE_AT_MOST,
	OFTEN_ONCE,
};

static bool is_hash(struct span text)
{
	struct digest digest;

	return hex_decode(text, digest.bytes, sizeof digest.bytes) == 0;
}

static bool is_kind(struct span text)
{
	return content_kind(text) != NULL;
}

static unsigned two_digits(const uint8_t *at)
{
	return (unsigned)(at[0] - '0') * 10 + (unsigned)(at[1] - '0');
}

/* Digits where the shape has 0, else the same. */
static bool has_shape(struct span text, const char *shape)
{
	size_t i;

	if (text.len != strlen(shape))
		return false;
	for (i = 0; i < text.len; i++)
		if (shape[i] == '0' ? text.data[i] < '0' || text.data[i] > '9'
				    : text.data[i] != (uint8_t)shape[i])
			return false;
	return true;
}

/* YYYY-MM-DD at the beginning: a date that exists. */
static bool date_exists(const uint8_t *text)
{
	static const unsigned char days[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	unsigned year = two_digits(text) * 100 + two_digits(text + 2);
	unsigned month = two_digits(text + 5), day = two_digits(text + 8);
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	if (month < 1 || month > 12 || day < 1)
		return false;
	return day <= (unsigned)days[month - 1] + (month == 2 && leap);
}

/* YYYY-MM-DDThh:mm:ssZ (RFC 3339; no leap seconds). */
static bool is_time(struct span text)
{
	return has_shape(text, "0000-00-00T00:00:00Z") &&
	       date_exists(text.data) && two_digits(text.data + 11) < 24 &&
	       two_digits(text.data + 14) < 60 &&
	       two_digits(text.data + 17) < 60;
}

static bool is_after(struct span text)
{
	return span_equal(text, span_text("none")) || is_hash(text);
}

static bool is_origin(struct span text)
{
	char origin[NOTE_ORIGIN_MAX] = {0};
	struct author_id author;
	struct log_id log;

	if (text.len >= sizeof origin)
		return false;
	memcpy(origin, text.data, text.len);
	return strlen(origin) == text.len &&
	       note_parse_origin(origin, &author, &log) == 0;
}

/* Two hashes and one SP. */
static bool is_record(struct span text)
{
	return text.len == 129 && text.data[64] == ' ' &&
	       is_hash(span_of(text.data, 64)) &&
	       is_hash(span_of(text.data + 65, 64));
}

/* A hash, SP, a number, SP, a hash. */
static bool is_previous(struct span text)
{
	uint64_t size;

	return text.len >= 131 && text.data[64] == ' ' &&
	       text.data[text.len - 65] == ' ' &&
	       is_hash(span_of(text.data, 64)) &&
	       is_hash(span_of(text.data + text.len - 64, 64)) &&
	       decimal_decode(span_of(text.data + 65, text.len - 130), &size) ==
		   0;
}

static bool is_expiry(struct span text)
{
	return span_equal(text, span_text("never")) ||
	       (has_shape(text, "0000-00-00") && date_exists(text.data));
}

static bool is_yes_or_no(struct span text)
{
	return span_equal(text, span_text("yes")) ||
	       span_equal(text, span_text("no"));
}

static bool is_word(struct span text)
{
	return content_check_name(text) == 0;
}

/* The shape of a language tag (BCP 47). */
static bool is_language(struct span text)
{
	size_t i;
	uint8_t c;

	for (i = 0; i < text.len; i++) {
		c = text.data[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && c != '-')
			return false;
	}
	return text.len >= 2 && text.len <= 35 && text.data[0] != '-' &&
	       text.data[text.len - 1] != '-';
}

static bool is_something(struct span text)
{
	return text.len > 0;
}

static const struct rule {
	const char *name;
	enum often often;
	bool (*is_valid)(struct span text);
	const char *why;
} rules[CONTENT_RULES] = {
    [CONTENT_KIND] = {"kind", OFTEN_ONCE, is_kind, "the kind is not known"},
    [CONTENT_TIME] = {"time", OFTEN_ONCE, is_time, "the time is malformed"},
    [CONTENT_AFTER] = {"after", OFTEN_ONCE, is_after,
	"the line named after is malformed"},
    [CONTENT_ORIGIN] = {"origin", OFTEN_ONCE, is_origin,
	"the line named origin is malformed"},
    [CONTENT_SUBJECT] = {"subject", OFTEN_ANY, is_hash,
	"a subject is no entry id"},
    [CONTENT_RECORD] = {"record", OFTEN_ANY, is_record,
	"a line named record is malformed"},
    {"previous", OFTEN_ONCE_AT_MOST, is_previous,
	"the line named previous is malformed"},
    {"consent.share", OFTEN_ANY, is_hash, "consent.share is no author id"},
    {"consent.purposes", OFTEN_ANY, is_word,
	"a purpose is words of a-z 0-9 - joined by dots"},
    {"consent.expires", OFTEN_ONCE_AT_MOST, is_expiry,
	"consent.expires is never, or a date as 2031-12-31"},
    {"consent.name-disclosed", OFTEN_ONCE_AT_MOST, is_yes_or_no,
	"consent.name-disclosed is yes or no"},
    {"consent.medium", OFTEN_ONCE_AT_MOST, is_word,
	"consent.medium is words of a-z 0-9 - joined by dots"},
    {"consent.language", OFTEN_ONCE_AT_MOST, is_language,
	"consent.language is a language tag, as es or ar-SY"},
    {"consent.explained-by", OFTEN_ONCE_AT_MOST, is_something,
	"consent.explained-by is empty"},
};

static const struct rule *find(const char *name)
{
	size_t i;

	for (i = 0; i < CONTENT_RULES; i++)
		if (strcmp(rules[i].name, name) == 0)
			return &rules[i];
	return NULL;
}

int content_check_known(
    const char *name, const json_t *value, const char **ret_why)
{
	const struct rule *rule = find(name);

	if (!rule)
		return 0;
	if (json_is_string(value) &&
	    rule->is_valid(
		span_of(json_string_value(value), json_string_length(value))))
		return 0;
	if (ret_why)
		*ret_why = rule->why;
	return FORMAT_E_MALFORMED;
}

bool content_may_stand_again(const size_t *found, const char *name)
{
	const struct rule *rule = find(name);

	return !rule || rule->often == OFTEN_ANY || found[rule - rules] == 0;
}

void content_count(size_t *found, const char *name)
{
	const struct rule *rule = find(name);

	if (rule)
		found[rule - rules]++;
}

/* Kinds, and how many subjects each speaks of. */
static const struct content_kind kinds[] = {
    {"testimony", 0, CONTENT_NAMED_MAX},
    {"note", 0, CONTENT_NAMED_MAX},
    {"revision", 1, 1},
    {"derivative", 1, 1},
    {"opened", 1, CONTENT_NAMED_MAX},
    {"exported", 1, CONTENT_NAMED_MAX},
    {"disclosed", 1, CONTENT_NAMED_MAX},
    {"shared", 1, CONTENT_NAMED_MAX},
    {"erased", 1, CONTENT_NAMED_MAX},
    {"received", 0, 0},
    {"withdrawal", 0, 0},
    {"key", 0, 0},
};

const struct content_kind *content_kind(struct span name)
{
	size_t i;

	for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (span_equal(name, span_text(kinds[i].name)))
			return &kinds[i];
	return NULL;
}

int content_check_counts(
    const size_t *found, const struct content_kind *kind, const char **ret_why)
{
	const char *why = NULL;
	size_t i;

	for (i = 0; i < CONTENT_RULES; i++)
		if ((rules[i].often == OFTEN_ONCE && found[i] != 1) ||
		    (rules[i].often == OFTEN_ONCE_AT_MOST && found[i] > 1))
			why = "kind, time, after and origin must each be there "
			      "once, and of consent each line at most once";
	if (!why && kind &&
	    (found[CONTENT_SUBJECT] < kind->subjects_min ||
		found[CONTENT_SUBJECT] > kind->subjects_max))
		why = "a record of this kind has more or fewer subjects";
	if (!why && kind &&
	    (strcmp(kind->name, "received") == 0) !=
		(found[CONTENT_RECORD] > 0))
		why = "lines named record belong to receipts";
	if (!why)
		return 0;
	if (ret_why)
		*ret_why = why;
	return FORMAT_E_MALFORMED;
}
