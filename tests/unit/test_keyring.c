/*
 * The keyring file: it opens by its passphrase and by nothing else, and damage
 * is told from a wrong passphrase wherever it is.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "daemon/keeper/keyring.h"
#include "daemon/keeper/passphrase.h"

/* Where the parts are (keyring.c). */
#define HEAD_END 32
#define SLOT_END (HEAD_END + 88)
#define BODY_AT 736
#define HASH_AT 8160

static const struct keyring_cost cheap = {
    crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE,
    crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE};

static struct keyring_keys *keys, *opened;
static uint8_t image[KEYRING_BYTES], kek[KEYRING_KEK_BYTES];

static int make_image(void **state)
{
	(void)state;
	if (sodium_init() < 0)
		return -1;
	keys = keyring_keys_new();
	opened = keyring_keys_new();
	if (!keys || !opened)
		return -1;
	keyring_keys_draw(keys, true);
	keys->flags = UINT64_C(0x0102030405060708);
	if (keyring_seal(keys, span_text("correct"), cheap, image) != 0)
		return -1;
	return keyring_derive(image, span_text("correct"), kek);
}

static int free_image(void **state)
{
	(void)state;
	keyring_keys_freep(&keys);
	keyring_keys_freep(&opened);
	return 0;
}

static int wipe_opened(void **state)
{
	(void)state;
	memset(opened, 0, sizeof *opened);
	return 0;
}

static void assert_all_is_back(void)
{
	assert_memory_equal(opened->author_seed, keys->author_seed, 32);
	assert_memory_equal(opened->transport_seed, keys->transport_seed, 32);
	assert_memory_equal(opened->storage_key, keys->storage_key, 32);
	assert_memory_equal(opened->file_id, keys->file_id, 16);
	assert_memory_equal(opened->log.bytes, keys->log.bytes, 32);
	assert_memory_equal(opened->bundle.key, keys->bundle.key, 32);
	assert_memory_equal(
	    opened->readers, keys->readers, sizeof keys->readers);
	assert_int_equal(opened->reader_count, keys->reader_count);
	assert_true(opened->flags == keys->flags);
}

static void assert_nothing_came_out(void)
{
	static const struct keyring_keys none;

	assert_memory_equal(opened, &none, sizeof none);
}

static void test_the_right_passphrase_brings_every_key_back(void **state)
{
	(void)state;
	assert_int_equal(keyring_open(image, span_text("correct"), opened), 0);
	assert_all_is_back();
}

static void test_a_wrong_passphrase_brings_nothing(void **state)
{
	(void)state;
	assert_int_equal(keyring_open(image, span_text("Correct"), opened),
	    KEYRING_E_PASSPHRASE);
	assert_nothing_came_out();
}

static void test_a_flip_anywhere_never_yields_other_keys(void **state)
{
	uint8_t copy[KEYRING_BYTES];
	size_t at;
	int r;

	(void)state;
	for (at = HEAD_END; at < KEYRING_BYTES; at++) {
		memcpy(copy, image, sizeof copy);
		copy[at] ^= (uint8_t)(1 << at % 8);
		memset(opened, 0, sizeof *opened);
		r = keyring_unseal(copy, kek, opened);
		if (at < SLOT_END || (at >= BODY_AT && at < HASH_AT)) {
			assert_int_equal(r, KEYRING_E_CORRUPT);
			assert_nothing_came_out();
		} else { /* unused slots, and the hash */
			assert_int_equal(r, 0);
			assert_all_is_back();
		}
	}
}

static void test_a_flip_in_salt_or_cost_is_damage(void **state)
{
	uint8_t copy[KEYRING_BYTES];
	size_t at;

	(void)state;
	for (at = 0; at < HEAD_END; at += 5) {
		memcpy(copy, image, sizeof copy);
		copy[at] ^= 0x80;
		assert_int_equal(
		    keyring_open(copy, span_text("correct"), opened),
		    KEYRING_E_CORRUPT);
	}
	assert_nothing_came_out();
}

static void test_absurd_costs_are_refused_before_the_work(void **state)
{
	static const struct keyring_cost costs[] = {
	    {1, 67108864}, /* cheaper than INTERACTIVE */
	    {2, 67108863},
	    {21, 67108864},
	    {2, (UINT64_C(1) << 30) + 1},
	    {UINT64_MAX, UINT64_MAX},
	    {0, 0},
	};
	uint8_t copy[KEYRING_BYTES];
	size_t i;
	int j;

	(void)state;
	for (i = 0; i < sizeof costs / sizeof *costs; i++) {
		memcpy(copy, image, sizeof copy);
		for (j = 0; j < 8; j++) {
			copy[16 + j] = (uint8_t)(costs[i].ops >> (56 - 8 * j));
			copy[24 + j] =
			    (uint8_t)(costs[i].memory >> (56 - 8 * j));
		}
		assert_int_equal(keyring_derive(copy, span_text("x"), kek),
		    KEYRING_E_CORRUPT);
		assert_int_equal(
		    keyring_seal(keys, span_text("x"), costs[i], copy),
		    -EINVAL);
	}
}

