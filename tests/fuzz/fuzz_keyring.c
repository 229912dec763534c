/*
 * The keyring: an image under a key that opens it, which spares the slow
 * passphrase; and a file of any bytes. Keys come out of an image that holds
 * together, and else nothing does.
 *
 * Input: the key, 32 bytes; the file.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "daemon/keeper/keyring.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/parts.h"

static int home(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open(parts_folder(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLAIM(fd >= 0);
	return fd;
}

static bool costs_too_much(const uint8_t *image)
{
	static const uint8_t cheap[16] = {0};
	uint8_t limits[16];

	memcpy(limits, image + 16, sizeof limits);
	limits[7] = limits[12] = limits[13] = limits[14] = limits[15] = 0;
	return memcmp(limits, cheap, sizeof limits) != 0;
}

/* Every byte of it counts but those of other slots and of the hash. */
static void check_opened(
    const uint8_t *image, const uint8_t *kek, const struct keyring_keys *keys)
{
	struct keyring_keys *none = keyring_keys_new();
	uint8_t touched[KEYRING_BYTES];

	CLAIM(none && keys->reader_count <= KEYRING_READERS_MAX);
	memcpy(touched, image, sizeof touched);
	touched[KEYRING_BYTES - 33] ^= 1;
	CLAIM(keyring_unseal(touched, kek, none) == KEYRING_E_CORRUPT);
	memcpy(touched, image, sizeof touched);
	touched[0] ^= 1;
	CLAIM(keyring_unseal(touched, kek, none) == KEYRING_E_CORRUPT);
	CLAIM(none->reader_count == 0);
	keyring_keys_free(none);
}

static void check_image(const uint8_t *image, const uint8_t *kek)
{
	static const struct keyring_keys nothing;
	struct keyring_keys *keys = keyring_keys_new();
	uint8_t derived[KEYRING_KEK_BYTES];
	int r = keyring_unseal(image, kek, keys);

	CLAIM(r == 0 || r == KEYRING_E_PASSPHRASE || r == KEYRING_E_CORRUPT);
	if (r == 0)
		check_opened(image, kek, keys);
	else
		CLAIM(memcmp(keys, &nothing, sizeof nothing) == 0);
	if (costs_too_much(image))
		CLAIM(keyring_derive(image, span_text("x"), derived) ==
		      KEYRING_E_CORRUPT);
	keyring_keys_free(keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span file;
	uint8_t image[KEYRING_BYTES];
	int r;

	if (size < KEYRING_KEK_BYTES)
		return 0;
	file = span_of(data + KEYRING_KEK_BYTES, size - KEYRING_KEK_BYTES);
	parts_write("keyring", file);
	r = keyring_load(home(), image);
	CLAIM(r == (file.len == KEYRING_BYTES ? 0 : KEYRING_E_CORRUPT));
	if (r != 0)
		return 0;
	CLAIM(memcmp(image, file.data, sizeof image) == 0);
	check_image(image, data);
	return 0;
}
