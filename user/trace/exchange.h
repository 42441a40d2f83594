/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A request and its response on one connection, seen from one side: what becomes a span. And the
 * table that holds them from the request's first byte until the span has gone out.
 *
 *      begun ──────────────► done (response complete, connection over, or given up)
 *        │                     │
 *        └── traced ◄──────────┴── its cause is final and has a trace (settle.c)
 *                    traced + done: the span goes out, the exchange is freed
 *
 * Causes form a tree: a client exchange hangs below the server exchange that made it (link.c), a
 * server exchange below the client exchange at the other end of its connection (join.c). Whoever
 * must remember an exchange for longer keeps its serial number and asks exchange_find(), which
 * knows only those that are alive.
 */
#ifndef TRACE_EXCHANGE_H
#define TRACE_EXCHANGE_H

#include "abi/event.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/pool.h"
#include "base/rand.h"
#include "trace/callback.h"
#include "trace/context.h"
#include "trace/heap.h"
#include "trace/span.h"
#include "trace/tally.h"
#include "trace/turns.h"

struct conn;

enum link_method {
#define LINK(id, name, confidence, evidence) LINK_##id,
#include "trace/links.def"
#undef LINK
	LINK__CNT,
};

const char *link_method_name(enum link_method m);
double link_method_confidence(enum link_method m);
bool link_method_evidence(enum link_method m);

/* The answer to a call came to a request that was being served: handoff.c. */
struct news_edge {
	uint64_t futex;		/* on which its thread was woken; 0: who had the news wrote the response */
	uint64_t server;	/* serial of the request */
	uint64_t at_ns;
	uint8_t hops;		/* threads between who read the answer and who brought it */
	bool job;		/* it came with a later call of the thread that made this one */
	bool late;		/* its thread has been woken since the call was made: on its way to wait, perhaps */
	bool again;		/* a moment before */
};

/* A task of CPython for which a call may have been made, or that answers. */
struct task_call {
	uint64_t context;
	uint64_t before;	/* serial of the call that was filed with it before; 0: none */
};

struct exchange {
	uint64_t serial;	/* never used twice */
	struct hnode by_serial;
	struct list by_conn;	/* conn->exchanges: not done, in order of their requests */
	struct list by_age;	/* exchanges->waiting; once traced, lasting or streaming */
	uint64_t answered_ns;
	struct list by_grace;	/* done: in p->grace, a client may still claim it, or in p->patience */
	uint64_t waits_for;	/* done: serial of a call that may turn out to be for it; 0: none that was found */
	struct list by_process;	/* process->serving; a call without a cause: ->calling, ->undecided, patience->calls */
	struct conn *conn;	/* NULL when done */
	uint64_t conn_id;
	uint64_t nth;		/* request of its connection, from 1 */
	uint8_t thinned;	/* of the exchanges then 1 in 2^n was told */
	bool server_side;

	/* How far it is. */
	bool waits;		/* done: in patience->requests */
	bool answered;		/* the response's head has come */
	bool done;
	bool early;		/* done: not by the end of its response */
	bool traced;
	bool emitted;
	bool incomplete;	/* went out before its end, or that was not seen */

	/* What it is. */
	bool error;
	bool telemetry;		/* a report to a tracing backend */
	bool left_to_sdk;	/* not shown; ctx is what stands for it in the trace */
	bool start_exact;	/* start_ns is the true start, not the end of the call */

	/* What was seen of its threads, and what follows for its cause. */
	bool awaited;		/* thread waited on a channel for whoever sent the request */
	bool found_late;	/* client: it did when the answer came, and not yet when the request was sent */
	bool roamed;		/* client: another thread than its sender reads the response */
	bool passed_on;		/* server: another thread than its reader writes the response */
	bool doubtful;		/* its cause is no more than a candidate */
	bool other_in_trace;	/* its process served several requests of the trace that its header names */
	unsigned served;	/* client: requests that its process served then; no further than 2 */
	uint64_t after;		/* client: serial of what its thread had answered last, and served nobody; 0: none */

