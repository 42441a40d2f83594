/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When an exchange's place in its trace is final, and what then goes out.
 *
 * A server exchange whose caller is traced too hangs below the caller's exchange, whatever its
 * header says, and waits for it. One whose caller is not seen waits JOIN_GRACE after its end,
 * because the record of the caller's send may come late (it is made at the end of the call); a
 * connection on which that wait was once in vain waits no more. A client exchange waits for the
 * request that caused it, at most --link-wait. A trace thus becomes final from its outermost
 * request down, all at once.
 *
 * An exchange that is still open when it is traced goes out when it ends, except that a response
 * which streams is shown, as it is, after --link-wait.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/stages.h"

/* Position decides the parent; a header that names another one is kept as a link. */
static void note_other_header(struct exchange *x)
{
	if (!x->server_side || !x->has_header || !span_id_set(&x->header.span_id) ||
	    !memcmp(&x->header.span_id, &x->parent_ctx.span_id, sizeof(x->header.span_id)))
		return;
	x->link = (struct span_link){
		.trace_id = x->header.trace_id,
		.span_id = x->header.span_id,
		.flags = x->header.flags,
		.remote = true,
		.reason = "header",
	};
	x->has_link = true;
}

/* Of its parent, which may have gone out. */
static const struct trace_ctx *context_above(const struct exchange *x)
{
	return x->parent ? &x->parent->ctx : &x->parent_ctx;
}

static void drop_parent(struct exchange *x)
{
	list_del(&x->sibling);
	x->parent = NULL;
	exchange_disinherit(x);
}

static void link_to_candidate(struct exchange *x, const struct trace_ctx *candidate)
{
	x->link = (struct span_link){
		.trace_id = candidate->trace_id,
		.span_id = candidate->span_id,
		.flags = candidate->flags,
		.reason = "candidate",
	};
	x->has_link = span_id_set(&candidate->span_id);
}

/*
 * With --link exact, or where inferring is mostly wrong, a cause that was only inferred is said as a
 * span link, and the span is a root.
 */
static void drop_inference(const struct pipeline *p, struct exchange *x)
{
	if (link_method_evidence(x->method) || (!x->parent && !x->has_parent))
		return;
	if (!p->cfg.link_exact && !x->doubtful)
		return;
	link_to_candidate(x, context_above(x));
	drop_parent(x);
}

/* Something in the local trace, which is whole by now, makes it worth keeping. */
static bool is_kept(const struct pipeline *p, const struct exchange *x)
{
	const struct sampler *s = &p->cfg.sampler;
	uint64_t end_ns = x->done ? x->end_ns : p->now_ns;
	const struct exchange *child;

	if (sample_keeps(s, x->error, end_ns > x->start_ns ? end_ns - x->start_ns : 0))
		return true;
	list_for_each (child, &x->children, sibling)
		if (is_kept(p, child))
			return true;
	return false;
}

/* x is the first of its trace on this host: whether the trace is kept, for all that hangs below it. */
static void sample(const struct pipeline *p, struct exchange *x)
{
	const struct sampler *s = &p->cfg.sampler;
	bool ours = !x->has_header || x->header.undecided || s->ignore_parent;
	bool kept = ours && is_kept(p, x);
	char state[SAMPLE_STATE_SZ] = SAMPLE_STATE_KEPT;
	bool stated;

	if (ours)
		x->sampled = kept || sample_root(s, &x->ctx.trace_id);
	else
		x->sampled =
			sample_remote(s, &x->ctx.trace_id, x->header.flags & TRACE_FLAG_SAMPLED);
	x->ctx.flags &= ~TRACE_FLAG_SAMPLED;
	x->ctx.flags |= x->sampled ? TRACE_FLAG_SAMPLED : 0;
	/* Kept for its outcome while others were left out by the kernel side: for how many it stands is not known. */
	stated = kept ? !x->thinned : sample_state(s, &x->ctx.trace_id, x->thinned, state);
	if (x->has_header || !x->sampled || !stated)
		return;
	free(x->trace_state);
	x->trace_state = strdup(state); /* without memory for it only the weight is unknown */
}

