/*
 * A picture of what was done with records, and when, by each author's own
 * clock. It is made of ids, kinds and times alone, all of them checked, so it
 * is ASCII and nothing in it can act; whoever verifies makes it anew, byte for
 * byte (FORMAT.md, 11.1). packaging/verify.sh makes the same one.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/bag/claims.h"

#define ROW 26
#define TOP 78
#define ABOUT_MAX 4

static const struct {
	const char *kind, *colour;
} colours[] = {
    {"testimony", "1a5fb4"},
    {"note", "1a5fb4"},
    {"revision", "1a5fb4"},
    {"derivative", "1a5fb4"},
    {"received", "26a269"},
    {"opened", "c64600"},
    {"exported", "c64600"},
    {"disclosed", "c64600"},
    {"shared", "c64600"},
    {"withdrawal", "a51d2d"},
    {"erased", "a51d2d"},
    {"key", "5e5c64"},
};

static const char *colour_of(const char *kind)
{
	size_t i;

	for (i = 0; i + 1 < sizeof colours / sizeof *colours; i++)
		if (strcmp(colours[i].kind, kind) == 0)
			break;
	return colours[i].colour;
}

static int put_hex(struct buf *out, const uint8_t *bytes, size_t len)
{
	return buf_append_hex(out, bytes, len);
}

static int put_about(const struct bag_claim *claim, struct buf *out)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < claim->about_count && i < ABOUT_MAX; i++) {
		r = buf_append_text(out, i == 0 ? " about " : " ");
		if (r == 0)
			r = put_hex(out, claim->about[i].bytes, 4);
	}
	if (r == 0 && claim->about_count > ABOUT_MAX)
		r = buf_append_text(out, " and more");
	return r;
}

static int put_row(const struct bag_claim *claim, size_t row, struct buf *out)
{
	const unsigned y = (unsigned)(TOP + ROW * row);
	int r;

	r = buf_printf(out,
	    "<circle cx=\"24\" cy=\"%u\" r=\"6\" fill=\"#%s\"/>\n"
	    "<text x=\"44\" y=\"%u\">%s</text>\n"
	    "<text x=\"224\" y=\"%u\" font-weight=\"bold\">%s</text>\n"
	    "<text x=\"324\" y=\"%u\">by ",
	    y, colour_of(claim->kind), y + 5,
	    claim->time[0] ? claim->time : "time not shown", y + 5, claim->kind,
	    y + 5);
	if (r == 0)
		r = put_hex(out, claim->author.bytes, 8);
	if (r == 0)
		r = buf_append_text(out, ": entry ");
	if (r == 0)
		r = put_hex(out, claim->id.bytes, 4);
	if (r == 0)
		r = put_about(claim, out);
	return r == 0 ? buf_append_text(out, "</text>\n") : r;
}

int bag_timeline(const struct bag_claims *claims, struct buf *out)
{
	const struct bag_claim **sorted;
	const unsigned last =
	    (unsigned)(TOP + ROW * (claims->count ? claims->count - 1 : 0));
	size_t i;
	int r;

	r = bag_by_time(claims, &sorted);
	if (r < 0)
		return r;
	r = buf_printf(out,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1040\" "
	    "height=\"%u\" viewBox=\"0 0 1040 %u\" font-family=\"monospace\" "
	    "font-size=\"13\" fill=\"#1e1e1e\">\n"
	    "<rect width=\"1040\" height=\"%u\" fill=\"#ffffff\"/>\n"
	    "<text x=\"24\" y=\"28\" font-size=\"17\" "
	    "font-weight=\"bold\">What was done, and when</text>\n"
	    "<text x=\"24\" y=\"50\">Each time is by the clock of whoever "
	    "signed it.</text>\n"
	    "<path d=\"M24 %u V%u\" stroke=\"#9a9996\" "
	    "stroke-width=\"2\"/>\n",
	    last + 30, last + 30, last + 30, (unsigned)TOP, last);
	for (i = 0; r == 0 && i < claims->count; i++)
		r = put_row(sorted[i], i, out);
	if (r == 0)
		r = buf_append_text(out, "</svg>\n");
	free(sorted);
	return r;
}
