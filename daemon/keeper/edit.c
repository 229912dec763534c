/*
 * Changing what the keyring holds: readers, and the key by which a machine
 * opens it without a person.
 *
 * Each change asks for a person's passphrase again, since the keys that are
 * held do not say who sits there. Secrets come and go by descriptors and pass
 * through guarded memory alone. What is written to a file for the person is on
 * disk before the keyring changes; the keyring is on disk before the answer.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "daemon/keeper/keeper.h"
#include "daemon/keeper/passphrase.h"
#include "proto/format/file.h"

#define MACHINE_KEY_BYTES 32

/* Into guarded memory: 0, WIRE_CODE_INPUT or -errno. */
static int read_secret(
    struct wire_frame *frame, unsigned which, struct passphrase **ret_secret)
{
	int fd = wire_frame_take_fd(frame, which), r;

	if (fd < 0)
		return WIRE_CODE_BAD_REQUEST;
	r = passphrase_read(fd, ret_secret);
	close(fd);
	return r > 0 ? WIRE_CODE_INPUT : r;
}

static int code_of(int r)
{
	switch (r) {
	case KEYRING_E_PASSPHRASE:
		return WIRE_CODE_PASSPHRASE;
	case KEYRING_E_CORRUPT:
		return WIRE_CODE_CORRUPT;
	case KEYRING_E_NONE:
		return WIRE_CODE_NOT_FOUND;
	}
	return r;
}

/* Write the keyring anew and hold ${change}'s keys from now on. */
static int commit(struct keeper *keeper, const struct passphrase *passphrase,
    const struct keyring_change *change)
{
	const int home = keeper->service.home_fd;
	uint8_t image[KEYRING_BYTES];
	int r;

	r = keyring_load(home, image);
	if (r == 0)
		r = keyring_change(image,
		    span_of(passphrase->bytes, passphrase->len), change, image);
	if (r == 0)
		r = keyring_replace(home, image);
	if (r != 0)
		return code_of(r);
	memcpy(keeper->keys, change->keys, sizeof *keeper->keys);
	return unlock_answer_changed(keeper);
}

/* --- the machine's key --------------------------------------------------- */

/* Draw one, as a line of text, into ${ret_key} and the file. */
static int draw_machine_key(int out, struct passphrase **ret_key)
{
	struct passphrase *key = sodium_malloc(sizeof *key);
	uint8_t *bytes = sodium_malloc(MACHINE_KEY_BYTES);
	int r = -ENOMEM;

	if (key && bytes) {
		randombytes_buf(bytes, MACHINE_KEY_BYTES);
		hex_encode(bytes, MACHINE_KEY_BYTES, (char *)key->bytes);
		key->len = 2 * MACHINE_KEY_BYTES;
		key->bytes[key->len] = '\n';
		r = file_write(out, key->bytes, key->len + 1);
		if (r == 0 && fsync(out) < 0)
			r = -errno;
	}
	sodium_free(bytes);
	if (r == 0)
		*ret_key = key;
	else
		passphrase_free(key);
	return r;
}

static int add_machine(struct keeper *keeper, struct keyring_keys *keys,
    const struct passphrase *passphrase, struct wire_frame *frame)
{
	_cleanup_(passphrase_freep) struct passphrase *key = NULL;
	struct keyring_change change = {keys, KEYRING_MACHINE_SET, {0}};
	int fd = wire_frame_take_fd(frame, 1), r;

	if (fd < 0)
		return WIRE_CODE_BAD_REQUEST;
	r = unlock_check(keeper, span_of(passphrase->bytes, passphrase->len));
	if (r == 0)
		r = draw_machine_key(fd, &key);
	close(fd);
	if (r != 0)
		return r;
	keys->flags |= KEYRING_FLAG_MACHINE;
	change.machine_key = span_of(key->bytes, key->len);
	return commit(keeper, passphrase, &change);
}

static int remove_machine(struct keeper *keeper, struct keyring_keys *keys,
    const struct passphrase *passphrase, struct wire_frame *frame)
{
	struct keyring_change change = {keys, KEYRING_MACHINE_FORGET, {0}};

	(void)frame;
	keys->flags &= ~(uint64_t)KEYRING_FLAG_MACHINE;
	return commit(keeper, passphrase, &change);
}

/* --- readers ------------------------------------------------------------- */

static struct span next_line(struct span *text)
{
	const uint8_t *end = memchr(text->data, '\n', text->len);
	struct span line = *text;

