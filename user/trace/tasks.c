/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who caused a call in CPython. A task (its context) serves one connection at a time, so whichever
 * task writes the response to a request, or waits for the one that does, made the calls since that came: those it made
 * itself, and those made by what it waited for then, a task that it started or a thread of a pool
 * (bpf/strand_asyncio.bpf.c). A call is filed with each of these tasks until one of them answers.
 *
 * Tasks are made at the addresses of those that ended. Whoever is at an address is whom the call was filed with only if
 * the same tasks wait for it.
 */
#include "trace/stages.h"

void tasks_tell(struct pipeline *p, const struct ev_awaiting *ev)
{
	struct strand_state *st = strand_get(&p->strands, &ev->thread);

	if (st)
		st->awaiting = *ev;
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

void tasks_file(struct pipeline *p, struct exchange *call, const struct strand_state *thread)
{
	uint32_t i;

	if (call->strand.kind == STRAND_TASK)
		file(p, call, call->strand.id);
	for (i = 0; thread && i < thread->awaiting.cnt; i++)
		file(p, call, thread->awaiting.contexts[i]);
}

static bool tasks_differ(struct process *proc, const struct strand *writer)
{
	if (proc->last_task && proc->last_task != writer->id)
		proc->tasks_differ = true;
	proc->last_task = writer->id;
	return proc->tasks_differ;
}

/* Who answers: a task, and those of which each waits for the one before. */
struct answerers {
	uint64_t contexts[1 + AWAITING_MAX];
	unsigned cnt;
};

static struct answerers answerers_of(const struct strand *writer, const struct strand_state *thread)
{
	struct answerers who = { .contexts = { writer->id }, .cnt = 1 };
	uint32_t i;

	for (i = 0; thread && i < thread->awaiting.cnt && thread->awaiting.contexts[i]; i++)
		who.contexts[who.cnt++] = thread->awaiting.contexts[i];
	return who;
}

/* Place of the context among those that the call was filed with; tasks_cnt: it is not there. */
static unsigned place_of(const struct exchange *call, uint64_t context)
{
	unsigned i = 0;

	while (i < call->tasks_cnt && call->tasks[i].context != context)
		i++;
	return i;
}

/* The call that was filed with the task before this one; NULL: there is none since the request came. */
static struct exchange *filed_since(struct pipeline *p, uint64_t serial, const struct exchange *x)
{
	struct exchange *call = exchange_find(&p->exchanges, serial);

	return call && call->start_ns >= x->start_ns ? call : NULL;
}

static bool same_wait(const struct exchange *call, unsigned i, const struct answerers *who,
		      unsigned j)
{
	for (i++, j++; i < call->tasks_cnt && j < who->cnt; i++, j++) {
		if (call->tasks[i].context != who->contexts[j])
			return false;
	}
	return true;
}

/* The calls that were filed with task number j of those that answer x. */
static void claim_filed(struct pipeline *p, struct exchange *x, const struct answerers *who,
			unsigned j, enum link_method how)
{
	const struct strand s = { .id = who->contexts[j], .gen = x->tgid, .kind = STRAND_TASK };
	const struct strand_state *task = strand_find(&p->strands, &s);
	uint64_t serial = task && !task->shared ? task->last_call : 0;
	struct exchange *call;
	unsigned i;

	for (; (call = filed_since(p, serial, x)); serial = call->tasks[i].before) {
		i = place_of(call, s.id);
		if (i == call->tasks_cnt)
			return;
		/* Who waits for both may wait for other requests' tasks, too. */
		if (i && j)
			continue;
		if (link_open_call(p, call->serial) && same_wait(call, i, who, j))
			link_claim(x, call, how);
	}
}

void tasks_answer(struct pipeline *p, struct exchange *x, const struct stamp *writer)
{
	struct process *proc = process_find(&p->processes, x->tgid);
	struct strand_state *task = strand_find(&p->strands, &writer->strand);
	struct answerers who;
	enum link_method how;
	unsigned j;

	if (writer->strand.kind != STRAND_TASK || !proc)
		return;
	how = tasks_differ(proc, &writer->strand) ? LINK_TASK : LINK_ORDER;
	if (task) {
		note_meanwhile(p, task);
		if (!task->shared)
			logs_answered(p, task, x);
	}
	who = answerers_of(&writer->strand, strand_find(&p->strands, &writer->thread));
	for (j = 0; j < who.cnt; j++)
		claim_filed(p, x, &who, j, how);
}
