/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spans gathered into traces until a trace can be shown: the request that began it on this host has ended and nothing
 * has come for a while, or it has been held long enough. What comes later is shown as a continuation. Bounded: beyond
 * TRACES_MAX traces the oldest is shown (or, shown already, forgotten), beyond TRACE_SPANS_MAX the trace at hand.
 * Time comes from the caller.
 */
#ifndef EXPORT_TRACES_H
#define EXPORT_TRACES_H

#include "trace/span.h"

#define TRACES_MAX	2048	/* held back, or remembered as shown */
#define TRACE_SPANS_MAX	2048	/* of one trace held back: more than anybody reads */
#define TRACE_QUIET_NS	250000000ULL
#define TRACE_HELD_NS	5000000000ULL

struct traces;

/* Who shows a trace. The spans are borrowed; continued: the first part of the trace was handed out before. */
struct traces_sink {
	void (*ready)(void *ctx, struct span *const *spans, size_t n, bool continued);
	void *ctx;
};

struct traces *traces_new(const struct traces_sink *sink);	/* copied; NULL: out of memory */
void traces_free(struct traces *t);				/* what is held back is dropped; NULL ok */
int traces_add(struct traces *t, struct span *s, uint64_t now_ns) __must_check;	/* takes a reference; 0 or -ENOMEM */
uint64_t traces_due(struct traces *t, uint64_t now_ns);	/* hands out what is due; returns when the next one is */
void traces_flush(struct traces *t);			/* hands out everything */

DEFINE_FREEP(traces_free, struct traces)

#endif
