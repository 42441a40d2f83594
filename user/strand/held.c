/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A task that has been made and is not awaited is held by who made it, in a variable:
 *
 *	task ── coroutine ── awaits ── ... ── awaits ── what it waits for
 *	             │ variables          │ variables: the task, or a list, tuple, set or dict with it, or what
 *	                                               as_completed() has made
 *
 * What two hold is nobody's, unless one waits for the other.
 */
#include <string.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/hash.h"
#include "strand/held.h"

#define WORD sizeof(uint64_t)

#define SLOTS       64u /* variables of a function; the last stands for all that follow */
#define VAIN_MAX    16 /* in a row that it is in vain to look, then only each so many times: */
#define VAIN_RARELY 64
#define LOYAL       1024 /* so often again, once it was not */
#define TRIES_MAX   3 /* to read what is found in one go */
#define LEFT_MIN    30000 /* words to confirm what was found */
#define DEPTH_MAX   64 /* functions of one task */
#define SET_MAX     16384

struct chain {
	uint64_t tasks[AWAITING_MAX];
	unsigned cnt;
};

/* Of those who hold a task. */
struct holders {
	struct chain v[HELD_BY];
	unsigned cnt;
	bool more;
};

bool held_readable(const struct runtime *rt)
{
	return rt->kind == RUNTIME_PYTHON && rt->off[PYTHON_COROUTINE];
}

static size_t slot_of(uint64_t address, size_t cnt)
{
	return hash_mix(address, 0) % cnt;
}

static void climb(struct held *h, uint64_t task, struct chain *ret_chain)
{
	ret_chain->cnt = 0;
	while (task && ret_chain->cnt < AWAITING_MAX) {
		ret_chain->tasks[ret_chain->cnt++] = task;
		task = py_waiter(&h->m, task);
	}
}

/* What is done with each task that a task holds. */
struct walk {
	struct held *h;
	uint64_t holder;
	uint64_t wanted; /* 0: all of them are noted */
	bool found; /* that, or any */
	bool over;
	bool inside; /* of what is in a variable */
	unsigned depth; /* so many functions it was looked at */
};

/* Its place among the notes, or else the one that was longest without use of those that it may have. */
static struct held_task *place_of(struct held *h, uint64_t task)
{
	struct held_task *at = &h->held[slot_of(task, HELD_TASKS / HELD_WAYS) * HELD_WAYS];
	struct held_task *oldest = at;
	unsigned i;

	for (i = 0; i < HELD_WAYS; i++, at++) {
		if (at->task == task)
			return at;
		if (at->round < oldest->round)
			oldest = at;
	}
	return oldest;
}

/* What is noted of a task; of one that stood at its address before, nothing any more. */
static struct held_task *noted(struct held *h, uint64_t task)
{
	uint64_t coroutine = py_in_task(&h->m, task, TASK_COROUTINE),
		 context = py_in_task(&h->m, task, TASK_CONTEXT);
	struct held_task *t = place_of(h, task);

	if (t->task != task || t->coroutine != coroutine || t->context != context)
		*t = (struct held_task){ .task = task, .coroutine = coroutine, .context = context };
	t->round = h->m.pages->round;
	return t;
}

static void note(struct held *h, uint64_t holder, uint64_t task)
{
	struct held_task *t = noted(h, task);
	unsigned i;

	for (i = 0; i < HELD_BY && t->by[i] && t->by[i] != holder; i++)
		;
	if (i < HELD_BY)
		t->by[i] = holder;
	t->more = t->more || i == HELD_BY;
}

static bool visit(struct py_memory *m, void *ctx, uint64_t object)
{
	struct walk *w = ctx;

	if (w->wanted) {
		w->found = object == w->wanted;
		return w->found;
	}
	if (object == w->holder || !py_is_task(&w->h->m, object))
		return false;
	note(w->h, w->holder, object);
	w->found = true;
	return false;
}

/* A variable, or what is in it. */
static bool among(struct walk *w, uint64_t value)
{
	struct py_memory *m = &w->h->m;
	enum py_kind kind = py_kind(m, value);

	if (kind == PY_CELL) {
		value = py_word(m, value + CELL_CONTENT);
		kind = py_kind(m, value);
	}
	return kind == PY_TASK ? visit(m, w, value) : py_each(m, value, visit, w);
}

static bool among_all(struct walk *w, const struct py_frame *f)
{
	size_t i;

	for (i = 0; i < f->cnt; i++) {
		if (among(w, py_word(&w->h->m, f->values + i * WORD)))
			return true;
	}
	return false;
}

static void in_frame(struct walk *w, const struct py_frame *f);

