/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>

#include "abi/limits.h"
#include "export/queue.h"

int queue_init(struct queue *q, size_t cap, size_t batch_max, uint64_t delay_ns)
{
	*q = (struct queue){ .cap = cap, .batch_max = batch_max, .delay_ns = delay_ns };
	q->v = calloc(cap, sizeof(*q->v));
	return q->v ? 0 : -ENOMEM;
}

void queue_release(struct queue *q)
{
	free(q->v);
}

enum queue_room queue_room(const struct queue *q, size_t sz)
{
	if (q->n == q->cap)
		return QUEUE_FULL;
	return q->n && q->bytes + sz > q->cap * QUEUE_ITEM_BYTES ? QUEUE_HEAVY : QUEUE_ROOM;
}

void queue_put(struct queue *q, void *item, size_t sz, uint64_t now_ns)
{
	if (!q->n)
		q->since_ns = now_ns;
	q->v[(q->head + q->n) % q->cap] = (struct queue_item){ item, sz };
	q->bytes += sz;
	q->n++;
}

uint64_t queue_due_ns(const struct queue *q)
{
	if (q->n >= q->batch_max)
		return 0;
	return q->n ? q->since_ns + q->delay_ns : UINT64_MAX;
}

size_t queue_take(struct queue *q, void **ret_items)
{
	size_t n = min(q->n, q->batch_max), i;

	for (i = 0; i < n; i++) {
		ret_items[i] = q->v[q->head].p;
		q->bytes -= q->v[q->head].sz;
		q->head = (q->head + 1) % q->cap;
	}
	q->n -= n;
	return n;
}