static void test_two_keyrings_of_the_same_secrets_share_nothing(void **state)
{
	uint8_t other[KEYRING_BYTES];
	size_t at;

	(void)state;
	assert_int_equal(
	    keyring_seal(keys, span_text("correct"), cheap, other), 0);
	assert_memory_not_equal(other, image, 16);
	/* No run of 8 bytes is the same, but the two costs. */
	for (at = HEAD_END; at + 8 <= KEYRING_BYTES; at++)
		assert_memory_not_equal(other + at, image + at, 8);
}

static void test_no_secret_stands_in_the_image(void **state)
{
	(void)state;
	assert_null(memmem(image, sizeof image, keys->author_seed, 32));
	assert_null(memmem(image, sizeof image, keys->storage_key, 32));
	assert_null(memmem(image, sizeof image, keys->log.bytes, 32));
	assert_null(memmem(image, sizeof image, keys->bundle.key, 32));
}

static void test_drawn_keys_all_differ(void **state)
{
	struct keyring_keys *other = keyring_keys_new();

	(void)state;
	assert_non_null(other);
	keyring_keys_draw(other, false);
	assert_int_equal(other->reader_count, 0);
	assert_memory_not_equal(other->author_seed, keys->author_seed, 32);
	assert_memory_not_equal(other->author_seed, other->transport_seed, 32);
	assert_memory_not_equal(other->storage_key, keys->storage_key, 32);
	assert_memory_not_equal(other->log.bytes, keys->log.bytes, 32);
	assert_memory_not_equal(other->bundle.key, keys->bundle.key, 32);
	keyring_keys_freep(&other);
	assert_null(other);
}

/* --- the file --------------------------------------------------------- */

static char dir_path[] = "/tmp/test-keyring-XXXXXX";
static int dir = -1;

static int make_dir(void **state)
{
	(void)state;
	memcpy(dir_path + sizeof dir_path - 7, "XXXXXX", 6);
	if (!mkdtemp(dir_path))
		return -1;
	dir = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -1 : 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlinkat(dir, "keyring", 0);
	unlinkat(dir, "keyring.new", 0);
	close(dir);
	return rmdir(dir_path);
}

static void test_a_stored_keyring_is_there_after_commit_only(void **state)
{
	uint8_t loaded[KEYRING_BYTES];
	struct stat st;

	(void)state;
	assert_false(keyring_exists(dir));
	assert_int_equal(keyring_load(dir, loaded), KEYRING_E_NONE);
	assert_int_equal(keyring_store_new(dir, image), 0);
	assert_false(keyring_exists(dir));
	assert_int_equal(keyring_commit_new(dir), 0);
	assert_true(keyring_exists(dir));
	assert_int_equal(keyring_load(dir, loaded), 0);
	assert_memory_equal(loaded, image, sizeof loaded);
	assert_int_equal(fstatat(dir, "keyring", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, KEYRING_BYTES);
}

static void test_commit_never_replaces_a_keyring(void **state)
{
	uint8_t loaded[KEYRING_BYTES], other[KEYRING_BYTES] = {1};

	(void)state;
	assert_int_equal(keyring_store_new(dir, image), 0);
	assert_int_equal(keyring_commit_new(dir), 0);
	assert_int_equal(keyring_store_new(dir, other), 0);
	assert_int_equal(keyring_commit_new(dir), -EEXIST);
	assert_int_equal(keyring_load(dir, loaded), 0);
	assert_memory_equal(loaded, image, sizeof loaded);
}

static void test_what_an_interrupted_creation_left_is_replaced(void **state)
{
	uint8_t loaded[KEYRING_BYTES];

	(void)state;
	assert_int_equal(symlinkat("/nonexistent", dir, "keyring.new"), 0);
	assert_int_equal(keyring_store_new(dir, image), 0);
	assert_int_equal(keyring_commit_new(dir), 0);
	assert_int_equal(keyring_load(dir, loaded), 0);
}

static void test_a_file_of_another_size_is_damage(void **state)
{
	static const off_t sizes[] = {0, 1, 16, 736, 8191, 8193};
	uint8_t loaded[KEYRING_BYTES];
	size_t i;
	int fd;

	(void)state;
	assert_int_equal(keyring_store_new(dir, image), 0);
	assert_int_equal(keyring_commit_new(dir), 0);
	fd = openat(dir, "keyring", O_RDWR | O_CLOEXEC);
	for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		assert_int_equal(ftruncate(fd, sizes[i]), 0);
		assert_int_equal(keyring_load(dir, loaded), KEYRING_E_CORRUPT);
	}
	close(fd);
}

