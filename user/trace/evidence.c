/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who caused a call, by what came after it was made: whom its result woke, whose response it went into, on whose object
 * its thread worked, the trace that its own header names. link.c has filed the call with its process until then.
 */
#include <string.h>

#include "trace/stages.h"

#define HANDED_LATELY 512 /* calls after which the older ones count half */
#define REORDER_NS    (10 * NSEC_PER_MSEC) /* records of two processors may change places so far */

struct exchange *evidence_given(struct pipeline *p, const struct exchange *call,
				enum link_method *ret_how)
{
	struct exchange *made = heap_choice(p, call, ret_how);

	if (made || !call->edges_cnt)
		return made;
	return handoff_choice(p, call, ret_how);
}

struct exchange *evidence_choice(struct pipeline *p, const struct exchange *call,
				 enum link_method *ret_how)
{
	struct exchange *cause = evidence_given(p, call, ret_how);

	if (!cause)
		cause = callback_choice(p, call, ret_how);
	return cause ? cause : turns_choice(p, call, ret_how);
}

/* The trace that a request belongs to as its process knows it; NULL: none that could be seen. */
static const struct trace_id *known_trace(const struct exchange *x)
{
	const struct exchange *below = x->has_header ? x : sdk_trace_below(x);

	return below ? &below->header.trace_id : NULL;
}

static bool is_in(const struct exchange *x, const struct trace_id *trace)
{
	const struct trace_id *known = known_trace(x);

	return known && !memcmp(known, trace, sizeof(*trace));
}

static bool another_is_in(const struct process *proc, const struct trace_id *trace)
{
	const struct exchange *x;

	list_for_each (x, &proc->serving, by_process)
		if (is_in(x, trace))
			return true;
	return false;
}

/*
 * Whatever hands a context on does so inside one request: a call that carries the trace of x was made
 * for x, unless the process served another request of that trace meanwhile.
 */
static bool carries_trace_of(const struct process *proc, struct exchange *call,
			     const struct exchange *x)
{
	if (!call->has_header || call->other_in_trace || call->start_ns < x->start_ns ||
	    !is_in(x, &call->header.trace_id))
		return false;
	call->other_in_trace = another_is_in(proc, &call->header.trace_id);
	return !call->other_in_trace;
}

/* False: no more for now. */
static bool may_look(struct pipeline *p, struct process *proc)
{
	if (p->now_ns >= proc->claims_ns + CLAIMS_STEP_NS) {
		proc->claims_ns = p->now_ns;
		proc->claims = 0;
	}
	return proc->claims < CLAIMS_MAX && ++proc->claims;
}

void evidence_claims(struct pipeline *p, struct exchange *request)
{
	struct process *proc = process_find(&p->processes, request->tgid);
	struct exchange *call, *before, *woken;
	enum link_method how;

	if (!proc)
		return;
	list_for_each_back_safe (call, before, &proc->undecided, by_process) {
		if (call->end_ns + REORDER_NS < request->start_ns)
			break;
		if (!may_look(p, proc)) {
			p->tally.v[TALLY_CLAIMS_CUT]++;
			break;
		}
		woken = evidence_choice(p, call, &how);
		if (woken == request)
			evidence_decide(p, call);
		else if (!woken && carries_trace_of(proc, call, request))
			link_claim(request, call, LINK_HEADER);
	}
}

/* The loop that made it has said for whom: whoever it wakes afterwards changes nothing, only what it works on does. */
static bool stands(const struct exchange *call)
{
	return call->turn.in_loop && !call->roamed && call->parent && call->method != LINK_FORK;
}

static void note_handed(struct pipeline *p, const struct exchange *call)
{
	struct process *proc = process_find(&p->processes, call->tgid);

	if (proc)
		lately_count(&proc->handed, call->edges_cnt, HANDED_LATELY);
}

void evidence_decide(struct pipeline *p, struct exchange *call)
{
	const struct exchange *woken;
	struct exchange *cause;
	enum link_method how;

	if (list_empty(&call->by_process) || call->server_side)
		return;
	list_del(&call->by_process);
	note_handed(p, call);
	woken = call->held ? handoff_choice(p, call, &how) : NULL;
	if (woken)
		heap_learn(p, call, woken);
	cause = stands(call) ? heap_choice(p, call, &how) : evidence_choice(p, call, &how);
	if (!cause)
		return;
	if (how == LINK_ANSWER)
		heap_learn(p, call, cause);
	exchange_adopt(cause, call, how);
	if (how == LINK_HANDOFF && call->held && !heap_confirms(p, call, cause))
		call->confidence = link_method_confidence(LINK_WOKEN);
}

void evidence_guess(struct pipeline *p, struct exchange *call)
{
	struct exchange *cause;
	enum link_method how;

	if (exchange_has_evidence(call))
		return;
	cause = heap_guess(p, call, &how);
	if (cause)
		exchange_adopt(cause, call, how);
}
