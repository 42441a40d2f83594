/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who caused a call in CPython. A task (its context) serves one connection at a time, so whichever
 * task writes the response to a request, or waits for the one that does, made the calls since that came: those it made
 * itself, and those made by what it waited for then, a task that it started or a thread of a pool
 * (bpf/strand_asyncio.bpf.c). A call is filed with each of these tasks until one of them answers.
 *
 * Tasks are made at the addresses of those that ended. Whoever is at an address is whom the call was filed with only if
 * the same tasks wait for it; one for which nobody waited is not one for which somebody does.
 *
 * The writer may be one of several that a task has started for the request, and who made the call another of them.
 * A task that waits for both may also wait for all that a server does: that shows when requests are served at once.
 *
 * A response that is written bit by bit (a stream) is often made of calls between the bits: its task goes on working
 * for the request.
 */
#include <string.h>

#include "trace/stages.h"

#define CLAIMS_LATELY 64 /* responses after which the older ones count half */
/* Responses, of several requests served at once, each with waiters of its own. */
#define APART_ENOUGH 8
#define APART_LATELY 64 /* no more of them count */
/*
 * This many against one with a waiter of another's: tasks are made at the addresses of those that ended (up to one in
 * five in Quart). Of two requests that are served at once, one that waits for all shows at the later response.
 */
#define APART_SHARE 2

#define OBJECT_ALIGN 16 /* of the addresses of objects */

static bool may_ask(struct pipeline *p, struct process *proc)
{
	if (ration_left(&proc->tasks.held_ration, HELD_READ_NS, p->now_ns) &&
	    ration_left(&p->held_ration, HELD_READ_ALL_NS, p->now_ns))
		return true;
	p->tally.v[TALLY_HELD_LEFT]++;
	return false;
}

/* Nobody waits for the task: whose is it? */
static void ask(struct pipeline *p, const struct ev_awaiting *ev)
{
	struct process *proc = process_get(&p->processes, ev->hdr.tgid);
	uint64_t took_ns;

	if (!proc || list_empty(&proc->serving) || !may_ask(p, proc))
		return;
	took_ns = p->sink.held(p->sink.ctx, ev);
	proc->tasks.held_ration.spent_ns += took_ns;
	p->held_ration.spent_ns += took_ns;
}

/*
 * Of those who wait, the ones that are tasks. A task that calls a set's method when it is done (uvicorn's) looks as if
 * the set waited for it: while that is small, what is in it stands inside, and where a task has its context is a hash
 * or nothing. Of 1,000 calls up to 132 were nobody's, because whoever answered did not look as who had called.
 */
static unsigned tasks_among(const __u64 *contexts, __u64 cnt)
{
	unsigned i = 0;

	while (i < cnt && contexts[i] && !(contexts[i] % OBJECT_ALIGN))
		i++;
	return i;
}

static void awaited(struct pipeline *p, const struct ev_awaiting *ev)
{
	struct strand_state *st = strand_get(&p->strands, &ev->thread);

	if (!st)
		return;
	st->awaiting = *ev;
	st->awaiting.cnt = tasks_among(ev->contexts, ev->cnt);
	st->held_ns = 0;
	if (!ev->cnt && ev->contexts[0] && p->sink.held)
		ask(p, ev);
}

static void held(struct pipeline *p, const struct ev_held *ev)
{
	struct strand_state *st = strand_get(&p->strands, &ev->thread);

	if (!st)
		return;
	memcpy(st->awaiting.contexts, ev->contexts, sizeof(ev->contexts));
	st->awaiting.cnt = tasks_among(ev->contexts, ev->cnt);
	st->held_ns = ev->seen_ns;
}

void tasks_tell(struct pipeline *p, const struct ev_hdr *ev)
{
	if (ev->kind == EV_HELD)
		held(p, (const struct ev_held *)ev);
	else
		awaited(p, (const struct ev_awaiting *)ev);
}

void tasks_over(struct strand_state *st)
{
	st->awaiting.cnt = 0;
}

/*
 * A task does one thing after the other. What goes on while a call of its own is not answered is no task but the loop
 * that writes for its tasks (uvloop); until a second task has answered it could be that.
 */
