/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The life of processes and threads: children of a traced process are traced before they run their
 * first instruction.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "lib/emit.bpf.h"
#include "lib/task.bpf.h"

#define SIGNAL_BITS 0x7f /* of task_struct.exit_code */

/* False: the table is full and the child stays untraced. */
static __always_inline bool inherit(__u32 from, __u32 tgid, const struct task_struct *child)
{
	struct proc row = { .start_ns = child->start_boottime };
	struct proc *family = bpf_map_lookup_elem(&procs, &from);

	if (tgid == from || (cfg.trace_all && !family))
		return true;
	if (family) {
		row.runtime = family->runtime;
		row.learned = family->learned;
	}
	if (!bpf_map_update_elem(&procs, &tgid, &row, BPF_ANY)) {
		procs_changed();
		return true;
	}
	stat_inc(STAT_PROCS_FULL);
	return false;
}

/* A thread that is made for the answer its maker has just heard (an executor that has none to spare). */
static __always_inline void pass_news(struct task_struct *parent, struct task_struct *child)
{
	struct task_state *t = parent->tgid == child->tgid ? task_find(parent) : NULL;

	if (t && t->news > 1 && !t->serving)
		task_told(child, t->news - 1);
}

SEC("?tp_btf/sched_process_fork")
int BPF_PROG(task_fork, struct task_struct *parent, struct task_struct *child)
{
	__u64 from = ids_of(parent), to = ids_of(child);
	struct ev_fork *e;

	if (!traced(from >> 32) || !inherit(from >> 32, to >> 32, child))
		return 0;
	pass_news(parent, child);
	e = emit_reserve(sizeof(*e));
	if (!e)
		return 0;
	emit_header(&e->hdr, EV_FORK, sizeof(*e));
	strand_of(parent, &e->parent);
	strand_of(child, &e->child);
	e->child_tgid = to >> 32;
	e->child_tid = to;
	emit_submit(e);
	return 0;
}

SEC("?tp_btf/sched_process_exec")
int BPF_PROG(task_exec, struct task_struct *task)
{
	__u64 ids = ids_of(task);
	__u32 tgid = ids >> 32;
	struct proc *row = bpf_map_lookup_elem(&procs, &tgid);
	struct ev_exec *e;

	if (row) {
		row->runtime.kind = RUNTIME_NONE;
		row->learned = (struct learned){};
	}
	if (traced(tgid))
		task_forget(task, ids);
	else if (!tgid || !cfg.watch_exec)
		return 0;
	e = emit_reserve(sizeof(*e));
	if (!e)
		return 0;
	emit_header(&e->hdr, EV_EXEC, sizeof(*e));
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	emit_submit(e);
	return 0;
}

/*
 * Two threads that exit at once may both see no thread left; the row of the process goes once, and
 * tells which of them was the last.
 */
SEC("?tp_btf/sched_process_exit")
int BPF_PROG(task_exit, struct task_struct *task)
{
	__u64 ids = ids_of(task);
	__u32 tgid = ids >> 32;
	struct ev_exit *e;
	bool last;

	if (!traced(tgid))
		return 0;
	task_forget(task, ids);
	last = !task->signal->live.counter;
	if (last && !cfg.trace_all)
		last = !bpf_map_delete_elem(&procs, &tgid);
	if (last)
		procs_changed();
	e = emit_reserve(sizeof(*e));
	if (!e)
		return 0;
	emit_header(&e->hdr, EV_EXIT, sizeof(*e));
	strand_of(task, &e->strand);
	e->last = last;
	e->signal = task->exit_code & SIGNAL_BITS;
	emit_submit(e);
	return 0;
}
