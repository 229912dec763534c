/*
 * leaves_verify() on a file, under the author with mark 1. Of a file that holds
 * every byte is known from its ids and its note, which are read here once more.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proto/bag/leaves.h"
#include "proto/format/merkle.h"
#include "proto/format/note.h"
#include "proto/format/sshsig.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/parts.h"

#define IDS_MAX 4096

static struct digest ids[IDS_MAX];

/* RFC 6962, 2.1, word by word. */
static struct digest root_of(const struct digest *leaves, size_t count)
{
	struct digest left, right, hash;
	size_t half = 1;

	if (count == 1)
		return leaves[0];
	while (2 * half < count)
		half *= 2;
	left = root_of(leaves, half);
	right = root_of(leaves + half, count - half);
	CLAIM(merkle_node(&left, &right, &hash) == 0);
	return hash;
}

static void check_good(struct span bytes, const struct leaves_verdict *verdict,
    const struct sign_key *key)
{
	char head[64], origin[NOTE_ORIGIN_MAX] = "";
	struct checkpoint checkpoint;
	struct note note;
	struct digest root;
	struct span rest;
	size_t i;

	CLAIM(verdict->entries > 0 && verdict->entries <= IDS_MAX);
	snprintf(head, sizeof head, "evident leaves v1\nentries %llu\n",
	    (unsigned long long)verdict->entries);
	CLAIM(bytes.len > strlen(head) + 65 * verdict->entries &&
	      memcmp(bytes.data, head, strlen(head)) == 0);
	rest = span_of(bytes.data + strlen(head), bytes.len - strlen(head));
	for (i = 0; i < verdict->entries; i++) {
		CLAIM(
		    hex_decode(span_of(rest.data, 64), ids[i].bytes, 32) == 0);
		CLAIM(rest.data[64] == '\n');
		rest = span_of(rest.data + 65, rest.len - 65);
	}
	root = root_of(ids, i);
	CLAIM(memcmp(root.bytes, verdict->root.bytes, 32) == 0);
	CLAIM(note_parse(rest, &note) == 0);
	CLAIM(note.signature_count == 1);
	CLAIM(checkpoint_parse(note.text, &checkpoint) == 0);
	CLAIM(checkpoint.size == verdict->entries);
	CLAIM(memcmp(checkpoint.root.bytes, root.bytes, 32) == 0);
	note_origin(&verdict->author, &verdict->log, origin);
	CLAIM(strcmp(origin, checkpoint.origin) == 0);
	CLAIM(note_verify(&note, origin, key) == 0);
	note_free(&note);
}

static enum leaves_reason judge(int fd, struct span signers,
    const struct entry_id *record, struct leaves_verdict *ret_verdict)
{
	CLAIM(lseek(fd, 0, SEEK_SET) == 0);
	CLAIM(leaves_verify(fd, signers, record, NULL, NULL, ret_verdict) == 0);
	CLAIM(leaves_reason_text(ret_verdict->reason));
	return ret_verdict->reason;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct buf signers, others;
	static struct sign_key key;
	struct span bytes = span_of(data, size);
	struct leaves_verdict verdict;
	struct sign_key other;
	struct entry_id id;
	int fd;

	if (signers.len == 0) {
		parts_author(1, &key);
		parts_author(2, &other);
		CLAIM(sshsig_allowed_signer(&key, &signers) == 0);
		CLAIM(sshsig_allowed_signer(&other, &others) == 0);
	}
	fd = parts_file(bytes);
	if (judge(fd, buf_span(&signers), NULL, &verdict) == LEAVES_GOOD) {
		check_good(bytes, &verdict, &key);
		memcpy(id.bytes, ids[0].bytes, sizeof id.bytes);
		CLAIM(judge(fd, buf_span(&others), NULL, &verdict) ==
		      LEAVES_NOT_VOUCHED);
		if (judge(fd, buf_span(&signers), &id, &verdict) == LEAVES_GOOD)
			CLAIM(verdict.place == 0);
		else
			CLAIM(verdict.reason == LEAVES_TWICE);
	}
	close(fd);
	return 0;
}