/* In what as_completed() has made: a generator, or an object with its attributes. */
static void within(struct walk *w, uint64_t object)
{
	enum py_kind kind = py_kind(&w->h->m, object);
	struct py_frame f = { .cnt = PY_ATTRIBUTES_MAX };

	w->inside = true;
	if (kind == PY_COMPLETED && (f.values = py_attributes(&w->h->m, object)))
		w->over = among_all(w, &f);
	else if (kind == PY_COROUTINE && py_frame(&w->h->m, object, &f))
		in_frame(w, &f);
	w->inside = false;
}

static struct held_code *code_in(struct held_code *table, uint64_t code)
{
	struct held_code *c = &table[slot_of(code, HELD_CODES)];

	if (c->code != code)
		*c = (struct held_code){ .code = code };
	return c;
}

/* Of the function that the task began with. */
static uint64_t code_of(struct held *h, uint64_t task)
{
	uint64_t frame = py_in_task(&h->m, task, TASK_COROUTINE) + h->m.rt.off[PYTHON_COROUTINE];

	return py_word(&h->m, frame + h->m.rt.off[PYTHON_CODE]);
}

static bool pays(int vain)
{
	return vain < VAIN_MAX || !(vain % VAIN_RARELY);
}

/* In those variables of a function whose bit is set; returns in which. */
static uint64_t in_variables(struct walk *w, const struct py_frame *f, uint64_t slots)
{
	uint64_t found = 0, value, slot;
	size_t i;

	for (i = 0; i < f->cnt && !w->over; i++) {
		slot = 1ULL << min(i, SLOTS - 1);
		if (!(slots & slot))
			continue;
		value = py_word(&w->h->m, f->values + i * WORD);
		w->found = false;
		w->over = among(w, value);
		if (!w->over && !w->inside && value != f->awaits)
			within(w, value);
		found |= w->found ? slot : 0;
	}
	return found;
}

/* A function has tasks in the same variables each time, nearly all in none: all are looked at rarely. */
static void in_frame(struct walk *w, const struct py_frame *f)
{
	struct held_code *c = code_in(w->h->codes, f->code);
	uint64_t known = c->slots, found;
	bool before = w->found;

	found = in_variables(w, f, pays(c->vain++) ? UINT64_MAX : known);
	w->found = before || found;
	if (!(found & ~known))
		return;
	c = code_in(w->h->codes, f->code); /* what is within may have taken its place */
	c->slots |= found;
	c->vain = 0;
}

/* The function that waits, or that it waits for. */
static bool next_frame(struct held *h, uint64_t coroutine, struct py_frame *ret_frame)
{
	return py_kind(&h->m, coroutine) == PY_COROUTINE && py_frame(&h->m, coroutine, ret_frame);
}

static void walk(struct walk *w)
{
	uint64_t coroutine = py_in_task(&w->h->m, w->holder, TASK_COROUTINE);
	struct py_frame f;

	while (w->depth < DEPTH_MAX && !w->over && next_frame(w->h, coroutine, &f)) {
		in_frame(w, &f);
		coroutine = f.awaits;
		w->depth++;
	}
}

/* Of all that the functions have which were looked at. */
static uint64_t hash_of_way(const struct walk *w)
{
	uint64_t coroutine = py_in_task(&w->h->m, w->holder, TASK_COROUTINE), hash = coroutine;
	struct py_frame f;
	unsigned i;
	size_t j;

	for (i = 0; i < w->depth && next_frame(w->h, coroutine, &f); i++) {
		for (j = 0; j < f.cnt; j++)
			hash = hash_mix(py_word(&w->h->m, f.values + j * WORD), hash);
		coroutine = f.awaits;
	}
	return hash;
}

/* While it is read it may go on, and what was one of its functions be another's: then the way changes. */
static bool holds(struct held *h, uint64_t holder, uint64_t task)
{
	struct walk w = { .h = h, .holder = holder, .wanted = task };
	uint64_t hash;

	if (py_is_task(&h->m, holder))
		walk(&w);
	if (!w.found)
		return false;
	hash = hash_of_way(&w);
	pages_forget(h->m.pages);
	return hash_of_way(&w) == hash;
}

/* Is it a task of the type that is known, or the first that is seen? */
static bool know(struct held *h, uint64_t task)
{
	if (py_kind(&h->m, task) != PY_TASK)
		return false;
	if (!h->m.task_type) {
		h->m.task_type = py_word(&h->m, task + OBJECT_TYPE);
		h->all = py_all_tasks(&h->m);
	}
	return py_is_task(&h->m, task);
}

/* Notes what the task holds, unless it has not gone on since that was done, or its like hold nothing. */
static void look_at(struct held *h, uint64_t task, struct held_seen *seen)
{
	struct held_seen now = { task, py_in_task(&h->m, task, TASK_COROUTINE),
				 py_in_task(&h->m, task, TASK_CONTEXT),
				 py_in_task(&h->m, task, TASK_WAITS_FOR), seen->code };
	struct walk w = { .h = h, .holder = task };
	struct held_code *root;

	if (!memcmp(seen, &now, sizeof(now)))
		return;
	if (seen->task != task || seen->coroutine != now.coroutine || seen->context != now.context)
		now.code = code_of(h, task);
	*seen = now;
	root = code_in(h->roots, now.code);
	if (!pays(root->vain++))
		return;
	walk(&w);
	if (w.found)
		root->vain = -LOYAL;
}

