/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which objects of Java were made for which request, over a collection of garbage. The collector copies what still
 * lives and leaves in the header of each old copy where the new one is; nobody clears that, and what was made last is
 * written over last, so for a while it can be read. What was made for requests that are under way is asked for at the
 * first record after the collection, and comes as the next one (EV_MOVED).
 *
 *	made for /a	[ ..o...o.. ]	a collection	o, o elsewhere: still made for /a
 */
#include <stdlib.h>
#include <string.h>

#include "trace/stages.h"

#define HEADER_SZ 8 /* by its first bytes an object is known */

static int by_address(const void *a, const void *b)
{
	const struct owned *x = a, *y = b;

	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

/* The one that holds the address; NULL: none. */
static const struct owned *owned_find(const struct owned *v, size_t n, uint64_t address)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (v[mid].hi <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && v[lo].lo <= address ? &v[lo] : NULL;
}

static bool under_way(struct pipeline *p, uint64_t serial)
{
	const struct exchange *x = exchange_find(&p->exchanges, serial);

	return x && (!x->server_side || !x->done);
}

/* Stretches and objects; one more, so that it is never none. */
static size_t known(const struct heap *h)
{
	return h->made.cnt + h->moved.cnt + 1;
}

/* What is known of requests under way, whether it was made or moved since the collection before. */
static struct owned *collect(struct pipeline *p, const struct heap *h, size_t *ret_cnt)
{
	const struct moved *m = &h->moved;
	struct owned *v = calloc(known(h), sizeof(*v));
	struct made_place at = { 0 };
	const struct made *made;
	size_t i, n = 0;

	while (v && (made = made_next(&h->made, &at))) {
		if (under_way(p, made->serial))
			v[n++] = (struct owned){ made->lo, made->hi, made->serial };
	}
	for (i = 0; v && i < m->cnt; i++) {
		if (under_way(p, m->now[i].serial))
			v[n++] = m->now[i];
	}
	if (v)
		qsort(v, n, sizeof(*v), by_address);
	*ret_cnt = n;
	return v;
}

/*
 * Whoever says that it is Java also says how often it has collected garbage, at each of its calls. Nothing else waits
 * longer than that for a process that says so all the time.
 */
static bool may_ask(struct pipeline *p, struct moved *m)
{
	if (ration_left(&m->ration, HEAP_READ_NS, p->now_ns) &&
	    ration_left(&p->heap_ration, HEAP_READ_ALL_NS, p->now_ns))
		return true;
	p->tally.v[TALLY_MOVES_LEFT]++;
	return false;
}

static void ask(struct pipeline *p, struct moved *m, const struct ev_heap *ev)
{
	struct heap_stretch *stretches = calloc(m->was_cnt, sizeof(*stretches));
	const struct heap_ask what = {
		.tgid = ev->hdr.tgid,
		.collections = ev->collections,
		.heap_start = ev->heap_start,
		.heap_end = ev->heap_end,
		.stretches = stretches,
		.cnt = m->was_cnt,
	};
	uint64_t took_ns = 0;
	size_t i;

	for (i = 0; stretches && i < m->was_cnt; i++)
		stretches[i] = (struct heap_stretch){ m->was[i].lo, m->was[i].hi };
	if (stretches)
		took_ns = p->sink.moved(p->sink.ctx, &what);
	free(stretches);
	m->ration.spent_ns += took_ns;
	p->heap_ration.spent_ns += took_ns;
}

void moved_expect(struct pipeline *p, struct heap *h, const struct ev_heap *ev)
{
	struct moved *m = &h->moved;
	struct owned *was = collect(p, h, &m->was_cnt);

	free(m->was);
	heap_gives(&p->processes.heaps, h, m->was_sz);
	m->was = was;
	m->was_sz = was ? known(h) * sizeof(*was) : 0;
	heap_grows(p, h, m->was_sz);
	m->cnt = 0;
	if (p->sink.moved && was && m->was_cnt && may_ask(p, m))
		ask(p, m, ev);
}

static bool grow(struct pipeline *p, struct heap *h)
{
	struct moved *m = &h->moved;
	size_t cap = m->cap ? 2 * m->cap : 1024;
	struct owned *now = cap > HEAP_MOVES_MAX ? NULL : realloc(m->now, cap * sizeof(*now));

	if (!now)
		return false;
	heap_grows(p, h, (cap - m->cap) * sizeof(*now));
	m->now = now;
	m->cap = cap;
	return true;
}

void moved_tell(struct pipeline *p, const struct ev_moved *ev)
{
	const struct process *proc = process_find(&p->processes, ev->hdr.tgid);
	struct heap *h = proc ? proc->heap : NULL;
	struct moved *m;
	uint32_t i;

	if (!h || h->collections != ev->collections)
		return;
	m = &h->moved;
	for (i = 0; i < ev->cnt; i++) {
		const struct heap_move *move = &ev->moves[i];
		const struct owned *was = owned_find(m->was, m->was_cnt, move->from);

		if (m->cnt == m->cap && !grow(p, h))
			break;
		if (was)
			m->now[m->cnt++] =
				(struct owned){ move->to, move->to + HEADER_SZ, was->serial };
	}
	m->sorted = false;
}

uint64_t moved_maker(struct moved *m, uint64_t address)
{
	const struct owned *o;

	if (!m->cnt)
		return 0;
	if (!m->sorted)
		qsort(m->now, m->cnt, sizeof(*m->now), by_address);
	m->sorted = true;
	o = owned_find(m->now, m->cnt, address);
	return o ? o->serial : 0;
}
