/* SPDX-License-Identifier: GPL-2.0-only */
/* The records that say what a language runtime does in the thread whose next record follows. Of abi/event.h. */
#ifndef ABI_EVENT_RUNTIME_H
#define ABI_EVENT_RUNTIME_H

#include "event.h"

/*
 * What Node's event loop runs in the thread whose DATA or STATE record follows. Every piece of
 * asynchronous work has a number, its async id, and they are given out in order.
 */
#define CALLBACK_OF_READ	(1 << 0)	/* what the thread's last read has called back still runs */
#define CALLBACK_IMMEDIATE	(1 << 1)	/* `self` is a setImmediate() made before */
#define CALLBACK_TIMERS		(1 << 2)	/* since its record before, timers may have been called */
struct ev_callback {
	struct ev_hdr hdr;
	struct strand thread;
	__u64 self;		/* the work that runs; 0: none, or what follows an await */
	__u64 trigger;		/* the work that made it */
	__u64 newest;		/* the last number given out */
	__u32 flags;		/* CALLBACK_* */
	__u32 pad;
};

/* A thread of Node makes a socket call, and where its ids are is not known. */
struct ev_seek {
	struct ev_hdr hdr;
	__u64 sp;		/* its stack pointer */
};

/*
 * Of CPython: the contexts of the tasks that wait for what the thread runs whose DATA record follows, of a request that
 * it sends or of a response that it begins.
 */
struct ev_awaiting {
	struct ev_hdr hdr;
	struct strand thread;
	__u64 contexts[AWAITING_MAX]; /* each waits for the one before it, the first for what runs */
	__u64 cnt;		/* 0: nobody does, and contexts[0] is where the task itself is that calls */
};

/*
 * The same, found in the memory of the process while the task was under way: who holds it among its variables, or waits
 * for it by way of several helpers, and who waits for that.
 */
struct ev_held {
	struct ev_hdr hdr;
	struct strand thread;
	__u64 contexts[AWAITING_MAX];
	__u64 cnt;
	__u64 seen_ns;		/* the memory was read before that; what it says is of the task if that had not ended */
};

/* Java: a thread fills a buffer from the bottom up, and until the next collection of garbage no object moves. */
struct ev_heap {
	struct ev_hdr hdr;	/* of who looks: the thread before its DATA, or who wakes it */
	struct strand thread, strand; /* whose buffer it is; what runs there, the same or a virtual thread */
	__u64 start, top, end, heap_start, heap_end; /* of the buffer: the next object is made at top; of all */
	__u64 object, stack;	/* the virtual thread, or 0; the address behind the words */
	__u32 collections;	/* of garbage, so far */
	__u16 len;		/* bytes of stack that follow: of a call maybe for others */
	__u16 missed;		/* MISSED_* of whose buffer it is */
	__u64 words[];
};

/*
 * Java: where the objects in some stretches of its heap are after a collection of garbage, which leaves a forwarding
 * pointer in the header of what it has moved.
 */
struct heap_move {
	__u64 from, to;
};
struct ev_moved {
	struct ev_hdr hdr;
	__u32 collections;	/* of garbage, so far: the numbers are those after it */
	__u32 cnt;
	struct heap_move moves[];
};

/* What is asked of the process for that. */
struct heap_stretch {
	__u64 lo, hi;
};
struct heap_ask {
	__u32 tgid, collections;
	__u64 heap_start, heap_end;
	const struct heap_stretch *stretches; /* by address, disjoint */
	__u64 cnt;
};

#endif
