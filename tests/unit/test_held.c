/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose a task of CPython is, found in the memory of a process: this one, with objects laid out as 3.13 does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "strand/held.h"

#define WORDS   131072
#define SET_SZ  2048
#define CONTEXT 136 /* in a task */
#define CLOSURE 72 /* in a function */
#define FRAME   72 /* in a coroutine */
#define MANY    1000000

enum {
	TASK,
	COROUTINE,
	LIST,
	TUPLE,
	SET,
	DICT,
	CELL,
	ITERATOR,
	FUNCTION,
	FUTURE,
	MODULE,
	WEAK_SET,
	INT,
	TYPES
};

static const char *const names[] = {
	"_asyncio.Task", "coroutine", "list",          "tuple",    "set",
	"dict",          "cell",      "list_iterator", "function", "_asyncio.Future",
	"module",        "WeakSet",   "int",
};

struct world {
	struct held held; /* first: it has addresses of no object */
	struct pages pages;
	struct memory mem;
	uint64_t words[WORDS];
	size_t used;
	uint64_t *types[TYPES];
	uint64_t *table; /* of the set of all tasks */
	size_t tasks;
};

static uint64_t at(const void *object)
{
	return (uint64_t)(uintptr_t)object;
}

static uint64_t *words_of(struct world *w, size_t n)
{
	uint64_t *object = &w->words[w->used];

	w->used += n + n % 2;
	assert_true(w->used < WORDS);
	return object;
}

static uint64_t *make(struct world *w, unsigned type, size_t n)
{
	uint64_t *object = words_of(w, n);

	object[1] = at(w->types[type]);
	return object;
}

static void make_types(struct world *w)
{
	unsigned i;

	for (i = 0; i < TYPES; i++) {
		w->types[i] = words_of(w, 200);
		w->types[i][3] = at(words_of(w, 4));
		memcpy((void *)(uintptr_t)w->types[i][3], names[i], strlen(names[i]));
	}
}

/* The type of tasks knows its module, the module's state the weak set, and that the set. */
static void make_all(struct world *w)
{
	uint64_t *module = make(w, MODULE, 5), *weak = make(w, WEAK_SET, 16),
		 *set = make(w, SET, 8);
	uint64_t *state = words_of(w, 64);

	w->types[TASK][100] = at(module);
	module[4] = at(state);
	state[7] = at(weak);
	weak[3] = at(set);
	w->table = words_of(w, 2 * SET_SZ);
	set[4] = SET_SZ - 1;
	set[5] = at(w->table);
}

/* A function that waits for `awaits`, with one variable. */
static uint64_t *make_coroutine(struct world *w, uint64_t variable, const uint64_t *awaits)
{
	uint64_t *coroutine = make(w, COROUTINE, FRAME / 8 + 11), *frame = coroutine + FRAME / 8;

	((int8_t *)frame)[-5] = -2;
	frame[0] = at(coroutine) + 1; /* its code, each another */
	frame[8] = 2;
	frame[9] = variable;
	frame[10] = at(awaits);
	return coroutine;
}

static uint64_t *make_task(struct world *w, const uint64_t *coroutine)
{
	uint64_t *task = make(w, TASK, CONTEXT / 8 + 2);

	task[CONTEXT / 8 - 2] = at(coroutine);
	task[CONTEXT / 8] = at(task) + 4;
	assert_true(w->tasks < SET_SZ);
	w->table[2 * w->tasks] = at(make(w, INT, 4)); /* a weak reference, and its hash */
	w->table[2 * w->tasks++ + 1] = at(task) >> 4 | at(task) << 60;
	return task;
}

/* `task` waits for `future`. */
static void await(struct world *w, uint64_t *task, uint64_t *future)
{
	uint64_t *wake = make(w, INT, 4);

	wake[3] = at(task);
	future[3] = at(wake);
	task[CONTEXT / 8 - 3] = at(future);
}

/* In which function of two, and what else it holds, is all the same. */
static uint64_t *make_owner(struct world *w, uint64_t variable)
{
	return make_task(w, make_coroutine(w, at(make(w, INT, 4)),
					   make_coroutine(w, variable, make(w, FUTURE, 20))));
}

static void find(struct world *w, const uint64_t *task, unsigned cnt, const uint64_t *owner)
{
	__u64 contexts[AWAITING_MAX];

	pages_renew(&w->pages, &w->mem, MANY);
	held_due(&w->held);
	assert_int_equal(held_by(&w->held, at(task), contexts), cnt);
	if (cnt)
		assert_int_equal(contexts[0], at(owner) + 4);
}

