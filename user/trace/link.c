/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who caused a call, inside one process. A strand works for the request it last heard of: it read
 * it (a server's connection), or it read the answer to a call made for it (context follows the
 * socket). A request is over when its own response has left, and then nobody works for it any more.
 *
 * What a strand works for is known when it sends, so most links are made at once. A call by a strand
 * that serves nothing stays with its process until there is evidence (evidence.c), or, failing that,
 * is for the request during which the strand was made. When every request that was being served
 * during the call has ended and none of this has come, nobody caused it.
 */
#include "trace/stages.h"

/* Calls that nobody was seen to wait for after which the older ones count half. */
#define LATE_LATELY 512

/* The request, if it is still being served. */
static struct exchange *live(struct pipeline *p, uint64_t serial)
{
	struct exchange *x = exchange_find(&p->exchanges, serial);

	return x && x->server_side && !x->done ? x : NULL;
}

/*
 * The request that the strand works for when it now makes a call. NULL: none; or one of several that
 * it queued, or that wait for something else than a socket, and nothing that a socket shows would tell which.
 */
static struct exchange *works_for(struct pipeline *p, const struct strand_state *st)
{
	if (st->serving > 1 && (strand_queues(st) || st->adrift))
		return NULL;
	return live(p, st->current);
}

/* The strand is exactly that of the request. */
enum link_method link_method_alone(const struct strand_state *st, bool awaited)
{
	if (awaited)
		return LINK_CHANNEL;
	if (st->strand.kind == STRAND_POLLED)
		return LINK_TASK;
	return st->strand.kind == STRAND_GOROUTINE ? LINK_GOROUTINE : LINK_THREAD;
}

/*
 * How sure that is. `awaited`: the strand did not make the call itself, it waited for who did. A thread that helps with
 * a request is a pool's, and may have gone on to another's work before the response leaves.
 */
static enum link_method method_of(const struct strand_state *st, bool awaited)
{
	if (st->adrift || st->helps)
		return LINK_ORDER;
	if (st->serving <= 1) /* a loop also works for nobody: a timer, a ping */
		return st->several || strand_is_loop(st) ? LINK_LIKELY
							 : link_method_alone(st, awaited);
	return st->run > 1 ? LINK_ORDER : LINK_LIKELY;
}

/*
 * More requests of its connection wait behind x, and a call was made for it: the next may be for the second of them, as
 * responses may be kept back to be sent together.
 */
static bool may_be_over(const struct strand_state *st, const struct exchange *x)
{
	const struct exchange *last = list_last(&x->conn->exchanges, struct exchange, by_conn);

	return st->strand.kind == STRAND_THREAD && last != x && !list_empty(&x->children);
}

static bool proven(const struct strand_state *st)
{
	return st && strand_tells(st);
}

/* A thread that may serve many and tells nothing about it. */
static bool may_be_loop(const struct strand_state *st)
{
	return st->strand.kind == STRAND_THREAD && !strand_tells(st);
}

void link_connect(struct pipeline *p, struct conn *c, const struct strand *s)
{
	struct strand_state *st = strand_find(&p->strands, s);
	struct exchange *x = st ? works_for(p, st) : NULL;

	if (proven(st)) {
		callback_connects(p, st->callbacks, c);
		return;
	}
	if (st && may_be_loop(st))
		c->turn = turns_next(p, &st->turns);
	if (!x)
		return;
	c->cause = x->serial;
	c->cause_guessed = method_of(st, false) == LINK_ORDER;
}

void link_server_began(struct pipeline *p, struct exchange *x)
{
	struct strand_state *st = strand_get(&p->strands, &x->thread);
	struct process *proc = process_get(&p->processes, x->tgid);
	struct exchange *current;

	if (proc)
		list_push(&proc->serving, &x->by_process);
	if (!st)
		return;
	news_forget(st);
	st->adrift = false;
	st->turn = x->serial;
	st->serves = true;
	if (!st->serving++)
		idling_ends(&st->idling, p->now_ns);
	if (may_be_loop(st))
		turns_heard(p, &st->turns, x);
	current = live(p, st->current);
	st->several = st->several || (st->serving > 1 && current && current->conn != x->conn);
	if (!current || current->conn != x->conn)
		strand_heard(st, x->serial);
	if (st->callbacks)
		callback_heard(p, st->callbacks, x->serial);
}

