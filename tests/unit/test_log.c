/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/log.h"

/* What one call leaves on stderr. */
static void logged(enum log_level shown, enum log_level level, const char *arg, char *ret_text,
		   size_t sz)
{
	int saved = dup(STDERR_FILENO), ends[2];
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	log_set_level(shown);
	log_line(level, "<%s>", arg);
	dup2(saved, STDERR_FILENO);
	close(ends[1]);
	n = read(ends[0], ret_text, sz - 1);
	close(ends[0]);
	close(saved);
	assert_true(n >= 0);
	ret_text[n] = '\0';
}

static void test_levels(void **state)
{
	char text[256];

	logged(LOG_INFO, LOG_INFO, "a", text, sizeof(text));
	assert_string_equal(text, "ebpf-tracer: <a>\n");
	logged(LOG_ERROR, LOG_ERROR, "a", text, sizeof(text));
	assert_string_equal(text, "ebpf-tracer: error: <a>\n");
	logged(LOG_INFO, LOG_DEBUG, "a", text, sizeof(text));
	assert_string_equal(text, "");
	logged(LOG_DEBUG, LOG_DEBUG, "a", text, sizeof(text));
	assert_string_equal(text, "ebpf-tracer: debug: <a>\n");
}

static void test_terminal_is_left_alone(void **state)
{
	char text[256];

	logged(LOG_INFO, LOG_WARN, "\x1b[31m\r\tgr\xc3\xbcn\x7f", text, sizeof(text));
	assert_string_equal(text, "ebpf-tracer: warning: <?[31m?\tgr\xc3\xbcn?>\n");
	/* The same escape as one character. */
	logged(LOG_INFO, LOG_WARN,
	       "\xc2\x9b"
	       "31m\xc2\xa0",
	       text, sizeof(text));
	assert_string_equal(text, "ebpf-tracer: warning: <??31m\xc2\xa0>\n");
}

static void test_long_lines_are_cut(void **state)
{
	char text[4096], arg[3000];

	memset(arg, 'x', sizeof(arg) - 1);
	arg[sizeof(arg) - 1] = '\0';
	logged(LOG_INFO, LOG_INFO, arg, text, sizeof(text));
	assert_int_equal(strlen(text), 1024);
	assert_string_equal(text + 1020, "xxx\n");
}

static void test_err_set(void **state)
{
	struct err e = {};

	assert_int_equal(err_set(&e, -5, "cannot %s", "fly"), -5);
	assert_string_equal(e.text, "cannot fly");
	assert_int_equal(err_set(NULL, -6, "x"), -6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_terminal_is_left_alone),
		cmocka_unit_test(test_long_lines_are_cut),
		cmocka_unit_test(test_err_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
