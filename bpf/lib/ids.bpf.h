/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How processes and threads are numbered: as user space sees them. Mostly those are the kernel's own numbers. A tracer
 * in a container sees its pid namespace's, and only what is in there, or in a namespace below it: the rest is nobody.
 */
#ifndef BPF_LIB_IDS_H
#define BPF_LIB_IDS_H

#include <bpf/bpf_core_read.h>

#include "maps.bpf.h"

/* Namespaces below the tracer's that are looked through; the kernel allows 32. */
#define LEVELS_MAX 8

/* The number of a process or thread in the tracer's namespace, which is its own or one above it. 0: in neither. */
static __always_inline __u32 number_of(struct pid *pid)
{
	__u32 level = BPF_CORE_READ(pid, level), i;
	struct upid *at = (void *)pid + bpf_core_field_offset(struct pid, numbers);

	for (i = 0; i < LEVELS_MAX && level != ~0u; i++, level--) {
		struct upid *id = (void *)at + level * bpf_core_type_size(struct upid);

		if (BPF_CORE_READ(id, ns, ns.inum) == cfg.pid_ns)
			return BPF_CORE_READ(id, nr);
	}
	return 0;
}

/* tgid and pid of a task in the tracer's namespace. */
static __noinline __u64 ids_in_namespace(struct task_struct *task)
{
	__u32 tid = number_of(BPF_CORE_READ(task, thread_pid));

	if (!tid)
		return 0;
	return (__u64)number_of(BPF_CORE_READ(task, signal, pids[PIDTYPE_TGID])) << 32 | tid;
}

/* As bpf_get_current_pid_tgid(): the process above, the thread below. */
static __always_inline __u64 ids_of(const struct task_struct *task)
{
	if (cfg.pid_ns)
		return ids_in_namespace((void *)task);
	return (__u64)BPF_CORE_READ(task, tgid) << 32 | (__u32)BPF_CORE_READ(task, pid);
}

static __always_inline __u64 ids_self(void)
{
	return cfg.pid_ns ? ids_in_namespace((void *)bpf_get_current_task()) : bpf_get_current_pid_tgid();
}

#endif
