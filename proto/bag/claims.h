/*
 * What a bag that holds says, record by record, and what follows from all of
 * it together: for whoever has to explain it.
 */
#ifndef EVIDENT_BAG_CLAIMS_H
#define EVIDENT_BAG_CLAIMS_H

#include "proto/format/bytes.h"
#include "proto/format/ids.h"

#define BAG_KIND_BYTES 16
#define BAG_TIME_BYTES 20 /* YYYY-MM-DDThh:mm:ssZ */

/* A witness's word that it had seen the log up to here by then. */
struct bag_cosigned {
	struct author_id witness;
	uint64_t time; /* Unix seconds, by the clock of the witness */
	bool anchored; /* its key is among those given from outside */
};

struct bag_claim {
	struct entry_id id;
	struct author_id author;
	bool anchored; /* the author's key is among those given from outside */
	struct log_id log;
	uint64_t index, size;     /* its place, of so many under its proof */
	struct digest checkpoint; /* SHA-256 of the text of that checkpoint */
	char kind[BAG_KIND_BYTES];
	char time[BAG_TIME_BYTES + 1]; /* the author's clock; empty: closed */
	bool has_after;
	struct digest after; /* the checkpoint it cites */
	size_t about_count;  /* entries it speaks of: subjects, records,
				withdrawn ones; ascending, none twice */
	struct entry_id *about;
	uint64_t attachments, shown, closed; /* files, lines, lines */
	size_t cosigned_count;
	struct bag_cosigned *cosigned;
	struct buf readable; /* as readable.txt */
};

struct bag_claims {
	size_t count;
	struct bag_claim *items; /* ascending by id */
};

void bag_claims_free(struct bag_claims *claims);

/* --- what follows (findings.c) ------------------------------------------- */

const struct bag_claim *bag_claims_find(
    const struct bag_claims *claims, const struct entry_id *id);
/* Whether an entry of the bag withdraws ${id}: by whom is ${ret_claim}. Only
 * the author of the record counts; whose organisation it is no bag can say. */
bool bag_is_withdrawn(const struct bag_claims *claims,
    const struct bag_claim *claim, const struct bag_claim **ret_claim);

/* A log of which something is in the bag. */
struct bag_log {
	struct author_id author;
	struct log_id log;
	uint64_t size; /* places under the newest checkpoint here */
	size_t first;  /* into the order of bag_by_place() */
	size_t count;  /* how many of its entries are here */
};

/* The claims by author, log and place: an array to free(). */
int bag_by_place(
    const struct bag_claims *claims, const struct bag_claim ***ret_claims);
/* The logs, in that order: an array to free(). */
int bag_logs(const struct bag_claims *claims,
    const struct bag_claim *const *by_place, struct bag_log **ret_logs,
    size_t *ret_count);
/* The claims by their authors' times, those without first: to free(). */
int bag_by_time(
    const struct bag_claims *claims, const struct bag_claim ***ret_claims);
/* Append the ids, in hex and LF, of what is spoken of and not here: of what
 * withdrawals name, or of all else. */
int bag_missing(
    const struct bag_claims *claims, bool withdrawn, struct buf *out);

/* Until when, and since when, an entry is. A witness or author counts if its
 * key came from outside and it is neither the entry's author nor one who
 * exported: ${exporter_or_null}, and the authors of entries named `exported`
 * that speak of it. */
struct bag_bracket {
	bool has_until;
	uint64_t until; /* Unix seconds: the least of those that count */
	struct author_id until_by;
	size_t until_count; /* how many witnesses count */
	bool has_since;
	char since[BAG_TIME_BYTES + 1]; /* by the clock of ${since_by} */
	struct author_id since_by;
};

void bag_bracket(const struct bag_claims *claims, const struct bag_claim *claim,
    const struct author_id *exporter_or_null, struct bag_bracket *ret_bracket);

/* Append the picture (SVG 1.1) of what was done when, by each author's own
 * clock: ASCII, of nothing but ids, kinds and times (FORMAT.md, 11.1). */
int bag_timeline(const struct bag_claims *claims, struct buf *out);

#endif
