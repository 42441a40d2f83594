/* SPDX-License-Identifier: GPL-2.0-only */
/* What is known of the request that a strand has answered last, and what may be for it. */
#include "trace/stages.h"

void last_parted(struct pipeline *p, const struct exchange *x)
{
	struct strand_state *st = x->server_side ? strand_find(&p->strands, &x->thread) : NULL;

	if (!st || st->last.serial != x->serial)
		return;
	st->last = (struct last_served){
		.serial = x->serial,
		.gone = true,
		.end_ns = x->end_ns,
		.ctx = x->ctx,
		.tgid = x->tgid,
		.port = x->local_port,
	};
}

/* A loop turns to others, and to its timers. */
void last_calls(const struct strand_state *st, struct exchange *call)
{
	if (!st->serving && !strand_is_loop(st))
		call->after = st->last.serial;
}

const struct trace_ctx *last_candidate(struct pipeline *p, const struct exchange *call)
{
	const struct exchange *x = exchange_find(&p->exchanges, call->after);
	const struct strand_state *st;

	if (x)
		return x->traced ? &x->ctx : NULL;
	st = strand_find(&p->strands, &call->thread);
	return st && st->last.gone && st->last.serial == call->after ? &st->last.ctx : NULL;
}
