/*
 * The tables of all messages: every limit in one place.
 *
 * A row says where a value stands in the message's struct and what it may be;
 * rows stand in the order of the field numbers in the .proto file. codec.c
 * walks a table beside protobuf-c's descriptor. A new field goes last, in both.
 */
#include "control.pb-c.h"
#include "internal.pb-c.h"
#include "sync.pb-c.h"

#include "proto/format/bundle.h"
#include "proto/format/content.h"
#include "proto/format/enrolment.h"
#include "proto/format/merkle.h"
#include "proto/format/note.h"
#include "proto/format/proof.h"
#include "proto/wire/codec.h"
#include "proto/wire/messages.h"

#define WIRE_SMALL 1024
#define WIRE_ENVELOPE_MAX 1048576
#define WIRE_PAYLOAD_MAX (CONTENT_BYTES_MAX + 4096)
#define WIRE_JSON_MAX (2 * 1024 * 1024)
#define WIRE_SIGN_MAX 1024
#define WIRE_ITEMS_MAX 8192

#define U64(s, m, max) \
	{ \
		CODEC_U64, offsetof(struct s, m), 0, max, 0, 0, NULL \
	}
#define BYTES(s, m, min, max) \
	{ \
		CODEC_BYTES, offsetof(struct s, m), min, max, 0, 0, NULL \
	}
#define TEXT(s, m, min, max) \
	{ \
		CODEC_TEXT, offsetof(struct s, m), min, max, 0, 0, NULL \
	}
#define FIXED(s, m, len) \
	{ \
		CODEC_FIXED, offsetof(struct s, m), len, len, 0, 0, NULL \
	}
#define OBJECT(s, m) \
	{ \
		CODEC_OBJECT, offsetof(struct s, m), 40, 40, 0, 0, NULL \
	}
#define LIST_BYTES(s, m, min, max, count) \
	{ \
		CODEC_LIST_BYTES, offsetof(struct s, m), min, max, count, \
		    sizeof(struct span), NULL \
	}
#define LIST_TEXT(s, m, min, max, count) \
	{ \
		CODEC_LIST_TEXT, offsetof(struct s, m), min, max, count, \
		    sizeof(struct span), NULL \
	}
#define LIST_FIXED(s, m, len, count) \
	{ \
		CODEC_LIST_FIXED, offsetof(struct s, m), len, len, count, len, \
		    NULL \
	}
#define LIST_MESSAGE(s, m, sub, count) \
	{ \
		CODEC_LIST_MESSAGE, offsetof(struct s, m), 0, 0, count, \
		    sizeof(struct wire_##sub), &sub##_table \
	}
#define TABLE(name, type, rows) \
	static const struct codec_table name##_table = { \
	    &evident__##type##__descriptor, (rows), \
	    sizeof(rows) / sizeof *(rows)}

static const struct codec_row keeper_item_rows[] = {
    OBJECT(wire_keeper_item, content),
    FIXED(wire_keeper_item, fields, 32),
    BYTES(wire_keeper_item, attachments, 0, 40 * ENTRY_ATTACHMENTS_MAX),
    BYTES(wire_keeper_item, withdraws, 0, 32 * ENTRY_WITHDRAWALS_MAX),
    U64(wire_keeper_item, key_act, 2),
    FIXED(wire_keeper_item, key_subject, 32),
    U64(wire_keeper_item, key_since, FORMAT_INTEGER_MAX),
};
TABLE(keeper_item, keeper_item, keeper_item_rows);

static const struct codec_row signed_entry_rows[] = {
    BYTES(wire_signed_entry, entry, 1, ENTRY_BYTES_MAX),
    FIXED(wire_signed_entry, signature, 64),
};
TABLE(signed_entry, signed_entry, signed_entry_rows);

static const struct codec_row audience_rows[] = {
    FIXED(wire_audience, id, 32),
    LIST_FIXED(wire_audience, recipients, 32, CARD_READERS_MAX),
};
TABLE(audience, audience, audience_rows);

static const struct codec_row sealed_object_rows[] = {
    OBJECT(wire_sealed_object, object),
    U64(wire_sealed_object, input, CTL_ATTACHMENTS_MAX),
};
TABLE(sealed_object, sealed_object, sealed_object_rows);

static const struct codec_row envelope_rows[] = {
    FIXED(wire_envelope, audience, 32),
    BYTES(wire_envelope, bytes, 1, WIRE_ENVELOPE_MAX),
};
TABLE(envelope, envelope, envelope_rows);

static const struct codec_row receipt_record_rows[] = {
    FIXED(wire_receipt_record, entry, 32),
    FIXED(wire_receipt_record, envelope, 32),
};
TABLE(receipt_record, receipt_record, receipt_record_rows);

