/*
 * The veil against RFC 8439, and the property that objects rest on: any range
 * can be lifted alone.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "daemon/base/veil.h"

/* RFC 8439, A.1, keystream for an all-zero key and nonce. */
static const uint8_t rfc_block_0[64] = {0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1,
    0x3d, 0x90, 0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86, 0xbd, 0x28, 0xbd, 0xd2,
    0x19, 0xb8, 0xa0, 0x8d, 0xed, 0x1a, 0xa8, 0x36, 0xef, 0xcc, 0x8b, 0x77,
    0x0d, 0xc7, 0xda, 0x41, 0x59, 0x7c, 0x51, 0x57, 0x48, 0x8d, 0x77, 0x24,
    0xe0, 0x3f, 0xb8, 0xd8, 0x4a, 0x37, 0x6a, 0x43, 0xb8, 0xf4, 0x15, 0x18,
    0xa1, 0x1c, 0xc3, 0x87, 0xb6, 0x69, 0xb2, 0xee, 0x65, 0x86};
static const uint8_t rfc_block_1[64] = {0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51,
    0x38, 0x7a, 0x98, 0xba, 0x97, 0x7c, 0x73, 0x2d, 0x08, 0x0d, 0xcb, 0x0f,
    0x29, 0xa0, 0x48, 0xe3, 0x65, 0x69, 0x12, 0xc6, 0x53, 0x3e, 0x32, 0xee,
    0x7a, 0xed, 0x29, 0xb7, 0x21, 0x76, 0x9c, 0xe6, 0x4e, 0x43, 0xd5, 0x71,
    0x33, 0xb0, 0x74, 0xd8, 0x39, 0xd5, 0x31, 0xed, 0x1f, 0x28, 0x51, 0x0a,
    0xfb, 0x45, 0xac, 0xe1, 0x0a, 0x1f, 0x4b, 0x79, 0x4d, 0x6f};
/* Its test vector 4: key 00 ff 00 ..., block 2. */
static const uint8_t rfc_ff_block_2[64] = {0x72, 0xd5, 0x4d, 0xfb, 0xf1, 0x2e,
    0xc4, 0x4b, 0x36, 0x26, 0x92, 0xdf, 0x94, 0x13, 0x7f, 0x32, 0x8f, 0xea,
    0x8d, 0xa7, 0x39, 0x90, 0x26, 0x5e, 0xc1, 0xbb, 0xbe, 0xa1, 0xae, 0x9a,
    0xf0, 0xca, 0x13, 0xb2, 0x5a, 0xa2, 0x6c, 0xb4, 0xa6, 0x48, 0xcb, 0x9b,
    0x9d, 0x1b, 0xe6, 0x5b, 0x2c, 0x09, 0x24, 0xa6, 0x6c, 0x54, 0xd5, 0x45,
    0xec, 0x1b, 0x73, 0x74, 0xf4, 0x87, 0x2e, 0x99, 0xf0, 0x96};

static void apply_at(const uint8_t *key, uint64_t offset, const uint8_t *in,
    size_t len, uint8_t *out)
{
	struct veil *veil = NULL;

	assert_int_equal(veil_new(key, offset, &veil), 0);
	assert_int_equal(veil_apply(veil, in, len, out), 0);
	veil_freep(&veil);
	assert_null(veil);
}

static void test_keystream_is_that_of_the_rfc(void **state)
{
	const uint8_t key[32] = {0}, ff_key[32] = {0, 0xff};
	uint8_t zeros[128] = {0}, out[128];

	(void)state;
	apply_at(key, 0, zeros, 128, out);
	assert_memory_equal(out, rfc_block_0, 64);
	assert_memory_equal(out + 64, rfc_block_1, 64);
	apply_at(ff_key, 128, zeros, 64, out);
	assert_memory_equal(out, rfc_ff_block_2, 64);
}

static void test_any_range_lifts_alone(void **state)
{
	uint8_t key[32], plain[300], veiled[300], out[300];
	size_t start, len, i;

	(void)state;
	assert_int_equal(veil_make_key(key), 0);
	for (i = 0; i < sizeof plain; i++)
		plain[i] = (uint8_t)i;
	apply_at(key, 0, plain, sizeof plain, veiled);
	for (start = 0; start < sizeof plain; start += 13) {
		len = sizeof plain - start;
		apply_at(key, start, veiled + start, len, out);
		assert_memory_equal(out, plain + start, len);
	}
}

static void test_pieces_make_the_same_as_the_whole(void **state)
{
	const uint8_t key[32] = {7};
	uint8_t zeros[200] = {0}, whole[200], pieces[200];
	struct veil *veil = NULL;
	size_t at, step;

	(void)state;
	apply_at(key, 5, zeros, sizeof zeros, whole);
	assert_int_equal(veil_new(key, 5, &veil), 0);
	for (at = 0, step = 0; at < sizeof zeros; at += step, step++) {
		if (step > sizeof zeros - at)
			step = sizeof zeros - at;
		assert_int_equal(
		    veil_apply(veil, zeros + at, step, pieces + at), 0);
	}
	veil_free(veil);
	assert_memory_equal(pieces, whole, sizeof whole);
}

static void test_in_place_is_the_same(void **state)
{
	const uint8_t key[32] = {9};
	uint8_t data[100], out[100];

	(void)state;
	memset(data, 'x', sizeof data);
	apply_at(key, 1, data, sizeof data, out);
	apply_at(key, 1, data, sizeof data, data);
	assert_memory_equal(data, out, sizeof out);
}

static void test_the_counter_never_wraps(void **state)
{
	const uint64_t end = UINT64_C(1) << 38;
	const uint8_t key[32] = {0};
	uint8_t in[64] = {0}, out[64] = {0};
	struct veil *veil = NULL;

	(void)state;
	assert_int_equal(veil_new(key, end, &veil), -EINVAL);
	assert_null(veil);
	assert_int_equal(veil_new(key, end - 10, &veil), 0);
	assert_int_equal(veil_apply(veil, in, 11, out), -EFBIG);
	assert_int_equal(veil_apply(veil, in, 10, out), 0);
	assert_int_equal(veil_apply(veil, in, 1, out), -EFBIG);
	veil_free(veil);
}

static void test_keys_differ(void **state)
{
	uint8_t a[32] = {0}, b[32] = {0};

	(void)state;
	assert_int_equal(veil_make_key(a), 0);
	assert_int_equal(veil_make_key(b), 0);
	assert_memory_not_equal(a, b, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_keystream_is_that_of_the_rfc),
	    cmocka_unit_test(test_any_range_lifts_alone),
	    cmocka_unit_test(test_pieces_make_the_same_as_the_whole),
	    cmocka_unit_test(test_in_place_is_the_same),
	    cmocka_unit_test(test_the_counter_never_wraps),
	    cmocka_unit_test(test_keys_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
