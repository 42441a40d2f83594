/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A task that has been made and is not awaited is held by who made it, in a variable:
 *
 *	task ── coroutine ── awaits ── ... ── awaits ── what it waits for
 *	             │ variables          │ variables: the task, or a list, tuple, set or dict with it, or what
 *	                                               as_completed() has made
 *
 * All tasks are in a set that the module _asyncio keeps; which, the type of tasks tells: the module is beside it, or in
 * it. What two hold is nobody's, unless one waits for the other.
 */
#include <string.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/hash.h"
#include "strand/held.h"

#define WORD sizeof(uint64_t)

#define CALLBACK     24 /* of a future; */
#define CALLBACKS    40 /* the others, a list of (callback, context) */
#define WAITS_FOR    (-24) /* in a task, from its context */
#define COROUTINE    (-16) /* the same */
#define METHOD_SELF  24 /* a partial() has its arguments there */
#define SET_MASK     32
#define SET_TABLE    40
#define SET_ENTRY    16
#define SET_HASH     8
#define HASH_TURN    4 /* bits: an object's hash is its address, turned */
#define MODULE_STATE 32

#define TYPE_WORDS    160 /* of a type that was made at run time */
#define STATE_WORDS   64
#define STATIC_BEFORE 4096 /* bytes beside a type that the module has from the beginning */
#define STATIC_WORDS  1536

#define CALLBACKS_MAX  3
#define CELLS_MAX      8
#define SLOTS          64u /* variables of a function; the last stands for all that follow */
#define ATTRIBUTES_MAX 12
#define HELPERS_MAX    3 /* from a future to who waits */
#define VAIN_MAX       16 /* in a row that it is in vain to look, then only each so many times: */
#define VAIN_RARELY    64
#define LOYAL          1024 /* so often again, once it was not */
#define TRIES_MAX      3 /* to read what is found in one go */
#define LEFT_MIN       30000 /* words to confirm what was found */
#define DEPTH_MAX      64 /* functions of one task */
#define SET_MAX        16384

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

static uint64_t in_task(struct held *h, uint64_t task, int from_context)
{
	return py_word(&h->m, task + h->m.rt.off[PYTHON_TASK_CONTEXT] + (uint64_t)from_context);
}

static bool is_task(struct held *h, uint64_t object)
{
	return object && !(object % WORD) && py_word(&h->m, object + OBJECT_TYPE) == h->task_type;
}

static uint64_t callback_of(struct held *h, uint64_t future, unsigned n)
{
	uint64_t list;

	if (!n)
		return py_word(&h->m, future + CALLBACK);
	list = py_word(&h->m, future + CALLBACKS);
	if (py_kind(&h->m, list) != PY_LIST || n > py_word(&h->m, list + SEQUENCE_LEN))
		return 0;
	list = py_word(&h->m, list + LIST_ITEMS);
	return py_word(&h->m, py_word(&h->m, list + (n - 1) * WORD) + TUPLE_ITEMS);
}

static uint64_t waiter_of(struct held *h, uint64_t future, unsigned helpers);

static uint64_t waiter_of_any(struct held *h, uint64_t object, unsigned helpers)
{
	enum py_kind kind = py_kind(&h->m, object);

	return kind == PY_FUTURE || kind == PY_TASK ? waiter_of(h, object, helpers) : 0;
}

static uint64_t waiter_captured(struct held *h, uint64_t function, unsigned helpers)
{
	uint64_t cells = py_word(&h->m, function + h->m.rt.off[PYTHON_CLOSURE]), cell, task = 0;
	uint64_t i, n = py_word(&h->m, cells + SEQUENCE_LEN);

	for (i = 0; i < n && i < CELLS_MAX && !task; i++) {
		cell = py_word(&h->m, cells + TUPLE_ITEMS + i * WORD);
		task = waiter_of_any(h, py_word(&h->m, cell + CELL_CONTENT), helpers);
	}
	return task;
}

/* Of an object's attributes; a TaskGroup has the task itself. */
static uint64_t waiter_owned(struct held *h, uint64_t object, unsigned helpers)
{
	uint64_t attributes = py_attributes(&h->m, object), value, task = 0;
	bool group = py_kind(&h->m, object) == PY_GROUP;
	unsigned i;

	for (i = 0; i < ATTRIBUTES_MAX && attributes && !task; i++) {
		value = py_word(&h->m, attributes + i * WORD);
		if (group && is_task(h, value))
			return value;
		task = waiter_of_any(h, value, helpers);
	}
	return task;
}

static uint64_t waiter_called(struct held *h, uint64_t callback, unsigned helpers)
{
	uint64_t self = py_word(&h->m, callback + METHOD_SELF);

	switch (py_kind(&h->m, callback)) {
	case PY_FUNCTION:
		return waiter_captured(h, callback, helpers);
	case PY_PARTIAL:
		return waiter_of_any(h, py_word(&h->m, self + TUPLE_ITEMS), helpers);
	case PY_METHOD:
		return waiter_owned(h, self, helpers);
	default:
		return 0;
	}
}

