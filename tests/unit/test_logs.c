/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines of logs: what becomes of their bytes, and which request they are for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "abi/limits.h"
#include "unit/script.h"

#define APP  100
#define MAIN 200

static void assert_severity(const char *line, enum severity want)
{
	struct slice word = { NULL, 0 };
	enum severity got = log_severity(slice_str(line), &word);

	if (got != want || (got != SEVERITY_UNKNOWN) != (word.n > 0))
		fail_msg("%s: severity %d, not %d", line, got, want);
}

static void severity_is_the_word_before_the_message(void **state)
{
	assert_severity("INFO:root:started", SEVERITY_INFO);
	assert_severity("2026-11-21 15:00:00,123 WARNING shop: slow", SEVERITY_WARN);
	assert_severity("[2026-11-21 15:00:00 +0000] [7] [ERROR] Exception in worker",
			SEVERITY_ERROR);
	assert_severity("2026/11/21 15:00:00 [crit] 12#12: *3 connect() failed", SEVERITY_FATAL);
	assert_severity("time=2026-11-21T15:00:00.000Z level=DEBUG msg=\"x\"", SEVERITY_DEBUG);
	assert_severity("{\"level\":\"warn\",\"msg\":\"info\"}", SEVERITY_WARN);
	assert_severity("{\"time\":\"2026-11-21T15:00:00Z\",\"level\":\"ERROR\"}", SEVERITY_ERROR);
	assert_severity("15:00:00.123 [http-nio-8080-exec-1] INFO  c.e.Shop - sold", SEVERITY_INFO);
	assert_severity("2026-11-21T15:00:00.123Z  WARN 7 --- [main] c.e.Shop : slow",
			SEVERITY_WARN);
	assert_severity("Error: connect ECONNREFUSED", SEVERITY_ERROR);
	assert_severity("SEVERE: Servlet.service() threw", SEVERITY_ERROR);
	assert_severity("TRACE entering", SEVERITY_TRACE);
	assert_severity("[notice] reloading", SEVERITY_NOTICE);
}

static void no_severity_is_better_than_a_guess(void **state)
{
	assert_severity("", SEVERITY_UNKNOWN);
	assert_severity("an error is what happened", SEVERITY_UNKNOWN);
	assert_severity("error codes were read", SEVERITY_UNKNOWN);
	assert_severity("got 3 ERROR lines", SEVERITY_UNKNOWN);
	assert_severity("127.0.0.1 - - [21/Nov/2026 15:00:00] \"GET /error HTTP/1.1\" 200 -",
			SEVERITY_UNKNOWN);
	assert_severity("{\"level\":30,\"msg\":\"ERROR\"}", SEVERITY_UNKNOWN);
	assert_severity("level of water", SEVERITY_UNKNOWN);
	assert_severity("Traceback (most recent call last):", SEVERITY_UNKNOWN);
}

static void assert_body(struct slice text, const char *want)
{
	_cleanup_(log_line_freep) struct log_line *l = log_line_new(text);

	assert_string_equal(l->body, want);
}

