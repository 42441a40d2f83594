/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The completion edge. When a pool's worker has finished a call made for somebody, it wakes the
 * thread that waits for the result, and that thread still serves its request: the waker's call
 * belonged to whom it then woke. The opposite edge (whoever is woken inherits from the waker) is
 * wrong up to 41 % of the time, because a queue stands between them.
 */
#include "trace/stages.h"

#define JOB_CALLS_MAX \
	16 /* calls of one job that its hand-over is looked for; a first edge is never replaced */

void handoff_wake(struct pipeline *p, const struct ev_wake *ev)
{
	struct process *proc = process_find(&p->processes, ev->hdr.tgid);
	struct strand_state *waker = strand_find(&p->strands, &ev->waker);
	struct strand_state *wakee = strand_find(&p->strands, &ev->wakee);
	struct exchange *call, *server;
	unsigned n = 0;

	if (!proc || !ev->futex)
		return;
	process_note_wake(proc, ev->futex, ev->wakee.id);
	server = wakee ? exchange_find(&p->exchanges, wakee->current) : NULL;
	if (!waker || !server || wakee->serving > 1)
		return;
	for (call = link_open_call(p, waker->last_call); call && n < JOB_CALLS_MAX;
	     call = link_open_call(p, call->prev_call), n++) {
		if (!call->answered || call->edges_cnt == WAKES_MAX ||
		    call->start_ns < server->start_ns)
			continue;
		call->edges[call->edges_cnt++] = (struct wake_edge){ ev->futex, server->serial };
		waker->pooled = true;
	}
}

/*
 * The first edge that is not a lock's decides; but a thread made for a request that it then wakes has worked for that
 * one, whomever else it woke before.
 */
struct exchange *handoff_choice(struct pipeline *p, const struct exchange *x)
{
	const struct process *proc = process_find(&p->processes, x->tgid);
	struct exchange *first = NULL;
	uint32_t i;

	for (i = 0; proc && i < x->edges_cnt; i++) {
		struct exchange *woken = exchange_find(&p->exchanges, x->edges[i].server);

		if (process_futex_shared(proc, x->edges[i].futex))
			continue;
		if (woken && woken == x->parent)
			return woken;
		if (!first)
			first = woken;
	}
	return first;
}
