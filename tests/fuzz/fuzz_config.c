/*
 * config_read() on a file of any bytes: it is refused whole, or says numbers
 * that the supervisor may tell its children.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/config.h"
#include "daemon/base/service.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/parts.h"

static int home(void)
{
	static int fd = -1;

	if (fd >= 0)
		return fd;
	stderr = fopen("/dev/null", "we"); /* where faults are told */
	fd = open(parts_folder(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLAIM(fd >= 0 && stderr);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(size ? data : (const uint8_t *)"", size);
	struct wire_sup_start settings;
	struct buf body = {0};
	int fd = home(), r;

	parts_write(CONFIG_NAME, text);
	r = config_read(fd, CONFIG_NAME, &settings);
	CLAIM(r == 0 || r == CONFIG_E_REFUSED);
	if (memchr(text.data, 0, size) || size > CONFIG_BYTES_MAX)
		CLAIM(r == CONFIG_E_REFUSED);
	if (r != 0)
		return 0;
	CLAIM(settings.workers <= SERVICE_WORKERS_MAX);
	CLAIM(settings.sync_every >= 1);
	CLAIM(wire_encode_body(WIRE_SUP_START, &settings, &body) == 0);
	buf_free(&body);
	return 0;
}
