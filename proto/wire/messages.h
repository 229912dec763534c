/*
 * The messages, as the rest of the program sees them. wire_encode() and
 * wire_decode() convert; the limits stand in the tables of messages.c.
 *
 * Times are Unix seconds, sizes bytes. ${job} and ${session} numbers are chosen
 * by the store and the courier and come back unchanged.
 */
#ifndef EVIDENT_WIRE_MESSAGES_H
#define EVIDENT_WIRE_MESSAGES_H

#include "proto/format/age.h"
#include "proto/format/entry.h"
#include "proto/wire/control.h"
#include "proto/wire/frame.h"

#define WIRE_DETAIL_MAX 8192 /* of what a custody event says */

struct wire_key16 {
	uint8_t bytes[16];
};
struct wire_key32 {
	uint8_t bytes[32];
};
struct wire_signature {
	uint8_t bytes[64];
};

/* A list of T, allocated in the arena when decoded. */
#define WIRE_LIST(T) \
	struct { \
		T *items; \
		size_t count; \
	}

struct wire_failed {
	uint64_t code; /* enum wire_code */
	uint64_t job;  /* or session, or 0 */
};

/* Messages without fields (STOP, COMMIT, RESUME, DONE, SYNC_DONE). */
struct wire_empty {
	uint8_t unused;
};

/* --- supervisor ------------------------------------------------------- */

struct wire_sup_peer {
	uint64_t role;   /* enum wire_role */
	uint64_t number; /* which worker, from 0 */
};
enum wire_sync_mode {
	WIRE_SYNC_AUTO, /* a node that listens meets partners by itself */
	WIRE_SYNC_OFF,
	WIRE_SYNC_ON,
};
enum wire_retain {
	WIRE_RETAIN_ALWAYS,
	WIRE_RETAIN_UNTIL_DELIVERED, /* then entry and proof alone */
	WIRE_RETAIN_NEVER,           /* and no own reader before that */
};
/* The configuration, as every child gets it (daemon/base/config.h). */
struct wire_sup_start {
	uint64_t workers;       /* how many there are */
	uint64_t lock_after;    /* seconds without a request; 0 never */
	uint64_t sync;          /* enum wire_sync_mode */
	uint64_t sync_every;    /* seconds between meetings with a partner */
	uint64_t rate;          /* bytes a second and partner; 0 no limit */
	uint64_t quota_bytes;   /* that a partner may bring; 0 no limit */
	uint64_t quota_entries; /* likewise */
	uint64_t withdrawals; /* of one author a day that are obeyed at once */
	uint64_t retain;      /* enum wire_retain */
};
struct wire_sup_state {
	uint64_t state; /* enum sup_state, daemon/base/service.h */
};

/* --- keeper ----------------------------------------------------------- */

struct wire_keeper_create {
	uint64_t with_reader; /* make a reading identity: 0 or 1 */
};
struct wire_keeper_keys {
	struct wire_key32 storage_key; /* seals database and record keys */
	struct wire_key16 file_id;
	struct wire_key32 transport_seed; /* for the courier */
	struct sign_key author;
	struct sign_key transport;
	struct age_recipient bundle;
	struct log_id log;
	WIRE_LIST(struct age_recipient) readers; /* own ones, 0..8 */
	uint64_t flags; /* 1: a machine's key opens the keyring, too */
};
/* Change the keyring. fds: passphrase; what ${act} takes or gives: the
 * machine's new key (out), nothing (any), an identity (in), identities (out).
 * Answered by KEYS. */
