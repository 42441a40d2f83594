/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>

#include "abi/limits.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/hash.h"
#include "base/list.h"
#include "overhead.h"

/* A process that moves bytes. */
struct payer {
	struct hnode by_tgid;
	struct list node;
	uint64_t cpu_ns; /* at the last look */
};

struct overhead {
	struct hash by_tgid;
	struct list payers; /* PROCS_MAX at most; who comes then is not counted */
	uint32_t last_tgid; /* mostly it is the same one again */
	uint64_t looked_ns;
	uint64_t own_ns, calls_ns; /* at the last look */
};

struct overhead *overhead_new(void)
{
	struct overhead *o = calloc(1, sizeof(*o));

	if (!o || hash_init(&o->by_tgid, 64)) {
		free(o);
		return NULL;
	}
	list_init(&o->payers);
	return o;
}

static void payer_free(struct overhead *o, struct payer *p)
{
	hash_del(&o->by_tgid, &p->by_tgid);
	list_del(&p->node);
	free(p);
	o->last_tgid = 0;
}

void overhead_free(struct overhead *o)
{
	struct payer *p, *next;

	if (!o)
		return;
	list_for_each_safe (p, next, &o->payers, node)
		payer_free(o, p);
	hash_release(&o->by_tgid);
	free(o);
}

/* One that cannot be counted only makes the others' part larger: less is traced, not more. */
static void add(struct overhead *o, uint32_t tgid)
{
	struct payer *p = o->by_tgid.n < PROCS_MAX ? calloc(1, sizeof(*p)) : NULL;

	if (!p)
		return;
	p->cpu_ns = clock_process_ns(tgid);
	hash_add(&o->by_tgid, &p->by_tgid, tgid);
	list_push(&o->payers, &p->node);
}

void overhead_note(struct overhead *o, const struct ev_hdr *ev)
{
	if (ev->kind != EV_DATA || ev->tgid == o->last_tgid)
		return;
	o->last_tgid = ev->tgid;
	if (!hash_find(&o->by_tgid, ev->tgid))
		add(o, ev->tgid);
}

/* What they took since the last look. The last moments of one that has ended are not known. */
static uint64_t work_of_all(struct overhead *o)
{
	struct payer *p, *next;
	uint64_t sum = 0, now;

	list_for_each_safe (p, next, &o->payers, node) {
		now = clock_process_ns((uint32_t)p->by_tgid.key);
		if (!now) {
			payer_free(o, p);
			continue;
		}
		sum += now - min(now, p->cpu_ns); /* less: another process of the same number */
		p->cpu_ns = now;
	}
	return sum;
}

bool overhead_look(struct overhead *o, uint64_t calls_ns, uint64_t now_ns,
		   struct overhead_bill *ret_bill)
{
	uint64_t own, in_calls = calls_ns - o->calls_ns, work;
	bool first = !o->looked_ns; /* what it took to start is no part of the bill */

	if (now_ns - o->looked_ns < OVERHEAD_EVERY_NS)
		return false;
	own = clock_cpu_ns();
	work = work_of_all(o);
	*ret_bill = (struct overhead_bill){
		.cost_ns = own - o->own_ns + in_calls,
		.work_ns = work - min(work, in_calls), /* socket calls are made on their time */
		.wall_ns = now_ns - o->looked_ns,
	};
	o->looked_ns = now_ns;
	o->own_ns = own;
	o->calls_ns = calls_ns;
	return !first;
}
