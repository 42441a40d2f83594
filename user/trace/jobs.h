/* SPDX-License-Identifier: GPL-2.0-only */
/* How many calls a process's workers make before they write a response: jobs.c. */
#ifndef TRACE_JOBS_H
#define TRACE_JOBS_H

#include <stdint.h>

#include "base/lately.h"

#define JOB_KINDS 64 /* of requests, by the first part of their paths; two may fall together. A power of two */

struct jobs {
	uint32_t calls[JOB_KINDS]; /* of the last request of that kind, + 1; 0: none yet */
	struct lately alike; /* requests: as many as the one before? */
};

#endif