	line.len = end ? (size_t)(end - text->data) : text->len;
	text->data += line.len + (end ? 1 : 0);
	text->len -= line.len + (end ? 1 : 0);
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* An identity file as age-keygen writes it: comments, and one identity. */
static int parse_identity(
    const struct passphrase *file, struct age_identity *ret_identity)
{
	struct span text = span_of(file->bytes, file->len), line;
	bool found = false;

	while (text.len > 0) {
		line = next_line(&text);
		if (line.len == 0 || line.data[0] == '#')
			continue;
		if (found || age_identity_parse(line, ret_identity) != 0)
			return WIRE_CODE_INPUT;
		found = true;
	}
	return found ? 0 : WIRE_CODE_INPUT;
}

static bool is_held(
    const struct keyring_keys *keys, const struct age_identity *identity)
{
	bool held = sodium_memcmp(keys->bundle.key, identity->key,
			sizeof identity->key) == 0;
	size_t i;

	for (i = 0; i < keys->reader_count; i++)
		held |= sodium_memcmp(keys->readers[i].key, identity->key,
			    sizeof identity->key) == 0;
	return held;
}

static int import_reader(struct keeper *keeper, struct keyring_keys *keys,
    const struct passphrase *passphrase, struct wire_frame *frame)
{
	_cleanup_(passphrase_freep) struct passphrase *file = NULL;
	struct keyring_change change = {keys, KEYRING_MACHINE_KEEP, {0}};
	struct age_identity *identity;
	struct age_recipient recipient;
	int r;

	if (keys->reader_count == KEYRING_READERS_MAX)
		return WIRE_CODE_BUSY;
	r = read_secret(frame, 1, &file);
	if (r != 0)
		return r;
	identity =
	    &keys->readers[keys->reader_count]; /* guarded, as all of it */
	r = parse_identity(file, identity);
	if (r == 0 && (age_identity_recipient(identity, &recipient) != 0 ||
			  age_recipient_check(&recipient) != 0))
		r = WIRE_CODE_INPUT;
	if (r == 0 && is_held(keys, identity))
		r = WIRE_CODE_REFUSED;
	if (r != 0)
		return r;
	keys->reader_count++;
	return commit(keeper, passphrase, &change);
}

static int write_identity(const struct age_identity *identity, int out)
{
	char *secret = sodium_malloc(AGE_IDENTITY_TEXT);
	char line[AGE_RECIPIENT_TEXT + 32] = "# public key: ";
	struct age_recipient recipient;
	int r;

	if (!secret)
		return -ENOMEM;
	r = age_identity_recipient(identity, &recipient) == 0 ? 0 : -EIO;
	if (r == 0) {
		age_recipient_format(&recipient, line + strlen(line));
		age_identity_format(identity, secret);
		r = file_write(out, line, strlen(line));
	}
	if (r == 0)
		r = file_write(out, "\n", 1);
	if (r == 0)
		r = file_write(out, secret, strlen(secret));
	if (r == 0)
		r = file_write(out, "\n", 1);
	sodium_free(secret);
	return r;
}

static int export_readers(struct keeper *keeper, struct keyring_keys *keys,
    const struct passphrase *passphrase, struct wire_frame *frame)
{
	int fd = wire_frame_take_fd(frame, 1), r;
	size_t i;

	if (fd < 0)
		return WIRE_CODE_BAD_REQUEST;
	r = unlock_check(keeper, span_of(passphrase->bytes, passphrase->len));
	for (i = 0; r == 0 && i < keys->reader_count; i++)
		r = write_identity(&keys->readers[i], fd);
	if (r == 0 && fsync(fd) < 0 && errno != EINVAL && errno != EROFS)
		r = -errno; /* not for a pipe */
	close(fd);
	return r == 0 ? unlock_answer_changed(keeper) : r;
}

int edit_keys(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame)
{
	_cleanup_(passphrase_freep) struct passphrase *passphrase = NULL;
	_cleanup_(keyring_keys_freep) struct keyring_keys *keys = NULL;
	int r;

	r = read_secret(frame, 0, &passphrase);
	if (r != 0)
		return r;
	keys = keyring_keys_new();
	if (!keys)
		return -ENOMEM;
	memcpy(keys, keeper->keys, sizeof *keys);
	switch ((enum wire_key_act)message->edit.act) {
	case WIRE_KEY_ADD_MACHINE:
		return add_machine(keeper, keys, passphrase, frame);
	case WIRE_KEY_REMOVE_MACHINE:
		return remove_machine(keeper, keys, passphrase, frame);
	case WIRE_KEY_IMPORT_READER:
		return import_reader(keeper, keys, passphrase, frame);
	case WIRE_KEY_EXPORT_READERS:
		return export_readers(keeper, keys, passphrase, frame);
	}
	return WIRE_CODE_BAD_REQUEST;
}