/* Its thread had answered a request, and may have gone on with that. */
static void link_to_last(struct pipeline *p, struct exchange *x)
{
	const struct trace_ctx *last = last_candidate(p, x);

	if (last)
		link_to_candidate(x, last);
}

/* Nobody above x has named a trace. Where an SDK below it has, that is the trace. */
static void begin_trace(struct pipeline *p, struct exchange *x)
{
	const struct exchange *below = sdk_trace_below(x);

	if (below)
		x->ctx.trace_id = below->header.trace_id;
	else
		exchange_new_trace(&p->exchanges, &x->ctx.trace_id);
	x->ctx.flags = below ? below->header.flags & TRACE_FLAG_RANDOM : TRACE_FLAG_RANDOM;
	sample(p, x);
	x->method = LINK_ROOT;
	/* One of the requests that were being served may have been its cause, or the one that was over. */
	x->confidence = x->served || x->after ? 0 : link_method_confidence(LINK_ROOT);
	if (x->after && !x->has_link)
		link_to_last(p, x);
}

static void continue_trace(struct pipeline *p, struct exchange *x)
{
	x->ctx.trace_id = x->header.trace_id;
	x->ctx.flags = x->header.flags;
	sample(p, x);
	x->parent_ctx = x->header;
	x->has_parent = x->parent_remote = true;
	x->method = LINK_HEADER;
	x->confidence = link_method_confidence(LINK_HEADER);
}

/* Where x stands below its parent, its header, or nothing. */
static void take_context(struct pipeline *p, struct exchange *x)
{
	doubt_grade(p, x);
	drop_inference(p, x);
	if (sdk_reports_apart(x, context_above(x)))
		drop_parent(x);
	if (x->parent)
		exchange_inherit(x, x->parent);
	if (x->has_parent) {
		x->ctx.trace_id = x->parent_ctx.trace_id;
		x->ctx.flags = x->parent_ctx.flags;
		note_other_header(x);
	} else {
		x->wall_offset_ns = p->wall_offset_ns;
		if (x->has_header)
			continue_trace(p, x);
		else
			begin_trace(p, x);
	}
	sdk_place(p, x);
}

static void let_go(struct pipeline *p, struct exchange *x)
{
	join_forget(p, x);
	last_parted(p, x);
	exchange_free(&p->exchanges, x);
}

static void emit(struct pipeline *p, struct exchange *x)
{
	if (!x->emitted)
		spans_emit(p, x);
	x->emitted = true;
}

/* A client exchange whose cause may still change is not pulled along by its provisional parent, nor is what waits. */
static bool follows(const struct exchange *child)
{
	return !child->traced && !child->waits &&
	       (child->server_side || list_empty(&child->by_process));
}

static void show_stream(struct pipeline *p, struct exchange *x)
{
	x->end_ns = p->now_ns;
	x->incomplete = true;
	emit(p, x);
	list_push(&p->exchanges.lasting, &x->by_age);
}

static uint64_t stream_due_ns(const struct pipeline *p, const struct exchange *x)
{
	return x->answered_ns + p->cfg.link_wait_ns;
}

/*
 * A traced exchange whose response has begun is shown when it lasts too long; the list is kept in
 * order of that time.
 */
static void watch_stream(struct pipeline *p, struct exchange *x)
{
	struct list *at = &p->exchanges.streaming;

	if (stream_due_ns(p, x) <= p->now_ns) {
		show_stream(p, x);
		return;
	}
	while (at->prev != &p->exchanges.streaming &&
	       container_of(at->prev, struct exchange, by_age)->answered_ns > x->answered_ns)
		at = at->prev;
	list_push(at, &x->by_age);
}

static void queue(struct pipeline *p, struct exchange *x)
{
	list_del(&x->by_age);
	list_push(&p->todo, &x->by_age);
}

