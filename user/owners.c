/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "owners.h"
#include "strand/strand.h"

#define REMAP_NS (20 * NSEC_PER_MSEC)
/* So long what is known of a process is believed: it may be another program by then. */
#define ANEW_NS  (10 * NSEC_PER_SEC)
#define HURRY_NS NSEC_PER_SEC
/* It takes longer, 0.1 ms, to end a request and begin another. A reader that was interrupted reads again. */
#define ONE_GO_NS (NSEC_PER_MSEC / 5)
#define WORDS_MAX 200000 /* that are looked at for one answer: 2 ms */

static void shut(struct owners_process **p)
{
	if (*p)
		memory_close(&(*p)->mem);
	free(*p);
	*p = NULL;
}

static bool learn(struct owners_process *p, uint32_t tgid)
{
	struct strand_found found;
	struct proc_facts facts;
	bool known;

	if (facts_read(tgid, &facts))
		return false;
	known = strand_recognise(&facts, &found) && held_readable(&found.rt);
	facts_release(&facts);
	p->held.m.rt = found.rt;
	return known;
}

static void map(struct owners_process *p, uint64_t now_ns)
{
	int err = memory_open(p->tgid, &p->mem);

	p->mapped_ns = now_ns;
	p->stale = false;
	if (err)
		log_debug("owners: cannot read process %u: %s", p->tgid, strerror(-err));
}

/* A process that makes objects has more and more places for them. */
static void keep_mapped(struct owners_process *p, uint64_t now_ns)
{
	p->used_ns = now_ns;
	if (!p->stale || now_ns - p->mapped_ns < REMAP_NS)
		return;
	memory_close(&p->mem);
	map(p, now_ns);
}

static struct owners_process *open_anew(uint32_t tgid, uint64_t now_ns)
{
	struct owners_process *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->tgid = tgid;
	p->opened_ns = now_ns;
	p->held.most_ns = ONE_GO_NS;
	map(p, now_ns);
	p->readable = learn(p, tgid);
	return p;
}

/* The one of the process, or else the one to be given up for it. */
static struct owners_process **place_for(struct owners *o, uint32_t tgid)
{
	struct owners_process **oldest = o->v;
	size_t i;

	for (i = 0; i < OWNERS_PROCESSES; i++) {
		if (!o->v[i] || o->v[i]->tgid == tgid)
			return &o->v[i];
		if (o->v[i]->used_ns < (*oldest)->used_ns)
			oldest = &o->v[i];
	}
	return oldest;
}

/* NULL: it cannot be read. */
static struct owners_process *open_process(struct owners *o, uint32_t tgid)
{
	struct owners_process **p = place_for(o, tgid);
	uint64_t now_ns = clock_mono_ns();

	if (!*p || (*p)->tgid != tgid || now_ns - (*p)->opened_ns >= ANEW_NS) {
		shut(p);
		*p = open_anew(tgid, now_ns);
	}
	if (*p)
		keep_mapped(*p, now_ns);
	return *p && (*p)->readable ? *p : NULL;
}

/* What was looked at before it was asked may be out of date. */
static void renew(struct owners *o, struct owners_process *p, uint64_t asked_ns, int64_t ahead_ns)
{
	pages_renew(o->pages, &p->mem, WORDS_MAX);
	p->held.m.pages = o->pages;
	if (asked_ns < p->began_ns)
		return;
	p->began_ns = clock_mono_ns() - ahead_ns;
	held_due(&p->held);
}

void owners_find(struct owners *o, const struct ev_awaiting *ask, int64_t ahead_ns)
{
	struct owners_process *p = open_process(o, ask->hdr.tgid);
	uint64_t task = ask->contexts[0];

	if (!o->pages)
		o->pages = calloc(1, sizeof(*o->pages));
	if (!p || !o->pages)
		return;
	renew(o, p, ask->hdr.ts_ns, ahead_ns);
	o->answer = (struct ev_held){ .hdr = ask->hdr, .thread = ask->thread };
	o->answer.hdr.kind = EV_HELD;
	o->answer.hdr.sz = sizeof(o->answer);
	o->answer.cnt = held_by(&p->held, task, o->answer.contexts);
	o->answer.seen_ns = clock_mono_ns() - ahead_ns;
	o->answered = o->answer.cnt;
	p->stale = !o->answered && o->pages->missing;
	if (o->answered)
		o->found_ns = o->answer.seen_ns;
}

bool owners_hurry(const struct owners *o, uint64_t now_ns)
{
	return o->found_ns && now_ns - o->found_ns < HURRY_NS;
}

const struct ev_hdr *owners_next(struct owners *o)
{
	if (!o->answered)
		return NULL;
	o->answered = false;
	return &o->answer.hdr;
}

void owners_release(struct owners *o)
{
	size_t i;

	for (i = 0; i < OWNERS_PROCESSES; i++)
		shut(&o->v[i]);
	free(o->pages);
}
