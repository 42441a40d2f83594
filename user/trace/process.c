/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "abi/limits.h"
#include "trace/process.h"

static void forget(struct processes *t, struct process *p)
{
	heap_free(&t->heaps, p->heap);
	free(p->wakes);
	free(p);
}

int processes_init(struct processes *t)
{
	list_init(&t->ended);
	heaps_init(&t->heaps);
	return hash_init(&t->by_tgid, 64);
}

void processes_release(struct processes *t)
{
	size_t i;

	if (!t->by_tgid.buckets)
		return;
	for (i = 0; i <= t->by_tgid.mask; i++) {
		struct hnode *n = t->by_tgid.buckets[i], *next;

		for (; n; n = next) {
			next = n->next;
			forget(t, container_of(n, struct process, by_tgid));
		}
	}
	hash_release(&t->by_tgid);
}

struct process *process_find(const struct processes *t, uint32_t tgid)
{
	struct hnode *n = hash_find(&t->by_tgid, tgid);

	return n ? container_of(n, struct process, by_tgid) : NULL;
}

/* Frees those that ended and of which nothing is under way any more. */
static void sweep(struct processes *t)
{
	struct process *p, *tmp;

	list_for_each_safe (p, tmp, &t->ended, by_end) {
		if (!list_empty(&p->serving) || !list_empty(&p->calling) ||
		    !list_empty(&p->undecided))
			continue;
		list_del(&p->by_end);
		hash_del(&t->by_tgid, &p->by_tgid);
		forget(t, p);
	}
}

struct process *process_get(struct processes *t, uint32_t tgid)
{
	struct process *p = process_find(t, tgid);

	if (p) {
		list_del(&p->by_end); /* its number is in use again */
		p->killed = false;
		return p;
	}
	if (t->by_tgid.n >= PROCS_MAX)
		sweep(t);
	p = t->by_tgid.n < PROCS_MAX ? calloc(1, sizeof(*p)) : NULL;
	if (!p)
		return NULL;
	list_init(&p->by_end);
	list_init(&p->serving);
	list_init(&p->calling);
	list_init(&p->undecided);
	hash_add(&t->by_tgid, &p->by_tgid, tgid);
	return p;
}

void process_end(struct processes *t, uint32_t tgid, bool killed)
{
	struct process *p;

	sweep(t);
	p = process_find(t, tgid);
	if (!p)
		return;
	p->killed = killed;
	if (list_empty(&p->by_end))
		list_push(&t->ended, &p->by_end);
}

bool process_has_ended(const struct process *p)
{
	return !list_empty(&p->by_end);
}

void process_note_wake(struct process *p, const struct futex_wake *w)
{
	if (!p->wakes)
		p->wakes = calloc(SHARED_FUTEX_EDGES, sizeof(*p->wakes));
	if (p->wakes)
		p->wakes[p->wakes_cnt % SHARED_FUTEX_EDGES] = *w;
	p->wakes_cnt++;
}

static unsigned wakes_known(const struct process *p)
{
	return p->wakes ? min(p->wakes_cnt, (unsigned)SHARED_FUTEX_EDGES) : 0;
}

bool process_futex_feeds(const struct process *p, uint64_t futex)
{
	unsigned n = wakes_known(p), i;
	const struct futex_wake *first = NULL;
	bool several = false;

	for (i = 0; i < n; i++) {
		const struct futex_wake *w = &p->wakes[i];

		if (w->futex != futex)
			continue;
		if (w->serves)
			return false;
		several = several || (first && first->wakee != w->wakee);
		first = w;
	}
	return several;
}

/*
 * A hand-over wakes the one thread that waits for this result; a lock such as CPython's GIL wakes
 * whoever is next. The few distinct wakees that a hand-over's futex may have come from allocators
 * that give the same address out again.
 */
bool process_futex_shared(const struct process *p, uint64_t futex)
{
	unsigned n = wakes_known(p);
	uint32_t seen[SHARED_FUTEX_WAKEES];
	unsigned i, j, seen_cnt = 0;

	if (p->wakes_cnt && !p->wakes) /* no memory for it: no evidence */
		return true;
	for (i = 0; i < n; i++) {
		if (p->wakes[i].futex != futex)
			continue;
		for (j = 0; j < seen_cnt && seen[j] != p->wakes[i].wakee; j++)
			;
		if (j < seen_cnt)
			continue;
		if (seen_cnt == SHARED_FUTEX_WAKEES)
			return true;
		seen[seen_cnt++] = p->wakes[i].wakee;
	}
	return false;
}
