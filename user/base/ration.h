/* SPDX-License-Identifier: GPL-2.0-only */
/* How long something took that others had to wait for, since a moment and for a second. */
#ifndef BASE_RATION_H
#define BASE_RATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct ration {
	uint64_t since_ns, spent_ns;
};

/* May it go on? Not when it took `most_ns` in this second. */
static inline bool ration_left(struct ration *r, uint64_t most_ns, uint64_t now_ns)
{
	if (now_ns - r->since_ns >= NSEC_PER_SEC)
		*r = (struct ration){ .since_ns = now_ns };
	return r->spent_ns < most_ns;
}

#endif
