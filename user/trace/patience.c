/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls whose cause may come out when all requests are over that may be it. In Java what a thread has made is known
 * when it is next seen to do something, and the first calls come before the process has shown where on a stack it is
 * to be looked for what they work on (heap.c), or that its loop acts at once (turns.c). So such a call hopes for a
 * while, and the requests that were served when it was made wait with it:
 *
 *	request		├───────────┤ waits ....... goes out
 *	its call	   ├─────┤    hopes ... it has a cause
 *
 * Where that is mostly in vain nobody waits any longer, until the process has shown something new.
 */
#include "trace/stages.h"

#define PATIENCE_NS (3 * NSEC_PER_SEC / 2)
/* Calls of a process that may hope in vain before anything is known of it. */
#define PATIENCE_FREE   1024
#define PATIENCE_AGAIN  64 /* the same whenever it has shown something new */
#define PATIENCE_SHARE  16 /* one hope in so many must be fulfilled */
#define PATIENCE_LATELY 4096 /* hopes after which the older ones count half */

void patience_init(struct patience *w)
{
	list_init(&w->calls);
	list_init(&w->requests);
}

uint64_t patience_next_ns(const struct patience *w)
{
	return list_empty(&w->calls) && list_empty(&w->requests) ? UINT64_MAX : w->next_ns;
}

void patience_renew(struct lately *hopes)
{
	unsigned most = PATIENCE_FREE - PATIENCE_AGAIN + PATIENCE_SHARE * hopes->yes;

	hopes->no = min(hopes->no, most);
}

static bool is_worth_it(const struct lately *hopes)
{
	return hopes->no < PATIENCE_FREE + PATIENCE_SHARE * hopes->yes;
}

static struct lately *hopes_of(struct pipeline *p, uint32_t tgid)
{
	struct process *proc = process_find(&p->processes, tgid);

	return proc && proc->heap ? &proc->heap->hopes : NULL;
}

static bool may_hope(const struct pipeline *p, const struct exchange *call)
{
	return call->held && !exchange_has_evidence(call) && !call->traced &&
	       call->end_ns + PATIENCE_NS > p->now_ns;
}

static void push(struct pipeline *p, struct list *to, struct list *node)
{
	struct patience *w = &p->patience;

	if (list_empty(&w->calls) && list_empty(&w->requests))
		w->next_ns = p->now_ns + PATIENCE_STEP_NS;
	list_push(to, node);
}

bool patience_call(struct pipeline *p, struct exchange *call)
{
	const struct lately *hopes = may_hope(p, call) ? hopes_of(p, call->tgid) : NULL;

	if (!hopes || !is_worth_it(hopes))
		return false;
	push(p, &p->patience.calls, &call->by_process);
	return true;
}

static bool made_during(const struct exchange *call, const struct exchange *x)
{
	return call->tgid == x->tgid && call->start_ns >= x->start_ns &&
	       call->start_ns <= x->end_ns;
}

/* The call may have been made for x, and it may still come out. */
static bool hopes_for(struct pipeline *p, const struct exchange *call, const struct exchange *x)
{
	enum link_method how;

	return made_during(call, x) && may_hope(p, call) && !evidence_choice(p, call, &how);
}

/* One of the calls, the newest last, may have been made for x: its serial; 0: none. */
static uint64_t any_hopes(struct pipeline *p, const struct list *calls, const struct exchange *x)
{
	const struct exchange *call, *before;

	list_for_each_back_safe (call, before, calls, by_process) {
		if (call->end_ns < x->start_ns)
			return 0;
		if (hopes_for(p, call, x))
			return call->serial;
	}
	return 0;
}

/* The call that x was found to wait for still hopes: of the others, thousands perhaps, none is looked at. */
static bool still_hopes(struct pipeline *p, const struct exchange *x)
{
	const struct exchange *call = exchange_find(&p->exchanges, x->waits_for);

	return call && !list_empty(&call->by_process) && hopes_for(p, call, x);
}

static bool any_waits_below(const struct exchange *x)
{
	const struct exchange *child;

	list_for_each (child, &x->children, sibling)
		if (child->waits || any_waits_below(child))
			return true;
	return false;
}

static bool is_waited_for(struct pipeline *p, struct exchange *x)
{
	const struct process *proc = process_find(&p->processes, x->tgid);
	const struct patience *w = &p->patience;

	if (!list_empty(&w->requests) && any_waits_below(x))
		return true;
	if (!proc || !proc->heap || !is_worth_it(&proc->heap->hopes))
		return false;
	if (still_hopes(p, x))
		return true;
	x->waits_for = any_hopes(p, &proc->undecided, x);
	if (!x->waits_for)
		x->waits_for = any_hopes(p, &w->calls, x);
	return x->waits_for;
}

bool patience_request(struct pipeline *p, struct exchange *x)
{
	bool waited = x->waits;

	x->waits = is_waited_for(p, x);
	if (x->waits && !waited)
		push(p, &p->patience.requests, &x->by_grace);
	return x->waits;
}

bool patience_over(struct pipeline *p, struct exchange *call)
{
	struct lately *hopes = hopes_of(p, call->tgid);
	enum link_method how;
	bool fulfilled = hopes && evidence_choice(p, call, &how);

	if (!fulfilled && hopes && may_hope(p, call))
		return false;
	evidence_decide(p, call);
	if (!fulfilled)
		evidence_guess(p, call);
	if (hopes)
		lately_count(hopes, fulfilled, PATIENCE_LATELY);
	return true;
}
