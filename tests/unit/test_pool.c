/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "base/lru.h"
#include "base/pool.h"

#define OBJECTS 6000 /* of 1000 bytes: more than two blocks hold */

static void test_objects_are_apart_and_zeroed(void **state)
{
	char **objs = calloc(OBJECTS, sizeof(*objs));
	struct pool p;

	assert_non_null(objs);
	pool_init(&p, 1000);
	for (size_t round = 0; round < 2; round++) {
		for (size_t i = 0; i < OBJECTS; i++) {
			objs[i] = pool_get(&p);
			assert_non_null(objs[i]);
			for (size_t at = 0; at < 1000; at++)
				assert_int_equal(objs[i][at], 0);
			memset(objs[i], 1 + (int)(i % 100), 1000);
		}
		assert_true(p.blocks > 2);
		for (size_t i = 0; i < OBJECTS; i++)
			for (size_t at = 0; at < 1000; at++)
				assert_int_equal(objs[i][at], 1 + i % 100);
		for (size_t i = 0; i < OBJECTS; i++)
			pool_put(&p, objs[i]);
		assert_int_equal(p.blocks, 1);
	}
	pool_release(&p);
	free(objs);
}

/* What comes back in one block is given out again before a new block is begun. */
static void test_room_is_used_again(void **state)
{
	char **objs = calloc(OBJECTS, sizeof(*objs));
	size_t blocks, i;
	struct pool p;

	assert_non_null(objs);
	pool_init(&p, 1000);
	for (i = 0; i < OBJECTS; i++)
		objs[i] = pool_get(&p);
	blocks = p.blocks;
	for (i = 0; i < OBJECTS; i += 3)
		pool_put(&p, objs[i]);
	for (i = 0; i < OBJECTS; i += 3)
		objs[i] = pool_get(&p);
	assert_int_equal(p.blocks, blocks);
	for (i = 0; i < OBJECTS; i++)
		pool_put(&p, objs[i]);
	pool_release(&p);
	free(objs);
}

static void test_what_was_used_gets_a_second_chance(void **state)
{
	struct lru n[3];
	struct list all;

	list_init(&all);
	assert_null(lru_idle(&all));
	for (int i = 0; i < 3; i++)
		lru_add(&all, &n[i]);
	n[0].used = true;
	assert_ptr_equal(lru_idle(&all), &n[1]);
	n[1].used = n[2].used = true;
	assert_ptr_equal(lru_idle(&all), &n[0]);
	n[0].used = true;
	assert_ptr_equal(lru_idle(&all), &n[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_objects_are_apart_and_zeroed),
		cmocka_unit_test(test_room_is_used_again),
		cmocka_unit_test(test_what_was_used_gets_a_second_chance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
