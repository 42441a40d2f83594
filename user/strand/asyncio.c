/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All tasks are in a set that the module _asyncio keeps; which, the type of tasks tells: the module is beside it, or in
 * it. A task names the future that it waits for, and that calls the task back, or a helper (gather(), wait_for(), a
 * TaskGroup, Tornado's) that has the future of who waits.
 */
#include "strand/asyncio.h"

#define WORD sizeof(uint64_t)

#define CALLBACK    24 /* of a future; */
#define CALLBACKS   40 /* the others, a list of (callback, context) */
#define METHOD_SELF 24 /* a partial() has its arguments there */

#define SET_MASK  32
#define SET_TABLE 40
#define SET_ENTRY 16
#define SET_HASH  8
#define HASH_TURN 4 /* bits: an object's hash is its address, turned */

#define MODULE_STATE  32
#define TYPE_WORDS    160 /* of a type that was made at run time */
#define STATE_WORDS   64
#define STATIC_BEFORE 4096 /* bytes beside a type that the module has from the beginning */
#define STATIC_WORDS  1536

#define CALLBACKS_MAX 3
#define CELLS_MAX     8
#define HELPERS_MAX   3 /* from a future to who waits */

uint64_t py_in_task(struct py_memory *m, uint64_t task, int from_context)
{
	return py_word(m, task + m->rt.off[PYTHON_TASK_CONTEXT] + (uint64_t)from_context);
}

bool py_is_task(struct py_memory *m, uint64_t object)
{
	return object && !(object % WORD) && py_word(m, object + OBJECT_TYPE) == m->task_type;
}

static uint64_t callback_of(struct py_memory *m, uint64_t future, unsigned n)
{
	uint64_t list;

	if (!n)
		return py_word(m, future + CALLBACK);
	list = py_word(m, future + CALLBACKS);
	if (py_kind(m, list) != PY_LIST || n > py_word(m, list + SEQUENCE_LEN))
		return 0;
	list = py_word(m, list + LIST_ITEMS);
	return py_word(m, py_word(m, list + (n - 1) * WORD) + TUPLE_ITEMS);
}

static uint64_t waiter_of(struct py_memory *m, uint64_t future, unsigned helpers);

static uint64_t waiter_of_any(struct py_memory *m, uint64_t object, unsigned helpers)
{
	enum py_kind kind = py_kind(m, object);

	return kind == PY_FUTURE || kind == PY_TASK ? waiter_of(m, object, helpers) : 0;
}

static uint64_t waiter_captured(struct py_memory *m, uint64_t function, unsigned helpers)
{
	uint64_t cells = py_word(m, function + m->rt.off[PYTHON_CLOSURE]), cell, task = 0;
	uint64_t i, n = py_word(m, cells + SEQUENCE_LEN);

	for (i = 0; i < n && i < CELLS_MAX && !task; i++) {
		cell = py_word(m, cells + TUPLE_ITEMS + i * WORD);
		task = waiter_of_any(m, py_word(m, cell + CELL_CONTENT), helpers);
	}
	return task;
}

/* Of an object's attributes; a TaskGroup has the task itself. */
static uint64_t waiter_owned(struct py_memory *m, uint64_t object, unsigned helpers)
{
	uint64_t attributes = py_attributes(m, object), value, task = 0;
	bool group = py_kind(m, object) == PY_GROUP;
	unsigned i;

	for (i = 0; i < PY_ATTRIBUTES_MAX && attributes && !task; i++) {
		value = py_word(m, attributes + i * WORD);
		if (group && py_is_task(m, value))
			return value;
		task = waiter_of_any(m, value, helpers);
	}
	return task;
}

static uint64_t waiter_called(struct py_memory *m, uint64_t callback, unsigned helpers)
{
	uint64_t self = py_word(m, callback + METHOD_SELF);

	switch (py_kind(m, callback)) {
	case PY_FUNCTION:
		return waiter_captured(m, callback, helpers);
	case PY_PARTIAL:
		return waiter_of_any(m, py_word(m, self + TUPLE_ITEMS), helpers);
	case PY_METHOD:
		return waiter_owned(m, self, helpers);
	default:
		return 0;
	}
}

/* The task that waits for it, by way of so many helpers at most; 0: none. */
static uint64_t waiter_of(struct py_memory *m, uint64_t future, unsigned helpers)
{
	uint64_t callback, task;
	unsigned i;

	for (i = 0; i < CALLBACKS_MAX; i++) {
		callback = callback_of(m, future, i);
		if (!callback)
			return 0;
		task = py_word(m, callback + m->rt.off[PYTHON_WAKES]);
		if (py_is_task(m, task) && py_in_task(m, task, TASK_WAITS_FOR) == future)
			return task;
		task = helpers ? waiter_called(m, callback, helpers - 1) : 0;
		if (task)
			return task;
	}
	return 0;
}

uint64_t py_waiter(struct py_memory *m, uint64_t future)
{
	return waiter_of(m, future, HELPERS_MAX);
}

/* The set in the first weak set to which one of the words points. */
static uint64_t set_among(struct py_memory *m, uint64_t words, unsigned cnt)
{
	uint64_t attributes, set;
	unsigned i;

	for (i = 0; i < cnt; i++, words += WORD) {
		uint64_t object = py_word(m, words);

		if (!object || py_kind(m, object) != PY_WEAK_SET)
			continue;
		attributes = py_attributes(m, object);
		set = attributes ? py_word(m, attributes) : 0;
		if (py_kind(m, set) == PY_SET)
			return set;
	}
	return 0;
}

static uint64_t module_of(struct py_memory *m, uint64_t type)
{
	unsigned i;

	for (i = 0; i < TYPE_WORDS; i++) {
		uint64_t object = py_word(m, type + i * WORD);

		if (object && py_kind(m, object) == PY_MODULE)
			return object;
	}
	return 0;
}

uint64_t py_all_tasks(struct py_memory *m)
{
	uint64_t module = module_of(m, m->task_type);
	uint64_t state = module ? py_word(m, module + MODULE_STATE) : 0;
	uint64_t set = state ? set_among(m, state, STATE_WORDS) : 0;

	return set ? set : set_among(m, m->task_type - STATIC_BEFORE, STATIC_WORDS);
}

/* A weak reference hashes as what it refers to, and that by its address. */
static uint64_t referent_of(uint64_t hash)
{
	return hash << HASH_TURN | hash >> (64 - HASH_TURN);
}

struct py_tasks py_tasks(struct py_memory *m, uint64_t all)
{
	return (struct py_tasks){
		.table = py_word(m, all + SET_TABLE),
		.places = py_word(m, all + SET_MASK) + 1,
	};
}

uint64_t py_tasks_at(struct py_memory *m, const struct py_tasks *tasks, uint64_t place)
{
	return referent_of(py_word(m, tasks->table + place * SET_ENTRY + SET_HASH));
}
