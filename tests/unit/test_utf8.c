/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "base/utf8.h"

#define FFFD "\xef\xbf\xbd"

static void test_valid_prefix(void **state)
{
	static const struct {
		const char *text;
		size_t valid;
	} cases[] = {
		{ "", 0 },
		{ "plain", 5 },
		{ "gr\xc3\xbc\xc3\x9f", 6 },
		{ "\xe2\x82\xac", 3 },
		{ "\xf0\x9f\x98\x80", 4 },
		{ "\xf4\x8f\xbf\xbf", 4 },
		{ "a\xf4\x90\x80\x80", 1 }, /* U+110000 */
		{ "a\xf5\x80\x80\x80", 1 },
		{ "a\xc0\xaf", 1 }, /* overlong '/' */
		{ "a\xc1\xbf", 1 },
		{ "a\xe0\x9f\xbf", 1 }, /* overlong U+07FF */
		{ "\xe0\xa0\x80", 3 },
		{ "a\xf0\x8f\xbf\xbf", 1 }, /* overlong U+FFFF */
		{ "a\xed\xa0\x80", 1 }, /* surrogate U+D800 */
		{ "\xed\x9f\xbf", 3 },
		{ "a\xe2\x82", 1 }, /* cut */
		{ "a\x80", 1 },
		{ "a\xe2\x28\xa1", 1 },
		{ "a\xf0\x9f\x98x", 1 },
		{ "\xff", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (utf8_valid_prefix(slice_str(cases[i].text)) != cases[i].valid)
			fail_msg("case %zu", i);
}

static void check_append(const char *text, size_t max_len, const char *want)
{
	struct buf b;

	buf_init(&b, 1000);
	assert_int_equal(buf_puts(&b, ">"), 0);
	assert_int_equal(utf8_append(&b, slice_str(text), max_len), 0);
	assert_string_equal(b.p + 1, want);
	buf_release(&b);
}

static void test_append_repairs(void **state)
{
	check_append("gr\xc3\xbc\xc3\x9f", 100, "gr\xc3\xbc\xc3\x9f");
	check_append("a\xff\xfez", 100, "a" FFFD FFFD "z");
	check_append("\xe2\x82", 100, FFFD FFFD);
	assert_int_equal(utf8_repaired_len(SLICE("a\xff\xfez")), 8);
	assert_int_equal(utf8_repaired_len(SLICE("\xc3\xbc")), 2);
	assert_int_equal(utf8_repaired_len(slice_str(NULL)), 0);
}

static void test_append_cuts_between_characters(void **state)
{
	check_append("ab\xe2\x82\xac", 5, "ab\xe2\x82\xac");
	check_append("ab\xe2\x82\xac", 4, "ab");
	check_append("ab\xe2\x82\xac", 2, "ab");
	check_append("\xf0\x9f\x98\x80", 3, "");
	check_append("abc", 0, "");
	check_append("a\xff"
		     "b",
		     3, "a");
	check_append("a\xff"
		     "b",
		     4, "a" FFFD);
}

static void test_append_is_all_or_nothing(void **state)
{
	struct buf b;

	buf_init(&b, 4);
	assert_int_equal(buf_puts(&b, "ab"), 0);
	assert_int_equal(utf8_append(&b, SLICE("c\xff"), 100), -E2BIG);
	assert_string_equal(b.p, "ab");
	assert_int_equal(b.n, 2);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid_prefix),
		cmocka_unit_test(test_append_repairs),
		cmocka_unit_test(test_append_cuts_between_characters),
		cmocka_unit_test(test_append_is_all_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
