/*
 * Contents: what is sealed, one RFC 9901 disclosure a line (FORMAT.md,
 * Content).
 */
#ifndef EVIDENT_FORMAT_CONTENT_H
#define EVIDENT_FORMAT_CONTENT_H

#include "proto/format/entry.h"

#define CONTENT_LINES_MAX 2048    /* decoys included */
#define CONTENT_NAMED_MAX 1024    /* lines that are no decoys */
#define CONTENT_NAME_MAX 64       /* digits of a field's name */
#define CONTENT_BYTES_MAX 1048576 /* of the padded content */
#define CONTENT_BYTES_MIN 4096

/* A line as parsed. All spans point into the content. */
struct content_line {
	struct span encoded;  /* the base64url string */
	struct digest digest; /* SHA-256 of ${encoded} */
	bool decoy;
	char name[CONTENT_NAME_MAX + 1]; /* empty for a decoy */
	struct span value; /* the JSON text of the value, inside ${json} */
	struct buf json;   /* the decoded disclosure, owned */
};

struct content {
	size_t count;
	struct content_line *lines; /* owned */
};

/* The value of a line named "attachment". */
struct content_attachment {
	char file[256]; /* the name it had, UTF-8, no '/' and no control */
	char type[128]; /* media type */
	uint64_t size;  /* of the plaintext in bytes */
	struct digest sha256; /* of the plaintext */
	struct digest sealed; /* of its payload: names the entry's line */
};

/* A content under construction. */
struct content_builder;

int content_builder_new(struct content_builder **ret_builder);
void content_builder_free(struct content_builder *builder);
void content_builder_freep(struct content_builder **builder);
/* Add a field. ${json} is the value as JSON text (RFC 8259) in any spelling:
 * checked (UTF-8, no NUL, no duplicate keys, no fraction, at most 8 arrays and
 * objects inside one another, and texts as in content_add_text()).
 * FORMAT_E_MALFORMED for a bad name ([a-z0-9-] words joined by '.', at most
 * CONTENT_NAME_MAX) or value, or for one more of a name that stands once;
 * -EMSGSIZE past the limits. The builder is then as before. ${ret_why} as in
 * entry_parse(). */
int content_add(struct content_builder *builder, const char *name,
    struct span json, const char **ret_why);
/* The same for a value that is text; the text must be UTF-8 without NUL and
 * without control characters but TAB, LF and CR LF. */
int content_add_text(struct content_builder *builder, const char *name,
    struct span text, const char **ret_why);
int content_add_attachment(struct content_builder *builder,
    const struct content_attachment *attachment, const char **ret_why);
/* The name of the field that was added as number ${number}, from 0; or NULL. */
const char *content_builder_name(
    const struct content_builder *builder, size_t number);
/* Add decoys and padding; append the content to ${out} and answer the
 * commitment of its lines. FORMAT_E_MALFORMED while a line that must be
 * there is missing; -EMSGSIZE past the limits. Afterwards only free the
 * builder. */
int content_finish(struct content_builder *builder, struct buf *out,
    struct digest *ret_fields);

/* Parse a whole content, padding included. FORMAT_E_MALFORMED, or
 * FORMAT_E_UNKNOWN for a content of a later version. */
int content_parse(
    struct span bytes, struct content *ret_content, const char **ret_why);
void content_free(struct content *content); /* wipes; NULL is fine */
/* Append the sorted digest list (one base64url digest and LF each); its
 * SHA-256 is the entry's fields line. */
int content_digest_list(const struct content *content, struct buf *out);
int content_commitment(
    const struct content *content, struct digest *ret_fields);
/* Check and read a digest list of somebody else: strictly ascending, as many
 * lines as a content can have (a power of two from 16), and its SHA-256. Each
 * digest is appended, 32 bytes, to ${out}. */
int content_parse_digest_list(
    struct span text, struct buf *out, struct digest *ret_fields);
/* Whether ${content} is that of ${entry}: the commitment, the author and log,
 * the kind, each attachment once. FORMAT_E_MISMATCH, with ${ret_why}. */
int content_check_entry(const struct content *content,
    const struct entry *entry, const char **ret_why);
/* The same of a part of the lines, which must hold `origin`, `kind` and, of
 * kinds that speak of another entry, `subject`. */
int content_check_shown(const struct content_line *lines, size_t count,
    const struct entry *entry, const char **ret_why);
/* Whether the padded, sealed file has the size that the entry says. */
bool content_attachment_fits(const struct content_attachment *attachment,
    const struct entry_object *object);
/* Parse one disclosure line (without LF). */
int content_parse_line(
    struct span encoded, struct content_line *ret_line, const char **ret_why);
void content_line_free(struct content_line *line);
/* The text of a JSON string value; FORMAT_E_MALFORMED for another type. */
int content_value_text(struct span value, struct buf *out);
/* The value of a line named "attachment", exactly its five keys. */
int content_value_attachment(
    struct span value, struct content_attachment *ret_attachment);

#endif
