/* SPDX-License-Identifier: GPL-2.0-only */
/* Who made the objects of a Java process, and which of them a call was made with: heap.c. */
#ifndef TRACE_HEAP_H
#define TRACE_HEAP_H

#include <stdint.h>

#include "abi/event.h"
#include "base/lately.h"
#include "base/list.h"
#include "base/ration.h"
#include "trace/made.h"

#define HEAP_SLOTS	16384 /* places in frames of which is known how often they were right; a power of two */
#define HEAP_MADE_MAX	8192 /* stretches of one process; three quarters of requests under way: anew */
#define HEAP_RUNS_MAX	(2 * HEAP_MADE_MAX / MADE_RUN) /* that they are kept in, then as few as can be */
#define HEAP_OLDS	1024 /* objects that nobody is known to have made; a power of two */
#define HELD_MAX	128 /* objects that are kept of one call */

/*
 * A place in a frame of some code: how often the object that was there had been made for the request that
 * the call turned out to be for. Two places that fall together take turns.
 */
struct slot {
	uint32_t place;		/* which: heap.c */
	struct lately right;
};

/* An object of which is not known who made it, and in how many calls it has been where a job is looked for. */
struct old {
	uint64_t address;
	uint32_t calls;
	uint32_t look;	/* heap->looks then */
};

/* A stretch of the heap, or an object, and the request for which it was made. */
struct owned {
	uint64_t lo, hi;
	uint64_t serial;
};

/* What a collection has moved: moved.c. */
struct moved {
	struct owned *was;	/* what was known before it; by address, disjoint */
	size_t was_cnt, was_sz;	/* how many; bytes that they take */
	struct owned *now;	/* the objects where they are; up to HEAP_MOVES_MAX */
	size_t cnt, cap;
	bool sorted;
	struct ration ration; /* to read it */
};

struct heap {
	struct list by_use;	/* heaps->by_use */
	struct heap **owner;	/* its process's */
	size_t bytes;		/* that it takes */
	uint32_t collections;	/* after how many of them; the next one moves everything */
	struct moved moved;
	struct made_table made;
	size_t made_sz;		/* bytes that it took when last counted */
	struct lately hopes;	/* that it shows later whose a call was: fulfilled? */
	unsigned depth;		/* calls that are being looked at, each because of the one before */
	struct slot slots[HEAP_SLOTS];
	uint32_t trusts;	/* how often one of them came to be trusted */
	uint32_t looks;		/* calls of which the stack has been seen */
	struct old olds[HEAP_OLDS]; /* since the last collection; those that fall together take turns */
};

/* The buffer in which a thread makes objects, as last seen. */
struct buffer {
	uint64_t start, top;
	uint32_t collections;
	bool seen;
};

struct held_object {
	uint64_t address;
	uint64_t serial;	/* of the request that made it; 0: not known */
	uint32_t place;		/* where it was; 0: it is what runs itself */
	uint32_t frame;		/* in which frame */
};

/* What was on the stack of a thread when it made a call. */
struct held {
	uint64_t asked_ns;	/* the record at which it was last looked for whom the call is */
	uint64_t chosen;	/* serial of that request; 0: not known */
	uint32_t how;		/* enum link_method */
	uint32_t collections;
	uint32_t vain_until;	/* heap->trusts, before which it says nothing */
	unsigned cnt;
	struct held_object objects[];
};

/* Of all processes. They take HEAPS_BYTES_MAX at most: those not used for long are forgotten for the others. */
struct heaps {
	struct list by_use;	/* the one used last at its end */
	size_t bytes;
};

void heaps_init(struct heaps *t);
struct heap *heap_new(struct heaps *t, struct heap **owner); /* NULL: out of memory */
void heap_free(struct heaps *t, struct heap *h);	/* NULL ok */
void heap_used(struct heaps *t, struct heap *h);
/* Before h takes so many bytes more, or gives them back. Returns how many others were forgotten for them. */
unsigned heap_takes(struct heaps *t, struct heap *h, size_t bytes);
void heap_gives(struct heaps *t, struct heap *h, size_t bytes);
size_t held_size(const struct held *held); /* NULL: 0 */

#endif
