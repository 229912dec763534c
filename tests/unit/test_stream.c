/*
 * Attachments through a worker: sealed, veiled, opened, and refused when
 * anything is not what it was. And the fields of a record as a client sends
 * them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/worker/fields.h"
#include "daemon/worker/stream.h"
#include "proto/format/hash.h"
#include "proto/format/padme.h"

static const uint8_t file_key[16] = {1, 2};
static const struct wire_key32 veil_key = {{3, 4}};

struct sealed {
	int in, object;
	struct entry_object what;
	struct digest plain;
	uint64_t size;
};

static int make(size_t size)
{
	int fd = memfd_create("plain", MFD_CLOEXEC);
	uint8_t *data = malloc(size + 1);
	size_t i;

	for (i = 0; i < size; i++)
		data[i] = (uint8_t)(i * 7 + i / 251 + 1);
	assert_int_equal(write(fd, data, size), (ssize_t)size);
	free(data);
	return fd;
}

static void seal(size_t size, struct sealed *sealed)
{
	struct job_fault fault = {0};

	sealed->in = make(size);
	sealed->object = memfd_create("object", MFD_CLOEXEC);
	assert_int_equal(
	    stream_seal(sealed->in, sealed->object, file_key, &veil_key,
		&sealed->what, &sealed->plain, &sealed->size, &fault),
	    0);
}

static void drop(struct sealed *sealed)
{
	close(sealed->in);
	close(sealed->object);
}

static int open_to(const struct sealed *sealed, int out)
{
	struct job_fault fault = {0};

	return stream_open(sealed->object, out, file_key, &veil_key,
	    sealed->what.size, &sealed->plain, sealed->size, &fault);
}

static bool same(int a, int b)
{
	struct stat x, y;
	uint8_t *p, *q;
	bool equal;

	fstat(a, &x);
	fstat(b, &y);
	p = calloc(1, (size_t)x.st_size + 1);
	q = calloc(1, (size_t)y.st_size + 1);
	equal = x.st_size == y.st_size &&
		pread(a, p, (size_t)x.st_size, 0) == x.st_size &&
		pread(b, q, (size_t)y.st_size, 0) == y.st_size &&
		memcmp(p, q, (size_t)x.st_size) == 0;
	free(p);
	free(q);
	return equal;
}

static void test_every_size_comes_back_as_it_was(void **state)
{
	static const size_t sizes[] = {
	    0, 1, 2, 65535, 65536, 65537, 131072, 1000000};
	struct sealed sealed;
	struct stat st;
	size_t i;
	int out;

	(void)state;
	for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		seal(sizes[i], &sealed);
		assert_int_equal(sealed.size, sizes[i]);
		assert_int_equal(
		    sealed.what.size, age_payload_size(padme_length(sizes[i])));
		fstat(sealed.object, &st);
		assert_int_equal(st.st_size, sealed.what.size);
		out = memfd_create("out", MFD_CLOEXEC);
		assert_int_equal(open_to(&sealed, out), 0);
		assert_true(same(sealed.in, out));
		close(out);
		drop(&sealed);
	}
}

static void test_the_object_on_disk_is_not_the_payload(void **state)
{
	struct job_fault fault = {0};
	struct sealed sealed;
	struct digest lifted, raw;
	uint8_t *bytes;

	(void)state;
	seal(1000, &sealed);
	assert_int_equal(stream_unveil(sealed.object, -1, span_of("", 0),
			     &veil_key, sealed.what.size, &lifted, &fault),
	    0);
	assert_memory_equal(lifted.bytes, sealed.what.payload.bytes, 32);
	bytes = malloc(sealed.what.size);
	assert_int_equal(pread(sealed.object, bytes, sealed.what.size, 0),
	    (ssize_t)sealed.what.size);
	hash_sha256(span_of(bytes, sealed.what.size), &raw);
	assert_memory_not_equal(raw.bytes, sealed.what.payload.bytes, 32);
	free(bytes);
	drop(&sealed);
}

static void test_a_flipped_byte_anywhere_is_refused(void **state)
{
	struct sealed sealed;
	uint64_t at;
	uint8_t byte;
	int out;

	(void)state;
	seal(70000, &sealed);
	for (at = 0; at < sealed.what.size; at += 997) {
		assert_int_equal(pread(sealed.object, &byte, 1, (off_t)at), 1);
		byte ^= 1;
		assert_int_equal(pwrite(sealed.object, &byte, 1, (off_t)at), 1);
		out = memfd_create("out", MFD_CLOEXEC);
		assert_int_equal(open_to(&sealed, out), JOB_E_FAILED);
		close(out);
		byte ^= 1;
		assert_int_equal(pwrite(sealed.object, &byte, 1, (off_t)at), 1);
	}
	drop(&sealed);
}

static void test_another_size_or_hash_is_refused(void **state)
{
	struct sealed sealed, other;
	int out = memfd_create("out", MFD_CLOEXEC);

	(void)state;
	seal(70000, &sealed);
	other = sealed;
	other.size--;
	assert_int_equal(open_to(&other, out), JOB_E_FAILED);
	other = sealed;
	other.plain.bytes[0] ^= 1;
	assert_int_equal(open_to(&other, out), JOB_E_FAILED);
	other = sealed;
	other.what.size -= 16;
	assert_int_equal(open_to(&other, out), JOB_E_FAILED);
	close(out);
	drop(&sealed);
}

static void test_what_is_no_file_is_refused(void **state)
{
	struct job_fault fault = {0};
	struct entry_object what;
	struct digest plain;
	uint64_t size;
	int ends[2], out = memfd_create("out", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(stream_seal(ends[0], out, file_key, &veil_key, &what,
			     &plain, &size, &fault),
	    JOB_E_FAILED);
	assert_int_equal(fault.code, WIRE_CODE_INPUT);
	close(ends[0]);
	close(ends[1]);
	close(out);
}

/* --- fields --------------------------------------------------------------- */

