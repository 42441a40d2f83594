/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Objects of one size, many of them, each used now and then: in blocks that the kernel may map as one huge page, so
 * that finding where an object is in memory does not take longer than reading it. An empty block is given back.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>

#include "list.h"

struct pool {
	size_t sz;		/* of an object */
	struct list roomy;	/* blocks in which there is room */
	size_t blocks;
};

void pool_init(struct pool *p, size_t sz);	/* sz: at most 64 KiB */
void pool_release(struct pool *p);		/* every object must be back */
void *pool_get(struct pool *p);			/* zeroed; NULL: out of memory */
void pool_put(struct pool *p, void *obj);

#endif
