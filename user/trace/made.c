/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "trace/made.h"

static uint64_t end_of(const struct made_run *r)
{
	return r->made[r->cnt - 1].hi;
}

/* The first stretch that ends behind the address; in the run behind the last: there is none. */
static struct made_place find(const struct made_table *t, uint64_t address)
{
	struct made_place p = { 0 };
	unsigned hi = t->runs_cnt;

	while (p.run < hi) {
		unsigned mid = p.run + (hi - p.run) / 2;

		if (end_of(t->runs[mid]) <= address)
			p.run = mid + 1;
		else
			hi = mid;
	}
	if (p.run == t->runs_cnt)
		return p;
	hi = t->runs[p.run]->cnt;
	while (p.at < hi) {
		unsigned mid = p.at + (hi - p.at) / 2;

		if (t->runs[p.run]->made[mid].hi <= address)
			p.at = mid + 1;
		else
			hi = mid;
	}
	return p;
}

static struct made *get(const struct made_table *t, struct made_place p)
{
	return p.run < t->runs_cnt ? &t->runs[p.run]->made[p.at] : NULL;
}

struct made *made_find(const struct made_table *t, uint64_t address)
{
	struct made *m = get(t, find(t, address));

	return m && m->lo <= address ? m : NULL;
}

struct made *made_next(const struct made_table *t, struct made_place *at)
{
	struct made *m;

	if (at->run < t->runs_cnt && at->at == t->runs[at->run]->cnt)
		*at = (struct made_place){ at->run + 1, 0 };
	m = get(t, *at);
	at->at++;
	return m;
}

static void cut_run(struct made_table *t, unsigned run)
{
	free(t->runs[run]);
	t->runs_cnt--;
	memmove(&t->runs[run], &t->runs[run + 1], (t->runs_cnt - run) * sizeof(t->runs[0]));
}

static void cut(struct made_table *t, struct made_place p)
{
	struct made_run *r = t->runs[p.run];

	t->cnt--;
	r->cnt--;
	memmove(&r->made[p.at], &r->made[p.at + 1], (r->cnt - p.at) * sizeof(r->made[0]));
	if (!r->cnt)
		cut_run(t, p.run);
}

static bool may_add_run(struct made_table *t)
{
	unsigned cap = t->runs_cap ? 2 * t->runs_cap : 16;
	struct made_run **runs;

	if (t->runs_cnt < t->runs_cap)
		return true;
	runs = realloc(t->runs, cap * sizeof(*runs));
	if (!runs)
		return false;
	t->runs = runs;
	t->runs_cap = cap;
	return true;
}

/* One that is still empty. */
static struct made_run *add_run(struct made_table *t, unsigned run)
{
	struct made_run *r = may_add_run(t) ? malloc(sizeof(*r)) : NULL;

	if (!r)
		return NULL;
	memmove(&t->runs[run + 1], &t->runs[run], (t->runs_cnt - run) * sizeof(t->runs[0]));
	t->runs[run] = r;
	t->runs_cnt++;
	r->cnt = 0;
	return r;
}

/* The upper half of a full run becomes the next one. */
static bool split(struct made_table *t, unsigned run)
{
	struct made_run *full = t->runs[run], *next = add_run(t, run + 1);

	if (!next)
		return false;
	full->cnt /= 2;
	next->cnt = MADE_RUN - full->cnt;
	memcpy(next->made, &full->made[full->cnt], next->cnt * sizeof(next->made[0]));
	return true;
}

/* Room for one more where find() says; what comes behind all others goes on in the last run. */
static bool make_room(struct made_table *t, struct made_place *p)
{
	if (p->run == t->runs_cnt && !p->run)
		return add_run(t, 0);
	if (p->run == t->runs_cnt)
		*p = (struct made_place){ p->run - 1, t->runs[p->run - 1]->cnt };
	if (t->runs[p->run]->cnt < MADE_RUN)
		return true;
	if (!split(t, p->run))
		return false;
	if (p->at > t->runs[p->run]->cnt)
		*p = (struct made_place){ p->run + 1, p->at - t->runs[p->run]->cnt };
	return true;
}

void made_add(struct made_table *t, const struct made *m)
{
	struct made_place p = find(t, m->lo);
	const struct made *before;
	struct made_run *r;

	while ((before = get(t, p)) && before->lo < m->hi) {
		cut(t, p);
		p = find(t, m->lo);
	}
	if (!make_room(t, &p))
		return;
	r = t->runs[p.run];
	memmove(&r->made[p.at + 1], &r->made[p.at], (r->cnt - p.at) * sizeof(*m));
	r->made[p.at] = *m;
	r->cnt++;
	t->cnt++;
}

void made_forget(struct made_table *t, const struct made *m)
{
	cut(t, find(t, m->lo));
}

void made_keep(struct made_table *t, bool (*keep)(const struct made *m, void *ctx), void *ctx)
{
	struct made_place from = { 0 }, to = { 0 };
	const struct made *m;
	unsigned cnt = 0;

	while ((m = made_next(t, &from))) {
		if (!keep(m, ctx))
			continue;
		if (to.at == MADE_RUN)
			to = (struct made_place){ to.run + 1, 0 };
		t->runs[to.run]->made[to.at++] = *m;
		cnt++;
	}
	while (t->runs_cnt > to.run + !!to.at)
		free(t->runs[--t->runs_cnt]);
	for (to.run = 0; to.run < t->runs_cnt; to.run++)
		t->runs[to.run]->cnt = min(cnt - to.run * MADE_RUN, (unsigned)MADE_RUN);
	t->cnt = cnt;
}

void made_clear(struct made_table *t)
{
	while (t->runs_cnt)
		free(t->runs[--t->runs_cnt]);
	free(t->runs);
	*t = (struct made_table){ 0 };
}

size_t made_size(const struct made_table *t)
{
	return t->runs_cnt * sizeof(*t->runs[0]) + t->runs_cap * sizeof(t->runs[0]);
}
