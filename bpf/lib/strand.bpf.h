/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which strand makes a call: the thread, or, where the process has a runtime that we can read, what
 * that says. Each reader is one file, bpf/strand_<runtime>.bpf.c, and one row here.
 */
#ifndef BPF_LIB_STRAND_H
#define BPF_LIB_STRAND_H

#include "lib/task.bpf.h"

/* 0: *ret_strand is proven; 1: nothing finer than the thread runs; -1: the proof failed. */
int strand_python(struct strand *ret_strand, struct runtime *rt);

static __always_inline int strand_read(struct strand *ret_strand, struct runtime *rt)
{
	switch (rt->kind) {
	case RUNTIME_PYTHON:
		return strand_python(ret_strand, rt);
	default:
		return 1;
	}
}

/*
 * *ret_strand is the calling thread and becomes something finer if its runtime can tell; true: it
 * did.
 */
static __always_inline bool strand_refine(struct strand *ret_strand)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct proc *proc;
	int err;

	if (!*(volatile __u32 *)&shared.runtimes)
		return false;
	proc = bpf_map_lookup_elem(&procs, &tgid);
	if (!proc || proc->runtime.kind == RUNTIME_NONE)
		return false;
	err = strand_read(ret_strand, &proc->runtime);
	if (err >= 0)
		return !err;
	stat_inc(STAT_STRAND_UNPROVEN);
	if (++proc->runtime.misses > RUNTIME_MISSES_MAX)
		proc->runtime.kind = RUNTIME_NONE;
	return false;
}

#endif
