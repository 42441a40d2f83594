/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose a task of asyncio is for which nobody waits yet: who waits for it by way of several helpers, or else the one
 * task among whose variables it is.
 */
#ifndef STRAND_HELD_H
#define STRAND_HELD_H

#include "strand/asyncio.h"

#define HELD_SEEN  2048
#define HELD_TASKS 2048
#define HELD_WAYS  8 /* places that a task may have among them */
#define HELD_CODES 512
#define HELD_BY	   2

/* A task as it was when it was noted what it holds. */
struct held_seen {
	uint64_t task, coroutine, context, waits_for;
	uint64_t code; /* of the function that it began with */
};

/* Who held it then; it is asked again. The next task at its address has another coroutine, or another context. */
struct held_task {
	uint64_t task, coroutine, context;
	uint64_t round; /* of the pages, when it was last looked at */
	uint64_t by[HELD_BY];
	bool more; /* others, too */
};

/* Of a function: how often in a row it was in vain to look, and where it was not. */
struct held_code {
	uint64_t code;
	uint64_t slots; /* a bit for each of its variables */
	int vain; /* below 0: so much more patience */
};

/* What is known of a process: begins with zeros, but for m. 240 KB. */
struct held {
	struct py_memory m;
	uint64_t all; /* the set of all its tasks, as weak references; 0: not known */
	int vain; /* so often it was looked at all of them anew and none held it */
	bool due, full_due; /* since all were looked at, or anew, something was asked for */
	uint64_t fresh_ns; /* since then all was read that is believed now, */
	uint64_t most_ns; /* which must not have taken longer; 0: it may */
	struct held_seen seen[HELD_SEEN]; /* caches: by the place in that set; */
	struct held_task held[HELD_TASKS]; /* by address; */
	struct held_code codes[HELD_CODES]; /* of functions under way; */
	struct held_code roots[HELD_CODES]; /* of functions that tasks begin with: how many in a row held none; */
	struct held_code asked[HELD_CODES]; /* how many in a row nobody held */
};

bool held_readable(const struct runtime *rt); /* of this version it is known how */
void held_due(struct held *h); /* what is asked from here on is later than what was looked at */
/* The contexts of the task whose it is, and of who waits for that, and so on: how many; 0: not known. */
unsigned held_by(struct held *h, uint64_t task, __u64 *ret_contexts);

#endif
