/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread that did not read the request writes its response: which of its calls were made for it? That depends on
 * what its pool does:
 *
 *	jobs serve requests	[call 1a, call 1b, response 1] [call 2a, response 2]	all since its last response
 *	jobs are parts of them	[call 1a] [call 2a] [call 1b, response 1] [call 3a]	the last one, if any
 *
 * Where jobs are whole, requests of the same kind have the same number of calls, one after the other; where a worker
 * does parts of several, that number is left to chance. While the process has not shown that its jobs are whole, the
 * earlier calls of the thread are left alone, unless the process served nobody else when they were made, and that its
 * last one was for this request is less than sure; in Java, what was on the stack then may confirm it (heap.c).
 */
#include "trace/stages.h"

#define KINDS_LATELY 256 /* requests after which the older ones count half */
/* So many of them must have been seen: of two calls each in parts of jobs, one in 10^4 runs looks whole. */
#define ALIKE_ENOUGH 12
#define UNLIKE_SHARE 32 /* one in so many may be another: it failed, or came from a cache */
#define CALLS_MAX    64 /* that are counted */

/* By the first part of the path: what is behind it mostly says of which one, and not what is to be done. */
static uint32_t kind_of(const struct exchange *x)
{
	const struct attr *path = attrs_find(&x->attrs, "url.path");
	const char *text = path ? attr_text(&x->attrs, path) : "";
	uint64_t hash = x->local_port;

	if (*text)
		text++;
	for (; *text && *text != '/'; text++)
		hash = hash_mix(hash, (unsigned char)*text);
	return hash & (JOB_KINDS - 1);
}

static void count_request(struct jobs *jobs, const struct exchange *x, uint32_t calls)
{
	uint32_t *before = &jobs->calls[kind_of(x)];

	if (*before)
		lately_count(&jobs->alike, *before == calls + 1, KINDS_LATELY);
	*before = calls + 1;
}

static bool are_whole(const struct jobs *jobs)
{
	return jobs->alike.yes >= ALIKE_ENOUGH && jobs->alike.no * UNLIKE_SHARE <= jobs->alike.yes;
}

/* The next older call of the thread since it last wrote a response, and since the request came. */
static struct exchange *call_since(struct pipeline *p, const struct exchange *x, uint64_t serial,
				   uint64_t since)
{
	struct exchange *call = serial > since ? link_open_call(p, serial) : NULL;

	return call && call->start_ns >= x->start_ns ? call : NULL;
}

static uint32_t count_calls(struct pipeline *p, const struct exchange *x,
			    const struct strand_state *st)
{
	const struct exchange *call = call_since(p, x, st->last_call, st->answered_call);
	uint32_t n = 0;

	for (; call && n < CALLS_MAX; n++)
		call = call_since(p, x, call->prev_call, st->answered_call);
	return n;
}

/* Whose call it is, as far as the response to x tells; NULL: it does not. */
static struct exchange *cause_of(struct pipeline *p, struct exchange *x,
				 const struct exchange *call, bool whole, bool last,
				 enum link_method *ret_how)
{
	struct exchange *given = evidence_given(p, call, ret_how);

	if (given || whole || call->parent == x)
		return given ? given : x;
	*ret_how = heap_confirms(p, call, x) ? LINK_OBJECT : LINK_RELAY;
	return last || call->served <= 1 ? x : NULL;
}

void jobs_answer(struct pipeline *p, struct exchange *x, struct strand_state *st)
{
	struct process *proc = process_find(&p->processes, x->tgid);
	bool whole = st->strand.kind != STRAND_THREAD || (proc && are_whole(&proc->jobs));
	struct exchange *call;

	/* A loop writes the response whose turn it is, and has called for others meanwhile. */
	if (strand_is_loop(st))
		return;
	call = call_since(p, x, st->last_call, st->answered_call);
	if (proc)
		count_request(&proc->jobs, x, count_calls(p, x, st));
	for (; call; call = call_since(p, x, call->prev_call, st->answered_call)) {
		enum link_method how = link_method_alone(st, call->awaited);
		struct exchange *cause =
			cause_of(p, x, call, whole, call->serial == st->last_call, &how);

		if (!cause || call->roamed)
			continue;
		if (cause == x && call->serial == st->last_call)
			heap_learn(p, call, x);
		link_claim(cause, call, how);
	}
	st->answered_call = st->last_call;
}