static void nothing_in_a_body_steers_a_terminal(void **state)
{
	assert_body(SLICE("\x1b[1;31mred\x1b[0m"), "red");
	assert_body(SLICE("\x1b]0;title\ahere"), "here");
	assert_body(SLICE("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\"), "link");
	assert_body(SLICE("a\x1b"), "a");
	assert_body(SLICE("a\x1b[31"), "a");
	assert_body(SLICE("a\tb\rc\x7f\b"), "a\tbc");
	assert_body(SLICE("caf\xe9 \xc3\xa9"), "caf\xef\xbf\xbd \xc3\xa9");
	assert_body(SLICE("a\0b"), "ab");
}

static struct log_line *line_at(struct scene *sc, size_t i)
{
	if (i >= sc->lines_n)
		fail_msg("there are %zu lines", sc->lines_n);
	return sc->lines[i];
}

static void assert_line(struct scene *sc, size_t i, const char *body, const struct span *s)
{
	struct log_line *l = line_at(sc, i);

	assert_string_equal(l->body, body);
	assert_int_equal(l->has_span, s != NULL);
	if (!s)
		return;
	assert_memory_equal(l->trace_id.b, s->trace_id.b, sizeof(s->trace_id.b));
	assert_memory_equal(l->span_id.b, s->span_id.b, sizeof(s->span_id.b));
}

static void pieces_become_lines(void **state)
{
	struct scene sc;
	struct end unused;

	scene_begin(&sc);
	unused = open_end(&sc, 1, APP, 1, 1);
	write_log(&sc, APP, MAIN, 1, "one\ntwo");
	assert_int_equal(sc.lines_n, 1);
	write_log(&sc, APP, MAIN, 2, "other\r\n"); /* another descriptor */
	write_log(&sc, APP, MAIN + 1, 1, "thread\n"); /* another thread */
	write_log(&sc, APP, MAIN, 1, " and more\n\n  \nlast\n");
	assert_line(&sc, 0, "one", NULL);
	assert_line(&sc, 1, "other", NULL);
	assert_line(&sc, 2, "thread", NULL);
	assert_line(&sc, 3, "two and more", NULL);
	assert_line(&sc, 4, "last", NULL);
	assert_int_equal(sc.lines_n, 5);
	assert_int_equal(pipeline_tally(sc.p)->v[TALLY_LOGS_BLANK], 2);
	assert_int_equal(unused.tgid, APP);
	scene_end(&sc);
}

static void what_no_line_break_ends_goes_out_in_time(void **state)
{
	struct scene sc;

	scene_begin(&sc);
	write_log(&sc, APP, MAIN, 1, "name? ");
	assert_true(pipeline_next_ns(sc.p) <= sc.now_us * NSEC_PER_USEC + LOG_PART_NS);
	pass_time(&sc, LOG_PART_NS / NSEC_PER_USEC);
	assert_line(&sc, 0, "name? ", NULL);
	write_log(&sc, APP, MAIN, 1, "at the end");
	exit_process(&sc, APP);
	assert_line(&sc, 1, "at the end", NULL);
	write_log(&sc, APP, MAIN, 1, "in flight");
	pipeline_flush(sc.p);
	assert_line(&sc, 2, "in flight", NULL);
	assert_int_equal(pipeline_next_ns(sc.p), UINT64_MAX);
	scene_end(&sc);
}

static void long_lines_are_cut_and_counted(void **state)
{
	static char text[LOG_LINE_MAX];
	struct scene sc;

	scene_begin(&sc);
	memset(text, 'x', sizeof(text));
	write_cut(&sc, APP, MAIN, 1, text, 100, 70000);
	write_log(&sc, APP, MAIN, 1, "next\n");
	assert_int_equal(strlen(line_at(&sc, 0)->body), 100);
	assert_line(&sc, 1, "next", NULL);
	assert_int_equal(pipeline_tally(sc.p)->v[TALLY_LOG_BYTES_CUT], 69900);
	write_cut(&sc, APP, MAIN, 1, text, sizeof(text), sizeof(text));
	write_log(&sc, APP, MAIN, 1, "rest\n");
	assert_int_equal(strlen(line_at(&sc, 2)->body), sizeof(text));
	assert_line(&sc, 3, "rest", NULL);
	scene_end(&sc);
}

static void lines_begun_are_bounded(void **state)
{
	struct scene sc;
	uint32_t i;

	scene_begin(&sc);
	for (i = 0; i <= LOG_PARTS_MAX; i++)
		write_log(&sc, APP, 1000 + i, 1, "x");
	assert_int_equal(sc.lines_n, 1);
	scene_end(&sc);
}

static void a_line_is_for_the_request_that_its_thread_serves(void **state)
{
	struct scene sc;
	struct end a, b;

	scene_begin(&sc);
	open_ends(&sc, APP, &a, &b);
	write_log(&sc, APP, MAIN, 1, "before\n");
	receive(&sc, &a, MAIN, REQUEST("/a"));
	receive(&sc, &b, MAIN + 1, REQUEST("/b"));
	write_log(&sc, APP, MAIN, 1, "for a\n");
	write_log(&sc, APP, MAIN + 1, 2, "for b\n");
	write_log(&sc, APP, MAIN + 2, 2, "for nobody\n");
	assert_int_equal(sc.lines_n, 2); /* the others wait for their traces */
	transmit(&sc, &a, MAIN, OK);
	transmit(&sc, &b, MAIN + 1, OK);
	write_log(&sc, APP, MAIN, 2, "access log of a\n"); /* its exchange still waits */
	pass_time(&sc, 150000);
	assert_int_equal(sc.n, 2);
	assert_line(&sc, 0, "before", NULL);
	assert_line(&sc, 1, "for nobody", NULL);
	assert_line(&sc, 2, "for a", sc.spans[0]);
	assert_line(&sc, 3, "access log of a", sc.spans[0]);
	assert_line(&sc, 4, "for b", sc.spans[1]);
	write_log(&sc, APP, MAIN, 2, "a timer, later\n");
	assert_line(&sc, 5, "a timer, later", NULL);
	assert_int_equal(pipeline_tally(sc.p)->v[TALLY_LOG_PLACED], 3);
	scene_end(&sc);
}

/* On a connection whose caller is not traced a request's exchange is gone the moment it is answered. */
static void an_access_log_finds_a_request_that_has_gone_out(void **state)
{
	struct scene sc;
	struct end a;

	scene_begin(&sc);
	a = open_end(&sc, 1, APP, 10, 20);
	receive(&sc, &a, MAIN, REQUEST("/1"));
	transmit(&sc, &a, MAIN, OK);
	pass_time(&sc, 150000);
	receive(&sc, &a, MAIN, REQUEST("/2"));
	transmit(&sc, &a, MAIN, OK);
	assert_int_equal(sc.n, 2);
	write_log(&sc, APP, MAIN, 2, "GET /2 200\n");
	assert_line(&sc, 0, "GET /2 200", sc.spans[1]);
	receive(&sc, &a, MAIN, REQUEST("/3"));
	write_log(&sc, APP, MAIN, 2, "in 3\n");
	transmit(&sc, &a, MAIN, OK);
	assert_line(&sc, 1, "in 3", sc.spans[2]);
	scene_end(&sc);
}

/* A loop that serves several: what it writes may be for any of them. */
static void a_thread_that_serves_several_says_nothing(void **state)
{
	struct scene sc;
	struct end a, b;

	scene_begin(&sc);
	open_ends(&sc, APP, &a, &b);
	receive(&sc, &a, MAIN, REQUEST("/a"));
	receive(&sc, &b, MAIN, REQUEST("/b"));
	write_log(&sc, APP, MAIN, 1, "whose?\n");
	assert_line(&sc, 0, "whose?", NULL);
	transmit(&sc, &a, MAIN, OK);
	write_log(&sc, APP, MAIN, 1, "of b\n");
	transmit(&sc, &b, MAIN, OK);
	pass_time(&sc, 150000);
	assert_line(&sc, 1, "of b", sc.spans[1]);
	scene_end(&sc);
}

static void write_as(struct scene *sc, uint64_t task, const char *text)
{
	sc->task = task;
	write_log(sc, APP, MAIN, 1, text);
	sc->task = 0;
}

static void answer_as(struct scene *sc, uint64_t task, struct end *e)
{
	sc->task = task;
	transmit(sc, e, MAIN, OK);
	sc->task = 0;
}

static void a_task_is_known_by_its_response(void **state)
{
	struct scene sc;
	struct end a, b, c;

	scene_begin(&sc);
	open_ends(&sc, APP, &a, &b, &c);
	receive(&sc, &a, MAIN, REQUEST("/a"));
	receive(&sc, &b, MAIN, REQUEST("/b"));
	receive(&sc, &c, MAIN, REQUEST("/c"));
	write_as(&sc, 71, "of a\n");
	write_as(&sc, 72, "of b\n");
	write_as(&sc, 79, "of a task that answers nobody\n");
	assert_int_equal(sc.lines_n, 0);
	answer_as(&sc, 72, &b);
	answer_as(&sc, 71, &a);
	pass_time(&sc, 150000);
	write_as(&sc, 71, "of another, by now\n");
	assert_int_equal(sc.n, 2);
	assert_line(&sc, 0, "of b", sc.spans[0]);
	assert_line(&sc, 1, "of a", sc.spans[1]);
	pass_time(&sc, 10000000);
	assert_line(&sc, 2, "of a task that answers nobody", NULL);
	assert_line(&sc, 3, "of another, by now", NULL);
	scene_end(&sc);
}

static void lines_that_wait_are_bounded(void **state)
{
	static char text[LOG_LINE_MAX];
	struct scene sc;
	struct end a;
	unsigned i;

	scene_begin(&sc);
	a = open_end(&sc, 1, APP, 10, 20);
	receive(&sc, &a, MAIN, REQUEST("/a"));
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\n';
	for (i = 0; i < LOG_HELD_MAX / sizeof(text) + 2; i++)
		write_cut(&sc, APP, MAIN, 1, text, sizeof(text), sizeof(text));
	assert_true(sc.lines_n > 0);
	assert_int_equal(pipeline_tally(sc.p)->v[TALLY_LOGS_EARLY], sc.lines_n);
	assert_false(sc.lines[0]->has_span);
	scene_end(&sc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(severity_is_the_word_before_the_message),
		cmocka_unit_test(no_severity_is_better_than_a_guess),
		cmocka_unit_test(nothing_in_a_body_steers_a_terminal),
		cmocka_unit_test(pieces_become_lines),
		cmocka_unit_test(what_no_line_break_ends_goes_out_in_time),
		cmocka_unit_test(long_lines_are_cut_and_counted),
		cmocka_unit_test(lines_begun_are_bounded),
		cmocka_unit_test(a_line_is_for_the_request_that_its_thread_serves),
		cmocka_unit_test(an_access_log_finds_a_request_that_has_gone_out),
		cmocka_unit_test(a_thread_that_serves_several_says_nothing),
		cmocka_unit_test(a_task_is_known_by_its_response),
		cmocka_unit_test(lines_that_wait_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
