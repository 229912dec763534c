/*
 * A verdict as one page to print: no script, no link, nothing from elsewhere,
 * and a policy in it that forbids a browser to fetch or run anything. What
 * witnesses said is written through put_text() alone.
 */
#include <errno.h>
#include <string.h>

#include "client/verdict.h"

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
    "'none'; style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<title>Verification of a bag of signed testimony</title>\n<style>\n"
    "body{font:16px/1.45 Georgia,serif;max-width:60em;margin:2em auto;"
    "padding:0 1em;color:#1e1e1e;background:#fff}\n"
    "h1{font-size:1.5em}h2{font-size:1.2em;margin-top:1.6em}"
    "h3{font-size:1em;margin:1.4em 0 .3em}\n"
    ".verdict{border:3px solid;padding:.8em 1em;font-weight:bold}\n"
    ".holds{border-color:#26a269}.self{border-color:#c64600}"
    ".fails{border-color:#a51d2d}\n"
    "code,pre{font:13px/1.4 monospace;overflow-wrap:anywhere}\n"
    "pre{white-space:pre-wrap;border-left:3px solid #9a9996;"
    "padding-left:.8em}\n"
    "table{border-collapse:collapse;width:100%}"
    "td,th{text-align:left;vertical-align:top;padding:.25em .6em .25em 0;"
    "border-bottom:1px solid #deddda}\n"
    "svg{max-width:100%;height:auto}\n"
    "@media print{body{margin:0;max-width:none}h2,h3{break-after:avoid}"
    "tr,svg{break-inside:avoid}}\n"
    "</style>\n</head>\n<body>\n"
    "<h1>Verification of a bag of signed testimony</h1>\n";

static void put_text(struct span text, FILE *file)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		switch (text.data[i]) {
		case '<':
			fputs("&lt;", file);
			break;
		case '>':
			fputs("&gt;", file);
			break;
		case '&':
			fputs("&amp;", file);
			break;
		case '"':
			fputs("&quot;", file);
			break;
		case '\'':
			fputs("&#39;", file);
			break;
		default:
			fputc(text.data[i], file);
		}
	}
}

static void put(const json_t *json, const char *key, FILE *file)
{
	put_text(span_text(verdict_field(json, key)), file);
}

static void put_code(const json_t *json, const char *key, FILE *file)
{
	fputs("<code>", file);
	put(json, key, file);
	fputs("</code>", file);
}

static void put_verdict(const json_t *json, FILE *file)
{
	if (!verdict_says(json, "holds")) {
		fputs("<p class=\"verdict fails\">This bag does NOT hold: ",
		    file);
		put(json, "reason", file);
		if (*verdict_field(json, "file")) {
			fputs(" (", file);
			put_code(json, "file", file);
			fputs(")", file);
		}
		fputs(".<br>Do not rely on it; ask for it again from whoever "
		      "exported it.</p>\n",
		    file);
	} else if (verdict_says(json, "self_vouched")) {
		fputs("<p class=\"verdict self\">This bag holds, and vouches "
		      "for itself only: whose keys these are is said by the "
		      "bag alone. Ask for the signers&#39; keys from outside "
		      "and check again.</p>\n",
		    file);
	} else {
		fputs("<p class=\"verdict holds\">This bag holds, and every "
		      "author&#39;s key is among those that were given from "
		      "outside.</p>\n",
		    file);
	}
}

static void put_unchanged(const json_t *json, FILE *file)
{
	fprintf(file,
	    "<h2>1. Unchanged</h2>\n<p>Every file is as it was when the bag "
	    "was made, and none was added: each was checked against a "
	    "signature, or made anew and compared. Entries: %lld; attachments "
	    "shown: %lld.</p>\n",
	    verdict_number(json, "records"),
	    verdict_number(json, "attachments"));
}

static const char *whence(const json_t *json)
{
	return verdict_says(json, "anchored") ? "given from outside"
					      : "known from this bag alone";
}

static void put_signed(const json_t *json, FILE *file)
{
	const json_t *author;
	size_t i;

	fputs("<h2>2. Signed</h2>\n<table>\n<tr><th>author</th><th>entries"
	      "</th><th>the key is</th></tr>\n",
	    file);
	json_array_foreach(json_object_get(json, "signed_by"), i, author)
	{
		fputs("<tr><td>", file);
		put_code(author, "author", file);
		fprintf(file, "</td><td>%lld</td><td>%s</td></tr>\n",
		    verdict_number(author, "entries"), whence(author));
	}
	fputs("</table>\n", file);
}

static void put_missing(
    const json_t *json, const char *key, const char *what, FILE *file)
{
	const json_t *id;
	size_t i;

	json_array_foreach(json_object_get(json, key), i, id)
	{
		fprintf(file, "<p>%s: <code>", what);
		put_text(span_text(json_string_value(id)), file);
		fputs("</code></p>\n", file);
	}
}

static void put_complete(const json_t *json, FILE *file)
{
	const json_t *log;
	size_t i;

	fputs("<h2>3. Complete?</h2>\n<p>A log has numbered places, and an "
	      "author cannot take one out unseen. Withheld places exist, and "
	      "are not in this bag.</p>\n<table>\n<tr><th>log</th><th>places"
	      "</th><th>shown</th><th>of these withdrawn</th><th>withheld"
	      "</th></tr>\n",
	    file);
	json_array_foreach(json_object_get(json, "logs"), i, log)
	{
		fputs("<tr><td>", file);
		put_code(log, "log", file);
		fputs("<br>of author ", file);
		put_code(log, "author", file);
		fprintf(file, "</td><td>%lld</td><td>",
		    verdict_number(log, "size"));
		verdict_ranges(json_object_get(log, "shown"), file);
		fputs("</td><td>", file);
		verdict_ranges(json_object_get(log, "withdrawn"), file);
		fputs("</td><td>", file);
		verdict_ranges(json_object_get(log, "not_here"), file);
		fputs("</td></tr>\n", file);
	}
	fputs("</table>\n", file);
	put_missing(json, "missing", "Spoken of, and missing here", file);
	put_missing(json, "withdrawn_missing",
	    "Named by a withdrawal, and not in this bag", file);
	fprintf(file,
	    "<p>Lines shown: %lld. Lines that stay closed: %lld, decoys "
	    "among them, which hide how many there are.</p>\n",
	    verdict_number(json, "shown"), verdict_number(json, "closed"));
}

