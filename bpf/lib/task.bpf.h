/* SPDX-License-Identifier: GPL-2.0-only */
/* The calling thread: is it traced, which strand is it, what is it in the middle of. */
#ifndef BPF_LIB_TASK_H
#define BPF_LIB_TASK_H

#include <bpf/bpf_core_read.h>

#include "lib/arch.bpf.h"
#include "lib/ids.bpf.h"
#include "lib/stat.bpf.h"

#define STRAND_GEN_SHIFT 20 /* abi/event.h: units of 2^20 ns */
#define PF_IO_WORKER     0x10 /* task_struct.flags: a thread of io_uring */

/* After a process has come to `procs` or gone from it. */
static __always_inline void procs_changed(void)
{
	__sync_fetch_and_add(&shared.procs_gen, 1);
}

/*
 * A processor mostly sees one process many times in a row, so it keeps its last answer, in one word:
 * whoever preempts us here leaves a whole one.
 */
static __always_inline bool traced(__u32 tgid)
{
	struct counters *here = counters_here();
	__u64 key, last;

	if (cfg.trace_all)
		return tgid != cfg.tracer_tgid && tgid;
	if (!here)
		return bpf_map_lookup_elem(&procs, &tgid);
	key = (__u64)tgid << 32 | (__u32)(*(volatile __u32 *)&shared.procs_gen << 1);
	last = *(volatile __u64 *)&here->asked;
	if ((last & ~1ULL) != key) {
		last = key | !!bpf_map_lookup_elem(&procs, &tgid);
		*(volatile __u64 *)&here->asked = last;
	}
	return last & 1;
}

static __always_inline void strand_of(const struct task_struct *task, struct strand *ret_strand)
{
	ret_strand->id = cfg.pid_ns ? (__u32)ids_of(task) : task->pid;
	ret_strand->gen = task->start_time >> STRAND_GEN_SHIFT;
	ret_strand->kind = STRAND_THREAD;
}

/*
 * The calling thread. bpf_get_current_task_btf() saves the slow reads; since 5.11 (3ca1032ab7ab).
 */
static __always_inline void strand_self(struct strand *ret_strand)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)) {
		strand_of(bpf_get_current_task_btf(), ret_strand);
		return;
	}
	ret_strand->id = (__u32)ids_self();
	ret_strand->gen = BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), start_time) >>
			  STRAND_GEN_SHIFT;
	ret_strand->kind = STRAND_THREAD;
}

/* How often the calling thread has waited for something so far. */
static __always_inline __u8 task_sleeps(void)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf))
		return bpf_get_current_task_btf()->nvcsw;
	return BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), nvcsw);
}

/* Where the calling thread's stack begins. That of a thread that the program made ends where its struct pthread is. */
static __always_inline __u64 task_stack_top(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 self = bpf_get_current_pid_tgid();

	return self >> 32 == (__u32)self ? BPF_CORE_READ(task, mm, start_stack)
					 : task_thread_pointer();
}

static __always_inline void strand_none(struct strand *ret_strand)
{
	ret_strand->id = 0;
	ret_strand->gen = 0;
	ret_strand->kind = STRAND_NONE;
}

/* The largest of all values, and in the deepest of calls: the 512 bytes of stack are not for it. */
static const volatile struct task_state fresh_task;

static __noinline struct task_state *task_insert(__u32 tid)
{
	bpf_map_update_elem(&tasks_by_tid, &tid, (const void *)&fresh_task, BPF_NOEXIST);
	return bpf_map_lookup_elem(&tasks_by_tid, &tid);
}

static __always_inline struct task_state *task_find(struct task_struct *task)
{
	__u32 tid;

	if (!cfg.own_tables)
		return bpf_task_storage_get(&tasks, task, NULL, 0);
	tid = BPF_CORE_READ(task, pid);
	return bpf_map_lookup_elem(&tasks_by_tid, &tid);
}

/* The row of that tid where programs have tables of their own, made when there is none. */
static __always_inline struct task_state *task_row(__u32 tid)
{
	struct task_state *t = bpf_map_lookup_elem(&tasks_by_tid, &tid);

	return t ? t : task_insert(tid);
}

/* Made when there is none. NULL: no room, counted. */
static __always_inline struct task_state *task_of(struct task_struct *task)
{
	struct task_state *t;

	if (!cfg.own_tables)
		t = bpf_task_storage_get(&tasks, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	else
		t = task_row(BPF_CORE_READ(task, pid));
	if (!t)
		stat_inc(STAT_NO_TASK_STATE);
	return t;
}

/* The same of the calling thread, also where it cannot be had as a task. */
static __always_inline struct task_state *task_self(void)
{
	struct task_state *t;

	if (!cfg.own_tables)
		return task_of(bpf_get_current_task_btf());
	t = task_row(bpf_get_current_pid_tgid());
	if (!t)
		stat_inc(STAT_NO_TASK_STATE);
	return t;
}

/* The same if there is one: for functions deep down, where the row was made on the way and stack is scarce. */
static __always_inline struct task_state *task_known(void)
{
	__u32 tid = bpf_get_current_pid_tgid();

	if (!cfg.own_tables)
		return bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), NULL, 0);
	return bpf_map_lookup_elem(&tasks_by_tid, &tid);
}

/* The thread hears from another of news that it may pass on. NULL: no room, counted. */
static __always_inline struct task_state *task_told(struct task_struct *task, __u8 news)
{
	struct task_state *t = task_of(task);

	if (!t)
		return NULL;
	if (t->news < news)
		t->news = news;
	t->edges = 0;
	return t;
}

/* With its program, or for good. */
static __always_inline void task_forget(struct task_struct *task, __u32 tid)
{
	__u32 pid = task->pid;

	if (*(volatile __u32 *)&shared.runtimes)
		bpf_map_delete_elem(&event_loops, &tid);
	if (cfg.own_tables)
		bpf_map_delete_elem(&tasks_by_tid, &pid);
	else
		bpf_task_storage_delete(&tasks, task);
}

/* Bytes moved on a socket: what that says about the thread that moved them. */
static __always_inline void task_moved(struct task_state *t, enum role role, enum dir dir)
{
	if (role == ROLE_SERVER) {
		t->serving = dir == DIR_RX;
	} else if (dir == DIR_RX) {
		t->news = t->asked ? 1 : 1 + RELAYS_MAX;
		t->edges = 0;
	} else {
		t->asked = 1;
		t->news = 0;
	}
}

#endif
