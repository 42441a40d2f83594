/* SPDX-License-Identifier: GPL-2.0-only */
/* Whoever starts the tracer and then sees nothing is told, once, what it is that the tracer sees. */
#ifndef QUIET_H
#define QUIET_H

#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"
#include "trace/tally.h"

#define QUIET_S 10 /* long enough for a person to send a request */

/* stats: the kernel side's. tgids: the processes that are traced, the first of them if there are many. */
void quiet_tell(const struct tally *t, const uint64_t stats[STAT__CNT], const uint32_t *tgids,
		size_t n);

#endif
