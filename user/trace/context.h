/* SPDX-License-Identifier: GPL-2.0-only */
/* W3C trace context: what a traceparent header says, and how ours is written. */
#ifndef TRACE_CONTEXT_H
#define TRACE_CONTEXT_H

#include "base/slice.h"
#include "trace/span.h"

struct trace_ctx {
	struct trace_id trace_id;
	struct span_id span_id;	/* zeros: the caller names its trace, and no span of it */
	uint8_t flags;		/* TRACE_FLAG_* as received */
	bool undecided;		/* the caller leaves it to us whether the trace is kept */
};

#define TRACEPARENT_LEN 55

/* -EINVAL: to be ignored. */
int trace_ctx_parse(struct slice traceparent, struct trace_ctx *ret_ctx) __must_check;
/* 0: usable; -EINVAL: to be ignored, which never invalidates the traceparent beside it. */
int tracestate_check(struct slice tracestate) __must_check;
bool span_id_set(const struct span_id *id);	/* zeros are no id */
void trace_ctx_format(const struct trace_ctx *ctx, char ret_text[TRACEPARENT_LEN + 1]);

#endif