enum wire_key_act {
	WIRE_KEY_ADD_MACHINE = 1,
	WIRE_KEY_REMOVE_MACHINE = 2,
	WIRE_KEY_IMPORT_READER = 3,
	WIRE_KEY_EXPORT_READERS = 4,
};
struct wire_keeper_edit {
	uint64_t act;
};
struct wire_keeper_item {
	struct entry_object content;
	struct digest fields;
	struct span attachments; /* 40 bytes each: digest, 8-byte big-endian
				    size; ascending */
	struct span withdraws;   /* 32 bytes each, ascending */
	uint64_t key_act;        /* enum entry_key_act */
	struct author_id key_subject;
	uint64_t key_since;
};
struct wire_keeper_sign {
	uint64_t first; /* index of the first item */
	WIRE_LIST(struct wire_keeper_item) items;
};
struct wire_signed_entry {
	struct span entry;
	struct wire_signature signature;
};
struct wire_keeper_signed {
	WIRE_LIST(struct wire_signed_entry) items;
};
struct wire_keeper_durable {
	uint64_t size;         /* entries of the own log that are on disk */
	uint64_t idle_seconds; /* lock after so long without a person; 0
				  never (a listening hub) */
	uint64_t present;      /* 1: a person waits for what is asked now */
	struct log_id log;     /* the one that is written */
};
/* OPEN_LOG: drawn anew; in force from the DURABLE on that names it. */
struct wire_keeper_log {
	struct log_id log;
};
struct wire_keeper_checkpoint {
	uint64_t size;
	struct digest root;
};
struct wire_keeper_note {
	struct span note; /* CHECKPOINT: the signed note; COSIGN: one signature
			     line; CARD: the card file */
};
struct wire_keeper_cosign {
	struct span text; /* a checkpoint's three lines */
};
struct wire_keeper_card {
	struct span name;
	uint64_t serial;
	WIRE_LIST(struct age_recipient) readers; /* beyond the node's own */
	WIRE_LIST(struct span) addresses;
	struct span organisation; /* an author id, or empty */
};
struct wire_keeper_unwrap {
	WIRE_LIST(struct age_stanza) stanzas;
};
struct wire_keeper_file_key {
	uint64_t stanza; /* which one opened */
	struct wire_key16 key;
};

/* --- worker ----------------------------------------------------------- */

struct wire_audience {
	struct author_id id; /* the partner, or the node itself */
	WIRE_LIST(struct age_recipient) recipients;
};
/* What a record is opened for, to be held against the witness's consent. */
struct wire_consent {
	struct span purpose; /* one of its purposes, or empty */
	struct span today;   /* YYYY-MM-DD, UTC; empty where nothing is asked */
	uint64_t override;   /* 1: a person goes against it */
};
/* A record that stands here already, to be opened by a worker. */
struct wire_original {
	struct span entry; /* empty: there is none */
	struct span payload;
	WIRE_LIST(struct span) envelopes; /* each is tried */
};
/* Seal a new record. fds: fields (a memfd, see daemon/worker/fields.h), then
 * for each attachment the file to read and the object to write. */
#define WIRE_PREVIOUS_MAX 160
struct wire_work_seal {
	uint64_t job;
	struct span kind; /* of content lines: kind, time, after */
	struct span time;
	struct span after;
	WIRE_LIST(struct wire_audience) audiences;
	WIRE_LIST(struct wire_key32) veil_keys; /* one per attachment */
	struct span origin;                     /* content line */
	struct span subject; /* content line, or empty: there is none */
	WIRE_LIST(struct author_id) consented; /* content lines consent.share */
	/* Its other consent holds for this one, too, but what is said anew. */
	struct wire_original original;
	struct span previous; /* content line, or empty: there is none */
};
struct wire_sealed_object {
	struct entry_object object;
	uint64_t input; /* which attachment it was, from 0 */
};
struct wire_envelope {
	struct author_id audience;
	struct span bytes; /* age headers: content, attachments ascending */
};
struct wire_work_sealed {
	uint64_t job;
	struct span payload; /* of the content */
	struct entry_object content;
	struct digest fields;
	WIRE_LIST(struct wire_sealed_object) objects; /* ascending by digest */
	WIRE_LIST(struct wire_envelope) envelopes;
};
/* Open a content: to the descriptor as clear text (the exact content bytes),
 * or, for want_receipt, only its kind; of kind received, its records; and of a
 * custody event what it speaks of, when, and its other lines as one JSON object
 * of lists (empty when they are too many). */
struct wire_work_open {
	uint64_t job;
	uint64_t want_receipt;
	uint64_t to_export; /* with want_receipt: refuse against the consent;
			       ${detail} is {"shown","withheld"}: of the names
			       in ${asked} those that are in the record */
	struct wire_consent consent;
	struct span entry;
	WIRE_LIST(struct span) envelopes; /* each is tried */
	struct span payload;
	/* With want_receipt: refuse what the consent does not let these have.
	 */
	WIRE_LIST(struct author_id) readers;
	struct span asked; /* JSON list of names; "all" in it: every one */
};
struct wire_receipt_record {
	struct entry_id entry;
	struct digest envelope;
};
struct wire_work_opened {
	uint64_t job;
	struct span kind; /* only for want_receipt */
	WIRE_LIST(struct wire_receipt_record) records;
	WIRE_LIST(struct entry_id) subjects;
	struct span time, detail;
};
/* Open an attachment of a record; the plaintext's SHA-256 and size are checked
 * against the content's line. fds: object, out. */
