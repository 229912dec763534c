/*
 * What a fuzz target is: one function that takes any bytes and must neither
 * crash nor break its own claims. fuzz_*.c each hold one; it is run by
 * libFuzzer (tests/fuzz/run) or by replay.c.
 *
 * Who reads what comes from a file or a stranger, and the target that reaches
 * it:
 *
 *   proto/format  age_header, age_keys, bech32: age_header; age: payload;
 *                 bundle: bundle; bytes, lines: lines; card: card; content*:
 *                 content, bag_made; enrolment: enrolment; entry: entry;
 *                 merkle: merkle; note, cosignature: note; proof: proof;
 *                 signers, sshsig: signers; text: text; version: card, bundle
 *   proto/wire    frame, codec, messages (all three protocols): message;
 *                 channel: channel
 *   proto/bag     files, verify, verify_record, claims, findings, timeline,
 *                 editions: bag; write, render: bag_made; leaves: leaves
 *   client        import_line, record: import; replies of the daemon: message;
 *                 cards, signers and bags it reads: card, signers, bag
 *   base          config: config; veil: payload
 *   keeper        keyring: keyring; what it is asked: message
 *   worker        fields: fields, import; stream: payload; bundle, check,
 *                 consent, event, open, opening, seal: job
 *   store         vfs*: vfs; record_keys, seal: record_keys; sync*, withdraw,
 *                 partners, log_tree: sync; control*, enrolments: control
 *   courier       turn, object, bundle: turn; socks_answer: socks
 *
 * Not here: pictures of QR codes (libpng, libjpeg and zbar in a process that
 * can do nothing, client/qr_read.c), certificates (OpenSSL), passphrases.
 */
#ifndef EVIDENT_TESTS_FUZZ_H
#define EVIDENT_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLAIM(x) \
	do { \
		if (!(x)) \
			fuzz_broken(__FILE__, __LINE__, #x); \
	} while (0)

__attribute__((noreturn)) static inline void fuzz_broken(
    const char *file, int line, const char *claim)
{
	dprintf(STDERR_FILENO, "%s:%d: does not hold: %s\n", file, line, claim);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