/* The task that waits for it, by way of so many helpers at most; 0: none. */
static uint64_t waiter_of(struct held *h, uint64_t future, unsigned helpers)
{
	uint64_t callback, task;
	unsigned i;

	for (i = 0; i < CALLBACKS_MAX; i++) {
		callback = callback_of(h, future, i);
		if (!callback)
			return 0;
		task = py_word(&h->m, callback + h->m.rt.off[PYTHON_WAKES]);
		if (is_task(h, task) && in_task(h, task, WAITS_FOR) == future)
			return task;
		task = helpers ? waiter_called(h, callback, helpers - 1) : 0;
		if (task)
			return task;
	}
	return 0;
}

static void climb(struct held *h, uint64_t task, struct chain *ret_chain)
{
	ret_chain->cnt = 0;
	while (task && ret_chain->cnt < AWAITING_MAX) {
		ret_chain->tasks[ret_chain->cnt++] = task;
		task = waiter_of(h, task, HELPERS_MAX);
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
	uint64_t coroutine = in_task(h, task, COROUTINE), context = in_task(h, task, 0);
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
	if (object == w->holder || !is_task(w->h, object))
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
	struct py_frame f = { .cnt = ATTRIBUTES_MAX };

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
	uint64_t frame = in_task(h, task, COROUTINE) + h->m.rt.off[PYTHON_COROUTINE];

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
	uint64_t coroutine = in_task(w->h, w->holder, COROUTINE);
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
	uint64_t coroutine = in_task(w->h, w->holder, COROUTINE), hash = coroutine;
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

	if (is_task(h, holder))
		walk(&w);
	if (!w.found)
		return false;
	hash = hash_of_way(&w);
	pages_forget(h->m.pages);
	return hash_of_way(&w) == hash;
}

/* The set in the first weak set to which one of the words points. */
static uint64_t set_among(struct held *h, uint64_t words, unsigned cnt)
{
	uint64_t attributes, set;
	unsigned i;

	for (i = 0; i < cnt; i++, words += WORD) {
		uint64_t object = py_word(&h->m, words);

		if (!object || py_kind(&h->m, object) != PY_WEAK_SET)
			continue;
		attributes = py_attributes(&h->m, object);
		set = attributes ? py_word(&h->m, attributes) : 0;
		if (py_kind(&h->m, set) == PY_SET)
			return set;
	}
	return 0;
}

static uint64_t module_of(struct held *h, uint64_t type)
{
	unsigned i;

	for (i = 0; i < TYPE_WORDS; i++) {
		uint64_t object = py_word(&h->m, type + i * WORD);

		if (object && py_kind(&h->m, object) == PY_MODULE)
			return object;
	}
	return 0;
}

static uint64_t find_all(struct held *h)
{
	uint64_t module = module_of(h, h->task_type);
	uint64_t state = module ? py_word(&h->m, module + MODULE_STATE) : 0;
	uint64_t set = state ? set_among(h, state, STATE_WORDS) : 0;

	return set ? set : set_among(h, h->task_type - STATIC_BEFORE, STATIC_WORDS);
}

/* Is it a task of the type that is known, or the first that is seen? */
static bool know(struct held *h, uint64_t task)
{
	if (py_kind(&h->m, task) != PY_TASK)
		return false;
	if (!h->task_type) {
		h->task_type = py_word(&h->m, task + OBJECT_TYPE);
		h->all = find_all(h);
	}
	return is_task(h, task);
}

/* Notes what the task holds, unless it has not gone on since that was done, or its like hold nothing. */
static void look_at(struct held *h, uint64_t task, struct held_seen *seen)
{
	struct held_seen now = { task, in_task(h, task, COROUTINE), in_task(h, task, 0),
				 in_task(h, task, WAITS_FOR), seen->code };
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

/* A weak reference hashes as what it refers to, and that by its address. */
static uint64_t referent_of(uint64_t hash)
{
	return hash << HASH_TURN | hash >> (64 - HASH_TURN);
}

static void look_at_all(struct held *h)
{
	uint64_t table = py_word(&h->m, h->all + SET_TABLE), i, task;
	uint64_t cnt = py_word(&h->m, h->all + SET_MASK) + 1;

	for (i = 0; i < cnt && i < SET_MAX && h->m.pages->left > LEFT_MIN; i++) {
		task = referent_of(py_word(&h->m, table + i * SET_ENTRY + SET_HASH));
		if (is_task(h, task))
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

	climb(h, waiter_of(h, task, HELPERS_MAX), &holders.v[0]);
	if (!holders.v[0].cnt)
		find_holders(h, task, &holders);
	found = innermost(&holders);
	if (!found || h->m.pages->cut)
		return 0;
	for (i = 0; i < found->cnt; i++)
		ret_contexts[i] = in_task(h, found->tasks[i], 0);
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

	if (!know(h, task) || py_over(&h->m, in_task(h, task, COROUTINE)))
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
