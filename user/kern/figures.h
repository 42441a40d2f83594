/* SPDX-License-Identifier: GPL-2.0-only */
/* What a capture has counted and cost so far, for the summary. */
#ifndef KERN_FIGURES_H
#define KERN_FIGURES_H

#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"

#define PROGRAMS_MAX 32

struct program_figures {
	char name[16];
	uint64_t runs, ns;	/* 0 unless the kernel keeps them (--times, kernel.bpf_stats_enabled) */
	uint64_t missed;	/* runs left out because the program was running on that CPU already */
};

struct kernel_figures {
	uint64_t stats[STAT__CNT];
	uint64_t ring_sz;		/* bytes; 0: no ring (replay) */
	uint64_t ring_high;		/* how full it was at most */
	uint64_t ring_read;		/* what went through it */
	uint64_t calls_ns;		/* what socket calls took in our programs, from a sample of them */
	struct program_figures programs[PROGRAMS_MAX];
	size_t programs_cnt;
};

#endif