static void look_at_all(struct held *h)
{
	struct py_tasks tasks = py_tasks(&h->m, h->all);
	uint64_t i, task;

	for (i = 0; i < tasks.places && i < SET_MAX && h->m.pages->left > LEFT_MIN; i++) {
		task = py_tasks_at(&h->m, &tasks, i);
		if (py_is_task(&h->m, task))
			look_at(h, task, &h->seen[i % HELD_SEEN]);
	}
}

/* Those that were noted, and still hold it. */
static void confirm(struct held *h, uint64_t task, struct holders *ret_holders)
{
	struct held_task *t = noted(h, task), before = *t;
	unsigned i;

	ret_holders->cnt = 0;
	ret_holders->more = before.more;
	memset(t->by, 0, sizeof(t->by));
	t->more = false;
	for (i = 0; i < HELD_BY; i++) {
		if (!before.by[i] || !holds(h, before.by[i], task))
			continue;
		climb(h, before.by[i], &ret_holders->v[ret_holders->cnt++]);
		note(h, before.by[i], task);
	}
}

/* Requests end while a process is read: what is believed was read in one go. */
static void refresh(struct held *h)
{
	pages_forget(h->m.pages);
	h->fresh_ns = clock_mono_ns();
}

static bool in_one_go(const struct held *h)
{
	return !h->most_ns || clock_mono_ns() - h->fresh_ns <= h->most_ns;
}

static bool look_for(struct held *h, uint64_t task, struct holders *ret_holders)
{
	look_at_all(h);
	refresh(h);
	confirm(h, task, ret_holders);
	return ret_holders->cnt;
}

/* By what has changed since they were looked at. */
static bool find_lately(struct held *h, uint64_t task, struct holders *ret_holders)
{
	confirm(h, task, ret_holders); /* what made several was looked at for the first of them */
	if (ret_holders->cnt || !h->due)
		return ret_holders->cnt;
	h->due = false;
	return look_for(h, task, ret_holders);
}

/* Among all of them anew: its owner, or what that has, may look as another did before. */
static bool find_anew(struct held *h, uint64_t task, struct holders *ret_holders)
{
	if (!h->full_due || !pays(h->vain++))
		return false;
	h->full_due = false;
	memset(h->seen, 0, sizeof(h->seen));
	return look_for(h, task, ret_holders);
}

static void find_holders(struct held *h, uint64_t task, struct holders *ret_holders)
{
	if (find_lately(h, task, ret_holders) || find_anew(h, task, ret_holders))
		h->vain = 0;
}

static bool in_chain(const struct chain *c, uint64_t task)
{
	unsigned i;

	for (i = 0; i < c->cnt; i++) {
		if (c->tasks[i] == task)
			return true;
	}
	return false;
}

/* The one that all the others wait for; NULL: there is none. */
static const struct chain *innermost(const struct holders *from)
{
	unsigned i, j;

	for (i = 0; i < from->cnt && !from->more; i++) {
		for (j = 0; j < from->cnt && in_chain(&from->v[i], from->v[j].tasks[0]); j++)
			;
		if (j == from->cnt)
			return &from->v[i];
	}
	return NULL;
}

/* 0: nobody, as far as can be told. */
static unsigned chain_of(struct held *h, uint64_t task, __u64 *ret_contexts)
{
	struct holders holders = { .cnt = 1 };
	const struct chain *found;
	unsigned i;

	climb(h, py_waiter(&h->m, task), &holders.v[0]);
	if (!holders.v[0].cnt)
		find_holders(h, task, &holders);
	found = innermost(&holders);
	if (!found || h->m.pages->cut)
		return 0;
	for (i = 0; i < found->cnt; i++)
		ret_contexts[i] = py_in_task(&h->m, found->tasks[i], TASK_CONTEXT);
	return found->cnt;
}

void held_due(struct held *h)
{
	h->due = h->full_due = true;
}

unsigned held_by(struct held *h, uint64_t task, __u64 *ret_contexts)
{
	struct held_code *asked;
	unsigned cnt, i;

	if (!know(h, task) || py_over(&h->m, py_in_task(&h->m, task, TASK_COROUTINE)))
		return 0;
	asked = code_in(h->asked, code_of(h, task));
	if (!pays(asked->vain++))
		return 0;
	for (i = 0; i < TRIES_MAX; i++) {
		refresh(h);
		cnt = chain_of(h, task, ret_contexts);
		if (!cnt)
			return 0;
		asked->vain = -LOYAL;
		if (in_one_go(h))
			return cnt;
	}
	return 0;
}
