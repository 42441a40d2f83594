/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/hash.h"

#define NODES 5000

struct item {
	struct hnode node;
	uint64_t value;
};

static struct item *item_of(struct hnode *n)
{
	return n ? container_of(n, struct item, node) : NULL;
}

/* counted: the same must hold of a table for keys that count up. */
static void find_across_growth(bool counted)
{
	struct item *items = calloc(NODES, sizeof(*items));
	struct hash h;

	assert_non_null(items);
	assert_int_equal(counted ? hash_init_counted(&h, 1) : hash_init(&h, 1), 0);
	for (uint64_t i = 0; i < NODES; i++) {
		items[i].value = i;
		hash_expect(&h, i * 8, sizeof(*items));
		hash_add(&h, &items[i].node, i * 8);
	}
	assert_int_equal(h.n, NODES);
	assert_true(h.mask + 1 >= NODES / 2);
	for (uint64_t i = 0; i < NODES; i++)
		assert_int_equal(item_of(hash_find(&h, i * 8))->value, i);
	assert_null(hash_find(&h, 3));
	for (uint64_t i = 0; i < NODES; i += 2)
		hash_del(&h, &items[i].node);
	assert_int_equal(h.n, NODES / 2);
	for (uint64_t i = 0; i < NODES; i++)
		assert_int_equal(!!hash_find(&h, i * 8), i % 2);
	hash_release(&h);
	free(items);
}

static void test_find_across_growth(void **state)
{
	find_across_growth(false);
	find_across_growth(true);
}

static void test_same_key_latest_first_and_stays_so(void **state)
{
	struct item *items = calloc(NODES, sizeof(*items));
	struct item same[3] = { { .value = 0 }, { .value = 1 }, { .value = 2 } };
	struct hnode *n;
	struct hash h;

	assert_non_null(items);
	assert_int_equal(hash_init(&h, 16), 0);
	for (int i = 0; i < 3; i++)
		hash_add(&h, &same[i].node, 77);
	for (uint64_t i = 0; i < NODES; i++)
		hash_add(&h, &items[i].node, 1000 + i);
	n = hash_find(&h, 77);
	for (int want = 2; want >= 0; want--) {
		assert_non_null(n);
		assert_int_equal(item_of(n)->value, want);
		n = hash_next(n);
	}
	assert_null(n);
	hash_del(&h, &same[1].node);
	n = hash_find(&h, 77);
	assert_ptr_equal(n, &same[2].node);
	assert_ptr_equal(hash_next(n), &same[0].node);
	hash_release(&h);
	free(items);
}

static void test_mix_tells_pairs_apart(void **state)
{
	assert_int_not_equal(hash_mix(1, 2), hash_mix(2, 1));
	assert_int_not_equal(hash_mix(0, 1), hash_mix(1, 0));
	assert_int_equal(hash_mix(5, 6), hash_mix(5, 6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find_across_growth),
		cmocka_unit_test(test_same_key_latest_first_and_stays_so),
		cmocka_unit_test(test_mix_tells_pairs_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
