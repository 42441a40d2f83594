/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records in, spans out: stream -> decoder -> exchange -> link -> span. Deterministic: it knows no
 * clock, no /proc and no kernel, only the records it is fed and the seed of its ids, so a recording
 * gives the same spans again. Belongs to the loop thread.
 */
#ifndef TRACE_PIPELINE_H
#define TRACE_PIPELINE_H

#include "abi/event.h"
#include "abi/verdict.h"
#include "base/rand.h"
#include "trace/log_line.h"
#include "trace/sample.h"
#include "trace/span.h"
#include "trace/tally.h"

struct pipeline;

enum sdk_mode { SDK_AUTO, SDK_JOIN, SDK_SKIP }; /* in the order of --with-sdk */

struct pipeline_cfg {
	struct rand_seed seed;
	uint64_t link_wait_ns; /* how long a client span may wait for the exchange that caused it; 100 ms at least */
	bool link_exact; /* only methods that rest on evidence */
	struct sampler sampler;
	struct attr_limits attr_limits;
	enum sdk_mode with_sdk; /* spans of processes that have a tracing SDK (sdk.c) */
	unsigned propagators_off; /* formats of trace context that are not read, as bits of propagation.h */
	const char *const *routes; /* "/users/{id}" patterns, in order; borrowed */
	size_t routes_cnt;
	const char *const *redact; /* more query keys whose values are hidden; borrowed */
	size_t redact_cnt;
	const char *const *headers; /* names of headers whose values are wanted; borrowed */
	size_t headers_cnt;
};

/*
 * Where the pipeline's products go; every function is called from pipeline_feed(),
 * pipeline_flush().
 */
struct pipeline_sink {
	void (*span)(void *ctx, struct span *s); /* s is handed over */
	void (*log)(void *ctx, struct log_line *l); /* l is handed over. NULL: nobody wants them */
	void (*verdict)(void *ctx, uint64_t conn, const struct verdict *v); /* NULL in replay */
	/*
	 * Objects of Java have been moved, and where to is wanted: as EV_MOVED, fed next. The ask is borrowed. Returns
	 * for how long it stood still for that, in ns. NULL in replay.
	 */
	uint64_t (*moved)(void *ctx, const struct heap_ask *ask);
	/*
	 * A task of CPython makes the call of the next record, nobody waits for it, and whose it is is wanted: as
	 * EV_HELD, fed next. The rest as before.
	 */
	uint64_t (*held)(void *ctx, const struct ev_awaiting *ask);
	/*
	 * The resource of a process, by the local port of a server (0: not one); a borrowed
	 * reference, never NULL.
	 */
	struct resource *(*resource)(void *ctx, uint32_t tgid, uint16_t port);
	/* What the facts of a process show of a tracing SDK in it; NULL: nothing. May be NULL itself. */
	const char *(*sdk_facts)(void *ctx, uint32_t tgid);
	void (*sdk)(void *ctx, uint32_t tgid, const char *why); /* it has one. May be NULL itself. */
	void *ctx;
};

struct pipeline *
pipeline_new(const struct pipeline_cfg *cfg,
	     const struct pipeline_sink *sink); /* both copied; NULL: out of memory */
void pipeline_free(struct pipeline *p); /* what was not flushed is dropped */
/* ev is fed after a few others: what it needs is fetched from memory meanwhile. */
void pipeline_expect(struct pipeline *p, const struct ev_hdr *ev);
void pipeline_feed(struct pipeline *p,
		   const struct ev_hdr *ev); /* ev is borrowed, already checked by ev_valid() */
/* The same of a DATA record; ret_bytes, as many as it has copied, become its framing without content. */
void pipeline_feed_redacting(struct pipeline *p, const struct ev_data *ev, char *ret_bytes);
void pipeline_flush(struct pipeline *p); /* everything in flight goes out as it is */
uint64_t
pipeline_next_ns(const struct pipeline *p); /* when a TICK is due (monotonic); UINT64_MAX: never */
const struct tally *pipeline_tally(const struct pipeline *p);

DEFINE_FREEP(pipeline_free, struct pipeline)

#endif
