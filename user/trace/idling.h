/* SPDX-License-Identifier: GPL-2.0-only */
/* How often a thread calls for nobody (idling.c). */
#ifndef TRACE_IDLING_H
#define TRACE_IDLING_H

#include <stdbool.h>
#include <stdint.h>

struct idling {
	uint64_t since_ns; /* it has served nobody, or somebody, since then; 0: nothing is known of it */
	uint64_t idle_ns, busy_ns; /* how long it had served nobody, and somebody */
	unsigned calls; /* made while it served nobody */
	unsigned untold; /* made while it served somebody, for whom they were taken to be, and no answer has told */
};

void idling_ends(struct idling *t, uint64_t now_ns); /* a request has come */
void idling_begins(struct idling *t, uint64_t now_ns); /* the last response has left */
void idling_call(struct idling *t, uint64_t now_ns); /* while it serves nobody */
void idling_untold(struct idling *t);
bool idling_explains(const struct idling *t); /* most of what is untold */

#endif
