/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the pipeline keeps of each traced process: the requests it serves now and the calls whose
 * cause is open.
 */
#ifndef TRACE_PROCESS_H
#define TRACE_PROCESS_H

#include "base/hash.h"
#include "base/list.h"

#define SHARED_FUTEX_EDGES  256 /* recent wakes looked at to tell a lock from a hand-over */
#define SHARED_FUTEX_WAKEES 4 /* a futex that woke more threads than this lately is a lock */

struct futex_wake {
	uint64_t futex;
	uint32_t wakee;
};

struct process {
	struct hnode by_tgid;
	struct list serving; /* server exchanges not done, oldest first */
	struct list unlinked; /* client exchanges without a cause, oldest first */
	struct futex_wake wakes[SHARED_FUTEX_EDGES]; /* a ring */
	unsigned wakes_cnt;
	bool roams; /* the answer to a call was read by another thread: what runs here changes threads */
};

struct processes {
	struct hash by_tgid;
};

int processes_init(struct processes *t) __must_check;
void processes_release(struct processes *t); /* frees every process; their exchanges must be gone */
struct process *process_get(struct processes *t,
			    uint32_t tgid); /* made when unknown; NULL: out of memory */
struct process *process_find(const struct processes *t, uint32_t tgid);
void process_end(struct processes *t,
		 uint32_t tgid); /* forgets it, if nothing of it is under way */

void process_note_wake(struct process *p, uint64_t futex, uint32_t wakee);
bool process_futex_shared(const struct process *p, uint64_t futex);

#endif