static void put_since_until(const json_t *entry, FILE *file)
{
	if (json_object_get(entry, "since")) {
		fputs("<br>not before ", file);
		put(entry, "since", file);
		fputs(", by the clock of ", file);
		put_code(entry, "since_by", file);
	}
	if (json_object_get(entry, "until")) {
		fputs("<br>not after ", file);
		put(entry, "until", file);
		fputs(", by the clock of ", file);
		put_code(entry, "until_by", file);
		fprintf(file, " (witnesses that count: %lld)",
		    verdict_number(entry, "until_witnesses"));
	} else {
		fputs("<br>no time is proved by a witness whose key was given "
		      "from outside and who is neither author nor exporter",
		    file);
	}
}

static void put_row(const json_t *entry, FILE *file)
{
	const json_t *item;
	size_t i;

	fputs("<tr><td>", file);
	put_code(entry, "id", file);
	fputs("<br>", file);
	put(entry, "kind", file);
	if (json_object_get(entry, "withdrawn_by")) {
		fputs(", <b>withdrawn</b> by entry ", file);
		put_code(entry, "withdrawn_by", file);
	}
	fprintf(file, "</td><td>place %lld of %lld</td><td>",
	    verdict_number(entry, "index"), verdict_number(entry, "size"));
	if (json_object_get(entry, "time")) {
		fputs("its author&#39;s clock said ", file);
		put(entry, "time", file);
	} else {
		fputs("its author&#39;s clock is not shown", file);
	}
	put_since_until(entry, file);
	json_array_foreach(json_object_get(entry, "cosigned"), i, item)
	{
		fputs("<br>seen by witness ", file);
		put_code(item, "witness", file);
		fputs(" at ", file);
		put(item, "time", file);
		fprintf(file, " (its key is %s)", whence(item));
	}
	fputs("</td></tr>\n", file);
}

static void put_when(const json_t *json, FILE *file)
{
	const json_t *entry;
	size_t i;

	fputs("<h2>4. When, and in which order</h2>\n<p>In one log, a lower "
	      "place was signed before a higher one. An author&#39;s clock is "
	      "a claim. A witness&#39;s word bounds it if the witness is "
	      "neither author nor exporter and its key came from outside."
	      "</p>\n<table>\n",
	    file);
	json_array_foreach(json_object_get(json, "entries"), i, entry)
	    put_row(entry, file);
	fputs("</table>\n", file);
}

/* Each record's own words, beside its id. */
static int put_words(
    const json_t *json, const struct bag_claims *claims, FILE *file)
{
	const struct bag_claim *claim;
	struct entry_id id;
	const json_t *entry;
	size_t i;

	fputs("<h2>6. What is shown of each</h2>\n", file);
	json_array_foreach(json_object_get(json, "entries"), i, entry)
	{
		if (hex_decode(
			span_text(verdict_field(entry, "id")), id.bytes, 32))
			return -EINVAL;
		claim = bag_claims_find(claims, &id);
		if (!claim)
			return -EINVAL;
		fputs("<h3>", file);
		put(entry, "kind", file);
		fputs(" ", file);
		put_code(entry, "id", file);
		fprintf(file,
		    "</h3>\n<p>Lines shown: %lld; closed: %lld; attachments "
		    "shown: %lld.</p>\n<pre>",
		    verdict_number(entry, "shown"),
		    verdict_number(entry, "closed"),
		    verdict_number(entry, "attachments"));
		put_text(buf_span(&claim->readable), file);
		fputs("</pre>\n", file);
	}
	return 0;
}

static int put_timeline(const struct bag_claims *claims, FILE *file)
{
	struct buf picture = {0};
	int r;

	fputs("<h2>5. Custody</h2>\n<p>What was done, as far as this bag "
	      "shows it. It cannot show what was done later, or by whoever "
	      "left no entry.</p>\n",
	    file);
	r = bag_timeline(claims, &picture);
	if (r == 0)
		fwrite(picture.data, 1, picture.len, file);
	buf_free(&picture);
	return r;
}

int verdict_page(
    const json_t *json, const struct bag_claims *claims, FILE *file)
{
	int r = 0;

	fputs(head, file);
	put_verdict(json, file);
	if (verdict_says(json, "holds")) {
		put_unchanged(json, file);
		put_signed(json, file);
		put_complete(json, file);
		put_when(json, file);
		r = put_timeline(claims, file);
		if (r == 0)
			r = put_words(json, claims, file);
	}
	fputs("<h2>What this page cannot say</h2>\n<p>Whether a testimony is "
	      "true; whether a record was withdrawn or revised after this bag "
	      "was made; whether a line that stays closed matters. The bag "
	      "itself can be checked without any program of ours: see its "
	      "<code>VERIFY.txt</code>. Made by evident " EVIDENT_VERSION
	      ".</p>\n</body>\n</html>\n",
	    file);
	if (r == 0 && ferror(file))
		r = -EIO;
	return r;
}
