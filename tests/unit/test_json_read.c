/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "base/cleanup.h"
#include "export/json_read.h"

static void members(void **state)
{
	static const char text[] = " { \"a\" : [1,{\"b\":\"}\"}] ,\n\"b\":{\"c\":\"x\\\"y\"}, "
				   "\"n\":-12 ,\"last\":true}";
	static const char *const cases[][2] = {
		{ "a", "[1,{\"b\":\"}\"}]" },
		{ "b", "{\"c\":\"x\\\"y\"}" },
		{ "n", "-12" },
		{ "last", "true" },
	};
	struct slice v;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(json_member(slice_str(text), slice_str(cases[i][0]), &v));
		assert_true(slice_eq(v, slice_str(cases[i][1])));
	}
	/* Of the object itself, not of those inside it. */
	assert_false(json_member(slice_str(text), SLICE("c"), &v));
}

static void broken_text(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"}",
		"[]",
		"{}",
		"{\"k",
		"{\"k\"",
		"{\"k\":",
		"{\"k\":}",
		"{\"k\":\"",
		"{\"k\":{",
		"{k:1}",
		"{\"k\":[\"]",
		"{\"x\":1 \"k\":2}",
		"{\"k\":\"\\\"}",
	};
	struct slice v;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (json_member(slice_str(bad[i]), SLICE("k"), &v))
			fail_msg("'%s' has a member", bad[i]);
}

static void values(void **state)
{
	_cleanup_(buf_release) struct buf b = BUF_INIT(64);
	uint64_t n;

	assert_int_equal(json_string(SLICE("\"a\\nb\\\"\\u0041\\/\""), &b), 0);
	assert_string_equal(b.p, "a\nb\"?/");
	assert_int_equal(json_string(SLICE("12"), &b), -EINVAL);
	assert_int_equal(json_string(SLICE("\"a"), &b), -EINVAL);
	assert_int_equal(json_string(SLICE("\"\\u00\""), &b), 0);
	assert_true(json_u64(SLICE("12"), &n) && n == 12);
	assert_true(json_u64(SLICE("\"13\""), &n) && n == 13);
	assert_false(json_u64(SLICE("-1"), &n));
	assert_false(json_u64(SLICE("\"\""), &n));
	assert_false(json_u64(SLICE(""), &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members),
		cmocka_unit_test(broken_text),
		cmocka_unit_test(values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