	uint32_t tgid;
	uint16_t local_port;
	struct strand thread;	/* who read (server) or sent (client) the request: a thread or a goroutine */
	struct strand strand;	/* the same, or what its runtime says */
	uint64_t read_ns;	/* when the call that moved its first byte returned */
	uint64_t start_ns, end_ns;	/* monotonic */
	uint64_t end_min_ns;	/* the call that sent the last byte began then */

	uint64_t req_pos;	/* bytes of its direction before the request */
	uint64_t rsp_pos;	/* of the other direction then */
	uint32_t req_seq, rsp_seq; /* TCP positions when its first byte moved; valid with has_seq */
	bool has_seq;
	struct hnode by_join;	/* join_open: waiting for the other end */
	bool joinable;		/* in join_open */
	bool joined;		/* the other end is known */
	bool no_peer;		/* the other end is not traced: nothing to wait for */

	struct exchange *parent;	/* who caused it; NULL: nobody, or it has gone out */
	struct list children;
	struct list sibling;	/* in parent->children */
	enum link_method method;
	double confidence;
	uint64_t prev_call;	/* serial of its thread's call before it that had no cause, too */
	struct task_call tasks[1 + AWAITING_MAX]; /* CPython: who calls or answers, and who waits for that */
	uint32_t tasks_cnt;
	uint32_t left_by;	/* so many of them, not those who wait for them, may claim it; 0: all */
	uint64_t held_ns;	/* until then it was seen that they hold who calls; 0: they wait for that */
	uint64_t heard_before_ns; /* when its thread last read an answer to another call; 0: never */
	bool handed_before;	/* it had woken somebody with that */
	struct in_turn turn;
	struct in_node node;
	struct held *held;	/* Java: the objects that its caller worked on; NULL: not known */
	struct news_edge *edges; /* WAKES_MAX of them; NULL: none */
	uint32_t edges_cnt;

	struct trace_ctx header;	/* what the request's headers say; valid with has_header */
	bool has_header;
	char *trace_state;
	struct trace_ctx ctx;	/* our own: span id from the beginning, trace id when traced */
	struct trace_ctx parent_ctx;	/* valid with has_parent; without a span id: no more than the trace is known */
	bool has_parent, parent_remote;
	uint64_t bound_start_ns, bound_end_ns;	/* of a parent that has gone out; 0: none */
	bool sampled;
	uint64_t wall_offset_ns;	/* of the whole trace */
	struct span_link link;	/* a header or a cause that is not the parent */
	bool has_link;

	struct list lines;	/* of logs, written for it: they go out when it is traced */

	char *name;
	const char *scope;
	struct attrs attrs;
	size_t bytes;		/* that it takes, as far as exchanges->bytes knows */
};

struct exchanges {
	struct pool pool;
	struct hash by_serial;
	struct list waiting;	/* not yet traced, oldest first */
	struct list lasting;	/* traced, without an answer yet */
	struct list streaming;	/* traced, answered, response not complete: oldest first */
	uint64_t next_serial;
	size_t n;
	size_t bytes;		/* that they take, with their attributes */
	struct rand ids;
	struct tally *tally;
};

int exchanges_init(struct exchanges *t, const struct rand_seed *seed, struct tally *tally) __must_check;
void exchanges_release(struct exchanges *t);

struct exchange *exchange_new(struct exchanges *t);	/* ids given, in `waiting`; NULL: out of memory */
void exchange_free(struct exchanges *t, struct exchange *x);	/* out of every list; its children keep its context */
void exchange_weigh(struct exchanges *t, struct exchange *x);	/* after its attributes have changed */
struct exchange *exchange_find(const struct exchanges *t, uint64_t serial);	/* NULL: gone */
/* false: refused, because child is among the causes of parent or these are too many. */
bool exchange_adopt(struct exchange *parent, struct exchange *child, enum link_method how);
bool exchange_has_evidence(const struct exchange *child);	/* for its parent */
void exchange_grade(struct exchange *child, enum link_method how);	/* as sure of its parent as that method is */
void exchange_inherit(struct exchange *child, const struct exchange *parent);	/* the context of a traced parent */
void exchange_disinherit(struct exchange *child);	/* undoes that: it is nobody's child */
void exchange_error(struct exchange *x, const char *type);	/* error.type, unless one is there */
void exchange_new_trace(struct exchanges *t, struct trace_id *ret_id);

#endif
