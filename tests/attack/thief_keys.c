/*
 * Every secret that a home's keyring holds, for whoever searches memory and
 * disks for them: thief_keys HOME, with the passphrase on standard input,
 * prints a line for each, its name and its bytes in hex. For tests alone.
 */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "daemon/keeper/keyring.h"

static void put(const char *name, const uint8_t *bytes, size_t len)
{
	size_t i;

	printf("%s ", name);
	for (i = 0; i < len; i++)
		printf("%02x", bytes[i]);
	printf("\n");
}

static void put_keys(const struct keyring_keys *keys)
{
	size_t i;

	put("author", keys->author_seed, sizeof keys->author_seed);
	put("transport", keys->transport_seed, sizeof keys->transport_seed);
	put("storage", keys->storage_key, sizeof keys->storage_key);
	put("bundle", keys->bundle.key, sizeof keys->bundle.key);
	for (i = 0; i < keys->reader_count; i++)
		put("reader", keys->readers[i].key,
		    sizeof keys->readers[i].key);
}

int main(int argc, char **argv)
{
	struct keyring_keys *keys;
	uint8_t image[KEYRING_BYTES], kek[KEYRING_KEK_BYTES];
	char passphrase[512];
	int home;

	if (argc != 2 || sodium_init() < 0 ||
	    !fgets(passphrase, sizeof passphrase, stdin)) {
		fprintf(stderr, "usage: thief_keys HOME < passphrase\n");
		return 2;
	}
	passphrase[strcspn(passphrase, "\n")] = 0;
	home = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	keys = keyring_keys_new();
	if (!keys || keyring_load(home, image) != 0 ||
	    keyring_derive(image, span_text(passphrase), kek) != 0 ||
	    keyring_unseal(image, kek, keys) != 0) {
		fprintf(stderr, "this keyring does not open\n");
		return 1;
	}
	put("passphrase", (uint8_t *)passphrase, strlen(passphrase));
	put("derived", kek, sizeof kek);
	put_keys(keys);
	return 0;
}
