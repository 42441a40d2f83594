/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/attrs.h"

static const char *text(const struct attrs *a, const char *key)
{
	const struct attr *at = attrs_find(a, key);

	return at && at->type == ATTR_STR ? attr_text(a, at) : NULL;
}

static void test_types(void **state)
{
	struct attrs a;

	attrs_init(&a, 10, 1000);
	attrs_str(&a, "s", SLICE("text"));
	attrs_str(&a, "empty", slice_str(NULL));
	attrs_int(&a, "i", -7);
	attrs_double(&a, "d", 0.5);
	attrs_bool(&a, "b", true);
	assert_string_equal(text(&a, "s"), "text");
	assert_int_equal(attrs_find(&a, "s")->s.len, 4);
	assert_string_equal(text(&a, "empty"), "");
	assert_int_equal(attrs_find(&a, "i")->i, -7);
	assert_true(attrs_find(&a, "d")->d == 0.5);
	assert_true(attrs_find(&a, "b")->b);
	assert_null(attrs_find(&a, "none"));
	assert_int_equal(a.n, 5);
	assert_int_equal(a.dropped, 0);
	attrs_release(&a);
}

static void test_first_wins_set_replaces(void **state)
{
	struct attrs a;

	attrs_init(&a, 10, 1000);
	attrs_str(&a, "k", SLICE("first"));
	attrs_str(&a, "k", SLICE("second"));
	attrs_int(&a, "k", 3);
	assert_string_equal(text(&a, "k"), "first");
	attrs_set_str(&a, "k", SLICE("third"));
	assert_string_equal(text(&a, "k"), "third");
	attrs_set_str(&a, "new", SLICE("made"));
	assert_string_equal(text(&a, "new"), "made");
	assert_int_equal(a.n, 2);
	assert_int_equal(a.dropped, 0);
	attrs_release(&a);
}

static void test_too_many_are_counted(void **state)
{
	char key[16];
	struct attrs a;

	attrs_init(&a, 20, 1000);
	for (int i = 0; i < 25; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		attrs_str_dup(&a, slice_str(key), SLICE("v"));
	}
	assert_int_equal(a.n, 20);
	assert_int_equal(a.dropped, 5);
	assert_string_equal(text(&a, "k19"), "v");
	assert_string_equal(attr_key(&a, &a.v[3]), "k3");
	attrs_str_dup(&a, SLICE("k3"), SLICE("again"));
	assert_int_equal(a.dropped, 5);
	attrs_release(&a);
}

static void test_text_is_cut_at_a_character(void **state)
{
	struct attrs a;

	attrs_init(&a, 10, 8);
	attrs_str(&a, "a",
		  SLICE("abcd\xe2\x82\xac"
			"e"));
	assert_string_equal(text(&a, "a"), "abcd\xe2\x82\xac");
	assert_int_equal(a.dropped, 1);
	attrs_str(&a, "b", SLICE("more"));
	assert_null(attrs_find(&a, "b"));
	assert_int_equal(a.dropped, 2);
	attrs_int(&a, "i", 1);
	assert_int_equal(a.n, 2);
	attrs_set_str(&a, "a", SLICE("x"));
	assert_string_equal(text(&a, "a"), "abcd\xe2\x82\xac");
	assert_int_equal(a.dropped, 3);
	attrs_release(&a);
}

static void test_keys_are_never_cut(void **state)
{
	struct attrs a;

	attrs_init(&a, 10, 8);
	attrs_str_dup(&a, SLICE("too.long"), SLICE("v"));
	assert_int_equal(a.n, 0);
	assert_int_equal(a.dropped, 1);
	attrs_str_dup(&a, SLICE("key"), SLICE("abcd"));
	assert_string_equal(text(&a, "key"), "abc");
	attrs_release(&a);
	/* A key whose value found no room gives its own room back. */
	attrs_init(&a, 10, 8);
	attrs_str_dup(&a, SLICE("abcdef"), SLICE("v"));
	attrs_str(&a, "s", SLICE("1234567"));
	assert_string_equal(text(&a, "s"), "1234567");
	assert_int_equal(a.dropped, 1);
	attrs_release(&a);
}