static void note_meanwhile(struct pipeline *p, struct strand_state *task)
{
	const struct exchange *own = exchange_find(&p->exchanges, task->last_call);

	if (own && own->strand.id == task->strand.id && !own->answered && !own->done)
		task->shared = true;
}

static void file(struct pipeline *p, struct exchange *call, uint64_t context)
{
	const struct strand s = { .id = context, .gen = call->tgid, .kind = STRAND_TASK };
	struct strand_state *task;
	uint32_t i;

	for (i = 0; i < call->tasks_cnt; i++) {
		if (call->tasks[i].context == context)
			return;
	}
	task = i < ARRAY_SIZE(call->tasks) ? strand_get(&p->strands, &s) : NULL;
	if (!task)
		return;
	if (call->strand.id == context)
		note_meanwhile(p, task);
	call->tasks[call->tasks_cnt++] = (struct task_call){ context, task->last_call };
	task->last_call = call->serial;
}

/* Had one of those who wait, or who calls, answered somebody by then, waited for by the same as now? */
static void note_left(struct pipeline *p, struct exchange *call)
{
	unsigned i;

	for (i = 0; i + 1 < call->tasks_cnt; i++) {
		const struct strand s = { call->tasks[i].context, call->tgid, STRAND_TASK };
		const struct strand_state *task = strand_find(&p->strands, &s);

		if (task && task->answered_for == call->tasks[i + 1].context)
			call->left_by = i + 1;
	}
}

void tasks_file(struct pipeline *p, struct exchange *call, const struct strand_state *thread)
{
	uint32_t i;

	if (call->tasks_cnt && thread &&
	    thread->held_ns) /* that was found for another, whose record was lost */
		return;
	if (call->strand.kind == STRAND_TASK)
		file(p, call, call->strand.id);
	for (i = 0; thread && i < thread->awaiting.cnt; i++)
		file(p, call, thread->awaiting.contexts[i]);
	note_left(p, call);
	if (thread && thread->awaiting.cnt)
		call->held_ns = thread->held_ns;
}

static void note_writer(struct process *proc, const struct strand *writer)
{
	if (proc->tasks.last && proc->tasks.last != writer->id)
		proc->tasks.differ = true;
	proc->tasks.last = writer->id;
}

/* Notes who answers: a task, and those of which each waits for the one before. */
static void note_answerers(struct exchange *x, const struct strand *writer,
			   const struct strand_state *thread)
{
	uint32_t i;

	x->tasks[0].context = writer->id;
	x->tasks_cnt = 1;
	for (i = 0; thread && i < thread->awaiting.cnt; i++)
		x->tasks[x->tasks_cnt++].context = thread->awaiting.contexts[i];
}

/* Whoever wrote the response to x, or number j of those that waited for that. */
static struct strand answerer(const struct exchange *x, unsigned j)
{
	return (struct strand){ .id = x->tasks[j].context, .gen = x->tgid, .kind = STRAND_TASK };
}

static void note_answered(struct pipeline *p, const struct exchange *x)
{
	const struct strand s = answerer(x, 0);
	struct strand_state *task =
		x->tasks_cnt > 1 ? strand_get(&p->strands, &s) : strand_find(&p->strands, &s);

	if (task)
		task->answered_for = x->tasks_cnt > 1 ? x->tasks[1].context : 0;
}

/* Place of the context among those that the call was filed with; tasks_cnt: it is not there. */
static unsigned place_of(const struct exchange *call, uint64_t context)
{
	unsigned i = 0;

	while (i < call->tasks_cnt && call->tasks[i].context != context)
		i++;
	return i;
}

/* The call that was filed with the task before this one; NULL: there is none since the request was read. */
static struct exchange *filed_since(struct pipeline *p, uint64_t serial, const struct exchange *x)
{
	struct exchange *call = exchange_find(&p->exchanges, serial);

	return call && call->start_ns >= max(x->start_ns, x->read_ns) ? call : NULL;
}