static void leave_unlinked(struct pipeline *p, struct exchange *x)
{
	struct process *proc = process_get(&p->processes, x->tgid);
	struct strand_state *thread = strand_get(&p->strands, &x->thread);

	if (!proc)
		return;
	list_push(&proc->calling, &x->by_process);
	if (thread) {
		x->prev_call = thread->last_call;
		thread->last_call = x->serial;
		x->heard_before_ns = thread->heard_ns;
		x->handed_before = thread->handed_over;
	}
	tasks_file(p, x, thread);
}

struct exchange *link_open_call(struct pipeline *p, uint64_t serial)
{
	struct exchange *x = exchange_find(&p->exchanges, serial);

	return x && !list_empty(&x->by_process) ? x : NULL;
}

static unsigned served_by(struct pipeline *p, uint32_t tgid)
{
	const struct process *proc = process_find(&p->processes, tgid);

	if (!proc || list_empty(&proc->serving))
		return 0;
	return proc->serving.next == proc->serving.prev ? 1 : 2;
}

/* In a process whose work changes threads, what a thread was seen to do is no evidence by itself: doubt.c. */
static bool may_roam(struct pipeline *p, const struct exchange *x, enum link_method how)
{
	const struct process *proc = process_find(&p->processes, x->tgid);

	return how == LINK_THREAD && x->thread.kind != STRAND_VIRTUAL && proc && proc->roams;
}

/*
 * Whom a thread that serves several made it for is known better once the answer is passed on; whether one that serves
 * a single request made it for that one, when it is woken with the answer.
 */
static void adopt_for_now(struct pipeline *p, struct exchange *cause, struct exchange *x,
			  enum link_method how)
{
	exchange_adopt(cause, x, how);
	if (how == LINK_LIKELY || how == LINK_ORDER || may_roam(p, x, how))
		leave_unlinked(p, x);
}

void link_client_sent(struct pipeline *p, struct exchange *x)
{
	struct strand_state *st = strand_get(&p->strands, &x->thread);
	struct strand_state *task =
		x->strand.kind == STRAND_TASK ? strand_get(&p->strands, &x->strand) : NULL;
	struct exchange *connector = live(p, x->conn->cause);
	struct exchange *current, *maker;

	x->served = served_by(p, x->tgid);
	if (proven(st)) {
		callback_sent(p, st->callbacks, x);
		if (!x->parent)
			leave_unlinked(p, x);
		return;
	}
	x->conn->cause = 0;
	if (!st) {
		leave_unlinked(p, x);
		return;
	}
	st->called = x->serial;
	news_forget(st);
	if (!st->serving)
		idling_call(&st->idling, p->now_ns);
	heap_sent(p, st, x);
	if (st->serving > 1 && task && !task->shared) {
		/* Several tasks share the thread: only the response will tell whose call it was. */
		leave_unlinked(p, x);
		return;
	}
	if (may_be_loop(st) && !st->helps)
		turns_call(p, &st->turns, x);
	if (st->serving > 1 && task) {
		/* The loop writes for its tasks (uvloop), later and in no order: what it heard of says nothing. */
		leave_unlinked(p, x);
		return;
	}
	current = works_for(p, st);
	if (connector && (st->serving > 1 || !current || st->adrift)) {
		adopt_for_now(p, connector, x, x->conn->cause_guessed ? LINK_ORDER : LINK_LIKELY);
		return;
	}
	if (current) {
		adopt_for_now(p, current, x,
			      may_be_over(st, current) ? LINK_ORDER : method_of(st, x->awaited));
		return;
	}
	last_calls(st, x);
	maker = st->pooled ? NULL : live(p, st->inherited);
	if (maker)
		exchange_adopt(maker, x, LINK_FORK);
	leave_unlinked(p, x);
}

/* What a loop had read before it slept is worked off. What it does next may follow a timer. */
static void note_sleep(struct pipeline *p, struct strand_state *st)
{
	turns_slept(p, &st->turns);
	st->adrift = strand_is_loop(st);
}

void link_calls(struct pipeline *p, const struct strand *thread, uint8_t sleeps, bool polled)
{
	struct strand_state *st =
		thread->kind == STRAND_THREAD ? strand_get(&p->strands, thread) : NULL;

	if (!st)
		return;
	st->polls = st->polls || polled;
	if (st->sleeps != sleeps)
		note_sleep(p, st);
	st->sleeps = sleeps;
}

