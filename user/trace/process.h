/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the pipeline keeps of each traced process: the requests it serves now and the calls whose
 * cause is open. Bounded (PROCS_MAX, as in the kernel); one that ends goes when nothing of it is
 * under way any more.
 */
#ifndef TRACE_PROCESS_H
#define TRACE_PROCESS_H

#include "base/hash.h"
#include "base/lately.h"
#include "base/list.h"
#include "trace/heap.h"
#include "trace/jobs.h"
#include "trace/tasks.h"

#define SHARED_FUTEX_EDGES  256 /* recent wakes looked at to tell a lock from a hand-over */
#define SHARED_FUTEX_WAKEES 4 /* a futex that woke more threads than this lately is a lock */

struct futex_wake {
	uint64_t futex;
	uint32_t wakee;
	bool serves; /* that one serves a request */
};

struct process {
	struct hnode by_tgid;
	struct list by_end; /* processes->ended */
	struct list serving; /* server exchanges not done, oldest first */
	struct list calling; /* client exchanges without a cause, under way */
	struct list undecided; /* the same, done: in the order in which they ended */
	struct futex_wake *wakes; /* a ring of SHARED_FUTEX_EDGES, once there was one; most processes have none */
	unsigned wakes_cnt;
	struct lately aloud; /* sleeps of workers after a call: with a hand-over? */
	struct lately handed; /* calls whose cause was open: was somebody woken with the answer? */
	struct lately in_line; /* threads that woke another with an answer: woken by a lock on their way to it? */
	struct lately late; /* threads woken with an answer: since the call was made for the second time? */
	struct lately stayed; /* answered requests: by the thread that read them? */
	struct lately likely, order; /* its loops' guesses of LINK_LIKELY and LINK_ORDER: right? */
	struct lately chance; /* calls for others, as a response began: answered by then? */
	uint64_t answers; /* id of the thread that answered last what it had read itself */
	bool several_answer; /* so do several: its loops may use each other's connections */
	struct jobs jobs;
	struct heap *heap; /* Java runs in it; else NULL */
	uint64_t claims_ns; /* since then so many calls were looked at, for requests that ended: evidence.c */
	unsigned claims;
	uint64_t unseen_ns; /* when something of it was last found to be missing: left out, or lost; 0: never */
	bool killed; /* a signal ended it */
	bool roams; /* the answer to a call was read by another thread: what runs here changes threads */
	bool anyone_reads; /* answers that come on one connection are read by whichever thread is free */
	struct lately found_late; /* calls for which nobody was seen to wait: when the answer came, did somebody? */
	struct lately left_behind; /* calls of goroutines: has the response been begun before the answer came? */
	struct lately waited_for; /* calls by tasks of tokio's: did somebody wait for who made them? */
	bool sdk; /* it sends spans of its own */
	bool collects; /* others report to it over gRPC */
	bool sdk_asked; /* its facts have been looked at for that */
	struct tasks tasks; /* CPython */
};

struct processes {
	struct hash by_tgid;
	struct list ended; /* but something of them is under way */
	struct heaps heaps;
};

int processes_init(struct processes *t) __must_check;
void processes_release(struct processes *t); /* frees every process; their exchanges must be gone */
struct process *process_get(struct processes *t,
			    uint32_t tgid); /* made when unknown; NULL: out of memory, too many */
struct process *process_find(const struct processes *t, uint32_t tgid);
/* Its last thread has ended, by a signal or by itself. It stays until the next one ends, at least. */
void process_end(struct processes *t, uint32_t tgid, bool killed);
bool process_has_ended(const struct process *p);

void process_note_wake(struct process *p, const struct futex_wake *w);
bool process_futex_shared(const struct process *p, uint64_t futex);
/* Several workers wait there for work, and nobody else. */
bool process_futex_feeds(const struct process *p, uint64_t futex);

#endif