static const struct codec_row verify_item_rows[] = {
    FIXED(wire_verify_item, key, 32),
    BYTES(wire_verify_item, entry, 1, ENTRY_BYTES_MAX),
    FIXED(wire_verify_item, signature, 64),
};
TABLE(verify_item, verify_item, verify_item_rows);

static const struct codec_row partner_rows[] = {
    FIXED(wire_partner, author, 32),
    FIXED(wire_partner, transport, 32),
    LIST_TEXT(wire_partner, addresses, 1, CARD_ADDRESS_MAX, CARD_ADDRESSES_MAX),
    TEXT(wire_partner, proxy, 0, CARD_ADDRESS_MAX - 1),
    U64(wire_partner, rate, UINT32_MAX),
};
TABLE(partner, partner, partner_rows);

static const struct codec_row sync_log_rows[] = {
    FIXED(wire_sync_log, author, 32),
    FIXED(wire_sync_log, log, 32),
    U64(wire_sync_log, size, FORMAT_INTEGER_MAX),
    FIXED(wire_sync_log, root, 32),
    BYTES(wire_sync_log, checkpoint, 0, NOTE_BYTES_MAX),
};
TABLE(sync_log, sync_log, sync_log_rows);

static const struct codec_row sync_want_rows[] = {
    FIXED(wire_sync_want, object, 32),
    U64(wire_sync_want, offset, FORMAT_INTEGER_MAX),
};
TABLE(sync_want, sync_want, sync_want_rows);

static const struct codec_row sync_item_rows[] = {
    FIXED(wire_sync_item, leaf, 32),
    BYTES(wire_sync_item, entry, 0, ENTRY_BYTES_MAX),
    BYTES(wire_sync_item, signature, 0, 64),
    BYTES(wire_sync_item, payload, 0, WIRE_PAYLOAD_MAX),
    BYTES(wire_sync_item, envelope, 0, WIRE_ENVELOPE_MAX),
};
TABLE(sync_item, sync_item, sync_item_rows);

static const struct codec_row failed_rows[] = {
    U64(wire_failed, code, 255),
    U64(wire_failed, job, UINT64_MAX),
};
TABLE(failed, failed, failed_rows);

static const struct codec_row ctl_request_rows[] = {
    U64(ctl_request, op, 255),
    U64(ctl_request, flags, UINT64_MAX),
    U64(ctl_request, number, UINT64_MAX),
    TEXT(ctl_request, text, 0, 4096),
    BYTES(ctl_request, blob, 0, ENROLLED_CARD_BYTES_MAX),
    LIST_TEXT(ctl_request, names, 0, 256, CTL_NAMES_MAX),
};
TABLE(ctl_request, ctl_request, ctl_request_rows);

static const struct codec_row ctl_reply_rows[] = {
    U64(ctl_reply, last, 1),
    U64(ctl_reply, exit, 255),
    TEXT(ctl_reply, error, 0, 1024),
    TEXT(ctl_reply, hint, 0, 1024),
    TEXT(ctl_reply, json, 0, WIRE_JSON_MAX),
    U64(ctl_reply, done, UINT64_MAX),
    U64(ctl_reply, total, UINT64_MAX),
};
TABLE(ctl_reply, ctl_reply, ctl_reply_rows);

static const struct codec_row sup_peer_rows[] = {
    U64(wire_sup_peer, role, WIRE_ROLE_PARTNER),
    U64(wire_sup_peer, number, 63),
};
TABLE(sup_peer, sup_peer, sup_peer_rows);

static const struct codec_row sup_start_rows[] = {
    U64(wire_sup_start, workers, 64),
    U64(wire_sup_start, lock_after, UINT32_MAX),
    U64(wire_sup_start, sync, WIRE_SYNC_ON),
    U64(wire_sup_start, sync_every, UINT32_MAX),
    U64(wire_sup_start, rate, UINT32_MAX),
    U64(wire_sup_start, quota_bytes, FORMAT_INTEGER_MAX),
    U64(wire_sup_start, quota_entries, FORMAT_INTEGER_MAX),
    U64(wire_sup_start, withdrawals, FORMAT_INTEGER_MAX),
    U64(wire_sup_start, retain, WIRE_RETAIN_NEVER),
};
TABLE(sup_start, sup_start, sup_start_rows);

static const struct codec_table sup_stop_table = {
    &evident__sup_stop__descriptor, NULL, 0};

static const struct codec_row sup_state_rows[] = {
    U64(wire_sup_state, state, 255),
};
TABLE(sup_state, sup_state, sup_state_rows);

static const struct codec_row keeper_create_rows[] = {
    U64(wire_keeper_create, with_reader, 1),
};
TABLE(keeper_create, keeper_create, keeper_create_rows);

