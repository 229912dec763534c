/*
 * A QR code on a terminal: two rows of modules a line, by half blocks, in
 * colours of its own and with the quiet zone that readers want, so that it
 * scans from a dark terminal as well.
 */
#include <errno.h>
#include <qrencode.h>
#include <stdbool.h>
#include <stdio.h>

#include "client/command.h"
#include "client/qr.h"
#include "client/say.h"

#define QUIET 4 /* modules around it: ISO/IEC 18004, 9.1 */

static bool is_dark(const QRcode *code, int x, int y)
{
	if (x < 0 || y < 0 || x >= code->width || y >= code->width)
		return false;
	return code->data[y * code->width + x] & 1;
}

/* The lower half block is drawn in the colour of the letters: black or white on
 * white or black. */
static void show_pair(bool upper, bool lower)
{
	printf("\033[38;5;%d;48;5;%dm\xe2\x96\x84", lower ? 16 : 231,
	    upper ? 16 : 231);
}

int qr_show(const char *text, size_t len)
{
	QRcode *code;
	int x, y;

	code = QRcode_encodeData(
	    (int)len, (const unsigned char *)text, 0, QR_ECLEVEL_L);
	if (!code) {
		say_error(errno == ENOMEM
			      ? "out of memory for the picture"
			      : "this card is too large for one picture",
		    NULL);
		say_hint("nothing was lost; hand it over as a file: evident "
			 "card --out FILE");
		return EXIT_FAILED;
	}
	for (y = -QUIET; y < code->width + QUIET; y += 2) {
		for (x = -QUIET; x < code->width + QUIET; x++)
			show_pair(is_dark(code, x, y), is_dark(code, x, y + 1));
		puts("\033[0m");
	}
	QRcode_free(code);
	return 0;
}
