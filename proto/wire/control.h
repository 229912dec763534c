/*
 * The control protocol: what `evident` asks the store over the home's socket.
 *
 * One request, one or more replies: those before the last only tell progress.
 * Requests of one connection are answered in order and may be sent ahead.
 */
#ifndef EVIDENT_WIRE_CONTROL_H
#define EVIDENT_WIRE_CONTROL_H

#include "proto/format/bytes.h"

#define CTL_NAMES_MAX 256
#define CTL_ATTACHMENTS_MAX 100
#define CTL_LABEL_BYTES_MAX 200
#define CTL_FIELDS_BYTES_MAX (2 * 1024 * 1024)

/* Errors that are about the record that was asked for. Whoever asks for many
 * may go on without it; any other may be gone when it is tried again. */
#define CTL_NO_KEY "no key of this node opens this record"
#define CTL_NO_RECORD "there is no such record" /* or no envelope of it */
#define CTL_SET_ASIDE \
	"this record was withdrawn and is set aside, closed to everybody"
#define CTL_DESTROYED "this record was withdrawn and is destroyed"
#define CTL_FORGOTTEN \
	"this record was delivered, and this node keeps only its entry and " \
	"proof"
#define CTL_EXPIRED "the witness's consent to this record has expired"
#define CTL_OTHER_PURPOSE "the witness did not consent to this purpose"
#define CTL_NO_PURPOSE \
	"the witness consented to some purposes alone, and no purpose was " \
	"given"

/* fd 0 and so on are those that ride with the request. */
enum ctl_op {
	CTL_STATUS = 1,
	CTL_INIT = 2,   /* text name; flags; names: listen or "", address or "";
			   fd 0 passphrase */
	CTL_UNLOCK = 3, /* fd 0 passphrase */
	CTL_LOCK = 4,
	CTL_STOP = 5,
	CTL_CAPTURE = 6, /* names: partners; text: label or ""; number: enum
			    ctl_capture; blob: of what, an id of >= 8 digits,
			    and behind a space what for, as OPEN's; fd 0 fields,
			    others attachments; JSON {"id", "original_unread":
			    true if that one does not open here} */
	CTL_LIST = 7,    /* JSON {"records":[..]}, more replies while more */
	CTL_RECORD = 8,  /* text: id or prefix of >= 8 digits; JSON */
	CTL_OPEN = 9,    /* text: id; number: enum ctl_open; blob: what the own
			    log shall say of it, as control_act() takes it, or
			    ""; fd 0: gets the content; JSON, of an export,
			    {"withheld": names that it must not show} */
	CTL_OPEN_OBJECT = 10, /* text: id, blob: digest; fd 0: gets plaintext;
				 number: enum ctl_open, as the record was opened
				 last */
	CTL_SEALED = 11,      /* text: id, number: 0 content, else attachment
				 from 1; blob as OPEN's; fd 0 envelope, fd 1
				 payload */
	CTL_CARD = 12,        /* JSON {"card": text} */
	CTL_CARD_ADD_READER = 13, /* text: age recipient */
	CTL_PARTNER_ADD = 14,     /* blob: card file, enrolled or not; flags;
				     JSON {"name", "compared", "by", "ended"} */
	CTL_PARTNER_COMPARE = 15, /* text: name; names: the number, or none */
	CTL_PARTNER_LIST = 16,
	CTL_PARTNER_REMOVE = 17, /* text: name */
	CTL_SYNC = 18,           /* names: partners, none for all */
	CTL_BUNDLE_WRITE = 19,   /* text: name; fd 0: gets the bundle */
	CTL_BUNDLE_READ = 20,    /* fd 0: the bundle */
	CTL_SIGNERS = 21,        /* names: partners, none for all; JSON
				    {"signers":[..]} */
	CTL_PARTNER_PROXY = 22,  /* text: name; names: IP:PORT or none; JSON
				    {"proxy": what is used, or ""} */
	CTL_PARTNER_LIMIT = 24,  /* text: name; names: KiB a second, none or
				    default; JSON {"limit": bytes a second, or
				    0} */
	CTL_KEY = 25, /* number: enum wire_key_act; fd 0 passphrase, fd 1 what
			 it gives or takes; JSON {"readers":[..]} */
	CTL_READERS = 26, /* JSON {"readers":[..]} */
	CTL_SHARE = 23,   /* text: id; names: partners; blob as OPEN's; JSON
			     {"id": of the entry   that records it} */
	CTL_CARD_ORGANISATION = 27, /* text: partner, or "" for none; JSON
				       {"organisation": author id or "",
				       "changed"} */
	CTL_ENROL = 28,         /* blob: card file; flags; JSON {"card": with
				   the enrolment, "name", "serial",
				   "compared"} */
	CTL_PARTNER_TRUST = 29, /* text: name; number: 1 or 0 */
	CTL_PARTNER_QUOTA = 30, /* text: name; names: none to ask, or bytes,
				   entries, entries an hour, each as a number or
				   "" to leave it; JSON {"quota", "used"}, each
				   {"bytes", "entries", "rate"} */
	CTL_WITHDRAW = 31, /* names: ids; text: reason or ""; flags: confirm
			      what was set aside instead; JSON {"id": of the
			      entry, "records"} */
	CTL_LOG = 32,     /* text: id; JSON: what is known of a record's life */
	CTL_LEAVES = 33,  /* text: a record's id or a log's origin; fd 0: gets
			     the leaves file; JSON {"entries"} */
	CTL_RECOVER = 34, /* names: one partner; JSON as SYNC's, and
			     "recovered": records it brought back */
};

enum ctl_capture {
	CTL_CAPTURE_TESTIMONY = 0,
	CTL_CAPTURE_REVISION = 1,
	CTL_CAPTURE_DERIVATIVE = 2,
};

enum ctl_open {
	CTL_OPEN_TO_READ = 0,
	CTL_OPEN_TO_EXPORT = 1,
	CTL_OPEN_TO_HAND_OUT = 2, /* sealed as it is: CTL_SEALED alone */
};

enum ctl_flag {
	CTL_FLAG_READER = 1 << 0,  /* INIT */
	CTL_FLAG_MIRROR = 1 << 1,  /* PARTNER_ADD */
	CTL_FLAG_END = 1 << 2,     /* ENROL */
	CTL_FLAG_CONFIRM = 1 << 3, /* WITHDRAW */
};

struct ctl_request {
	uint64_t op;
	uint64_t flags;
	uint64_t number;
	struct span text;
	struct span blob;
	struct {
		struct span *items;
		size_t count;
	} names;
};

/* ${exit} is the command's exit code (README, Exit codes). ${error} and
 * ${hint} are ready to print; ${json} is one object. */
struct ctl_reply {
	uint64_t last; /* 0: only progress */
	uint64_t exit;
	struct span error;
	struct span hint;
	struct span json;
	uint64_t done, total; /* progress in ${unit} */
};

#endif
