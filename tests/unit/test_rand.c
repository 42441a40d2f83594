/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/rand.h"

/* The first numbers that the authors' own program gives for the state {1, 2, 3, 4}. */
static void test_known_sequence(void **state)
{
	static const uint64_t want[] = { 11520, 0, 1509978240, 1215971899390074240 };
	struct rand r;

	rand_init(&r, &(struct rand_seed){ { 1, 2, 3, 4 } });
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		assert_int_equal(rand_u64(&r), want[i]);
}

static void test_zero_seed_still_moves(void **state)
{
	struct rand r;
	uint64_t all = 0;

	rand_init(&r, &(struct rand_seed){});
	for (int i = 0; i < 8; i++)
		all |= rand_u64(&r);
	assert_int_not_equal(all, 0);
}

static void test_seeds_differ(void **state)
{
	struct rand_seed a, b;

	assert_int_equal(rand_seed_new(&a), 0);
	assert_int_equal(rand_seed_new(&b), 0);
	assert_memory_not_equal(&a, &b, sizeof(a));
}

static void test_wall_is_mono_plus_offset(void **state)
{
	uint64_t before = clock_wall_ns();
	uint64_t joined = clock_mono_ns() + clock_wall_offset_ns();
	uint64_t after = clock_wall_ns();

	/* The offset is the middle of its two readings: off by no more than they lie apart. */
	assert_in_range(joined, before - NSEC_PER_SEC, after + NSEC_PER_SEC);
	assert_true(clock_cpu_ns() > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_sequence),
		cmocka_unit_test(test_zero_seed_still_moves),
		cmocka_unit_test(test_seeds_differ),
		cmocka_unit_test(test_wall_is_mono_plus_offset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
