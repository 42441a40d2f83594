/* SPDX-License-Identifier: GPL-2.0-only */
/* Where every provider asks the runtime of a process which strand makes the call. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "lib/strand.bpf.h"

static __always_inline enum strand_reading reading_of(struct proc *proc, struct task_state *t,
						      enum call_kind kind)
{
	enum strand_reading got = strand_read(t, proc, kind);

	if (got != STRAND_UNPROVEN)
		return got;
	stat_inc(STAT_STRAND_UNPROVEN);
	if (++proc->learned.misses > RUNTIME_MISSES_MAX)
		proc->runtime.kind = RUNTIME_NONE;
	return STRAND_UNPROVEN;
}

int strand_refine(__u32 kind)
{
	__u32 tgid = ids_self() >> 32;
	struct proc *proc = bpf_map_lookup_elem(&procs, &tgid);
	struct task_state *t;

	if (!proc || proc->runtime.kind == RUNTIME_NONE)
		return STRAND_COARSE;
	t = task_self();
	return t ? reading_of(proc, t, kind) : STRAND_COARSE;
}
