/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "trace/strands.h"

#define ANSWERS_LATELY 64 /* answers after which the older ones count half */

int strands_init(struct strands *t, struct tally *tally)
{
	memset(t, 0, sizeof(*t));
	list_init(&t->by_use);
	pool_init(&t->pool, sizeof(struct strand_state));
	t->most = STRANDS_MAX;
	t->tally = tally;
	return hash_init(&t->by_id, 256);
}

static void forget(struct strands *t, struct strand_state *st)
{
	if (t->last == st)
		t->last = NULL;
	hash_del(&t->by_id, &st->by_id);
	list_del(&st->by_use.node);
	callbacks_free(st->callbacks);
	free(st->held);
	turns_release(&st->turns);
	while (!list_empty(&st->lines)) /* they are owned, and found, by logs.c */
		list_del(st->lines.next);
	pool_put(&t->pool, st);
	t->n--;
}

void strands_release(struct strands *t)
{
	struct strand_state *st, *tmp;

	list_for_each_safe (st, tmp, &t->by_use, by_use.node)
		forget(t, st);
	pool_release(&t->pool);
	hash_release(&t->by_id);
}

static uint64_t key_of(const struct strand *s)
{
	return hash_mix(s->id, (uint64_t)s->gen << 32 | s->kind);
}

static bool same(const struct strand *a, const struct strand *b)
{
	return a->id == b->id && a->gen == b->gen && a->kind == b->kind;
}

struct strand_state *strand_find(struct strands *t, const struct strand *s)
{
	struct hnode *n;

	if (t->last && same(&t->last->strand, s))
		return t->last;
	for (n = hash_find(&t->by_id, key_of(s)); n; n = hash_next(n)) {
		struct strand_state *st = container_of(n, struct strand_state, by_id);

		if (!same(&st->strand, s))
			continue;
		st->by_use.used = true;
		t->last = st;
		return st;
	}
	return NULL;
}

size_t strands_memory(const struct strands *t)
{
	return t->n * t->pool.sz;
}

void strands_expect(struct strands *t, const struct strand *s)
{
	hash_expect(&t->by_id, key_of(s), sizeof(struct strand_state));
}

void strands_room(struct strands *t)
{
	while (t->n >= t->most) {
		forget(t, container_of(lru_idle(&t->by_use), struct strand_state, by_use));
		t->tally->v[TALLY_STRANDS_EVICTED]++;
	}
}

struct strand_state *strand_get(struct strands *t, const struct strand *s)
{
	struct strand_state *st;

	if (s->kind == STRAND_NONE)
		return NULL;
	st = strand_find(t, s);
	if (st)
		return st;
	st = pool_get(&t->pool);
	if (!st)
		return NULL;
	st->strand = *s;
	turns_init(&st->turns);
	list_init(&st->lines);
	hash_add(&t->by_id, &st->by_id, key_of(s));
	lru_add(&t->by_use, &st->by_use);
	t->n++;
	return st;
}

void strand_end(struct strands *t, const struct strand *s)
{
	struct strand_state *st = strand_find(t, s);

	if (st)
		forget(t, st);
}

void strand_heard(struct strand_state *st, uint64_t serial)
{
	if (st->sent)
		st->run = 0;
	st->run = st->run && st->current != serial ? 2 : max(st->run, 1u);
	st->sent = false;
	st->adrift = false;
	st->helps = st->helps && st->current == serial;
	st->current = serial;
}

bool strand_tells(const struct strand_state *st)
{
	return st->callbacks && st->callbacks->proven;
}

bool strand_is_loop(const struct strand_state *st)
{
	return (st->several || st->polls) && st->strand.kind == STRAND_THREAD && !strand_tells(st);
}

void strand_answers(struct strand_state *st, uint64_t serial)
{
	if (st->adrift && st->current != serial)
		return;
	lately_count(&st->prompt, st->current == serial, ANSWERS_LATELY);
}

bool strand_queues(const struct strand_state *st)
{
	return st->prompt.no > st->prompt.yes;
}