static const struct codec_table keeper_commit_table = {
    &evident__keeper_commit__descriptor, NULL, 0};

static const struct codec_table keeper_unlock_table = {
    &evident__keeper_unlock__descriptor, NULL, 0};

static const struct codec_table keeper_resume_table = {
    &evident__keeper_resume__descriptor, NULL, 0};

static const struct codec_row keeper_keys_rows[] = {
    FIXED(wire_keeper_keys, storage_key, 32),
    FIXED(wire_keeper_keys, file_id, 16),
    FIXED(wire_keeper_keys, transport_seed, 32),
    FIXED(wire_keeper_keys, author, 32),
    FIXED(wire_keeper_keys, transport, 32),
    FIXED(wire_keeper_keys, bundle, 32),
    FIXED(wire_keeper_keys, log, 32),
    LIST_FIXED(wire_keeper_keys, readers, 32, 8),
    U64(wire_keeper_keys, flags, UINT32_MAX),
};
TABLE(keeper_keys, keeper_keys, keeper_keys_rows);

static const struct codec_row keeper_sign_rows[] = {
    U64(wire_keeper_sign, first, FORMAT_INTEGER_MAX),
    LIST_MESSAGE(wire_keeper_sign, items, keeper_item, WIRE_SIGN_MAX),
};
TABLE(keeper_sign, keeper_sign, keeper_sign_rows);

static const struct codec_row keeper_signed_rows[] = {
    LIST_MESSAGE(wire_keeper_signed, items, signed_entry, WIRE_SIGN_MAX),
};
TABLE(keeper_signed, keeper_signed, keeper_signed_rows);

static const struct codec_row keeper_durable_rows[] = {
    U64(wire_keeper_durable, size, FORMAT_INTEGER_MAX),
    U64(wire_keeper_durable, idle_seconds, 31536000),
    U64(wire_keeper_durable, present, 1),
    FIXED(wire_keeper_durable, log, 32),
};
TABLE(keeper_durable, keeper_durable, keeper_durable_rows);

static const struct codec_row keeper_checkpoint_rows[] = {
    U64(wire_keeper_checkpoint, size, FORMAT_INTEGER_MAX),
    FIXED(wire_keeper_checkpoint, root, 32),
};
TABLE(keeper_checkpoint, keeper_checkpoint, keeper_checkpoint_rows);

static const struct codec_row keeper_note_rows[] = {
    BYTES(wire_keeper_note, note, 1, NOTE_BYTES_MAX),
};
TABLE(keeper_note, keeper_note, keeper_note_rows);

static const struct codec_row keeper_cosign_rows[] = {
    BYTES(wire_keeper_cosign, text, 1, 1024),
};
TABLE(keeper_cosign, keeper_cosign, keeper_cosign_rows);

static const struct codec_row keeper_card_rows[] = {
    TEXT(wire_keeper_card, name, 1, CARD_NAME_MAX),
    U64(wire_keeper_card, serial, FORMAT_INTEGER_MAX),
    LIST_FIXED(wire_keeper_card, readers, 32, CARD_READERS_MAX),
    LIST_TEXT(
	wire_keeper_card, addresses, 1, CARD_ADDRESS_MAX, CARD_ADDRESSES_MAX),
    BYTES(wire_keeper_card, organisation, 0, 32),
};
TABLE(keeper_card, keeper_card, keeper_card_rows);

static const struct codec_row keeper_unwrap_rows[] = {
    LIST_FIXED(wire_keeper_unwrap, stanzas, 64, AGE_STANZAS_MAX),
};
TABLE(keeper_unwrap, keeper_unwrap, keeper_unwrap_rows);

static const struct codec_row keeper_file_key_rows[] = {
    U64(wire_keeper_file_key, stanza, AGE_STANZAS_MAX),
    FIXED(wire_keeper_file_key, key, 16),
};
TABLE(keeper_file_key, keeper_file_key, keeper_file_key_rows);

static const struct codec_table keeper_done_table = {
    &evident__keeper_done__descriptor, NULL, 0};

static const struct codec_row work_seal_rows[] = {
    U64(wire_work_seal, job, UINT64_MAX),
    TEXT(wire_work_seal, kind, 1, 32),
    TEXT(wire_work_seal, time, 1, 32),
    TEXT(wire_work_seal, after, 1, 64),
    LIST_MESSAGE(wire_work_seal, audiences, audience, 256),
    LIST_FIXED(wire_work_seal, veil_keys, 32, CTL_ATTACHMENTS_MAX),
    TEXT(wire_work_seal, origin, 1, NOTE_ORIGIN_MAX),
    TEXT(wire_work_seal, subject, 0, 64),
    LIST_FIXED(wire_work_seal, consented, 32, 256),
    BYTES(wire_work_seal, original.entry, 0, ENTRY_BYTES_MAX),
    BYTES(wire_work_seal, original.payload, 0, WIRE_PAYLOAD_MAX),
    LIST_BYTES(wire_work_seal, original.envelopes, 1, WIRE_ENVELOPE_MAX, 256),
    TEXT(wire_work_seal, previous, 0, WIRE_PREVIOUS_MAX),
};
TABLE(work_seal, work_seal, work_seal_rows);

