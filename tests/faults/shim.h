/*
 * The page that a test shares with the processes it makes fail: shim.c reads it
 * at each call, errors.py writes it. Both must agree on every byte.
 */
#ifndef EVIDENT_TESTS_SHIM_H
#define EVIDENT_TESTS_SHIM_H

#include <stdint.h>

#define SHIM_ENV "EVIDENT_FAULTS" /* the page's file */
#define SHIM_PLACES 32768         /* more than any path has */

enum shim_call {
	SHIM_OPEN,
	SHIM_READ,
	SHIM_WRITE,
	SHIM_FSYNC,
	SHIM_SIZE, /* ftruncate, fallocate */
	SHIM_RENAME,
	SHIM_UNLINK,
	SHIM_MAKE, /* mkdir, link */
	SHIM_STAT,
	SHIM_MEMFD,
	SHIM_SEND,
	SHIM_RECEIVE,
	SHIM_RANDOM,
	SHIM_WAIT, /* poll, epoll_wait */
	SHIM_MAP,  /* memory that is of no file */
	SHIM_ALLOCATE,
	SHIM_CALLS,
};

enum shim_role {
	SHIM_CLIENT = 1, /* evident, evident-verify */
	SHIM_SUPERVISOR = 2,
	SHIM_KEEPER = 4,
	SHIM_STORE = 8,
	SHIM_WORKER = 16,
	SHIM_COURIER = 32,
};

enum shim_how {
	SHIM_ERROR,
	SHIM_SHORT, /* half of what was asked */
};

/* Where memory is asked for: a stack of callers, told by a hash that is the
 * same in each process of a program. */
struct shim_place {
	uint64_t stack; /* 0: none */
	uint32_t call;
	uint32_t count; /* how often, as far as there is room for it */
};

struct shim_page {
	uint32_t armed; /* 0: nothing is counted */
	uint32_t roles; /* whose calls count */
	uint32_t call;  /* which of them fails */
	uint32_t how;
	int32_t error;
	uint32_t on;    /* all after it, too */
	uint64_t at;    /* the n-th from 1; 0: none */
	uint64_t stack; /* the n-th of this place alone; 0: of any */
	uint64_t given; /* how many failed */
	int32_t pid;    /* of the last that failed, */
	int32_t fd;     /* its descriptor, or -1, */
	char path[256]; /* and that one's file, as far as it can be told */
	uint64_t counts[SHIM_CALLS];
	uint64_t here;  /* of .stack */
	uint32_t looks; /* places are counted */
	struct shim_place places[SHIM_PLACES];
};

#endif
