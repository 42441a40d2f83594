/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The books and the bill, shown at the end and on SIGUSR1: what was seen and what became of it, and what that cost.
 */
#ifndef SUMMARY_H
#define SUMMARY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "export/batch.h"
#include "kern/figures.h"
#include "trace/tally.h"

struct summary {
	const struct tally *tally;
	const struct kernel_figures *kern; /* NULL: none known */
	struct batch_counts export, logs;
	uint64_t wall_ns, cpu_ns; /* since tracing began */
	uint64_t start_cpu_ns;
	uint64_t rss, rss_peak; /* bytes; 0: unknown */
};

/* Is every byte of one direction in exactly one row? */
bool summary_closed(const struct summary *s, enum dir dir);

uint64_t summary_kernel_ns(const struct summary *s);	/* what our programs took; 0: unknown */

void summary_print(FILE *out, const struct summary *s);
void summary_json(FILE *out, const struct summary *s); /* one line; its names are those of the rows */

#endif
