/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which strand makes a call: the thread, or, where the process has a runtime that we can read, what
 * that says. Each reader is one file, bpf/strand_<runtime>.bpf.c, and one row here.
 */
#ifndef BPF_LIB_STRAND_H
#define BPF_LIB_STRAND_H

#include "lib/task.bpf.h"

/* What the call is to the request that it belongs to. */
enum call_kind { CALL_OTHER, CALL_HEARS, CALL_ASKS };

/* What a reader has made of *ret_strand. */
enum strand_reading {
	STRAND_UNPROVEN, /* what was read cannot be the runtime */
	STRAND_COARSE, /* nothing finer than the thread runs */
	STRAND_SELF, /* what the thread runs */
	STRAND_AWAITED, /* who waits for what the thread runs */
};

enum strand_reading strand_python(struct strand *ret_strand, struct runtime *rt);
enum strand_reading strand_go(struct strand *ret_strand, const struct runtime *rt,
			      enum call_kind kind);

static __always_inline enum strand_reading strand_read(struct strand *ret_strand,
						       struct runtime *rt, enum call_kind kind)
{
	switch (rt->kind) {
	case RUNTIME_PYTHON:
		return strand_python(ret_strand, rt);
	case RUNTIME_GO:
		return strand_go(ret_strand, rt, kind);
	default:
		return STRAND_COARSE;
	}
}

/* *ret_strand is the calling thread and becomes something finer if its runtime can tell. */
static __always_inline enum strand_reading strand_refine(struct strand *ret_strand,
							 enum call_kind kind)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	enum strand_reading got;
	struct proc *proc;

	if (!*(volatile __u32 *)&shared.runtimes)
		return STRAND_COARSE;
	proc = bpf_map_lookup_elem(&procs, &tgid);
	if (!proc || proc->runtime.kind == RUNTIME_NONE)
		return STRAND_COARSE;
	got = strand_read(ret_strand, &proc->runtime, kind);
	if (got != STRAND_UNPROVEN)
		return got;
	stat_inc(STAT_STRAND_UNPROVEN);
	if (++proc->runtime.misses > RUNTIME_MISSES_MAX)
		proc->runtime.kind = RUNTIME_NONE;
	return STRAND_UNPROVEN;
}

#endif
