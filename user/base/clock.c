/* SPDX-License-Identifier: GPL-2.0-only */
#include <time.h>

#include "clock.h"
#include "compiler.h"

/* One undisturbed reading is enough, and two interruptions in a row are rare. */
#define OFFSET_TRIES 3

static uint64_t read_ns(clockid_t clock)
{
	struct timespec ts = {};

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

uint64_t clock_mono_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

uint64_t clock_wall_ns(void)
{
	return read_ns(CLOCK_REALTIME);
}

uint64_t clock_wall_offset_ns(void)
{
	uint64_t best = UINT64_MAX, offset = 0;

	for (int i = 0; i < OFFSET_TRIES; i++) {
		uint64_t before = clock_mono_ns();
		uint64_t wall = clock_wall_ns();
		uint64_t took = clock_mono_ns() - before;

		if (took >= best)
			continue;
		best = took;
		offset = wall - (before + took / 2);
	}
	return offset;
}

uint64_t clock_process_ns(uint32_t tgid)
{
	clockid_t clock;

	return clock_getcpuclockid((pid_t)tgid, &clock) ? 0 : read_ns(clock);
}

uint64_t clock_cpu_ns(void)
{
	return read_ns(CLOCK_PROCESS_CPUTIME_ID);
}
