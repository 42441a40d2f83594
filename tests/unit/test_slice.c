/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "base/slice.h"

static void assert_slice(struct slice s, const char *want)
{
	if (!slice_eq(s, slice_str(want)))
		fail_msg("got '" SLICE_FMT "', want '%s'", SLICE_ARG(s), want);
}

static void test_sub_is_clamped(void **state)
{
	struct slice s = SLICE("hello");

	assert_slice(slice_sub(s, 1, 3), "ell");
	assert_slice(slice_sub(s, 3, 99), "lo");
	assert_slice(slice_sub(s, 9, 1), "");
	assert_slice(slice_sub(slice_str(NULL), 1, 1), "");
}

static void test_trim(void **state)
{
	assert_slice(slice_trim(SLICE(" \t a b\t ")), "a b");
	assert_slice(slice_trim(SLICE(" \t ")), "");
	assert_slice(slice_trim(SLICE("")), "");
}

static void test_equality(void **state)
{
	assert_true(slice_eq(slice_str(NULL), SLICE("")));
	assert_false(slice_eq(SLICE("a"), SLICE("A")));
	assert_false(slice_eq(SLICE("a"), SLICE("ab")));
	assert_true(slice_ieq(SLICE("Content-LENGTH"), SLICE("content-length")));
	assert_false(slice_ieq(SLICE("a["), SLICE("a{"))); /* differ in the bit that makes case */
	assert_true(slice_ieq(SLICE("a\0B"), SLICE("a\0b")));
	assert_false(slice_ieq(SLICE("a\0b"), SLICE("a\0c")));
}

static void test_starts_and_chr(void **state)
{
	assert_true(slice_starts(SLICE("abc"), SLICE("ab")));
	assert_true(slice_starts(SLICE("abc"), SLICE("")));
	assert_false(slice_starts(SLICE("ab"), SLICE("abc")));
	assert_int_equal(slice_chr(SLICE("abca"), 'a'), 0);
	assert_int_equal(slice_chr(SLICE("abc"), 'c'), 2);
	assert_int_equal(slice_chr(SLICE("abc"), 'x'), -1);
	assert_int_equal(slice_chr(slice_str(NULL), 'x'), -1);
}

static void test_split(void **state)
{
	struct slice s = SLICE("a,,b");

	assert_slice(slice_split(&s, ','), "a");
	assert_slice(slice_split(&s, ','), "");
	assert_slice(slice_split(&s, ','), "b");
	assert_int_equal(s.n, 0);
	assert_slice(slice_split(&s, ','), "");
}

static void test_split_last(void **state)
{
	struct slice s = SLICE("a..b"), none = slice_str(NULL);

	assert_slice(slice_split_last(&s, '.'), "b");
	assert_slice(slice_split_last(&s, '.'), "");
	assert_slice(s, "a");
	assert_slice(slice_split_last(&s, '.'), "a");
	assert_int_equal(s.n, 0);
	assert_slice(slice_split_last(&s, '.'), "");
	assert_slice(slice_split_last(&none, '.'), "");
}

static void test_u64(void **state)
{
	static const struct {
		const char *text;
		unsigned base;
		bool ok;
		uint64_t v;
	} cases[] = {
		{ "0", 10, true, 0 },
		{ "007", 10, true, 7 },
		{ "18446744073709551615", 10, true, UINT64_MAX },
		{ "18446744073709551616", 10, false, 0 },
		{ "99999999999999999999999", 10, false, 0 },
		{ "ffffFFFFffffffff", 16, true, UINT64_MAX },
		{ "10000000000000000", 16, false, 0 },
		{ "", 10, false, 0 },
		{ "-1", 10, false, 0 },
		{ "+1", 10, false, 0 },
		{ " 1", 10, false, 0 },
		{ "1 ", 10, false, 0 },
		{ "1a", 10, false, 0 },
		{ "g", 16, false, 0 },
		{ "8", 8, false, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t v = 42;
		bool ok = slice_u64(slice_str(cases[i].text), cases[i].base, &v);

		if (ok != cases[i].ok || v != (ok ? cases[i].v : 42))
			fail_msg("'%s' in base %u", cases[i].text, cases[i].base);
	}
}

static void test_dup(void **state)
{
	char *copy = slice_dup(slice_sub(SLICE("hello"), 1, 2));

	assert_string_equal(copy, "el");
	free(copy);
	copy = slice_dup(slice_str(NULL));
	assert_string_equal(copy, "");
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sub_is_clamped),
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_equality),
		cmocka_unit_test(test_starts_and_chr),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_split_last),
		cmocka_unit_test(test_u64),
		cmocka_unit_test(test_dup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