static const struct codec_row work_sealed_rows[] = {
    U64(wire_work_sealed, job, UINT64_MAX),
    BYTES(wire_work_sealed, payload, 1, WIRE_PAYLOAD_MAX),
    OBJECT(wire_work_sealed, content),
    FIXED(wire_work_sealed, fields, 32),
    LIST_MESSAGE(wire_work_sealed, objects, sealed_object, CTL_ATTACHMENTS_MAX),
    LIST_MESSAGE(wire_work_sealed, envelopes, envelope, 256),
};
TABLE(work_sealed, work_sealed, work_sealed_rows);

static const struct codec_row work_open_rows[] = {
    U64(wire_work_open, job, UINT64_MAX),
    U64(wire_work_open, want_receipt, 1),
    BYTES(wire_work_open, entry, 1, ENTRY_BYTES_MAX),
    LIST_BYTES(wire_work_open, envelopes, 1, WIRE_ENVELOPE_MAX, 256),
    BYTES(wire_work_open, payload, 1, WIRE_PAYLOAD_MAX),
    U64(wire_work_open, to_export, 1),
    TEXT(wire_work_open, consent.purpose, 0, CONTENT_NAME_MAX),
    TEXT(wire_work_open, consent.today, 0, 10),
    U64(wire_work_open, consent.override, 1),
    LIST_FIXED(wire_work_open, readers, 32, 256),
    TEXT(wire_work_open, asked, 0, WIRE_DETAIL_MAX),
};
TABLE(work_open, work_open, work_open_rows);

static const struct codec_row work_opened_rows[] = {
    U64(wire_work_opened, job, UINT64_MAX),
    TEXT(wire_work_opened, kind, 0, 32),
    LIST_MESSAGE(wire_work_opened, records, receipt_record, 2048),
    LIST_FIXED(wire_work_opened, subjects, 32, CONTENT_NAMED_MAX),
    TEXT(wire_work_opened, time, 0, 20),
    TEXT(wire_work_opened, detail, 0, WIRE_DETAIL_MAX),
};
TABLE(work_opened, work_opened, work_opened_rows);

static const struct codec_row work_open_object_rows[] = {
    U64(wire_work_open_object, job, UINT64_MAX),
    BYTES(wire_work_open_object, entry, 1, ENTRY_BYTES_MAX),
    LIST_BYTES(wire_work_open_object, envelopes, 1, WIRE_ENVELOPE_MAX, 256),
    BYTES(wire_work_open_object, payload, 1, WIRE_PAYLOAD_MAX),
    FIXED(wire_work_open_object, object, 32),
    FIXED(wire_work_open_object, veil_key, 32),
};
TABLE(work_open_object, work_open_object, work_open_object_rows);

static const struct codec_row work_unveil_rows[] = {
    U64(wire_work_unveil, job, UINT64_MAX),
    FIXED(wire_work_unveil, veil_key, 32),
    U64(wire_work_unveil, size, FORMAT_INTEGER_MAX),
};
TABLE(work_unveil, work_unveil, work_unveil_rows);

static const struct codec_row work_hash_rows[] = {
    U64(wire_work_hash, job, UINT64_MAX),
    FIXED(wire_work_hash, veil_key, 32),
    U64(wire_work_hash, size, FORMAT_INTEGER_MAX),
    BYTES(wire_work_hash, head, 0, BUNDLE_HEAD_MAX),
};
TABLE(work_hash, work_hash, work_hash_rows);

static const struct codec_row work_hashed_rows[] = {
    U64(wire_work_hashed, job, UINT64_MAX),
    FIXED(wire_work_hashed, digest, 32),
};
TABLE(work_hashed, work_hashed, work_hashed_rows);

static const struct codec_row work_verify_rows[] = {
    U64(wire_work_verify, job, UINT64_MAX),
    LIST_MESSAGE(wire_work_verify, items, verify_item, WIRE_ITEMS_MAX),
};
TABLE(work_verify, work_verify, work_verify_rows);

static const struct codec_row work_verified_rows[] = {
    U64(wire_work_verified, job, UINT64_MAX),
    BYTES(wire_work_verified, results, 0, WIRE_ITEMS_MAX),
};
TABLE(work_verified, work_verified, work_verified_rows);

