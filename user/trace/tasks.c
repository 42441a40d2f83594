/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who caused a call in CPython. A task (its context) serves one connection at a time, so whichever
 * task writes the response to a request made the calls since that came: those it made itself, and
 * those made by what it waited for then, a task that it started or a thread of a pool
 * (bpf/strand_asyncio.bpf.c). A call is filed with each of these tasks until one of them writes a
 * response.
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

/* The call that was filed with the task before this one; 0: none, or it is gone. */
static uint64_t filed_before(const struct exchange *call, const struct strand_state *task)
{
	uint32_t i;

	for (i = 0; i < call->tasks_cnt; i++) {
		if (call->tasks[i].context == task->strand.id)
			return call->tasks[i].before;
	}
	return 0;
}

void tasks_answer(struct pipeline *p, struct exchange *x, const struct stamp *writer)
{
	struct process *proc = process_find(&p->processes, x->tgid);
	struct strand_state *task = strand_find(&p->strands, &writer->strand);
	enum link_method how;
	struct exchange *call;

	if (writer->strand.kind != STRAND_TASK || !proc)
		return;
	how = tasks_differ(proc, &writer->strand) ? LINK_TASK : LINK_ORDER;
	if (!task)
		return;
	note_meanwhile(p, task);
	if (!task->shared)
		logs_answered(p, task, x);
	call = task->shared ? NULL : exchange_find(&p->exchanges, task->last_call);
	for (; call && call->start_ns >= x->start_ns;
	     call = exchange_find(&p->exchanges, filed_before(call, task))) {
		if (link_open_call(p, call->serial))
			link_claim(x, call, how);
	}
}
