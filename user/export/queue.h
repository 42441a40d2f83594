/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What waits for an exporter: a bounded ring of spans, or of log lines, that leaves in batches. Not thread-safe: the
 * lane (lane.h) has a lock around it. The items are the caller's.
 */
#ifndef EXPORT_QUEUE_H
#define EXPORT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct queue {
	void **v;
	size_t cap, head, n;
	size_t batch_max;	/* items that leave at once */
	uint64_t delay_ns;	/* an item waits at most so long for company */
	uint64_t since_ns;	/* the oldest item is no older */
};

/* 0 or -ENOMEM */
int queue_init(struct queue *q, size_t cap, size_t batch_max, uint64_t delay_ns) __must_check;
void queue_release(struct queue *q);
bool queue_full(const struct queue *q);
void queue_put(struct queue *q, void *item, uint64_t now_ns);	/* there must be room */
/* When the next batch is due; 0: now, UINT64_MAX: nothing waits. */
uint64_t queue_due_ns(const struct queue *q);
/* Takes a batch, of so many items. */
size_t queue_take(struct queue *q, void **ret_items);

#endif