static const struct codec_row work_failed_rows[] = {
    U64(wire_work_failed, job, UINT64_MAX),
    U64(wire_work_failed, code, 255),
    U64(wire_work_failed, input, FORMAT_INTEGER_MAX),
    TEXT(wire_work_failed, why, 0, 256),
};
TABLE(work_failed, work_failed, work_failed_rows);

static const struct codec_row courier_start_rows[] = {
    FIXED(wire_courier_start, transport_seed, 32),
    TEXT(wire_courier_start, listen, 0, CARD_ADDRESS_MAX),
    LIST_MESSAGE(wire_courier_start, partners, partner, 1024),
};
TABLE(courier_start, courier_start, courier_start_rows);

static const struct codec_row courier_dial_rows[] = {
    FIXED(wire_courier_dial, partner, 32),
};
TABLE(courier_dial, courier_dial, courier_dial_rows);

static const struct codec_row courier_ended_rows[] = {
    FIXED(wire_courier_ended, partner, 32),
    U64(wire_courier_ended, carrier, WIRE_CARRIER_WRITE),
    U64(wire_courier_ended, session, UINT64_MAX),
    U64(wire_courier_ended, code, 255),
    U64(wire_courier_ended, sent, INT64_MAX),
    U64(wire_courier_ended, received, INT64_MAX),
    U64(wire_courier_ended, round_trips, UINT32_MAX),
};
TABLE(courier_ended, courier_ended, courier_ended_rows);

static const struct codec_row session_opened_rows[] = {
    U64(wire_session_opened, session, UINT64_MAX),
    FIXED(wire_session_opened, partner, 32),
    U64(wire_session_opened, carrier, WIRE_CARRIER_WRITE),
};
TABLE(session_opened, session_opened, session_opened_rows);

static const struct codec_row session_message_rows[] = {
    U64(wire_session_message, session, UINT64_MAX),
    U64(wire_session_message, type, 255),
    BYTES(wire_session_message, body, 0, WIRE_BODY_MAX - WIRE_SMALL),
};
TABLE(session_message, session_message, session_message_rows);

static const struct codec_row session_ack_rows[] = {
    U64(wire_session_step, session, UINT64_MAX),
    U64(wire_session_step, code, 255),
};
TABLE(session_ack, session_ack, session_ack_rows);

static const struct codec_row session_next_rows[] = {
    U64(wire_session_step, session, UINT64_MAX),
    U64(wire_session_step, code, 255),
};
TABLE(session_next, session_next, session_next_rows);

static const struct codec_row session_object_rows[] = {
    U64(wire_session_object, session, UINT64_MAX),
    FIXED(wire_session_object, object, 32),
    FIXED(wire_session_object, veil_key, 32),
    U64(wire_session_object, offset, FORMAT_INTEGER_MAX),
    U64(wire_session_object, size, FORMAT_INTEGER_MAX),
};
TABLE(session_object, session_object, session_object_rows);

static const struct codec_row session_want_rows[] = {
    U64(wire_session_part, session, UINT64_MAX),
    FIXED(wire_session_part, object, 32),
    U64(wire_session_part, offset, FORMAT_INTEGER_MAX),
};
TABLE(session_want, session_want, session_want_rows);

static const struct codec_row session_take_rows[] = {
    U64(wire_session_object, session, UINT64_MAX),
    FIXED(wire_session_object, object, 32),
    FIXED(wire_session_object, veil_key, 32),
    U64(wire_session_object, offset, FORMAT_INTEGER_MAX),
    U64(wire_session_object, size, FORMAT_INTEGER_MAX),
};
TABLE(session_take, session_take, session_take_rows);

static const struct codec_row session_stored_rows[] = {
    U64(wire_session_part, session, UINT64_MAX),
    FIXED(wire_session_part, object, 32),
    U64(wire_session_part, offset, FORMAT_INTEGER_MAX),
};
TABLE(session_stored, session_stored, session_stored_rows);

static const struct codec_row session_close_rows[] = {
    U64(wire_session_step, session, UINT64_MAX),
    U64(wire_session_step, code, 255),
};
TABLE(session_close, session_close, session_close_rows);

static const struct codec_row courier_started_rows[] = {
    U64(wire_courier_started, code, 255),
    U64(wire_courier_started, port, 65535),
};
TABLE(courier_started, courier_started, courier_started_rows);

static const struct codec_row sync_hello_rows[] = {
    U64(wire_sync_hello, version, UINT64_MAX),
};
TABLE(sync_hello, sync_hello, sync_hello_rows);

static const struct codec_row sync_summary_rows[] = {
    FIXED(wire_sync_summary, digest, 32),
    U64(wire_sync_summary, pending, 1),
};
TABLE(sync_summary, sync_summary, sync_summary_rows);

