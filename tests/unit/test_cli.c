/* SPDX-License-Identifier: GPL-2.0-only */
/* What the option table becomes for people and shells: complete, and of the promised size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli.h"
#include "environment.h"
#include "options.h"

#define HELP_LINES   80 /* two screens of 40 */
#define HELP_COLUMNS 80

static char *text_of(void (*write)(FILE *out, const char *arg), const char *arg)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	assert_non_null(out);
	write(out, arg);
	fclose(out);
	return text;
}

static void write_help(FILE *out, const char *arg)
{
	cli_help(out);
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is missing", part);
}

static void test_help_fits_two_screens(void **state)
{
	char *text = text_of(write_help, NULL), name[32];
	struct slice rest = slice_str(text);
	size_t lines = 0;

	while (rest.n) {
		struct slice line = slice_split(&rest, '\n');

		if (line.n > HELP_COLUMNS)
			fail_msg("%zu columns: " SLICE_FMT, line.n, SLICE_ARG(line));
		lines++;
	}
	assert_in_range(lines, OPT__CNT, HELP_LINES);
	for (size_t i = 0; i < OPT__CNT; i++) {
		snprintf(name, sizeof(name), "--%s", options[i].name);
		assert_has(text, name);
	}
	for (size_t i = 0; i < commands_cnt; i++)
		assert_has(text, commands[i].name);
	free(text);
}

static void test_manual_names_everything(void **state)
{
	char *text = text_of(cli_man, "1.2.3");

	assert_int_equal(strncmp(text, ".TH EBPF", 8), 0);
	assert_has(text, "1.2.3");
	assert_has(text, "\\-\\-service\\-name\\fR \\fI[PORT=]NAME\\fR\n");
	assert_has(text, "\\fB\\-\\-pid\\fR \\fIN\\fR\n");
	for (size_t i = 0; i < variables_cnt; i++)
		assert_has(text, variables[i].name);
	/* A line that begins with a dot or a quote would be taken for an order. */
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (*line == '\'' ||
		    (*line == '.' && (line[1] < 'A' || line[1] > 'Z') && strncmp(line, ".br", 3) &&
		     strncmp(line, ".nf", 3) && strncmp(line, ".fi", 3)))
			fail_msg("not text: %.40s", line);
	}
	free(text);
}

static void test_completion_names_everything(void **state)
{
	static const struct {
		const char *shell, *prefix, *words;
	} cases[] = {
		{ "bash", "--", "'exact all'" },
		{ "zsh", "--", "(exact all)" },
		{ "fish", "-l ", "'exact all'" },
	};
	char name[32];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text = text_of(cli_completion, cases[i].shell);

		for (size_t j = 0; j < OPT__CNT; j++) {
			snprintf(name, sizeof(name), "%s%s", cases[i].prefix, options[j].name);
			assert_has(text, name);
		}
		assert_has(text, cases[i].words);
		assert_has(text, "doctor");
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_help_fits_two_screens),
		cmocka_unit_test(test_manual_names_everything),
		cmocka_unit_test(test_completion_names_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
