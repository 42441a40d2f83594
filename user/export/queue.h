/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What waits for an exporter: a ring of spans, or of log lines, that leaves in batches. Bounded by their number, and by
 * the bytes that they take: for each there is room of QUEUE_ITEM_BYTES, which most do not need. Not thread-safe: the
 * lane (lane.h) has a lock around it. The items are the caller's.
 */
#ifndef EXPORT_QUEUE_H
#define EXPORT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct queue_item {
	void *p;
	size_t sz;
};

enum queue_room { QUEUE_ROOM, QUEUE_FULL, QUEUE_HEAVY };

struct queue {
	struct queue_item *v;
	size_t cap, head, n;
	size_t bytes;		/* of the items */
	size_t batch_max;	/* items that leave at once */
	uint64_t delay_ns;	/* an item waits at most so long for company */
	uint64_t since_ns;	/* the oldest item is no older */
};

/* 0 or -ENOMEM */
int queue_init(struct queue *q, size_t cap, size_t batch_max, uint64_t delay_ns) __must_check;
void queue_release(struct queue *q);
/* For an item of so many bytes; an empty queue takes any. */
enum queue_room queue_room(const struct queue *q, size_t sz);
void queue_put(struct queue *q, void *item, size_t sz, uint64_t now_ns);	/* there must be room */
/* When the next batch is due; 0: now, UINT64_MAX: nothing waits. */
uint64_t queue_due_ns(const struct queue *q);
/* Takes a batch, of so many items. */
size_t queue_take(struct queue *q, void **ret_items);

#endif