static const struct codec_row sync_frontier_rows[] = {
    LIST_MESSAGE(wire_sync_frontier, logs, sync_log, 4096),
    LIST_MESSAGE(wire_sync_frontier, wants, sync_want, 1024),
    U64(wire_sync_frontier, recover, 1),
};
TABLE(sync_frontier, sync_frontier, sync_frontier_rows);

static const struct codec_row sync_entries_rows[] = {
    FIXED(wire_sync_entries, author, 32),
    FIXED(wire_sync_entries, log, 32),
    U64(wire_sync_entries, start, FORMAT_INTEGER_MAX),
    LIST_MESSAGE(wire_sync_entries, items, sync_item, WIRE_ITEMS_MAX),
    LIST_FIXED(wire_sync_entries, consistency, 32, MERKLE_PROOF_MAX),
    BYTES(wire_sync_entries, checkpoint, 1, NOTE_BYTES_MAX),
};
TABLE(sync_entries, sync_entries, sync_entries_rows);

static const struct codec_row sync_chunk_rows[] = {
    FIXED(wire_sync_chunk, object, 32),
    U64(wire_sync_chunk, offset, FORMAT_INTEGER_MAX),
    BYTES(wire_sync_chunk, data, 1, SYNC_CHUNK_BYTES),
};
TABLE(sync_chunk, sync_chunk, sync_chunk_rows);

static const struct codec_row sync_cosign_rows[] = {
    FIXED(wire_sync_cosign, author, 32),
    FIXED(wire_sync_cosign, log, 32),
    BYTES(wire_sync_cosign, note, 1, NOTE_BYTES_MAX),
};
TABLE(sync_cosign, sync_cosign, sync_cosign_rows);

static const struct codec_table sync_done_table = {
    &evident__sync_done__descriptor, NULL, 0};

static const struct codec_row sync_refused_rows[] = {
    U64(wire_sync_refused, code, 255),
};
TABLE(sync_refused, sync_refused, sync_refused_rows);

static const struct codec_row courier_bundle_rows[] = {
    FIXED(wire_courier_bundle, partner, 32),
    U64(wire_courier_bundle, carrier, WIRE_CARRIER_WRITE),
    FIXED(wire_courier_bundle, veil_key, 32),
    U64(wire_courier_bundle, size, FORMAT_INTEGER_MAX),
};
TABLE(courier_bundle, courier_bundle, courier_bundle_rows);

static const struct codec_row keeper_edit_rows[] = {
    U64(wire_keeper_edit, act, WIRE_KEY_EXPORT_READERS),
};
TABLE(keeper_edit, keeper_edit, keeper_edit_rows);

static const struct codec_row keeper_bundle_rows[] = {
    FIXED(wire_keeper_bundle, digest, 32),
};
TABLE(keeper_bundle, keeper_bundle, keeper_bundle_rows);

static const struct codec_row keeper_enrol_rows[] = {
    FIXED(wire_keeper_enrol, member, 32),
    U64(wire_keeper_enrol, serial, FORMAT_INTEGER_MAX),
    U64(wire_keeper_enrol, ended, 1),
    FIXED(wire_keeper_enrol, keys, 32),
};
TABLE(keeper_enrol, keeper_enrol, keeper_enrol_rows);

static const struct codec_table keeper_open_log_table = {
    &evident__keeper_open_log__descriptor, NULL, 0};

static const struct codec_row keeper_log_rows[] = {
    FIXED(wire_keeper_log, log, 32),
};
TABLE(keeper_log, keeper_log, keeper_log_rows);

static const struct codec_row work_bundle_seal_rows[] = {
    U64(wire_work_bundle_seal, job, UINT64_MAX),
    BYTES(wire_work_bundle_seal, head, 1, BUNDLE_HEAD_MAX),
    BYTES(wire_work_bundle_seal, tail, 1, BUNDLE_TAIL_MAX),
    FIXED(wire_work_bundle_seal, recipient, 32),
    FIXED(wire_work_bundle_seal, veil_key, 32),
    U64(wire_work_bundle_seal, size, FORMAT_INTEGER_MAX),
};
TABLE(work_bundle_seal, work_bundle_seal, work_bundle_seal_rows);

static const struct codec_row work_bundle_open_rows[] = {
    U64(wire_work_bundle_open, job, UINT64_MAX),
    FIXED(wire_work_bundle_open, veil_key, 32),
};
TABLE(work_bundle_open, work_bundle_open, work_bundle_open_rows);

