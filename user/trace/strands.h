/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each strand is busy with: the request it serves, and the one it inherits from whoever made
 * it. Bounded (`most`, and the few that one record names): one not used for long is forgotten
 * (base/lru.h), counted.
 */
#ifndef TRACE_STRANDS_H
#define TRACE_STRANDS_H

#include <stdbool.h>

#include "abi/event.h"
#include "base/hash.h"
#include "base/lately.h"
#include "base/lru.h"
#include "base/pool.h"
#include "trace/callback.h"
#include "trace/context.h"
#include "trace/heap.h"
#include "trace/idling.h"
#include "trace/last.h"
#include "trace/tally.h"
#include "trace/turns.h"

/*
 * A strand reads, then it sends. What it heard of between two sends is a run: with one request in it,
 * the next send is for that one. A loop that calls back at once (nginx, Node) sends before it reads
 * on; one that queues what is ready and works it off later (asyncio) mostly answers another request
 * than the one it heard of last.
 */
struct strand_state {
	struct hnode by_id;	/* first: hash_expect() */
	struct lru by_use;
	struct strand strand;
	uint64_t current;	/* serial of the request it works for; 0: none, or gone */
	/* What every record looks at stands together. */
	uint8_t sleeps;		/* how often it had slept when it was last seen */
	bool polls;		/* it waits for answers together with whatever else may come: it is a loop */
	bool adrift;		/* a loop: what it does now follows nothing that it read of a request we know */
	bool sent;		/* the run is over with the next read */
	bool helps;		/* of current it has read a body, and another thread the head */
	uint64_t turn;	/* serial of the exchange that it read last: its request, or the answer to its call */
	uint64_t inherited;	/* the request during which it was made */
	struct strand maker;	/* who made it then */
	uint64_t last_call;	/* its newest call without a cause */
	uint64_t called;	/* the call that it sent last */
	uint64_t answered_call; /* what last_call was when it last wrote the response to what another strand had read */
	uint64_t news[RELAYS_MAX + 1]; /* calls whose answers it heard: by itself, from who had, and so on */
	uint64_t heard_ns;	/* when it last read an answer itself */
	bool handed_over;	/* it has woken somebody with that */
	bool several;		/* it has served two connections at once: it is a loop */
	bool serves;		/* it has read a request, ever */
	unsigned serving;	/* requests that it read, without a complete response */
	unsigned run;		/* requests heard of since the last send; counts no further than 2 */
	struct lately prompt;	/* answered requests: heard of last? */
	bool pooled;		/* it has worked for others by hand-over: what it inherits means nothing */
	struct ev_awaiting awaiting; /* CPython: who waits for what makes the call at hand; cnt 0: not known */
	uint64_t held_ns; /* as in the call */
	struct callbacks *callbacks; /* Node runs in it; else NULL */
	struct buffer buffer; /* Java: where it makes objects */
	struct held *held; /* Java: of the call that it makes now; else NULL */
	struct turns turns;
	struct idling idling;
	struct last_served last;
	struct list lines; /* task: of a log, before it was seen for whom it works: logs.c */
	uint64_t waited_ns; /* task: when a response was last begun by what it waits for */
	uint64_t answered_for; /* task: context of who waited for it when it last answered; 0: nobody, or it has not */
	bool waits_for_all; /* task: those were to requests served at the same time */
	bool shared; /* it does several things at once: no task, but the loop that writes for all of them */
};

struct strands {
	struct pool pool;
	struct hash by_id;
	struct list by_use;	/* the oldest first */
	struct strand_state *last;	/* asked for last, as one record asks several times; NULL: gone */
	size_t n, most;
	struct tally *tally;
};

int strands_init(struct strands *t, struct tally *tally) __must_check;
void strands_release(struct strands *t);
/* Made when unknown; NULL: STRAND_NONE or out of memory. */
struct strand_state *strand_get(struct strands *t, const struct strand *s);
struct strand_state *strand_find(struct strands *t, const struct strand *s);	/* NULL: unknown */
/* Forgets some of too many: between two records, when nobody holds any. */
void strands_room(struct strands *t);
size_t strands_memory(const struct strands *t); /* bytes that they take */
void strands_expect(struct strands *t, const struct strand *s);	/* a record of it comes after some others */
void strand_end(struct strands *t, const struct strand *s);
void strand_heard(struct strand_state *st, uint64_t serial);	/* it read something of this request */
bool strand_tells(const struct strand_state *st); /* Node runs in it, built so that its callbacks can be told apart */
bool strand_is_loop(const struct strand_state *st); /* a thread that may serve many, and tells nothing about it */
void strand_answers(struct strand_state *st, uint64_t serial);	/* it writes this one's response */
bool strand_queues(const struct strand_state *st);

#endif