static void queue_children(struct pipeline *p, struct exchange *x)
{
	struct exchange *child;

	list_for_each (child, &x->children, sibling) {
		if (follows(child))
			queue(p, child);
	}
}

/* What is queued, and everything below it, gets its trace. What is complete goes out. */
static void trace_queued(struct pipeline *p)
{
	struct exchange *x;

	while ((x = list_first(&p->todo, struct exchange, by_age))) {
		list_del(&x->by_age);
		list_del(&x->by_grace);
		x->waits = false;
		take_context(p, x);
		x->traced = true;
		logs_traced(p, x);
		queue_children(p, x);
		if (x->done) {
			emit(p, x);
			list_push(&p->spent, &x->by_age);
		} else if (x->answered) {
			watch_stream(p, x);
		} else {
			list_push(&p->exchanges.lasting, &x->by_age);
		}
	}
	while ((x = list_first(&p->spent, struct exchange, by_age)))
		let_go(p, x);
}

static void trace_from(struct pipeline *p, struct exchange *x)
{
	queue(p, x);
	trace_queued(p);
}

/* x has a trace and is done. */
static void finish(struct pipeline *p, struct exchange *x)
{
	queue_children(p, x);
	trace_queued(p);
	emit(p, x);
	let_go(p, x);
}

static bool parent_is_traced(const struct exchange *x)
{
	return x->parent ? x->parent->traced : x->has_parent;
}

/* It has all the calls that it will ever have. */
static void server_over(struct pipeline *p, struct exchange *x)
{
	if (x->joined) {
		if (parent_is_traced(x))
			trace_from(p, x);
		return;
	}
	if (x->no_peer)
		trace_from(p, x);
	else
		list_push(&p->grace, &x->by_grace);
}

static void server_done(struct pipeline *p, struct exchange *x)
{
	if (!patience_request(p, x))
		server_over(p, x);
}

/* Its cause is decided: it goes out with it, or waits for it. */
static void client_done(struct pipeline *p, struct exchange *x)
{
	if (list_empty(&x->by_process) && (!x->parent || parent_is_traced(x)))
		trace_from(p, x);
}

void settle_done(struct pipeline *p, struct exchange *x)
{
	if (x->traced)
		finish(p, x);
	else if (x->server_side)
		server_done(p, x);
	else
		client_done(p, x);
}

void settle_process(struct pipeline *p, uint32_t tgid)
{
	struct process *proc = process_find(&p->processes, tgid);
	struct exchange *oldest, *call, *tmp;

	if (!proc)
		return;
	oldest = list_first(&proc->serving, struct exchange, by_process);
	list_for_each_safe (call, tmp, &proc->undecided, by_process) {
		if (oldest && oldest->start_ns <= call->end_ns)
			break;
		evidence_decide(p, call);
		if (call->traced || patience_call(p, call))
			continue;
		evidence_guess(p, call);
		client_done(p, call);
	}
}

/* Calls that hope, and the requests that wait for them. */
static void look_again(struct pipeline *p)
{
	struct patience *w = &p->patience;
	struct exchange *x, *tmp;

	w->next_ns = p->now_ns + PATIENCE_STEP_NS;
	list_for_each_safe (x, tmp, &w->calls, by_process) {
		if (patience_over(p, x) && !x->traced)
			client_done(p, x);
	}
	list_for_each_safe (x, tmp, &w->requests, by_grace) {
		evidence_claims(p, x);
		if (patience_request(p, x))
			continue;
		list_del(&x->by_grace);
		server_over(p, x);
	}
}

void settle_answered(struct pipeline *p, struct exchange *x)
{
	x->answered_ns = p->now_ns;
	if (!x->traced)
		return;
	list_del(&x->by_age);
	watch_stream(p, x);
}

void settle_joined(struct pipeline *p, struct exchange *server)
{
	if (server->waits)
		return;
	list_del(&server->by_grace);
	if (!server->traced && parent_is_traced(server))
		trace_from(p, server);
}

static void grace_over(struct pipeline *p, struct exchange *x)
{
	struct conn *c = conn_find(&p->conns, x->conn_id);

	if (c && !c->peer)
		c->peer_absent = true;
	trace_from(p, x);
}

