/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each strand is busy with: the request it serves, and the one it inherits from whoever made
 * it. Bounded (STRANDS_MAX): the strand unused for longest is forgotten, counted.
 */
#ifndef TRACE_STRANDS_H
#define TRACE_STRANDS_H

#include <stdbool.h>

#include "abi/event.h"
#include "base/hash.h"
#include "base/list.h"
#include "trace/tally.h"

struct strand_state {
	struct hnode by_id;
	struct list by_use;
	struct strand strand;
	uint64_t current;	/* serial of the request it works for; 0: none, or gone */
	uint64_t inherited;	/* the request during which it was made */
	uint64_t last_call;	/* its newest call without a cause */
	unsigned serving;	/* requests that it read, without a complete response */
	unsigned unanswered_reads;	/* requests that it read since it last sent anything */
	bool pooled;		/* it has worked for others by hand-over: what it inherits means nothing */
};

struct strands {
	struct hash by_id;
	struct list by_use;	/* least recently used first */
	size_t n;
	struct tally *tally;
};

int strands_init(struct strands *t, struct tally *tally) __must_check;
void strands_release(struct strands *t);
/* Made when unknown; NULL: STRAND_NONE or out of memory. */
struct strand_state *strand_get(struct strands *t, const struct strand *s);
struct strand_state *strand_find(struct strands *t, const struct strand *s);	/* NULL: unknown */
void strand_end(struct strands *t, const struct strand *s);

#endif