static void test_text_is_repaired(void **state)
{
	struct attrs a;

	attrs_init(&a, 10, 100);
	attrs_str(&a, "v", SLICE("a\xff"));
	assert_string_equal(text(&a, "v"), "a\xef\xbf\xbd");
	attrs_str_dup(&a, SLICE("k\xff"), SLICE("1"));
	attrs_str_dup(&a, SLICE("k\xfe"), SLICE("2"));
	assert_string_equal(text(&a, "k\xef\xbf\xbd"), "1");
	assert_int_equal(a.n, 2);
	attrs_release(&a);
}

static void test_lists(void **state)
{
	const struct attr *at;
	const char *v;
	struct attrs a;

	attrs_init(&a, 10, 64);
	attrs_list_dup(&a, SLICE("l"), SLICE("one"));
	attrs_list_dup(&a, SLICE("l"), SLICE(""));
	attrs_list_dup(&a, SLICE("l"), SLICE("\xff"));
	attrs_list_dup(&a, SLICE("m"), SLICE("alone"));
	assert_int_equal(a.n, 2);
	at = attrs_find(&a, "l");
	assert_int_equal(attr_list_cnt(&a, at), 3);
	v = attr_list_next(&a, at, NULL);
	assert_string_equal(v, "one");
	v = attr_list_next(&a, at, v);
	assert_string_equal(v, "");
	assert_string_equal(attr_list_next(&a, at, v), "\xef\xbf\xbd");
	assert_int_equal(attr_list_cnt(&a, attrs_find(&a, "m")), 1);
	/* Full: what is there stays whole, what is cut or left out is counted. */
	while (!a.dropped)
		attrs_list_dup(&a, SLICE("m"), SLICE("0123456789"));
	attrs_list_dup(&a, SLICE("m"), SLICE("0123456789"));
	assert_int_equal(a.dropped, 2);
	attrs_release(&a);
}

static void test_cut_by_characters(void **state)
{
	struct attrs a;
	const char *v;

	attrs_init(&a, 8, 256);
	attrs_str(&a, "s",
		  SLICE("a\xc3\xa4"
			"bcd"));
	attrs_list_dup(&a, SLICE("l"), SLICE("abcd"));
	attrs_list_dup(&a, SLICE("l"), SLICE(""));
	attrs_list_dup(&a, SLICE("l"), SLICE("xyz"));
	attrs_str(&a, "short", SLICE("ab"));
	attrs_int(&a, "i", 123456);
	for (uint32_t i = 0; i < a.n; i++)
		attr_cut(&a, &a.v[i], 2);
	assert_string_equal(attr_text(&a, attrs_find(&a, "s")), "a\xc3\xa4");
	assert_int_equal(attrs_find(&a, "s")->s.len, 3);
	assert_int_equal(attr_list_cnt(&a, attrs_find(&a, "l")), 3);
	v = attr_list_next(&a, attrs_find(&a, "l"), NULL);
	assert_string_equal(v, "ab");
	v = attr_list_next(&a, attrs_find(&a, "l"), v);
	assert_string_equal(v, "");
	assert_string_equal(attr_list_next(&a, attrs_find(&a, "l"), v), "xy");
	assert_string_equal(attr_text(&a, attrs_find(&a, "short")), "ab");
	assert_int_equal(attrs_find(&a, "i")->i, 123456);
	assert_int_equal(a.dropped, 2);
	attr_cut(&a, &a.v[0], 0);
	assert_string_equal(attr_text(&a, &a.v[0]), "");
	attrs_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_first_wins_set_replaces),
		cmocka_unit_test(test_too_many_are_counted),
		cmocka_unit_test(test_text_is_cut_at_a_character),
		cmocka_unit_test(test_keys_are_never_cut),
		cmocka_unit_test(test_text_is_repaired),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_cut_by_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
