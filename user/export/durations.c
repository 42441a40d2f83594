/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/compiler.h"
#include "export/durations.h"

#define STEP_BITS 3
#define UNIT_BITS 10 /* the first bucket is that of 1,024 ns and less */

static unsigned bucket_of(uint64_t ns)
{
	unsigned doublings;
	uint64_t unit = ns >> (UNIT_BITS - STEP_BITS); /* an eighth of 1,024 ns */

	if (unit < DURATIONS_STEPS)
		return 0;
	doublings = 63 - __builtin_clzll(unit) - STEP_BITS;
	return min(doublings * DURATIONS_STEPS +
			   (unsigned)(unit >> doublings & (DURATIONS_STEPS - 1)),
		   DURATIONS_BUCKETS - 1U);
}

/* The middle of the bucket. */
static uint64_t typical_ns(unsigned bucket)
{
	uint64_t step = 1ULL << (UNIT_BITS - STEP_BITS + bucket / DURATIONS_STEPS);

	return (DURATIONS_STEPS + bucket % DURATIONS_STEPS) * step + step / 2;
}

void durations_add(struct durations *d, uint64_t ns)
{
	d->n[bucket_of(ns)]++;
	d->all++;
	d->max_ns = max(d->max_ns, ns);
}

uint64_t durations_quantile_ns(const struct durations *d, double q)
{
	uint64_t want = (uint64_t)(q * (double)d->all + 0.5), seen = 0;
	unsigned i;

	if (!d->all)
		return 0;
	want = max(want, (uint64_t)1);
	if (want >= d->all)
		return d->max_ns;
	for (i = 0; i < DURATIONS_BUCKETS; i++) {
		seen += d->n[i];
		if (seen >= want)
			break;
	}
	return min(typical_ns(i), d->max_ns);
}