static int read_fields(const char *text, struct fields *ret_fields)
{
	int fd = memfd_create("fields", MFD_CLOEXEC), r;
	const char *why = NULL;
	uint64_t input;

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	r = fields_read(fd, ret_fields, &input, &why);
	assert_non_null(why);
	close(fd);
	return r;
}

static void test_good_fields_are_taken(void **state)
{
	struct fields fields;

	(void)state;
	assert_int_equal(
	    read_fields("{\"fields\":[[\"statement\",\"\xd8\xb4\"],"
			"[\"n\",5],[\"n\",[1,2]]],\"attachments\":"
			"[{\"file\":\"a.jpg\",\"type\":\"image/jpeg\"}]}",
		&fields),
	    0);
	assert_int_equal(fields.field_count, 3);
	assert_int_equal(fields.attachment_count, 1);
	assert_string_equal(fields.attachments[0].file, "a.jpg");
	fields_free(&fields);
}

static void test_bad_fields_are_refused(void **state)
{
	static const char *const bad[] = {"", "x", "[]", "{}", "{\"fields\":5}",
	    "{\"fields\":[5]}", "{\"fields\":[[\"a\"]]}",
	    "{\"fields\":[[\"a\",\"b\",\"c\"]]}", "{\"fields\":[[5,\"b\"]]}",
	    "{\"fields\":[[\"A\",\"b\"]]}", "{\"fields\":[[\"a..b\",\"c\"]]}",
	    "{\"fields\":[[\"kind\",\"note\"]]}",
	    "{\"fields\":[[\"time\",\"x\"]]}",
	    "{\"fields\":[[\"attachment\",\"x\"]]}",
	    "{\"fields\":[[\"a\",\"\\u0000\"]]}",
	    "{\"fields\":[[\"a\",\"\\u001b\"]]}", "{\"fields\":[[\"a\",1.5]]}",
	    "{\"fields\":[],\"fields\":[]}",
	    "{\"fields\":[],\"attachments\":5}",
	    "{\"fields\":[],\"attachments\":[{\"file\":\"a\"}]}",
	    "{\"fields\":[],\"attachments\":[{\"file\":\"a\",\"type\":5}]}"};
	struct fields fields;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(
		    read_fields(bad[i], &fields), FORMAT_E_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_size_comes_back_as_it_was),
	    cmocka_unit_test(test_the_object_on_disk_is_not_the_payload),
	    cmocka_unit_test(test_a_flipped_byte_anywhere_is_refused),
	    cmocka_unit_test(test_another_size_or_hash_is_refused),
	    cmocka_unit_test(test_what_is_no_file_is_refused),
	    cmocka_unit_test(test_good_fields_are_taken),
	    cmocka_unit_test(test_bad_fields_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
