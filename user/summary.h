/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tracer did and what it cost, for the person at the terminal: at the end and on SIGUSR1.
 */
#ifndef SUMMARY_H
#define SUMMARY_H

#include <stdint.h>
#include <stdio.h>

#include "abi/event.h"
#include "export/batch.h"
#include "trace/tally.h"

struct summary {
	const struct tally *tally;
	const uint64_t *kern; /* STAT__CNT numbers; NULL: none known */
	struct batch_counts export;
	uint64_t wall_ns, cpu_ns; /* since tracing began */
	uint64_t start_cpu_ns;
	uint64_t bpf_ns; /* 0: the kernel does not keep it */
};

void summary_print(FILE *out, const struct summary *s);

#endif