static const struct codec_row work_bundle_opened_rows[] = {
    U64(wire_work_bundle_opened, job, UINT64_MAX),
    FIXED(wire_work_bundle_opened, from, 32),
    FIXED(wire_work_bundle_opened, to, 32),
    U64(wire_work_bundle_opened, size, FORMAT_INTEGER_MAX),
    FIXED(wire_work_bundle_opened, digest, 32),
    BYTES(wire_work_bundle_opened, tail, 1, BUNDLE_TAIL_MAX),
};
TABLE(work_bundle_opened, work_bundle_opened, work_bundle_opened_rows);

static const struct codec_row work_rewrap_rows[] = {
    U64(wire_work_rewrap, job, UINT64_MAX),
    BYTES(wire_work_rewrap, entry, 1, ENTRY_BYTES_MAX),
    LIST_BYTES(wire_work_rewrap, envelopes, 1, WIRE_ENVELOPE_MAX, 256),
    BYTES(wire_work_rewrap, payload, 1, WIRE_PAYLOAD_MAX),
    LIST_MESSAGE(wire_work_rewrap, audiences, audience, 256),
    TEXT(wire_work_rewrap, consent.purpose, 0, CONTENT_NAME_MAX),
    TEXT(wire_work_rewrap, consent.today, 0, 10),
    U64(wire_work_rewrap, consent.override, 1),
};
TABLE(work_rewrap, work_rewrap, work_rewrap_rows);

static const struct codec_row work_rewrapped_rows[] = {
    U64(wire_work_rewrapped, job, UINT64_MAX),
    LIST_MESSAGE(wire_work_rewrapped, envelopes, envelope, 256),
};
TABLE(work_rewrapped, work_rewrapped, work_rewrapped_rows);

static const struct codec_row sync_proven_rows[] = {
    FIXED(wire_sync_proven, author, 32),
    BYTES(wire_sync_proven, entry, 1, ENTRY_BYTES_MAX),
    FIXED(wire_sync_proven, signature, 64),
    BYTES(wire_sync_proven, payload, 1, WIRE_PAYLOAD_MAX),
    BYTES(wire_sync_proven, envelope, 1, WIRE_ENVELOPE_MAX),
    BYTES(wire_sync_proven, proof, 1, PROOF_BYTES_MAX),
};
TABLE(sync_proven, sync_proven, sync_proven_rows);

static const struct codec_row work_done_rows[] = {
    U64(wire_work_done, job, UINT64_MAX),
};
TABLE(work_done, work_done, work_done_rows);