/* x waits no longer: whoever is above it cannot wait either. */
static void force(struct pipeline *p, struct exchange *x)
{
	for (;;) {
		evidence_decide(p, x);
		if (!x->parent || x->parent->traced)
			break;
		x = x->parent;
	}
	trace_from(p, x);
}

void settle_time(struct pipeline *p)
{
	struct exchanges *t = &p->exchanges;
	struct exchange *x;

	if (patience_next_ns(&p->patience) <= p->now_ns)
		look_again(p);
	while ((x = list_first(&p->grace, struct exchange, by_grace)) &&
	       x->end_ns + JOIN_GRACE_NS <= p->now_ns)
		grace_over(p, x);
	while ((x = list_first(&t->waiting, struct exchange, by_age)) &&
	       x->start_ns + p->cfg.link_wait_ns <= p->now_ns) {
		p->tally.v[TALLY_LINK_WAIT_OVER] += !x->server_side;
		force(p, x);
	}
	while ((x = list_first(&t->streaming, struct exchange, by_age)) &&
	       stream_due_ns(p, x) <= p->now_ns) {
		list_del(&x->by_age);
		show_stream(p, x);
	}
}

uint64_t settle_next_ns(const struct pipeline *p)
{
	const struct exchange *graced = list_first(&p->grace, struct exchange, by_grace);
	const struct exchange *waiting = list_first(&p->exchanges.waiting, struct exchange, by_age);
	const struct exchange *streaming =
		list_first(&p->exchanges.streaming, struct exchange, by_age);
	uint64_t next = patience_next_ns(&p->patience);

	if (graced)
		next = min(next, graced->end_ns + JOIN_GRACE_NS);
	if (waiting)
		next = min(next, waiting->start_ns + p->cfg.link_wait_ns);
	if (streaming)
		next = min(next, stream_due_ns(p, streaming));
	return next;
}

/* Nobody ends it any more; that the connection is closed as well is told later than that, and perhaps too late. */
static void note_how_it_ends(struct pipeline *p, struct exchange *x)
{
	const struct process *proc = process_find(&p->processes, x->tgid);

	x->early = true;
	x->incomplete = !proc || !process_has_ended(proc);
	if (!x->incomplete)
		exchange_error(x,
			       x->server_side || proc->killed ? "connection_closed" : "cancelled");
}

/* Ends x as it is. */
static void give_up(struct pipeline *p, struct exchange *x)
{
	uint32_t tgid = x->tgid;

	if (!x->done) {
		x->end_ns = p->now_ns;
		note_how_it_ends(p, x);
		list_del(&x->by_conn);
		x->done = true;
		if (x->server_side)
			link_server_done(p, x);
		x->conn = NULL;
	}
	if (x->traced)
		finish(p, x);
	else
		force(p, x);
	settle_process(p, tgid);
}

static struct exchange *any_exchange(struct exchanges *t)
{
	struct exchange *x = list_first(&t->waiting, struct exchange, by_age);

	if (!x)
		x = list_first(&t->lasting, struct exchange, by_age);
	return x ? x : list_first(&t->streaming, struct exchange, by_age);
}

static size_t memory(const struct pipeline *p)
{
	return conns_memory(&p->conns) + strands_memory(&p->strands) + p->processes.heaps.bytes +
	       p->held_bytes + p->exchanges.bytes;
}

static bool full(const struct pipeline *p)
{
	return p->exchanges.n && (p->exchanges.n >= EXCHANGES_MAX || memory(p) >= TRACE_BYTES_MAX);
}

void settle_room(struct pipeline *p)
{
	while (full(p)) {
		p->tally.v[TALLY_EXCHANGES_EARLY]++;
		give_up(p, any_exchange(&p->exchanges));
	}
}

void settle_all(struct pipeline *p)
{
	struct exchange *x;

	while ((x = any_exchange(&p->exchanges)))
		give_up(p, x);
}
