/* SPDX-License-Identifier: GPL-2.0-only */
/* What is known of the heaps of all Java processes, and the memory that it takes. */
#include <stdlib.h>

#include "base/compiler.h"
#include "trace/heap.h"

#define ONE_AT_MOST                                                                  \
	(sizeof(struct heap) +                                                       \
	 HEAP_RUNS_MAX * (sizeof(struct made_run) + 2 * sizeof(struct made_run *)) + \
	 (HEAP_MADE_MAX + 2 * HEAP_MOVES_MAX + 1) * sizeof(struct owned))

_Static_assert(ONE_AT_MOST <= HEAPS_BYTES_MAX, "there is room for one, whatever it holds");

void heaps_init(struct heaps *t)
{
	list_init(&t->by_use);
	t->bytes = 0;
}

struct heap *heap_new(struct heaps *t, struct heap **owner)
{
	struct heap *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->owner = owner;
	list_push(&t->by_use, &h->by_use);
	return h;
}

void heap_free(struct heaps *t, struct heap *h)
{
	if (!h)
		return;
	*h->owner = NULL;
	t->bytes -= h->bytes;
	list_del(&h->by_use);
	made_clear(&h->made);
	free(h->moved.was);
	free(h->moved.now);
	free(h);
}

void heap_used(struct heaps *t, struct heap *h)
{
	list_del(&h->by_use);
	list_push(&t->by_use, &h->by_use);
}

unsigned heap_takes(struct heaps *t, struct heap *h, size_t bytes)
{
	unsigned forgotten = 0;
	struct heap *idle;

	while (t->bytes + bytes > HEAPS_BYTES_MAX &&
	       (idle = list_first(&t->by_use, struct heap, by_use)) != h) {
		heap_free(t, idle);
		forgotten++;
	}
	h->bytes += bytes;
	t->bytes += bytes;
	return forgotten;
}

void heap_gives(struct heaps *t, struct heap *h, size_t bytes)
{
	h->bytes -= bytes;
	t->bytes -= bytes;
}
