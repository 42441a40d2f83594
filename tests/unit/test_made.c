/* SPDX-License-Identifier: GPL-2.0-only */
/* Stretches of a heap, beside an array that has the owner of every address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "trace/made.h"

#define ADDRESSES 20000
#define STEPS     20000

struct beside {
	struct made_table table;
	uint64_t owner[ADDRESSES]; /* 0: nobody */
	uint64_t next;
};

static void beside_end(struct beside *b)
{
	made_clear(&b->table);
	free(b);
}

static struct beside *beside_new(void)
{
	struct beside *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	return b;
}

static void forget(struct beside *b, const struct made *m)
{
	memset(&b->owner[m->lo], 0, (m->hi - m->lo) * sizeof(b->owner[0]));
	made_forget(&b->table, m);
}

/* What it touches of others goes as a whole. */
static void add(struct beside *b, uint64_t lo, uint64_t hi)
{
	const struct made m = { .lo = lo, .hi = hi, .serial = ++b->next }, *before;
	uint64_t i;

	for (i = lo; i < hi; i++) {
		before = made_find(&b->table, i);
		if (before)
			memset(&b->owner[before->lo], 0,
			       (before->hi - before->lo) * sizeof(b->owner[0]));
	}
	made_add(&b->table, &m);
	for (i = lo; i < hi; i++)
		b->owner[i] = m.serial;
}

static void agree(const struct beside *b)
{
	struct made_place at = { 0 };
	uint64_t i, behind = 0;
	const struct made *m;
	unsigned n = 0;

	for (i = 0; i < ADDRESSES; i++) {
		m = made_find(&b->table, i);
		assert_int_equal(m ? m->serial : 0, b->owner[i]);
	}
	for (; (m = made_next(&b->table, &at)); n++) {
		assert_true(m->lo >= behind && m->lo < m->hi);
		assert_int_equal(b->owner[m->lo], m->serial);
		behind = m->hi;
	}
	assert_int_equal(n, b->table.cnt);
}

static bool is_even(const struct made *m, void *ctx)
{
	return m->serial % 2 == 0;
}

static void test_agree_whatever_comes_and_goes(void **state)
{
	struct beside *b = beside_new();
	uint64_t lo, i;

	srand(1);
	for (i = 0; i < STEPS; i++) {
		const struct made *m;

		lo = rand() % (ADDRESSES - 100);
		m = rand() % 3 ? NULL : made_find(&b->table, lo);
		if (m)
			forget(b, m);
		else
			add(b, lo, lo + 1 + rand() % (i % 1000 ? 8 : 100));
		if (i % 1000 == 0)
			agree(b);
	}
	agree(b);
	beside_end(b);
}

/* A thread's buffer fills upwards, and is the last or one in the middle. */
static void test_buffers_that_fill(void **state)
{
	struct beside *b = beside_new();
	uint64_t i;

	for (i = 0; i < 1000; i++) {
		add(b, 5000 + 5 * i, 5005 + 5 * i);
		add(b, 15000 + i, 15001 + i);
		add(b, i, i + 1);
	}
	agree(b);
	assert_true(b->table.runs_cnt <= 3 * (1000 / (MADE_RUN / 2) + 1));
	beside_end(b);
}

static void test_what_is_kept_lies_closely(void **state)
{
	struct beside *b = beside_new();
	uint64_t i;

	for (i = 0; i < 3000; i++)
		add(b, 3 * i, 3 * i + 2);
	for (i = 0; i < ADDRESSES; i++)
		b->owner[i] *= b->owner[i] % 2 == 0;
	made_keep(&b->table, is_even, NULL);
	agree(b);
	assert_int_equal(b->table.cnt, 1500);
	assert_int_equal(b->table.runs_cnt, 1500 / MADE_RUN + 1);
	while (b->table.cnt)
		forget(b, made_next(&b->table, &(struct made_place){ 0 }));
	assert_int_equal(b->table.runs_cnt, 0);
	add(b, 7, 9);
	agree(b);
	beside_end(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agree_whatever_comes_and_goes),
		cmocka_unit_test(test_buffers_that_fill),
		cmocka_unit_test(test_what_is_kept_lies_closely),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
