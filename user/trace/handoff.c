/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The completion edge. Who has heard the answer to a call wakes whoever waits for it, and that thread
 * still serves its request: the call belonged to whom it then woke. The opposite edge (whoever is
 * woken inherits from the waker) is wrong up to 41 % of the time, because a queue stands between
 * them.
 *
 *	pool        the worker calls, reads the answer, wakes the one that waits
 *	event loop  reads the answer, wakes a worker (1 hop), which wakes the one that waits
 *	callbacks   the same, but the worker, or one that it woke, writes the response
 *
 * A thread is also woken because a lock has become free, and that says nothing. So an edge counts
 * only if the request is older than the call, its thread has slept since the answer was read, and the
 * response is written as the edge says: by the thread that was woken, or by the one that had the
 * news. The shortest way wins; two requests at the end of equally short ways are no evidence.
 *
 * A worker may make several calls for one job and hand over once. That cannot be told from two jobs
 * of which the first ended without a wake (whoever caused it waits for another one first), unless
 * the worker sleeps in between: so it is believed of a process only as long as its workers
 * hardly ever go to sleep without having woken somebody.
 *
 * Where requests change threads (coroutines, the stages of a CompletableFuture) whoever read one is woken for others,
 * and now and then writes its response by chance. So a thread that is woken says the less the more of the process's
 * responses are written by another thread than read the request.
 *
 * A lock for which each thread waits at a place of its own (Ruby's, which only one holds at a time) is not told by
 * its futex. Whoever waits for it with a call of its own out waits for nobody's result. And where threads stand in line
 * for it before they can read an answer, those that wait for results are woken twice, by the result and by the lock.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/stages.h"

#define HOPS_TO_SLEEPER 1 /* at the second, a lock was the reason more often than an answer */
#define MOMENT_NS       (500 * NSEC_PER_USEC)
#define JOB_CALLS_MAX   16 /* calls of one job that its hand-over is looked for */
/* One request in so many may be answered by another thread: what one then waits for is its own. */
#define STAY_SHARE   256
#define LEFT_ENOUGH  8 /* so many that were must have been seen before it is believed no more */
#define STAYS_LATELY 4096 /* responses after which the older ones count half */
#define ENDS_LATELY  4096 /* ends of jobs after which the older ones count half */
#define ENDS_ENOUGH  32 /* of them that must have been seen */
/* Fewer silent ones than this share are sleeps in the middle of a job, for a lock. */
#define SILENT_SHARE 8
#define LINE_LATELY  1024 /* answers after which the older ones count half */
#define LINE_ENOUGH  8 /* of them that must have been stood in line for */
#define LINE_SHARE   16 /* one in so many must: of Ruby's a third are, elsewhere 1 in 150 */
/* One in so many must wait for several results: one in ten seems to, woken by the lock. */
#define LATE_SHARE 6
#define AGAIN_NS   NSEC_PER_MSEC

/* Without memory it is as if nobody had been woken. */
static void add_edge(struct pipeline *p, struct exchange *call, const struct news_edge *e)
{
	if (!call->edges) {
		call->edges = calloc(WAKES_MAX, sizeof(*call->edges));
		exchange_weigh(&p->exchanges, call);
	}
	if (call->edges && call->edges_cnt < WAKES_MAX)
		call->edges[call->edges_cnt++] = *e;
}

void news_forget(struct strand_state *st)
{
	memset(st->news, 0, sizeof(st->news));
}

void news_read(struct strand_state *st, const struct exchange *call, uint64_t now_ns)
{
	news_forget(st);
	st->news[0] = call->serial;
	st->heard_ns = now_ns;
	st->handed_over = false;
}

/* A worker reads its own answers: it brings them itself. */
static bool travels(const struct exchange *call, const struct strand_state *st)
{
	return call->thread.id != st->strand.id;
}

void news_pass(struct pipeline *p, struct strand_state *from, const struct strand *to)
{
	struct strand_state *st;
	struct exchange *call;
	unsigned hops;

	for (hops = 0; hops < RELAYS_MAX; hops++) {
		call = link_open_call(p, from->news[hops]);
		if (!call || (!hops && !travels(call, from)))
			continue;
		st = strand_get(&p->strands, to);
		if (st && !st->serves)
			st->news[hops + 1] = call->serial;
		if (!hops) /* who reads for many tells each answer to one */
			from->news[0] = 0;
	}
}

/* The thread slept between its calls and not in the middle of one, and not for a lock that many wait for. */
static bool slept_before(const struct process *proc, const struct exchange *call,
			 const struct ev_wake *ev)
{
	return ev->waker_up_futex && call->heard_before_ns < ev->waker_up_ns &&
	       ev->waker_up_ns <= call->start_ns && !process_futex_shared(proc, ev->waker_up_futex);
}

/* Calls that the thread made before the one that it now hands over may be of the same job. */
static void note_job(struct pipeline *p, struct process *proc, const struct ev_wake *ev,
		     const struct exchange *last, struct news_edge edge)
{
	const struct exchange *server = exchange_find(&p->exchanges, edge.server);
	const struct exchange *call = last;
	unsigned n;

	if (proc->unseen_ns >=
	    server->start_ns) /* whom calls before were handed to may be what is not seen */
		return;
	edge.job = true;
	for (n = 0; n < JOB_CALLS_MAX; n++) {
		struct exchange *before = link_open_call(p, call->prev_call);

		if (slept_before(proc, call, ev)) {
			if (call->heard_before_ns)
				lately_count(&proc->aloud, call->handed_before, ENDS_LATELY);
			return;
		}
		if (!before || before->edges_cnt || !before->answered ||
		    before->start_ns < server->start_ns)
			return;
		add_edge(p, before, &edge);
		call = before;
	}
}

/*
 * The woken thread works for `server`, and has not been woken since the answer was read: not by a lock that it took on
 * its way to where it waits, in notify_one() say, when the call had been made already.
 */
static bool awaited(const struct exchange *call, const struct exchange *server,
		    const struct ev_wake *ev)
{
	return server->start_ns <= call->start_ns && ev->wakee_up_ns < call->answered_ns;
}

/* It has waited for work since it read the answer: it wakes who gave it that, on the way out of where it waited. */
static bool works_on(const struct process *proc, const struct exchange *call,
		     const struct ev_wake *ev)
{
	return ev->waker_up_futex && ev->waker_up_ns > call->answered_ns &&
	       process_futex_feeds(proc, ev->waker_up_futex);
}

/* It was woken on its way to the answer, and not by that: from where nobody else waits. */
static bool stood_in_line(const struct process *proc, const struct exchange *call,
			  const struct ev_wake *ev)
{
	return ev->waker_up_futex && call->start_ns < ev->waker_up_ns &&
	       ev->waker_up_ns <= call->answered_ns &&
	       !process_futex_shared(proc, ev->waker_up_futex);
}

static bool often_in_line(const struct process *proc)
{
	return proc->in_line.yes >= LINE_ENOUGH &&
	       proc->in_line.yes * (LINE_SHARE - 1) >= proc->in_line.no;
}

/* It waits for the answer to a call of its own, and now for a lock on its way to it. */
static bool waits_for_own(struct pipeline *p, const struct process *proc,
			  const struct strand_state *wakee)
{
	const struct exchange *own = exchange_find(&p->exchanges, wakee->called);

	return own && !own->answered && !own->done && !proc->roams;
}

static void bring(struct pipeline *p, struct process *proc, const struct ev_wake *ev,
		  struct strand_state *waker, const struct exchange *server)
{
	unsigned hops;

	for (hops = 0; hops <= HOPS_TO_SLEEPER; hops++) {
		struct exchange *call = link_open_call(p, waker->news[hops]);
		struct news_edge e = { .futex = ev->futex,
				       .server = server->serial,
				       .at_ns = ev->hdr.ts_ns,
				       .hops = hops };

		if (!call || !call->answered || !awaited(call, server, ev) ||
		    works_on(proc, call, ev))
			continue;
		e.late = ev->wakee_up_ns > call->start_ns;
		e.again = ev->wakee_up_ns + AGAIN_NS > ev->hdr.ts_ns;
		if (!hops && !travels(call, waker) && !call->edges_cnt) {
			note_job(p, proc, ev, call, e);
			lately_count(&proc->in_line, stood_in_line(proc, call, ev), LINE_LATELY);
			lately_count(&proc->late, e.late, LINE_LATELY);
		}
		add_edge(p, call, &e);
		waker->pooled = true;
		waker->handed_over = true;
	}
}

void handoff_wake(struct pipeline *p, const struct ev_wake *ev)
{
	struct process *proc = process_find(&p->processes, ev->hdr.tgid);
	struct strand_state *waker = strand_find(&p->strands, &ev->waker);
	struct strand_state *wakee = strand_find(&p->strands, &ev->wakee);
	const struct exchange *server;

	if (!proc || !ev->futex)
		return;
	server = wakee ? exchange_find(&p->exchanges, wakee->current) : NULL;
	process_note_wake(
		proc, &(struct futex_wake){ ev->futex, ev->wakee.id, server && wakee->serving });
	if (!waker || (server && wakee->serving > 1))
		return;
	if (!server || !wakee->serving)
		news_pass(p, waker, &ev->wakee);
	else if (!waits_for_own(p, proc, wakee))
		bring(p, proc, ev, waker, server);
}

void handoff_written(struct pipeline *p, struct strand_state *writer, const struct exchange *server)
{
	unsigned hops;

	for (hops = 1; hops <= RELAYS_MAX; hops++) {
		struct exchange *call = link_open_call(p, writer->news[hops]);

		if (call && call->answered && server->start_ns <= call->start_ns)
			add_edge(p, call,
				 &(struct news_edge){ .server = server->serial,
						      .at_ns = p->now_ns,
						      .hops = hops });
		writer->news[hops] = 0;
	}
}

void handoff_answered(struct process *proc, bool by_reader)
{
	lately_count(&proc->stayed, by_reader, STAYS_LATELY);
}

static bool jobs_end_aloud(const struct process *proc)
{
	return proc->aloud.yes >= ENDS_ENOUGH && proc->aloud.no * SILENT_SHARE < proc->aloud.yes;
}

bool handoff_requests_leave(const struct process *proc)
{
	return proc->stayed.no >= LEFT_ENOUGH && proc->stayed.no > proc->stayed.yes;
}

static enum link_method how_sure(const struct process *proc, const struct news_edge *e)
{
	if (e->hops >= RELAYS_MAX)
		return LINK_RELAY;
	if (e->job || e->late || (e->futex && often_in_line(proc)))
		return LINK_WOKEN;
	return e->futex && proc->stayed.no * STAY_SHARE > proc->stayed.yes ? LINK_WOKEN
									   : LINK_HANDOFF;
}

/* A second wake is a lock's: hardly anybody waits for several results. */
static bool seldom_late(const struct process *proc)
{
	return proc->late.yes * (LATE_SHARE - 1) < proc->late.no;
}

/* The edge is evidence, as far as its request is known: one that is gone was not found to be the cause at its end. */
static bool believed(const struct process *proc, const struct exchange *call,
		     const struct news_edge *e, const struct exchange *server)
{
	if (e->hops && e->at_ns < call->end_ns) /* the rest of the answer was told to another */
		return false;
	if (server && server->passed_on != !e->futex)
		return false;
	if (e->futex && handoff_requests_leave(proc))
		return false;
	if (e->futex && process_futex_shared(proc, e->futex))
		return false;
	if (often_in_line(proc) && (e->job || (e->late && (e->again || seldom_late(proc)))))
		return false;
	return !e->job || jobs_end_aloud(proc);
}

/* Where threads stand in line, who had slept since before the call was made is likelier to have waited for it. */
static unsigned length(const struct process *proc, const struct news_edge *e)
{
	return 2 * e->hops + (e->late && often_in_line(proc));
}

/*
 * The shortest way wins, and of equally short ones the first: a thread that is given more work without
 * being woken for it still has the news of before. But a lock that it lets go on the way wakes somebody
 * moments before the one that waits. A thread made for a request that it then wakes has worked for that
 * one, whomever else it woke before.
 */
struct exchange *handoff_choice(struct pipeline *p, const struct exchange *x,
				enum link_method *ret_how)
{
	const struct process *proc = process_find(&p->processes, x->tgid);
	const struct news_edge *first = NULL;
	struct exchange *best = NULL;
	bool several = false;
	uint32_t i;

	for (i = 0; proc && i < x->edges_cnt; i++) {
		const struct news_edge *e = &x->edges[i];
		struct exchange *server = exchange_find(&p->exchanges, e->server);

		if (!believed(proc, x, e, server))
			continue;
		if (server && server == x->parent) {
			first = e;
			best = server;
			several = false;
			break;
		}
		if (!first || length(proc, e) < length(proc, first)) {
			first = e;
			best = server;
			several = false;
		} else if (length(proc, e) == length(proc, first) &&
			   e->at_ns < first->at_ns + MOMENT_NS) {
			several = several || server != best;
		}
	}
	if (!best || several)
		return NULL;
	*ret_how = how_sure(proc, first);
	return best;
}
