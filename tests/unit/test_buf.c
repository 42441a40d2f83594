/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"

static void test_grows_and_ends_in_nul(void **state)
{
	struct buf b;

	buf_init(&b, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(buf_append(&b, "x", 1), 0);
	assert_int_equal(b.n, 1000);
	assert_int_equal(strlen(b.p), 1000);
	buf_release(&b);
	assert_null(b.p);
	assert_int_equal(b.cap, 1000);
}

static void test_cap_is_all_or_nothing(void **state)
{
	struct buf b;

	buf_init(&b, 5);
	assert_int_equal(buf_puts(&b, "abc"), 0);
	assert_int_equal(buf_puts(&b, "def"), -E2BIG);
	assert_int_equal(buf_printf(&b, "%d", 123), -E2BIG);
	assert_string_equal(b.p, "abc");
	assert_int_equal(buf_printf(&b, "%d", 12), 0);
	assert_string_equal(b.p, "abc12");
	buf_release(&b);
}

static void test_empty_append_makes_a_string(void **state)
{
	struct buf b;

	buf_init(&b, 0);
	assert_int_equal(buf_append(&b, NULL, 0), 0);
	assert_string_equal(b.p, "");
	buf_release(&b);
}

static void test_consume_and_clear(void **state)
{
	struct buf b;

	buf_init(&b, 100);
	buf_consume(&b, 3);
	buf_clear(&b);
	assert_int_equal(buf_puts(&b, "hello"), 0);
	buf_consume(&b, 2);
	assert_string_equal(b.p, "llo");
	assert_int_equal(buf_slice(&b).n, 3);
	buf_consume(&b, 99);
	assert_string_equal(b.p, "");
	assert_int_equal(buf_puts(&b, "x"), 0);
	buf_clear(&b);
	assert_string_equal(b.p, "");
	assert_int_equal(b.n, 0);
	buf_release(&b);
}

static void test_long_printf(void **state)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	assert_int_equal(buf_printf(&b, "%0500d|", 7), 0);
	assert_int_equal(buf_printf(&b, "%s", "end"), 0);
	assert_int_equal(b.n, 504);
	assert_string_equal(b.p + 499, "7|end");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows_and_ends_in_nul),
		cmocka_unit_test(test_cap_is_all_or_nothing),
		cmocka_unit_test(test_empty_append_makes_a_string),
		cmocka_unit_test(test_consume_and_clear),
		cmocka_unit_test(test_long_printf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
