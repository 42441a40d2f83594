/* SPDX-License-Identifier: GPL-2.0-only */
#include "compiler.h"
#include "lru.h"

void lru_add(struct list *all, struct lru *n)
{
	n->used = false;
	list_push(all, &n->node);
}

/* Whoever has lost its mark is found in the second round at the latest. */
struct lru *lru_idle(struct list *all)
{
	struct lru *n;

	while ((n = list_first(all, struct lru, node)) && n->used) {
		list_del(&n->node);
		lru_add(all, n);
	}
	return n;
}