static int setup(void **state)
{
	static const uint32_t off[] = {
		784, 208, 152, 0,    72, 8, 72, CLOSURE, 24, CONTEXT, PYTHON_VALUES_INSIDE,
		232, 0,   72,  FRAME
	};
	struct world *w = calloc(1, sizeof(*w));

	w->held.m.rt.kind = RUNTIME_PYTHON;
	memcpy(w->held.m.rt.off, off, sizeof(off));
	w->held.m.pages = &w->pages;
	assert_int_equal(memory_open(getpid(), &w->mem), 0);
	make_types(w);
	make_all(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	memory_close(&w->mem);
	free(w);
	return 0;
}

static void in_a_variable(void **state)
{
	struct world *w = *state;
	uint64_t *task = make_task(w, NULL);

	find(w, task, 0, NULL);
	find(w, task, 1, make_owner(w, at(task)));
}

static uint64_t *make_list(struct world *w, const uint64_t *item)
{
	uint64_t *list = make(w, LIST, 4), *items = words_of(w, 3);

	list[2] = 3;
	list[3] = at(items);
	items[0] = at(make(w, INT, 4));
	items[2] = at(item);
	return list;
}

static void in_what_is_in_a_variable(void **state)
{
	struct world *w = *state;
	uint64_t *tasks[5], *tuple = make(w, TUPLE, 5), *set = make(w, SET, 8),
			    *cell = make(w, CELL, 3);
	uint64_t *iterator = make(w, ITERATOR, 4), *table = words_of(w, 8);
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(tasks); i++)
		tasks[i] = make_task(w, NULL);
	find(w, tasks[0], 1, make_owner(w, at(make_list(w, tasks[0]))));
	tuple[2] = 2;
	tuple[4] = at(tasks[1]);
	find(w, tasks[1], 1, make_owner(w, at(tuple)));
	set[4] = 3;
	set[5] = at(table);
	table[4] = at(tasks[2]);
	find(w, tasks[2], 1, make_owner(w, at(set)));
	cell[2] = at(make_list(w, tasks[3]));
	find(w, tasks[3], 1, make_owner(w, at(cell)));
	iterator[3] = at(make_list(w, tasks[4]));
	find(w, tasks[4], 1, make_owner(w, at(iterator)));
}

static void in_a_dict(void **state)
{
	struct world *w = *state;
	uint64_t *task = make_task(w, NULL), *dict = make(w, DICT, 6), *keys = words_of(w, 12);

	dict[4] = at(keys);
	((uint8_t *)keys)[9] = 3; /* eight bytes of index, */
	((uint8_t *)keys)[10] = 1; /* then keys and values */
	keys[3] = 2;
	keys[4 + 1 + 3] = at(task);
	find(w, task, 1, make_owner(w, at(dict)));
}

/* as_completed(): its generator has them in a set. */
static void in_a_generator(void **state)
{
	struct world *w = *state;
	uint64_t *task = make_task(w, NULL);
	uint64_t *generator = make_coroutine(w, at(make_list(w, task)), NULL);

	find(w, task, 1, make_owner(w, at(generator)));
}

/* Whose it is nothing tells, unless one waits for the other. */
static void of_two(void **state)
{
	struct world *w = *state;
	uint64_t *task = make_task(w, NULL), *one = make_owner(w, at(task)),
		 *other = make_owner(w, at(task));

	find(w, task, 0, NULL);
	await(w, other, one);
	find(w, task, 2, one);
}

static void of_one_that_runs(void **state)
{
	struct world *w = *state;
	uint64_t *task = make_task(w, NULL), *owner = make_owner(w, at(task));
	uint64_t *coroutine = (uint64_t *)(uintptr_t)owner[CONTEXT / 8 - 2];

	((int8_t *)(coroutine + FRAME / 8))[-5] = 0;
	find(w, task, 0, NULL);
}

/* It was given up, and the next request's task is at its address, and waits for something at the same one. */
static void of_the_next_at_its_address(void **state)
{
	struct world *w = *state;
	uint64_t *first = make_task(w, NULL), *second = make_task(w, NULL);
	uint64_t *list = make_list(w, first), *owner = make_owner(w, at(list));

	find(w, first, 1, owner);
	((uint64_t *)(uintptr_t)list[3])[2] = at(second);
	find(w, second, 1, owner);
	find(w, first, 0, NULL);
}

/* Once it was looked through all that changed: that was enough. */
static void find_lately(struct world *w, const uint64_t *task, const uint64_t *owner)
{
	find(w, task, 1, owner);
	assert_true(w->held.full_due);
}

/* Tasks are made at the addresses of those that ended, which others held and nobody asked for. */
static void of_the_last_of_many_at_its_address(void **state)
{
	struct world *w = *state;
	uint64_t *task = make_task(w, NULL), *list, *owner, *other;
	unsigned i;

	for (i = 0; i < 4; i++) {
		task[CONTEXT / 8 - 2] = at(make_coroutine(w, 0, NULL));
		list = make_list(w, task);
		owner = make_owner(w, at(list));
		other = make_task(w, NULL);
		find_lately(w, other, make_owner(w, at(other)));
		if (i < 3)
			((uint64_t *)(uintptr_t)list[3])[2] = 0;
	}
	find_lately(w, task, owner);
}

