/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/number_set.h"

#define MANY 20000

static void each_is_there_once(void **state)
{
	struct number_set s = { .max = MANY };
	uint64_t i;

	assert_false(number_set_have(&s, 1));
	for (i = 1; i < MANY; i++)
		assert_true(number_set_add(&s, i << 10));
	for (i = 1; i < MANY; i++) {
		assert_true(number_set_have(&s, i << 10));
		assert_false(number_set_have(&s, i << 10 | 1));
		assert_false(number_set_add(&s, i << 10));
	}
	assert_int_equal(s.n, MANY - 1);
	assert_true(s.slots_cnt <= 4 * MANY);
	number_set_release(&s);
	assert_false(number_set_have(&s, 1 << 10));
}

static void there_is_a_bound(void **state)
{
	struct number_set s = { .max = 2 };

	assert_false(number_set_add(&s, 0));
	assert_true(number_set_add(&s, UINT64_MAX));
	assert_true(number_set_add(&s, 7));
	assert_false(number_set_add(&s, 8));
	assert_false(number_set_have(&s, 8));
	assert_true(number_set_have(&s, 7) && number_set_have(&s, UINT64_MAX));
	number_set_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_there_once),
		cmocka_unit_test(there_is_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