struct wire_work_open_object {
	uint64_t job;
	struct span entry;
	WIRE_LIST(struct span) envelopes;
	struct span payload; /* of the content */
	struct digest object;
	struct wire_key32 veil_key;
};
/* Copy an object without its veil. fds: object, out. */
struct wire_work_unveil {
	uint64_t job;
	struct wire_key32 veil_key;
	uint64_t size;
};
/* SHA-256 of ${head} and an object. */
struct wire_work_hash {
	uint64_t job;
	struct wire_key32 veil_key;
	uint64_t size;
	struct span head;
};
struct wire_work_hashed {
	uint64_t job;
	struct digest digest;
};
struct wire_verify_item {
	struct sign_key key;
	struct span entry;
	struct wire_signature signature; /* SSHSIG evident-entry-v1 */
};
struct wire_work_verify {
	uint64_t job;
	WIRE_LIST(struct wire_verify_item) items;
};
struct wire_work_verified {
	uint64_t job;
	struct span results; /* a byte an item: 1 holds, 0 does not */
};
struct wire_work_failed {
	uint64_t job;
	uint64_t code;   /* enum wire_code */
	uint64_t input;  /* which attachment or field is at fault, from 1 */
	struct span why; /* a fixed text of the worker, never content */
};

/* Sign a bundle (FORMAT.md, 10); answered by NOTE, the armoured signature. */
struct wire_keeper_bundle {
	struct digest digest;
};
/* Sign an enrolment (FORMAT.md, 9.1) by this node as the organisation; answered
 * by NOTE, text and armoured signature. */
struct wire_keeper_enrol {
	struct author_id member;
	uint64_t serial;
	uint64_t ended;     /* 1: the member is the organisation's no more */
	struct digest keys; /* of the member's card; zero with ${ended} */
};
/* Seal ${head}, ${size} veiled bytes and ${tail} to a partner. fds: those
 * bytes, the age file. */
struct wire_work_bundle_seal {
	uint64_t job;
	struct span head, tail;
	struct wire_key32 recipient;
	struct wire_key32 veil_key;
	uint64_t size;
};
/* Open an age file and veil the frames in it. fds: the file, the frames. */
struct wire_work_bundle_open {
	uint64_t job;
	struct wire_key32 veil_key;
};
/* What it said of itself; ${digest} is of all before ${tail}, which nobody has
 * checked yet. */
struct wire_work_bundle_opened {
	uint64_t job;
	struct author_id from, to;
	uint64_t size;
	struct digest digest;
	struct span tail;
};
/* Open a record's content, hold it against the entry, and make envelopes of
 * its file keys for more audiences. */
struct wire_work_rewrap {
	uint64_t job;
	struct span entry;
	WIRE_LIST(struct span) envelopes; /* each is tried */
	struct span payload;
	WIRE_LIST(struct wire_audience)
	audiences; /* with the consent of each */
	struct wire_consent consent;
};
struct wire_work_rewrapped {
	uint64_t job;
	WIRE_LIST(struct wire_envelope) envelopes; /* one an audience */
};
struct wire_work_done {
	uint64_t job;
};

/* --- courier ---------------------------------------------------------- */