static void of_many_at_once(void **state)
{
	struct world *w = *state;
	uint64_t *tasks[200], *owners[ARRAY_SIZE(tasks)];
	__u64 contexts[AWAITING_MAX];
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(tasks); i++) {
		tasks[i] = make_task(w, NULL);
		owners[i] = make_owner(w, at(tasks[i]));
	}
	pages_renew(&w->pages, &w->mem, MANY);
	held_due(&w->held);
	for (i = 0; i < ARRAY_SIZE(tasks); i++) {
		assert_int_equal(held_by(&w->held, at(tasks[i]), contexts), 1);
		assert_int_equal(contexts[0], at(owners[i]) + 4);
	}
}

/* Its address may be another's any moment. */
static void of_one_that_has_ended(void **state)
{
	struct world *w = *state;
	uint64_t *coroutine = make_coroutine(w, 0, NULL), *task = make_task(w, coroutine);

	make_owner(w, at(task));
	((int8_t *)(coroutine + FRAME / 8))[-5] = 1;
	find(w, task, 0, NULL);
}

/* While it was read, the owner may have ended, and its memory become another's. */
static void not_in_one_go(void **state)
{
	struct world *w = *state;
	uint64_t *task = make_task(w, NULL), *owner = make_owner(w, at(task));

	w->held.most_ns = 1;
	find(w, task, 0, NULL);
	w->held.most_ns = 0;
	find(w, task, 1, owner);
}

/* Where other calls of it have held some is where it is looked. */
static void in_one_function_of_many(void **state)
{
	struct world *w = *state;
	uint64_t *awaits = make(w, FUTURE, 20), *task, *coroutine;
	unsigned i;

	for (i = 0; i < 300; i++) {
		task = make_task(w, NULL);
		coroutine = make_coroutine(w, at(task), awaits);
		coroutine[FRAME / 8] = 1;
		find_lately(w, task, make_task(w, coroutine));
		coroutine[FRAME / 8 + 9] = 0;
	}
}

/* wait_for(shield()) of 3.11: two functions with a future each stand between. */
static void of_who_waits_through_helpers(void **state)
{
	struct world *w = *state;
	uint64_t *task = make_task(w, NULL), *owner = make_owner(w, at(make(w, INT, 4)));
	uint64_t *inner = task, *outer;
	unsigned i;

	for (i = 0; i < 2; i++) {
		uint64_t *function = make(w, FUNCTION, 12), *cells = make(w, TUPLE, 4),
			 *cell = make(w, CELL, 3);

		outer = make(w, FUTURE, 20);
		inner[3] = at(function);
		function[CLOSURE / 8] = at(cells);
		cells[2] = 1;
		cells[3] = at(cell);
		cell[2] = at(outer);
		inner = outer;
	}
	await(w, owner, inner);
	find(w, task, 1, owner);
}

/* What looks like objects may be anything: it ends, within what may be looked at. */
static void of_anything(void **state)
{
	struct world *w = *state;
	uint64_t *task = make_task(w, NULL);
	__u64 contexts[AWAITING_MAX];
	unsigned i, j;

	make_owner(w, at(make_list(w, task)));
	srand(1);
	for (i = 0; i < 300; i++) {
		for (j = 0; j < 20; j++)
			w->words[(size_t)rand() % w->used] =
				rand() % 2 ? at(&w->words[(size_t)rand() % w->used])
					   : (uint64_t)rand();
		pages_renew(&w->pages, &w->mem, 20000);
		held_due(&w->held);
		held_by(&w->held, at(task), contexts);
		assert_true(w->pages.left <= 20000);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(in_a_variable, setup, teardown),
		cmocka_unit_test_setup_teardown(in_what_is_in_a_variable, setup, teardown),
		cmocka_unit_test_setup_teardown(in_a_dict, setup, teardown),
		cmocka_unit_test_setup_teardown(in_a_generator, setup, teardown),
		cmocka_unit_test_setup_teardown(of_two, setup, teardown),
		cmocka_unit_test_setup_teardown(of_one_that_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(of_the_next_at_its_address, setup, teardown),
		cmocka_unit_test_setup_teardown(of_the_last_of_many_at_its_address, setup,
						teardown),
		cmocka_unit_test_setup_teardown(of_many_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(not_in_one_go, setup, teardown),
		cmocka_unit_test_setup_teardown(in_one_function_of_many, setup, teardown),
		cmocka_unit_test_setup_teardown(of_one_that_has_ended, setup, teardown),
		cmocka_unit_test_setup_teardown(of_who_waits_through_helpers, setup, teardown),
		cmocka_unit_test_setup_teardown(of_anything, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
