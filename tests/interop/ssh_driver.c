/*
 * What ssh_keygen.sh asks of proto/format, as a program.
 *
 *   key SEED                  an OpenSSH private key file of that seed
 *   public SEED               its public key, as in a .pub file
 *   author SEED               its author id
 *   signer SEED               its allowed_signers line
 *   sign SEED NAMESPACE       the armoured signature of standard input
 *   verify NAMESPACE SIG      whether the file SIG is one of standard input;
 *                             prints the author id of who signed
 *   signers NAMESPACE         the author ids that an allowed_signers file on
 *                             standard input allows
 *
 * SEED is 64 hex digits. Only test keys go here: they show in ps.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "proto/format/sshsig.h"

#define READ_BYTES 65536

static int read_stream(FILE *file, struct buf *out)
{
	uint8_t *room;
	size_t n;

	do {
		if (buf_reserve(out, READ_BYTES, &room) < 0)
			return -1;
		n = fread(room, 1, READ_BYTES, file);
		out->len += n;
	} while (n > 0);
	return ferror(file) ? -1 : 0;
}

static int put_string(struct buf *out, const void *data, size_t len)
{
	const uint8_t head[4] = {0, 0, (uint8_t)(len >> 8), (uint8_t)len};
	int r = buf_append(out, head, sizeof head);

	return r == 0 ? buf_append(out, data, len) : r;
}

/* The part that a passphrase would encrypt (PROTOCOL.key, 3). */
static int put_private(
    const uint8_t *seed, const uint8_t *public, struct buf *out)
{
	uint8_t pair[64], pad;
	struct buf inner = {0};
	int r;

	memcpy(pair, seed, 32);
	memcpy(pair + 32, public, 32);
	r = buf_append(&inner, "twictwic", 8);
	if (r == 0)
		r = put_string(&inner, "ssh-ed25519", 11);
	if (r == 0)
		r = put_string(&inner, public, 32);
	if (r == 0)
		r = put_string(&inner, pair, sizeof pair);
	if (r == 0)
		r = put_string(&inner, "test", 4);
	for (pad = 1; r == 0 && inner.len % 8 != 0; pad++)
		r = buf_append(&inner, &pad, 1);
	if (r == 0)
		r = put_string(out, inner.data, inner.len);
	buf_free(&inner);
	return r;
}

static int print_key(const uint8_t *seed, const struct sign_key *key)
{
	static const uint8_t one[4] = {0, 0, 0, 1};
	uint8_t blob[SSHSIG_BLOB_BYTES];
	struct buf file = {0}, text = {0};
	size_t i;
	int r;

	sign_key_blob(key, blob);
	r = buf_append(&file, "openssh-key-v1", 15);
	if (r == 0)
		r = put_string(&file, "none", 4);
	if (r == 0)
		r = put_string(&file, "none", 4);
	if (r == 0)
		r = put_string(&file, "", 0);
	if (r == 0)
		r = buf_append(&file, one, sizeof one);
	if (r == 0)
		r = put_string(&file, blob, sizeof blob);
	if (r == 0)
		r = put_private(seed, key->bytes, &file);
	if (r == 0)
		r = base64_append(&text, BASE64_STANDARD, buf_span(&file));
	puts("-----BEGIN OPENSSH PRIVATE KEY-----");
	for (i = 0; r == 0 && i < text.len; i += 70)
		printf("%.*s\n", text.len - i < 70 ? (int)(text.len - i) : 70,
		    (char *)text.data + i);
	puts("-----END OPENSSH PRIVATE KEY-----");
	buf_free(&file);
	buf_free(&text);
	return r;
}

static int print_buf(struct buf *text, int r)
{
	if (r == 0 && fwrite(text->data, 1, text->len, stdout) != text->len)
		r = -1;
	buf_free(text);
	return r;
}

static int print_author(const struct sign_key *key)
{
	struct author_id author;
	char text[65];

	sign_key_author(key, &author);
	hex_encode(author.bytes, sizeof author.bytes, text);
	puts(text);
	return 0;
}

static int sign(
    const uint8_t *seed, const struct sign_key *key, const char *name_space)
{
	uint8_t signature[SSHSIG_SIGNATURE_BYTES];
	struct buf message = {0}, out = {0};
	int r;

	r = read_stream(stdin, &message);
	if (r == 0)
		r = sshsig_sign(
		    seed, name_space, buf_span(&message), signature);
	if (r == 0)
		r = sshsig_armour(key, name_space, signature, &out);
	buf_free(&message);
	return print_buf(&out, r);
}

static int verify(const char *name_space, const char *path)
{
	uint8_t signature[SSHSIG_SIGNATURE_BYTES];
	struct buf message = {0}, armour = {0};
	struct sign_key key;
	FILE *file = fopen(path, "re");
	int r = file ? read_stream(file, &armour) : -1;

	if (file)
		fclose(file);
	if (r == 0)
		r = read_stream(stdin, &message);
	if (r == 0)
		r = sshsig_dearmour(
		    buf_span(&armour), name_space, &key, signature);
	if (r == 0)
		r = sshsig_verify(
		    &key, name_space, buf_span(&message), signature);
	if (r == 0)
		r = print_author(&key);
	buf_free(&message);
	buf_free(&armour);
	return r;
}

static int print_each(
    void *context, const struct sign_key *key, struct span principal)
{
	(void)context;
	(void)principal;
	return print_author(key);
}

static int signers(const char *name_space)
{
	struct buf text = {0};
	int r;

	r = read_stream(stdin, &text);
	if (r == 0)
		r = sshsig_read_signers(
		    buf_span(&text), name_space, print_each, NULL);
	buf_free(&text);
	return r;
}

static int with_seed(int argc, char **argv)
{
	uint8_t seed[32], secret[crypto_sign_SECRETKEYBYTES];
	struct buf text = {0};
	struct sign_key key;

	if (argc < 3 || hex_decode(span_text(argv[2]), seed, 32) != 0)
		return 2;
	crypto_sign_seed_keypair(key.bytes, secret, seed);
	if (!strcmp(argv[1], "key"))
		return print_key(seed, &key);
	if (!strcmp(argv[1], "author"))
		return print_author(&key);
	if (!strcmp(argv[1], "public")) {
		int r = sign_key_format(&key, &text);

		return print_buf(
		    &text, r == 0 ? buf_append_text(&text, "\n") : r);
	}
	if (!strcmp(argv[1], "signer"))
		return print_buf(&text, sshsig_allowed_signer(&key, &text));
	if (!strcmp(argv[1], "sign") && argc == 4)
		return sign(seed, &key, argv[3]);
	return 2;
}

int main(int argc, char **argv)
{
	int r;

	if (sodium_init() < 0 || argc < 3)
		return 2;
	if (!strcmp(argv[1], "verify") && argc == 4)
		r = verify(argv[2], argv[3]);
	else if (!strcmp(argv[1], "signers"))
		r = signers(argv[2]);
	else
		r = with_seed(argc, argv);
	return r == 0 ? 0 : 1;
}