struct wire_partner {
	struct author_id author;
	struct sign_key transport;
	WIRE_LIST(struct span) addresses;
	struct span proxy; /* IP:PORT of a SOCKS5 proxy, or empty */
	uint64_t rate;     /* bytes a second each way; 0 no limit */
};
/* Sent once on start and again whenever partners change: replaces all. */
struct wire_courier_start {
	struct wire_key32 transport_seed;
	struct span listen;                      /* ADDR:PORT or empty */
	WIRE_LIST(struct wire_partner) partners; /* compared ones only */
};
struct wire_courier_started {
	uint64_t code; /* enum wire_code: could it listen? */
	uint64_t port; /* that it listens on, 0 for none */
};
struct wire_courier_dial {
	struct author_id partner;
};
/* What carries a session. */
enum wire_carrier {
	WIRE_CARRIER_ACCEPTED,
	WIRE_CARRIER_DIALLED,
	WIRE_CARRIER_READ,  /* a bundle of theirs */
	WIRE_CARRIER_WRITE, /* a bundle of ours */
};
/* Read frames from a veiled file, or write them to it. */
struct wire_courier_bundle {
	struct author_id partner;
	uint64_t carrier;
	struct wire_key32 veil_key;
	uint64_t size; /* of what is read */
};
struct wire_courier_ended {
	struct author_id partner;
	uint64_t carrier; /* not 0: answers COURIER_DIAL or COURIER_BUNDLE */
	uint64_t session; /* 0: none was opened */
	uint64_t code;
	uint64_t sent, received; /* bytes of frames, within TLS */
	uint64_t round_trips;    /* words of ours that end a turn */
};
struct wire_session_opened {
	uint64_t session;
	struct author_id partner;
	uint64_t carrier;
};
/* A sync message as it came or shall go: the courier has validated it. */
struct wire_session_message {
	uint64_t session;
	uint64_t type;
	struct span body;
};
/* ACK: the store is done with the last MESSAGE. NEXT: the courier can send;
 * answered by MESSAGE or OBJECT. CLOSE: with a code. */
struct wire_session_step {
	uint64_t session;
	uint64_t code; /* only in CLOSE */
};
struct wire_session_object { /* OBJECT, TAKE */
	uint64_t session;
	struct digest object;
	struct wire_key32 veil_key;
	uint64_t offset;
	uint64_t size;
};
struct wire_session_part { /* WANT, STORED */
	uint64_t session;
	struct digest object;
	uint64_t offset; /* WANT: where it begins; STORED: written up to */
};

/* --- between partners ------------------------------------------------- */

#define SYNC_VERSION 1
#define SYNC_CHUNK_BYTES 262144

struct wire_sync_hello {
	uint64_t version;
};
/* Begins a meeting: SHA-256 over all logs both have to do with, and whether
 * more is lacking than their sizes show (daemon/store/sync_summary.c). */
struct wire_sync_summary {
	struct digest digest;
	uint64_t pending;
};
struct wire_sync_log {
	struct sign_key author;
	struct log_id log;
	uint64_t size;
	struct digest root;
	struct span checkpoint; /* of a log that is offered: signed note, with
				   cosignatures; of the receiver's own: one
				   that shows it to have been put back; else
				   empty */
};
struct wire_sync_want {
	struct digest object;
	uint64_t offset; /* have so much already */
};
/* Ends a turn: what the sender now holds and lacks. */
struct wire_sync_frontier {
	WIRE_LIST(struct wire_sync_log) logs;
	WIRE_LIST(struct wire_sync_want) wants;
	uint64_t recover; /* 1: bring back what I wrote and do not hold */
};
/* ${entry} empty: the receiver is not in the audience and gets the leaf. */
struct wire_sync_item {
	struct digest leaf;
	struct span entry;
	struct span signature; /* 64 bytes, with an entry */
	struct span payload;   /* of the content, for the audience */
	struct span envelope;
};
struct wire_sync_entries {
	struct sign_key author;
	struct log_id log;
	uint64_t start; /* index of the first item */
	WIRE_LIST(struct wire_sync_item) items;
	WIRE_LIST(struct digest)
	consistency; /* from start + items to the
			checkpoint's size */
	struct span checkpoint;
};
/* One entry, whole, with the proof of its place (FORMAT.md, 8): for whom its
 * audience was widened later, by the author or by a reader of it. */
struct wire_sync_proven {
	struct sign_key author;
	struct span entry;
	struct wire_signature signature;
	struct span payload;
	struct span envelope;
	struct span proof;
};
struct wire_sync_chunk {
	struct digest object;
	uint64_t offset;
	struct span data;
};
/* Ends a meeting, in the middle of the other side's turn: why. */
struct wire_sync_refused {
	uint64_t code; /* enum wire_code: QUOTA or RATE */
};
struct wire_sync_cosign {
	struct sign_key author;
	struct log_id log;
	struct span note; /* checkpoint text and one cosignature */
};

#endif