/* A loop may go on with what is not known. Who serves one request after the other still serves the one that it read. */
void link_missed(struct pipeline *p, const struct strand *thread, unsigned missed)
{
	struct strand_state *st = strand_find(&p->strands, thread);

	if (!st)
		return;
	if (missed & MISSED_EXCHANGE)
		news_forget(st);
	if (st->callbacks)
		callback_missed(p, st->callbacks);
	if (!strand_is_loop(st))
		return;
	st->current = st->turn = 0;
	st->run = 0;
	st->adrift = true;
	turns_missed(&st->turns);
}

/* What was told of the call at hand, of whichever kind it is, says nothing about the next one. */
static void call_over(struct strand_state *st)
{
	tasks_over(st);
	free(st->held);
	st->held = NULL;
}

void link_moved(struct pipeline *p, const struct strand *s, enum dir dir)
{
	struct strand_state *st = strand_find(&p->strands, s);

	if (!st)
		return;
	if (dir == DIR_TX) {
		st->sent = true;
		turns_sent(&st->turns);
	}
	if (st->callbacks)
		callback_over(st->callbacks);
	call_over(st);
}

/* A call whose answer is read by another thread: goroutines and tasks that change threads do that. */
static void note_roaming(struct pipeline *p, struct conn *c, struct exchange *x,
			 const struct strand *reader)
{
	struct process *proc = process_find(&p->processes, x->tgid);

	if (!proc || x->answered || reader->id == x->thread.id)
		return;
	x->roamed = true;
	proc->roams = true;
	proc->anyone_reads = proc->anyone_reads || (c->reader && c->reader != reader->id);
	c->reader = reader->id;
}

/* Only threads are seen to wake each other. */
static void note_news(struct pipeline *p, const struct exchange *call, const struct strand *reader)
{
	struct strand_state *st =
		reader->kind == STRAND_THREAD ? strand_get(&p->strands, reader) : NULL;

	if (st)
		news_read(st, call, p->now_ns);
}

/* Goroutines and tasks of tokio's: who waits for them is looked for when they call, and again when the answer comes. */
static bool is_waited_for(const struct strand *s)
{
	return s->kind == STRAND_GOROUTINE || s->kind == STRAND_POLLED;
}

/* A goroutine, or a task, that serves nobody reads for others: its next call is for whoever waits for it then. */
static bool lends_itself(const struct strand_state *st)
{
	return is_waited_for(&st->strand) && !st->serving;
}

/* Who waits for the answer had not yet gone to wait when the call was sent. waits: NULL: nobody does now, either. */
static void claim_late(struct pipeline *p, struct exchange *call, const struct strand_state *waits)
{
	struct process *proc = process_find(&p->processes, call->tgid);
	struct exchange *cause = waits ? works_for(p, waits) : NULL;

	if (!proc || !is_waited_for(&call->thread) || !link_open_call(p, call->serial) ||
	    call->parent)
		return;
	if (cause || (call->served && !call->answered))
		lately_count(&proc->found_late, cause, LATE_LATELY);
	if (!cause)
		return;
	call->found_late = true;
	link_claim(cause, call, LINK_CHANNEL);
}

void link_received(struct pipeline *p, struct conn *c, const struct strand *s, bool awaited)
{
	struct exchange *x = list_first(&c->exchanges, struct exchange, by_conn);
	struct exchange *served = x && !x->server_side ? x->parent : x;
	struct strand_state *st = strand_find(&p->strands, s);

	if (x && !x->server_side) {
		if (s->id == x->thread.id && link_open_call(p, x->serial))
			tasks_file(p, x, st);
		note_roaming(p, c, x, s);
		note_news(p, x, s);
		claim_late(p, x, awaited ? st : NULL);
	}
	if (st && x)
		st->turn = x->serial;
	if (st && st->callbacks)
		callback_heard(p, st->callbacks, x ? x->serial : 0);
	if (st && may_be_loop(st) && x && !x->done)
		turns_heard(p, &st->turns, x);
	if (!served || served->done) {
		if (st && strand_is_loop(st))
			st->adrift = true;
		return;
	}
	if (!st || lends_itself(st) || (!x->server_side && x->method == LINK_FORK))
		return;
	strand_heard(st, served->serial);
	if (x->server_side && s->kind == STRAND_THREAD && s->id != x->thread.id)
		st->helps = true;
}

