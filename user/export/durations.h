/* SPDX-License-Identifier: GPL-2.0-only */
/* How long many things took, in little memory: counts by size, eight steps to each doubling, so 6 % off at most. */
#ifndef EXPORT_DURATIONS_H
#define EXPORT_DURATIONS_H

#include <stdint.h>

#define DURATIONS_STEPS	  8	/* to each doubling */
#define DURATIONS_BUCKETS (32 * DURATIONS_STEPS) /* from 1 us to an hour */

struct durations {
	uint32_t n[DURATIONS_BUCKETS];
	uint64_t all;
	uint64_t max_ns;
};

void durations_add(struct durations *d, uint64_t ns);
uint64_t durations_quantile_ns(const struct durations *d, double q);	/* 0: there are none */

#endif
