/* SPDX-License-Identifier: GPL-2.0-only */
/* How often something is so, of late: when as many have been counted as count, the older ones count half. */
#ifndef BASE_LATELY_H
#define BASE_LATELY_H

#include <stdbool.h>

struct lately {
	unsigned yes, no;
};

static inline void lately_count(struct lately *l, bool is, unsigned cnt)
{
	l->yes += is;
	l->no += !is;
	if (l->yes + l->no < cnt)
		return;
	l->yes /= 2;
	l->no /= 2;
}

#endif
