/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stretches of a heap, by address and disjoint. They come and go in the middle, thousands a second, and each is looked
 * for more often than that: they are kept in short runs, so that one that comes moves no more than its run.
 */
#ifndef TRACE_MADE_H
#define TRACE_MADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"

#define MADE_RUN 64 /* stretches of a run */

/* A stretch of the heap that one strand has filled. */
struct made {
	uint64_t lo, hi;
	uint64_t serial;	/* of the request that it served meanwhile, or the call with whose answer it went on */
	struct strand strand;	/* it still fills it, and the request is what it serves now; STRAND_NONE: it does not */
};

struct made_run {
	unsigned cnt; /* never 0 */
	struct made made[MADE_RUN];
};

struct made_table {
	struct made_run **runs; /* in order */
	unsigned runs_cnt, runs_cap;
	unsigned cnt; /* stretches */
};

/* Where a stretch is; all zero: before the first. */
struct made_place {
	unsigned run, at;
};

/* The stretch that holds the address; NULL: none. Until one comes or goes. */
struct made *made_find(const struct made_table *t, uint64_t address);
/* Each in turn: NULL at the end. */
struct made *made_next(const struct made_table *t, struct made_place *at);
/* Takes the place of whatever is known of its addresses, which also goes if there is no memory. */
void made_add(struct made_table *t, const struct made *m);
void made_forget(struct made_table *t, const struct made *m); /* one that made_find() has given */
void made_keep(struct made_table *t, bool (*keep)(const struct made *m, void *ctx), void *ctx);
void made_clear(struct made_table *t);
size_t made_size(const struct made_table *t); /* bytes that it takes */

#endif
