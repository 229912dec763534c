/*
 * Getting a passphrase into a pipe.
 *
 * The bytes stand in one locked page of this process for as long as it takes to
 * write them into the pipe, and are wiped. A passphrase from a descriptor ends
 * at its first LF or at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "client/passphrase.h"
#include "client/say.h"

struct secret {
	char text[PASSPHRASE_MAX + 1];
	size_t len;
};

static struct secret first, second;

/* Read to LF or end; -1 on an error, when too long or with a NUL in it. */
static int read_line(int fd, struct secret *secret)
{
	ssize_t n;
	char c;

	secret->len = 0;
	for (;;) {
		n = read(fd, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0 || c == '\n')
			return 0;
		if (secret->len == PASSPHRASE_MAX || c == 0)
			return -1;
		secret->text[secret->len++] = c;
	}
}

static int ask(int tty, const char *prompt, struct secret *secret)
{
	struct termios before, quiet;
	int r;

	if (tcgetattr(tty, &before) < 0)
		return -1;
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	quiet.c_lflag |= ECHONL;
	if (tcsetattr(tty, TCSAFLUSH, &quiet) < 0)
		return -1;
	if (write(tty, prompt, strlen(prompt)) < 0)
		r = -1;
	else
		r = read_line(tty, secret);
	tcsetattr(tty, TCSAFLUSH, &before);
	return r;
}

static int ask_terminal(bool twice)
{
	int tty, r;

	tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (tty < 0) {
		say_error(
		    "there is no terminal to ask for the passphrase", NULL);
		say_hint("give it with --passphrase-fd N");
		return EXIT_FAILED;
	}
	r = ask(tty, "Passphrase: ", &first);
	if (r == 0 && twice)
		r = ask(tty, "The same again: ", &second);
	close(tty);
	if (r != 0) {
		say_error("the passphrase could not be read", NULL);
		return EXIT_FAILED;
	}
	if (twice && (first.len != second.len ||
			 memcmp(first.text, second.text, first.len) != 0)) {
		say_error("the two passphrases differ", NULL);
		say_hint("nothing was changed; try again");
		return EXIT_FAILED;
	}
	return 0;
}

static int take(const struct client *client, bool twice)
{
	int r;

	if (client->passphrase_fd < 0) {
		r = ask_terminal(twice);
		if (r != 0)
			return r;
	} else if (read_line(client->passphrase_fd, &first) != 0) {
		say_error("the passphrase could not be read from the "
			  "descriptor given",
		    NULL);
		return EXIT_FAILED;
	}
	if (first.len == 0) {
		say_error("the passphrase is empty", NULL);
		return EXIT_FAILED;
	}
	return 0;
}

static int into_pipe(int *ret_fd)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0 ||
	    write(ends[1], first.text, first.len) != (ssize_t)first.len) {
		say_error("no pipe for the passphrase", NULL);
		return EXIT_FAILED;
	}
	close(ends[1]);
	*ret_fd = ends[0];
	return 0;
}

int passphrase_get(const struct client *client, bool twice, int *ret_fd)
{
	int r;

	if (mlock(&first, sizeof first) < 0 ||
	    mlock(&second, sizeof second) < 0)
		say_warning("memory could not be locked: the passphrase might "
			    "reach the swap space");
	r = take(client, twice);
	if (r == 0)
		r = into_pipe(ret_fd);
	explicit_bzero(&first, sizeof first);
	explicit_bzero(&second, sizeof second);
	return r;
}
