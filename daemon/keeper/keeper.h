/*
 * The keeper's state, and the requests it answers.
 *
 * A handler gets a decoded message. It answers by keeper_answer() and returns
 * 0, or a positive enum wire_code that goes back as WIRE_FAILED, or -errno,
 * which goes back as WIRE_CODE_FAILED (or _NO_SPACE).
 */
#ifndef EVIDENT_KEEPER_KEEPER_H
#define EVIDENT_KEEPER_KEEPER_H

#include "daemon/base/service.h"
#include "daemon/keeper/keyring.h"
#include "proto/wire/channel.h"
#include "proto/wire/messages.h"

/* What keys are public, computed once when they are unlocked. */
struct keeper_public {
	struct author_id author_id;
	struct sign_key author, transport;
	struct age_recipient bundle;
	struct age_recipient readers[KEYRING_READERS_MAX];
};

/* Where the own log stands, as far as this life of the keeper knows. */
struct keeper_log {
	bool known;       /* the store has told a durable size */
	struct log_id id; /* and of which log */
	uint64_t durable; /* entries below have been told to be on disk */
	uint64_t next;    /* one past the highest entry signed */
	bool has_checkpoint;
	struct wire_keeper_checkpoint checkpoint; /* the last one signed */
};

struct keeper {
	struct service service;
	struct channel *store;
	struct channel *workers[SERVICE_WORKERS_MAX];
	struct channel *asking;    /* whose request is being answered */
	struct keyring_keys *keys; /* guarded; NULL when locked */
	bool pending;              /* created and not yet committed */
	struct keeper_public public;
	struct keeper_log log;
	bool has_drawn; /* another log, which is not written yet */
	struct log_id drawn;
	uint64_t idle_seconds; /* 0: never lock by itself */
	int64_t last_present;  /* a person; seconds of CLOCK_BOOTTIME */
	int64_t refused;       /* what an honest store does not ask for */
};

union keeper_message {
	struct wire_empty empty;
	struct wire_keeper_create create;
	struct wire_keeper_sign sign;
	struct wire_keeper_durable durable;
	struct wire_keeper_checkpoint checkpoint;
	struct wire_keeper_cosign cosign;
	struct wire_keeper_card card;
	struct wire_keeper_unwrap unwrap;
	struct wire_keeper_bundle bundle;
	struct wire_keeper_edit edit;
	struct wire_keeper_enrol enrol;
};

typedef int (*keeper_handle_cb)(struct keeper *keeper,
    const union keeper_message *message, struct wire_frame *frame);

/* A person is here: the idle time begins anew. */
void keeper_touch(struct keeper *keeper);
int keeper_answer(
    struct keeper *keeper, enum wire_type type, const void *message);

/* unlock.c */
int unlock_create(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame);
int unlock_commit(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame);
int unlock_open(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame);
int unlock_resume(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame);
/* Public keys anew after a change, and answer with all that the store is lent.
 */
int unlock_answer_changed(struct keeper *keeper);
/* 0, or a wire_code: whether ${passphrase} opens the keyring. */
int unlock_check(struct keeper *keeper, struct span passphrase);
/* Forget every secret. */
void unlock_forget(struct keeper *keeper);

/* edit.c */
int edit_keys(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame);

/* sign.c */
int sign_entries(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame);
int sign_durable(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame);
int sign_open_log(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame);
int sign_checkpoint(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame);
int sign_cosign(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame);
int sign_card(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame);
int sign_bundle(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame);

/* enrol.c */
int enrol_sign(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame);

/* unwrap.c */
int unwrap_stanzas(struct keeper *keeper, const union keeper_message *message,
    struct wire_frame *frame);

#endif
