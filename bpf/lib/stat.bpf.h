/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BPF_LIB_STAT_H
#define BPF_LIB_STAT_H

#include "maps.bpf.h"

static __always_inline struct counters *counters_here(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&counters, &zero);
}

/* Atomic: a program in softirq may interrupt one in a process on the same CPU. */
static __always_inline void stat_add(enum stat_id id, __u64 n)
{
	struct counters *c = counters_here();

	if (c && id < STAT__CNT)
		__sync_fetch_and_add(&c->stats[id], n);
}

static __always_inline void stat_inc(enum stat_id id)
{
	stat_add(id, 1);
}

#endif
