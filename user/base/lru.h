/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which of many has not been used for long. Whoever uses one only marks it, which touches no other's memory: of 50,000
 * connections each is used rarely, and its neighbours in a list kept in order are in no cache. What is to be given up
 * is looked for from the oldest on; one that is marked loses the mark, and comes again when all others have been
 * looked at ("second chance").
 */
#ifndef BASE_LRU_H
#define BASE_LRU_H

#include "list.h"

struct lru {
	struct list node;
	bool used;	/* since it came, or was last looked at */
};

void lru_add(struct list *all, struct lru *n);
/* The one to be given up; NULL: there is none. */
struct lru *lru_idle(struct list *all);

#endif