static const struct {
	enum wire_type type;
	uint32_t body_max;
	const struct codec_table *table;
} messages[] = {
    {WIRE_FAILED, WIRE_SMALL, &failed_table},
    {WIRE_CTL_REQUEST, WIRE_BODY_MAX, &ctl_request_table},
    {WIRE_CTL_REPLY, WIRE_BODY_MAX, &ctl_reply_table},
    {WIRE_SUP_PEER, WIRE_SMALL, &sup_peer_table},
    {WIRE_SUP_START, WIRE_SMALL, &sup_start_table},
    {WIRE_SUP_STOP, WIRE_SMALL, &sup_stop_table},
    {WIRE_SUP_STATE, WIRE_SMALL, &sup_state_table},
    {WIRE_KEEPER_CREATE, WIRE_SMALL, &keeper_create_table},
    {WIRE_KEEPER_COMMIT, WIRE_SMALL, &keeper_commit_table},
    {WIRE_KEEPER_UNLOCK, WIRE_SMALL, &keeper_unlock_table},
    {WIRE_KEEPER_RESUME, WIRE_SMALL, &keeper_resume_table},
    {WIRE_KEEPER_KEYS, 4096, &keeper_keys_table},
    {WIRE_KEEPER_SIGN, WIRE_BODY_MAX, &keeper_sign_table},
    {WIRE_KEEPER_SIGNED, WIRE_BODY_MAX, &keeper_signed_table},
    {WIRE_KEEPER_DURABLE, WIRE_SMALL, &keeper_durable_table},
    {WIRE_KEEPER_CHECKPOINT, WIRE_SMALL, &keeper_checkpoint_table},
    {WIRE_KEEPER_NOTE, NOTE_BYTES_MAX + WIRE_SMALL, &keeper_note_table},
    {WIRE_KEEPER_COSIGN, 4096, &keeper_cosign_table},
    {WIRE_KEEPER_CARD, 16384, &keeper_card_table},
    {WIRE_KEEPER_UNWRAP, 16384, &keeper_unwrap_table},
    {WIRE_KEEPER_FILE_KEY, WIRE_SMALL, &keeper_file_key_table},
    {WIRE_KEEPER_DONE, WIRE_SMALL, &keeper_done_table},
    {WIRE_WORK_SEAL, WIRE_BODY_MAX, &work_seal_table},
    {WIRE_WORK_SEALED, WIRE_BODY_MAX, &work_sealed_table},
    {WIRE_WORK_OPEN, WIRE_BODY_MAX, &work_open_table},
    {WIRE_WORK_OPENED, WIRE_BODY_MAX, &work_opened_table},
    {WIRE_WORK_OPEN_OBJECT, WIRE_BODY_MAX, &work_open_object_table},
    {WIRE_WORK_UNVEIL, WIRE_SMALL, &work_unveil_table},
    {WIRE_WORK_HASH, WIRE_SMALL, &work_hash_table},
    {WIRE_WORK_HASHED, WIRE_SMALL, &work_hashed_table},
    {WIRE_WORK_VERIFY, WIRE_BODY_MAX, &work_verify_table},
    {WIRE_WORK_VERIFIED, 16384, &work_verified_table},
    {WIRE_WORK_FAILED, 4096, &work_failed_table},
    {WIRE_COURIER_START, WIRE_BODY_MAX, &courier_start_table},
    {WIRE_COURIER_DIAL, WIRE_SMALL, &courier_dial_table},
    {WIRE_COURIER_ENDED, WIRE_SMALL, &courier_ended_table},
    {WIRE_SESSION_OPENED, WIRE_SMALL, &session_opened_table},
    {WIRE_SESSION_MESSAGE, WIRE_BODY_MAX, &session_message_table},
    {WIRE_SESSION_ACK, WIRE_SMALL, &session_ack_table},
    {WIRE_SESSION_NEXT, WIRE_SMALL, &session_next_table},
    {WIRE_SESSION_OBJECT, WIRE_SMALL, &session_object_table},
    {WIRE_SESSION_WANT, WIRE_SMALL, &session_want_table},
    {WIRE_SESSION_TAKE, WIRE_SMALL, &session_take_table},
    {WIRE_SESSION_STORED, WIRE_SMALL, &session_stored_table},
    {WIRE_SESSION_CLOSE, WIRE_SMALL, &session_close_table},
    {WIRE_COURIER_STARTED, WIRE_SMALL, &courier_started_table},
    {WIRE_KEEPER_BUNDLE, WIRE_SMALL, &keeper_bundle_table},
    {WIRE_KEEPER_EDIT, WIRE_SMALL, &keeper_edit_table},
    {WIRE_KEEPER_ENROL, WIRE_SMALL, &keeper_enrol_table},
    {WIRE_KEEPER_OPEN_LOG, WIRE_SMALL, &keeper_open_log_table},
    {WIRE_KEEPER_LOG, WIRE_SMALL, &keeper_log_table},
    {WIRE_WORK_BUNDLE_SEAL, 4096, &work_bundle_seal_table},
    {WIRE_WORK_BUNDLE_OPEN, WIRE_SMALL, &work_bundle_open_table},
    {WIRE_WORK_BUNDLE_OPENED, 4096, &work_bundle_opened_table},
    {WIRE_WORK_DONE, WIRE_SMALL, &work_done_table},
    {WIRE_WORK_REWRAP, WIRE_BODY_MAX, &work_rewrap_table},
    {WIRE_WORK_REWRAPPED, WIRE_BODY_MAX, &work_rewrapped_table},
    {WIRE_COURIER_BUNDLE, WIRE_SMALL, &courier_bundle_table},
    {WIRE_SYNC_HELLO, 64, &sync_hello_table},
    {WIRE_SYNC_FRONTIER, WIRE_BODY_MAX - 2 * WIRE_SMALL, &sync_frontier_table},
    {WIRE_SYNC_ENTRIES, WIRE_BODY_MAX - 2 * WIRE_SMALL, &sync_entries_table},
    {WIRE_SYNC_CHUNK, SYNC_CHUNK_BYTES + WIRE_SMALL, &sync_chunk_table},
    {WIRE_SYNC_COSIGN, NOTE_BYTES_MAX + WIRE_SMALL, &sync_cosign_table},
    {WIRE_SYNC_DONE, 64, &sync_done_table},
    {WIRE_SYNC_SUMMARY, 64, &sync_summary_table},
    {WIRE_SYNC_REFUSED, 64, &sync_refused_table},
    {WIRE_SYNC_PROVEN, WIRE_BODY_MAX - 2 * WIRE_SMALL, &sync_proven_table},
};

static size_t find(enum wire_type type)
{
	size_t i;

	for (i = 0; i < sizeof messages / sizeof *messages; i++)
		if (messages[i].type == type)
			break;
	return i;
}

const struct codec_table *messages_table(enum wire_type type)
{
	size_t i = find(type);

	return i < sizeof messages / sizeof *messages ? messages[i].table
						      : NULL;
}

uint32_t wire_body_max(enum wire_type type)
{
	size_t i = find(type);

	return i < sizeof messages / sizeof *messages ? messages[i].body_max
						      : 0;
}