static bool same_wait(const struct exchange *call, unsigned i, const struct exchange *x, unsigned j)
{
	bool awaited = ++i < call->tasks_cnt;

	for (j++; i < call->tasks_cnt && j < x->tasks_cnt; i++, j++) {
		if (call->tasks[i].context != x->tasks[j].context)
			return false;
	}
	if (i <
	    call->tasks_cnt) /* somebody waited for who called, and for who answers nobody does */
		return j == ARRAY_SIZE(x->tasks);
	return awaited || j == x->tasks_cnt;
}

/* Those who wait for what answers x: do they for others, too, that are answered meanwhile? */
static void note_waiters(struct pipeline *p, struct process *proc, const struct exchange *x)
{
	bool apart = true;
	unsigned j;

	for (j = 1; j < x->tasks_cnt; j++) {
		const struct strand s = answerer(x, j);
		struct strand_state *waiter = strand_get(&p->strands, &s);

		if (!waiter)
			continue;
		waiter->waits_for_all = waiter->waited_ns > x->start_ns;
		waiter->waited_ns = p->now_ns;
		apart = apart && !waiter->waits_for_all;
	}
	if (!apart)
		proc->tasks.apart -= min(proc->tasks.apart, APART_SHARE);
	else if (x->tasks_cnt > 1 && proc->serving.next != proc->serving.prev)
		proc->tasks.apart = min(proc->tasks.apart + 1, APART_LATELY);
}

/*
 * Who held the task that called was looked for a moment later: then it was still that task if it still waited for the
 * answer. Later another may have stood at its address.
 */
bool tasks_stand(const struct pipeline *p, const struct exchange *call)
{
	uint64_t until_ns = call->answered ? call->answered_ns : call->end_ns;

	return call->held_ns < (call->answered || call->done ? until_ns : p->now_ns);
}

/*
 * A task that goes on when it has answered works for the same request: what it leaves behind is not for the next one of
 * whoever waits for it, a connection's task (Hypercorn).
 */
static bool left_behind(const struct exchange *call, unsigned i)
{
	return call->left_by && i >= call->left_by;
}

/* The calls that were filed with task number j of those that answer x. Returns how many. */
static unsigned claim_filed(struct pipeline *p, struct exchange *x, const struct process *proc,
			    unsigned j)
{
	enum link_method how = proc->tasks.differ ? LINK_TASK : LINK_ORDER;
	const struct strand s = answerer(x, j);
	const struct strand_state *task = strand_find(&p->strands, &s);
	bool own = !j || (task && !task->waits_for_all && proc->tasks.apart >= APART_ENOUGH);
	uint64_t serial = task && !task->shared ? task->last_call : 0;
	struct exchange *call;
	unsigned i, n = 0;

	for (; (call = filed_since(p, serial, x)); serial = call->tasks[i].before) {
		i = place_of(call, s.id);
		if (i == call->tasks_cnt)
			break;
		if ((i && (!own || !tasks_stand(p, call))) || (j && left_behind(call, i)))
			continue;
		if (!link_open_call(p, call->serial) || !same_wait(call, i, x, j))
			continue;
		link_claim(x, call, how);
		n++;
	}
	return n;
}

static unsigned claim_all(struct pipeline *p, struct exchange *x, const struct process *proc)
{
	unsigned j, n = 0;

	for (j = 0; j < x->tasks_cnt; j++)
		n += claim_filed(p, x, proc, j);
	return n;
}

void tasks_answer(struct pipeline *p, struct exchange *x, const struct stamp *writer)
{
	struct process *proc = process_find(&p->processes, x->tgid);
	struct strand_state *task = strand_find(&p->strands, &writer->strand);

	if (writer->strand.kind != STRAND_TASK || !proc)
		return;
	note_writer(proc, &writer->strand);
	if (task) {
		note_meanwhile(p, task);
		if (!task->shared)
			logs_answered(p, task, x);
	}
	note_answerers(x, &writer->strand, strand_find(&p->strands, &writer->thread));
	note_answered(p, x);
	note_waiters(p, proc, x);
	lately_count(&proc->tasks.claims, claim_all(p, x, proc), CLAIMS_LATELY);
}

void tasks_answer_on(struct pipeline *p, struct exchange *x)
{
	const struct process *proc = process_find(&p->processes, x->tgid);

	if (proc)
		claim_all(p, x, proc);
}