/* An answer that ends with its connection is whole now; others were when their last byte came. */
void link_ended(struct pipeline *p, struct conn *c, const struct strand *s)
{
	struct exchange *open = list_first(&c->exchanges, struct exchange, by_conn);
	struct exchange *x = open ? open : exchange_find(&p->exchanges, c->last);
	struct strand_state *st = strand_find(&p->strands, s);

	if (!x || x->server_side || (!open && !x->turn.lingers))
		return;
	x->turn.lingers = false;
	if (st && may_be_loop(st))
		turns_heard(p, &st->turns, x);
}

void link_claim(struct exchange *x, struct exchange *call, enum link_method how)
{
	list_del(&call->by_process);
	exchange_adopt(x, call, how);
}

/*
 * Whoever writes the response worked for the request: the task, or the thread when that is not the
 * one that read it.
 */
void link_answering(struct pipeline *p, struct exchange *x, const struct stamp *writer)
{
	struct strand_state *st = strand_get(&p->strands, &writer->thread);
	struct process *proc = process_find(&p->processes, x->tgid);

	tasks_answer(p, x, writer);
	if (proc)
		handoff_answered(proc, writer->thread.id == x->thread.id);
	if (st)
		strand_answers(st, x->serial);
	if (proven(st))
		callback_answers(p, st->callbacks, x);
	if (st && st == strand_find(&p->strands, &x->thread) && may_be_loop(st))
		turns_answer(p, &st->turns, x);
	if (!st || st == strand_find(&p->strands, &x->thread))
		return;
	x->passed_on = true;
	handoff_written(p, st, x);
	jobs_answer(p, x, st);
	if (!live(p, st->current))
		st->current = x->serial;
}

void link_sends(struct pipeline *p, struct conn *c)
{
	struct exchange *x = list_first(&c->exchanges, struct exchange, by_conn);

	if (x && x->server_side && x->tasks_cnt)
		tasks_answer_on(p, x);
}

static void forget_request(struct pipeline *p, struct exchange *x)
{
	struct strand_state *st = strand_find(&p->strands, &x->thread);
	struct exchange *next;

	if (!st)
		return;
	if (st->serving && !--st->serving)
		idling_begins(&st->idling, p->now_ns);
	st->last = (struct last_served){ .serial = x->serial };
	if (st->current != x->serial)
		return;
	next = list_first(&x->conn->exchanges, struct exchange, by_conn);
	st->current = next ? next->serial : 0;
}

void link_server_done(struct pipeline *p, struct exchange *x)
{
	forget_request(p, x);
	list_del(&x->by_process);
	evidence_claims(p, x);
}

void link_client_done(struct pipeline *p, struct exchange *x)
{
	struct process *proc = process_find(&p->processes, x->tgid);

	if (list_empty(&x->by_process) || !proc)
		return;
	list_del(&x->by_process);
	list_push(&proc->undecided, &x->by_process);
}

void link_fork(struct pipeline *p, const struct strand *parent, const struct strand *child)
{
	struct strand_state *from = strand_find(&p->strands, parent);
	struct exchange *maker;
	struct strand_state *to;

	if (from)
		news_pass(p, from, child);
	/* A loop that serves several makes its workers during any of them. */
	if (!from || from->serving > 1)
		return;
	maker = live(p, from->current);
	if (!maker && !from->pooled)
		maker = live(
			p, from->inherited); /* the shell that a request started starts a program */
	to = maker ? strand_get(&p->strands, child) : NULL;
	if (!to)
		return;
	to->inherited = maker->serial;
	to->maker = *parent;
}

struct exchange *link_writer(struct pipeline *p, struct strand_state *thread, bool awaited,
			     enum link_method *ret_how)
{
	*ret_how = LINK_CALLBACK;
	if (proven(thread))
		return callback_writer(p, thread->callbacks);
	*ret_how = link_method_alone(thread, awaited);
	return thread->serving > 1 ? NULL : live(p, thread->current);
}

void link_wrote(struct pipeline *p, const struct strand *s)
{
	struct strand_state *st = strand_find(&p->strands, s);

	if (!st)
		return;
	if (st->callbacks)
		callback_wrote(st->callbacks);
	call_over(st);
}