static void test_a_fifo_in_its_place_does_not_hang(void **state)
{
	uint8_t loaded[KEYRING_BYTES];

	(void)state;
	assert_int_equal(mkfifoat(dir, "keyring", 0600), 0);
	assert_int_equal(keyring_load(dir, loaded), KEYRING_E_CORRUPT);
}

static void test_a_link_in_its_place_is_not_followed(void **state)
{
	uint8_t loaded[KEYRING_BYTES];

	(void)state;
	assert_int_equal(symlinkat("/etc/passwd", dir, "keyring"), 0);
	assert_int_equal(keyring_load(dir, loaded), -ELOOP);
	assert_true(keyring_exists(dir));
}

/* --- passphrases ------------------------------------------------------ */

static int pipe_with(const void *bytes, size_t len)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], bytes, len), len);
	close(fds[1]);
	return fds[0];
}

static void expect_passphrase(int fd, int outcome, const char *text)
{
	struct passphrase *passphrase = NULL;

	assert_int_equal(passphrase_read(fd, &passphrase), outcome);
	if (text) {
		assert_int_equal(passphrase->len, strlen(text));
		assert_memory_equal(passphrase->bytes, text, strlen(text));
	} else if (outcome != 0) {
		assert_null(passphrase);
	}
	passphrase_freep(&passphrase);
	close(fd);
}

static void test_a_passphrase_loses_one_line_feed(void **state)
{
	(void)state;
	expect_passphrase(pipe_with("a b", 3), 0, "a b");
	expect_passphrase(pipe_with("a b\n", 4), 0, "a b");
	expect_passphrase(pipe_with("a b\n\n", 5), 0, "a b\n");
}

static void test_an_empty_passphrase_is_refused(void **state)
{
	(void)state;
	expect_passphrase(pipe_with("", 0), PASSPHRASE_E_BAD, NULL);
	expect_passphrase(pipe_with("\n", 1), PASSPHRASE_E_BAD, NULL);
}

static void test_a_passphrase_has_at_most_4096_bytes(void **state)
{
	static char text[4200];

	(void)state;
	memset(text, 'p', sizeof text);
	expect_passphrase(pipe_with(text, 4096), 0, NULL);
	expect_passphrase(pipe_with(text, 4097), PASSPHRASE_E_BAD, NULL);
	expect_passphrase(pipe_with(text, 4200), PASSPHRASE_E_BAD, NULL);
	text[4096] = '\n';
	expect_passphrase(pipe_with(text, 4097), 0, NULL);
}

static void test_a_memory_file_is_read_from_its_start(void **state)
{
	int fd = memfd_create("", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(write(fd, "secret", 6), 6);
	expect_passphrase(fd, 0, "secret");
}

#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)
#define IMAGE_TEST(f) cmocka_unit_test_setup(f, wipe_opened)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IMAGE_TEST(test_the_right_passphrase_brings_every_key_back),
	    IMAGE_TEST(test_a_wrong_passphrase_brings_nothing),
	    IMAGE_TEST(test_a_flip_anywhere_never_yields_other_keys),
	    IMAGE_TEST(test_a_flip_in_salt_or_cost_is_damage),
	    IMAGE_TEST(test_absurd_costs_are_refused_before_the_work),
	    IMAGE_TEST(test_two_keyrings_of_the_same_secrets_share_nothing),
	    IMAGE_TEST(test_no_secret_stands_in_the_image),
	    IMAGE_TEST(test_drawn_keys_all_differ),
	    FILE_TEST(test_a_stored_keyring_is_there_after_commit_only),
	    FILE_TEST(test_commit_never_replaces_a_keyring),
	    FILE_TEST(test_what_an_interrupted_creation_left_is_replaced),
	    FILE_TEST(test_a_file_of_another_size_is_damage),
	    FILE_TEST(test_a_fifo_in_its_place_does_not_hang),
	    FILE_TEST(test_a_link_in_its_place_is_not_followed),
	    cmocka_unit_test(test_a_passphrase_loses_one_line_feed),
	    cmocka_unit_test(test_an_empty_passphrase_is_refused),
	    cmocka_unit_test(test_a_passphrase_has_at_most_4096_bytes),
	    cmocka_unit_test(test_a_memory_file_is_read_from_its_start),
	};

	return cmocka_run_group_tests(tests, make_image, free_image);
}
