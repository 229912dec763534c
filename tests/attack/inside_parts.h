/*
 * The words of a courier and of a worker, as an attacker says them to the store
 * of inside_scene.h. The node knows ally and second, and stranger, whom nobody
 * compared; nobody is a key it never heard of.
 */
#ifndef EVIDENT_ATTACK_INSIDE_PARTS_H
#define EVIDENT_ATTACK_INSIDE_PARTS_H

#include "tests/attack/inside_scene.h"

#define SECRET "what the witness said and nobody else shall read"
#define COURIER_LINE "the courier broke the rules and is cut off"
#define WORKER_LINE "a worker broke the rules and is cut off"

extern struct persona ally, second, stranger, nobody;
extern struct entry_id captured; /* SECRET, for ally */
extern uint64_t session_number;  /* of the meeting opened last */

/* Make the scene, and one record for ally and one for second; and end it. */
int parts_begin(void **state);
int parts_end(void **state);

/* --- a courier ----------------------------------------------------------- */

void say_to_store(enum wire_type type, const void *message);
/* A word of a meeting, as if it had come over the network. */
void say_wrapped(enum wire_type type, const void *message);
void open_session(const struct author_id *partner);
void end_session(const struct author_id *partner);
/* Ask what the store has to send; and hear it, of whatever type. */
void ask_next(void);
enum wire_type hear_session(void);
void expect_ack(void);
void expect_close(enum wire_code code);
/* Meet as whoever it is, up to our turn; say in it that we hold nothing; and
 * hear the store's turn. */
void meet_as(const struct persona *persona);
void say_holds_nothing(void);
struct told {
	unsigned entries, leaves;
	unsigned wants; /* attachments */
	bool has_secret;
	struct digest envelope; /* of the record captured for ally */
};
void listen_to(struct told *told);

/* A log of one entry of ${author} for the node to read, and a way to bring it;
 * what the store answers is left to hear. */
enum lie {
	TRUTH,
	SIGNED_BY_ANOTHER,
	SIGNED_AMISS,
	SIGNED_BY_NOBODY,
	NOT_IN_THE_LOG,
	LOG_SIGNED_BY_ANOTHER,
};
struct forged *make_log(const struct persona *author, const char *name,
    enum lie lie, size_t attachment, struct forge *forge);
void bring(struct forge *forge, enum lie lie);
void name_of(const struct forged *forged, char ret_id[65]);
bool is_here(const struct forged *forged);
bool is_complete(const struct forged *forged);

/* Ask for the file that an attachment is to be written to; be given it; or
 * both. */
void ask_for(const struct forged *forged);
int hear_file(struct wire_session_object *ret_object);
int take_file(
    const struct forged *forged, struct wire_session_object *ret_object);
/* What an honest courier writes to it. */
void write_all(int fd, const struct forged *forged,
    const struct wire_session_object *object);
void say_stored(const struct wire_session_object *object, uint64_t to);

/* --- a worker ------------------------------------------------------------ */

void answer_job(enum wire_type type, const void *message);
/* Answer a VERIFY that was heard: ${count} times ${result}. */
void say_verified(size_t count, uint8_t result);

/* --- what stays as it was ------------------------------------------------ */

void remember_all(void);
void expect_as_before(void);
bool store_lives(void);

#endif
