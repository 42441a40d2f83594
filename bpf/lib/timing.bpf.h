/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What socket calls pay, from a sample: one call in TIMED_EVERY on each processor is timed, so that the price is always
 * known and itself costs next to nothing. The number is odd and prime, so that a service which makes its calls in a
 * fixed order is not always caught at the same one.
 */
#ifndef BPF_LIB_TIMING_H
#define BPF_LIB_TIMING_H

#include "lib/stat.bpf.h"

struct timing {
	__u64 began; /* 0: this call is not timed */
	__u64 clock; /* what reading the clock takes itself */
};

static __always_inline struct timing timing_begin(void)
{
	struct counters *here = counters_here();
	struct timing t = {};
	__u64 before;

	if (!here || ++here->untimed < TIMED_EVERY)
		return t;
	here->untimed = 0;
	before = bpf_ktime_get_ns();
	t.began = bpf_ktime_get_ns();
	t.clock = t.began - before;
	return t;
}

static __always_inline void timing_end(const struct timing *t)
{
	struct counters *here;
	__u64 took;

	if (!t->began)
		return;
	took = bpf_ktime_get_ns() - t->began;
	here = counters_here();
	if (here && took > t->clock)
		__sync_fetch_and_add(&here->timed_ns, took - t->clock);
}

#endif
