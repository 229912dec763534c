/*
 * Every message that Evident's programs and processes send each other, by
 * number, with who may send it to whom (wire_may_send() is that table).
 */
#ifndef EVIDENT_WIRE_TYPES_H
#define EVIDENT_WIRE_TYPES_H

#include <stdbool.h>
#include <stdint.h>

enum wire_role {
	WIRE_ROLE_SUPERVISOR,
	WIRE_ROLE_KEEPER,
	WIRE_ROLE_STORE,
	WIRE_ROLE_WORKER,
	WIRE_ROLE_COURIER,
	WIRE_ROLE_CLIENT,
	WIRE_ROLE_PARTNER, /* another node's courier */
};

/* Numbers are fixed: append only. */
enum wire_type {
	WIRE_FAILED = 1, /* any -> any: struct wire_failed */

	/* control.proto: client <-> store */
	WIRE_CTL_REQUEST = 16,
	WIRE_CTL_REPLY = 17,

	/* internal.proto: supervisor <-> its children */
	WIRE_SUP_PEER = 32,  /* + 1 fd: the channel to a peer */
	WIRE_SUP_START = 33, /* + fds by role, see daemon/base/service.h */
	WIRE_SUP_STOP = 34,
	WIRE_SUP_STATE = 35,

	/* store -> keeper and back; worker -> keeper only UNWRAP */
	WIRE_KEEPER_CREATE = 48, /* + 1 fd: passphrase */
	WIRE_KEEPER_COMMIT = 49,
	WIRE_KEEPER_UNLOCK = 50, /* + 1 fd: passphrase */
	WIRE_KEEPER_RESUME = 51,
	WIRE_KEEPER_KEYS = 52,
	WIRE_KEEPER_SIGN = 53,
	WIRE_KEEPER_SIGNED = 54,
	WIRE_KEEPER_DURABLE = 55,
	WIRE_KEEPER_CHECKPOINT = 56,
	WIRE_KEEPER_NOTE = 57,
	WIRE_KEEPER_COSIGN = 58,
	WIRE_KEEPER_CARD = 59,
	WIRE_KEEPER_UNWRAP = 60,
	WIRE_KEEPER_FILE_KEY = 61,
	WIRE_KEEPER_DONE = 62,
	WIRE_KEEPER_BUNDLE = 63,
	WIRE_KEEPER_EDIT = 64, /* + 2 fds: passphrase, what is given or taken */
	WIRE_KEEPER_ENROL = 65,
	WIRE_KEEPER_OPEN_LOG = 66,
	WIRE_KEEPER_LOG = 67,

	/* store -> worker and back */
	WIRE_WORK_SEAL = 80, /* + fds: fields, then (in, out) per attachment */
	WIRE_WORK_SEALED = 81,
	WIRE_WORK_OPEN = 82, /* + 1 fd out, or none for a receipt */
	WIRE_WORK_OPENED = 83,
	WIRE_WORK_OPEN_OBJECT = 84, /* + fds: object, out */
	WIRE_WORK_UNVEIL = 85,      /* + fds: object, out */
	WIRE_WORK_HASH = 86,        /* + fd: object */
	WIRE_WORK_HASHED = 87,
	WIRE_WORK_VERIFY = 88,
	WIRE_WORK_VERIFIED = 89,
	WIRE_WORK_FAILED = 90,
	WIRE_WORK_BUNDLE_SEAL = 91, /* + fds: frames, out */
	WIRE_WORK_BUNDLE_OPEN = 92, /* + fds: in, frames */
	WIRE_WORK_BUNDLE_OPENED = 93,
	WIRE_WORK_DONE = 94,
	WIRE_WORK_REWRAP = 95,
	WIRE_WORK_REWRAPPED = 96,

	/* store <-> courier */
	WIRE_COURIER_START = 112,
	WIRE_COURIER_DIAL = 113,
	WIRE_COURIER_ENDED = 114,
	WIRE_SESSION_OPENED = 115,
	WIRE_SESSION_MESSAGE = 116,
	WIRE_SESSION_ACK = 117,
	WIRE_SESSION_NEXT = 118,
	WIRE_SESSION_OBJECT = 119, /* + 1 fd: send this object */
	WIRE_SESSION_WANT = 120,
	WIRE_SESSION_TAKE = 121, /* + 1 fd: write the object here */
	WIRE_SESSION_STORED = 122,
	WIRE_SESSION_CLOSE = 123,
	WIRE_COURIER_STARTED = 124,
	WIRE_COURIER_BUNDLE = 125, /* + 1 fd: frames */

	/* sync.proto: courier <-> a partner's courier */
	WIRE_SYNC_HELLO = 144,
	WIRE_SYNC_FRONTIER = 145,
	WIRE_SYNC_ENTRIES = 146,
	WIRE_SYNC_CHUNK = 147,
	WIRE_SYNC_COSIGN = 148,
	WIRE_SYNC_DONE = 149,
	WIRE_SYNC_SUMMARY = 150,
	WIRE_SYNC_PROVEN = 151,
	WIRE_SYNC_REFUSED = 152,
};

/* A process role in one word, for its title and its --role; "evidentd" for
 * what is none. */
const char *wire_role_name(enum wire_role role);
/* Whether a process of role ${from} may send ${type} to one of role ${to}. */
bool wire_may_send(enum wire_role from, enum wire_role to, enum wire_type type);

/* Why something was refused or failed; fixed texts go with them. Append only.
 */
enum wire_code {
	WIRE_CODE_OK = 0,
	WIRE_CODE_FAILED = 1,      /* an error of ours or of the machine */
	WIRE_CODE_BAD_REQUEST = 2, /* breaks a rule of the protocol */
	WIRE_CODE_LOCKED = 3,
	WIRE_CODE_PASSPHRASE = 4, /* opens no slot */
	WIRE_CODE_REFUSED = 5,    /* understood, and not allowed */
	WIRE_CODE_NOT_FOUND = 6,
	WIRE_CODE_CORRUPT = 7, /* stored or received bytes do not verify */
	WIRE_CODE_NO_KEY = 8,  /* no key here opens this */
	WIRE_CODE_NO_SPACE = 9,
	WIRE_CODE_INPUT = 10, /* the person's input is at fault */
	WIRE_CODE_UNREACHABLE = 11,
	WIRE_CODE_UNTRUSTED = 12,   /* the other side is not who it should be */
	WIRE_CODE_INTERRUPTED = 13, /* cut off; what came so far is kept */
	WIRE_CODE_BUSY = 14,
	WIRE_CODE_CHANGED = 15, /* a file changed while it was read */
	WIRE_CODE_PROXY = 16,   /* the proxy to a partner cannot be reached */
	WIRE_CODE_QUOTA = 17,   /* more than the partner may bring here */
	WIRE_CODE_RATE = 18,    /* more than it may bring in an hour */
	WIRE_CODE_OVER_QUOTA = 19, /* the partner says QUOTA of us */
	WIRE_CODE_OVER_RATE = 20,  /* the partner says RATE of us */
	WIRE_CODE_PUT_BACK = 21,   /* the partner holds more of our log */
};

#endif
