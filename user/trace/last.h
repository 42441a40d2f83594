/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The request that a strand has answered last (last.c). What it logs just after that is for it. What it calls for then
 * may be: PHP goes on after fastcgi_finish_request().
 */
#ifndef TRACE_LAST_H
#define TRACE_LAST_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/context.h"

struct exchange;
struct pipeline;
struct strand_state;

struct last_served {
	uint64_t serial;	/* 0: none */
	uint64_t end_ns;	/* valid with gone, as what follows */
	struct trace_ctx ctx;
	uint32_t tgid;
	uint16_t port;
	bool gone;		/* its exchange has been freed: ctx is what is left of it */
};

void last_parted(struct pipeline *p, const struct exchange *x); /* is about to be freed */
/* After it has answered, before it is asked again. */
void last_calls(const struct strand_state *st, struct exchange *call);
/* The request that the call may be for, if it has its trace. NULL: none that is still known. */
const struct trace_ctx *last_candidate(struct pipeline *p, const struct exchange *call);

#endif
