/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spans, and lines of logs, gathered into traces until a trace can be shown: the request that began it on this host has
 * ended and nothing has come for a while, or it has been held long enough. What comes later is shown as a continuation.
 * Bounded: beyond TRACES_MAX traces the oldest is shown (or, shown already, forgotten), beyond TRACE_SPANS_MAX the
 * trace at hand. Time comes from the caller.
 */
#ifndef EXPORT_TRACES_H
#define EXPORT_TRACES_H

#include "trace/log_line.h"
#include "trace/span.h"

#define TRACES_MAX	2048	/* held back, or remembered as shown */
#define TRACE_SPANS_MAX	2048	/* of one trace held back: more than anybody reads */
#define TRACE_LINES_MAX	2048	/* of their logs, the same */
#define TRACE_QUIET_NS	250000000ULL
#define TRACE_HELD_NS	5000000000ULL

struct traces;

/* What has come of a trace, borrowed. */
struct gathered {
	struct span *const *spans;	/* none if only lines have come */
	size_t n;
	struct log_line *const *lines;	/* written for their requests, in order of coming */
	size_t lines_n;
	bool continued;			/* the first part was handed out before */
};

/* Who shows a trace. */
struct traces_sink {
	void (*ready)(void *ctx, const struct gathered *g);
	void *ctx;
};

struct traces *traces_new(const struct traces_sink *sink);	/* copied; NULL: out of memory */
void traces_free(struct traces *t);				/* what is held back is dropped; NULL ok */
int traces_add(struct traces *t, struct span *s, uint64_t now_ns) __must_check;	/* takes a reference; 0 or -ENOMEM */
/* A line with a span; the same. */
int traces_add_line(struct traces *t, struct log_line *l, uint64_t now_ns) __must_check;
uint64_t traces_due(struct traces *t, uint64_t now_ns);	/* hands out what is due; returns when the next one is */
void traces_flush(struct traces *t);			/* hands out everything */

DEFINE_FREEP(traces_free, struct traces)

#endif
