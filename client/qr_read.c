/*
 * The QR code in a picture.
 *
 * A picture comes from a stranger's hands, and libraries that read pictures are
 * large. So a child does it, which has the picture in memory and a pipe, no
 * file, little memory and little time, and may make no system call but those
 * that need no more (seccomp). What comes out of the pipe is a card like any
 * other: nothing is trusted until its number was compared.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include <jpeglib.h>
#include <png.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zbar.h>

#include "client/command.h"
#include "client/qr.h"
#include "client/say.h"
#include "proto/format/asan.h"
#include "proto/format/file.h"

#define FILE_BYTES_MAX (32 * 1024 * 1024)
#define SIDE_MAX 8192                    /* pixels */
#define AREA_MAX (40 * 1000 * 1000)      /* pixels: any telephone's camera */
#define MEMORY_MAX (UINT64_C(512) << 20) /* of the child, beside the file */
#define SECONDS_MAX 20

struct picture {
	uint8_t *gray;
	unsigned width, height;
};

/* --- in the child --------------------------------------------------------- */

static bool fits(uint64_t width, uint64_t height)
{
	return width > 0 && height > 0 && width <= SIDE_MAX &&
	       height <= SIDE_MAX && width * height <= AREA_MAX;
}

static bool read_png(const uint8_t *data, size_t len, struct picture *picture)
{
	const png_color white = {255, 255, 255};
	png_image image = {.version = PNG_IMAGE_VERSION};

	if (!png_image_begin_read_from_memory(&image, data, len) ||
	    !fits(image.width, image.height))
		return false;
	image.format = PNG_FORMAT_GRAY;
	picture->width = image.width;
	picture->height = image.height;
	picture->gray = malloc(PNG_IMAGE_SIZE(image));
	return picture->gray &&
	       png_image_finish_read(&image, &white, picture->gray, 0, NULL);
}

/* libjpeg ends the process on an error, which is what shall happen here. */
static void on_jpeg_error(j_common_ptr info)
{
	(void)info;
	_exit(EXIT_FAILED);
}

static void on_jpeg_message(j_common_ptr info, int level)
{
	(void)info;
	(void)level;
}

static bool read_jpeg(const uint8_t *data, size_t len, struct picture *picture)
{
	struct jpeg_decompress_struct jpeg;
	struct jpeg_error_mgr errors;
	JSAMPROW row;

	jpeg.err = jpeg_std_error(&errors);
	errors.error_exit = on_jpeg_error;
	errors.emit_message = on_jpeg_message;
	jpeg_create_decompress(&jpeg);
	jpeg_mem_src(&jpeg, data, len);
	if (jpeg_read_header(&jpeg, TRUE) != JPEG_HEADER_OK ||
	    !fits(jpeg.image_width, jpeg.image_height))
		return false;
	jpeg.out_color_space = JCS_GRAYSCALE;
	jpeg_start_decompress(&jpeg);
	picture->width = jpeg.output_width;
	picture->height = jpeg.output_height;
	picture->gray = malloc((size_t)picture->width * picture->height);
	while (picture->gray && jpeg.output_scanline < jpeg.output_height) {
		row = picture->gray +
		      (size_t)jpeg.output_scanline * picture->width;
		jpeg_read_scanlines(&jpeg, &row, 1);
	}
	return picture->gray;
}

static bool read_picture(
    const uint8_t *data, size_t len, struct picture *picture)
{
	static const uint8_t png[] = {0x89, 'P', 'N', 'G'};
	static const uint8_t jpeg[] = {0xff, 0xd8, 0xff};

	if (len > sizeof png && memcmp(data, png, sizeof png) == 0)
		return read_png(data, len, picture);
	if (len > sizeof jpeg && memcmp(data, jpeg, sizeof jpeg) == 0)
		return read_jpeg(data, len, picture);
	return false;
}

static int shut_in(void)
{
	static const int calls[] = {SCMP_SYS(read), SCMP_SYS(write),
	    SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap),
	    SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(rt_sigprocmask),
	    SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(exit),
	    SCMP_SYS(exit_group)};
	const struct rlimit memory = {EVIDENT_ASAN ? RLIM_INFINITY : MEMORY_MAX,
	    EVIDENT_ASAN ? RLIM_INFINITY : MEMORY_MAX};
	const struct rlimit time = {SECONDS_MAX, SECONDS_MAX};
	const struct rlimit none = {0, 0};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	size_t i;
	int r = filter ? 0 : -ENOMEM;

	if (setrlimit(RLIMIT_AS, &memory) < 0 ||
	    setrlimit(RLIMIT_CPU, &time) < 0 ||
	    setrlimit(RLIMIT_CORE, &none) < 0)
		r = -errno;
	for (i = 0; r == 0 && i < sizeof calls / sizeof *calls; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	if (r == 0 && EVIDENT_ASAN)
		r = seccomp_rule_add(
		    filter, SCMP_ACT_ALLOW, SCMP_SYS(sigaltstack), 0);
	if (r == 0)
		r = seccomp_load(filter);
	return r;
}

/* The longest text of a code in the picture, for a card is the only one. */
static void scan(const struct picture *picture, int out)
{
	zbar_image_scanner_t *scanner = zbar_image_scanner_create();
	zbar_image_t *image = zbar_image_create();
	const zbar_symbol_t *symbol;
	const char *text = NULL;
	size_t len = 0;

	zbar_image_scanner_set_config(scanner, 0, ZBAR_CFG_ENABLE, 0);
	zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
	zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
	zbar_image_set_size(image, picture->width, picture->height);
	zbar_image_set_data(image, picture->gray,
	    (unsigned long)picture->width * picture->height, NULL);
	if (zbar_scan_image(scanner, image) <= 0)
		_exit(EXIT_PARTLY);
	for (symbol = zbar_image_first_symbol(image); symbol;
	     symbol = zbar_symbol_next(symbol))
		if (zbar_symbol_get_data_length(symbol) > len) {
			text = zbar_symbol_get_data(symbol);
			len = zbar_symbol_get_data_length(symbol);
		}
	if (!text || file_write(out, text, len) < 0)
		_exit(EXIT_FAILED);
}

__attribute__((noreturn)) static void work(
    const uint8_t *data, size_t len, int out)
{
	struct picture picture = {NULL, 0, 0};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* The first is the one descriptor that stays. */
	if (null < 0 || dup2(out, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
		_exit(EXIT_FAILED);
	closefrom(STDERR_FILENO + 1);
	if (shut_in() != 0 || !read_picture(data, len, &picture))
		_exit(EXIT_FAILED);
	scan(&picture, STDIN_FILENO);
	_exit(0);
}

/* --- in the client -------------------------------------------------------- */

static int read_file(const char *path, uint8_t **ret_data, size_t *ret_len)
{
	struct stat st;
	uint8_t *data = NULL;
	size_t len = 0;
	int fd, r = -1;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size > 0 && st.st_size <= FILE_BYTES_MAX)
		data = malloc((size_t)st.st_size);
	if (data)
		r = file_read(fd, data, (size_t)st.st_size, &len);
	if (fd >= 0)
		close(fd);
	if (r < 0 || len == 0) {
		free(data);
		say_error("cannot read a picture of at most 32 MiB", path);
		return EXIT_FAILED;
	}
	*ret_data = data;
	*ret_len = len;
	return 0;
}

static int decode(const uint8_t *data, size_t len, char *ret_text, size_t size,
    size_t *ret_len)
{
	int pipe_fds[2], status = -1;
	pid_t child;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return EXIT_FAILED;
	child = fork();
	if (child == 0)
		work(data, len, pipe_fds[1]);
	close(pipe_fds[1]);
	if (file_read(pipe_fds[0], ret_text, size, ret_len) < 0)
		*ret_len = 0;
	close(pipe_fds[0]);
	if (child > 0)
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

int qr_read(const char *path, char *ret_text, size_t size, size_t *ret_len)
{
	uint8_t *data;
	size_t len;
	int r;

	r = read_file(path, &data, &len);
	if (r != 0)
		return r;
	r = decode(data, len, ret_text, size, ret_len);
	free(data);
	if (r == 0 && *ret_len < size)
		return 0;
	if (r == EXIT_PARTLY)
		say_error("there is no QR code in the picture", path);
	else
		say_error("this picture cannot be read, be it no PNG or JPEG, "
			  "damaged or too large:",
		    path);
	say_hint("nothing was changed; take it again, straight and sharp, or "
		 "ask for the card as a file");
	return EXIT_FAILED;
}
