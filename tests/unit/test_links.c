/* SPDX-License-Identifier: GPL-2.0-only */
/* Who caused whom, where it is easy to be wrong: each test is a scene in which a wrong parent offers itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <cmocka.h>

#include "found.h"

/* --link exact holds also when the candidate has gone out before the call came to its end. */
static void exact_without_the_candidate(void **state)
{
	const struct span *call, *served;
	struct end in, out;
	struct scene sc;

	scene_begin_with(&sc, true);
	open_ends(&sc, 100, &in, &out);
	receive(&sc, &in, 101, REQUEST("/1"));
	fork_thread(&sc, 100, 101, 150);
	transmit(&sc, &out, 150, REQUEST("/call"));
	transmit(&sc, &in, 101, OK);
	pass_time(&sc, 200000);
	served = span_of(&sc, SPAN_SERVER, "/1");
	assert_non_null(served);
	receive(&sc, &out, 150, OK);
	pass_time(&sc, 200000);
	call = span_of(&sc, SPAN_CLIENT, "/call");
	assert_false(call->has_parent);
	assert_string_equal(method_of(call), "root");
	assert_int_equal(call->links_cnt, 1);
	assert_memory_equal(&call->links[0].span_id, &served->span_id, 8);
	assert_memory_not_equal(&call->trace_id, &served->trace_id, 16);
	scene_end(&sc);
}

/* A loop that serves several makes a worker: for whom, nobody knows. */
static void worker_of_a_loop(void **state)
{
	struct end in1, in2, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in1, 100, REQUEST("/1"));
	receive(&sc, &in2, 100, REQUEST("/2"));
	fork_thread(&sc, 100, 100, 150);
	transmit(&sc, &out, 150, REQUEST("/call"));
	receive(&sc, &out, 150, OK);
	transmit(&sc, &in1, 100, OK);
	transmit(&sc, &in2, 100, OK);
	pass_time(&sc, 200000);
	assert_false(span_of(&sc, SPAN_CLIENT, "/call")->has_parent);
	scene_end(&sc);
}

/* That it serves several shows only when it has made its workers, as the first request came. */
static void worker_of_a_loop_that_shows_later(void **state)
{
	struct end in1, in2, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in1, 100, REQUEST("/1"));
	fork_thread(&sc, 100, 100, 150);
	receive(&sc, &in2, 100, REQUEST("/2"));
	transmit(&sc, &out, 150, REQUEST("/call"));
	receive(&sc, &out, 150, OK);
	transmit(&sc, &in1, 100, OK);
	transmit(&sc, &in2, 100, OK);
	pass_time(&sc, 200000);
	assert_false(span_of(&sc, SPAN_CLIENT, "/call")->has_parent);
	scene_end(&sc);
}

/* What a thread has handed over is not taken back by the response that it writes next. */
static void handed_over_before_the_answer(void **state)
{
	struct end in1, in2, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in1, 101, REQUEST("/1"));
	receive(&sc, &in2, 102, REQUEST("/2"));
	transmit(&sc, &out, 109, REQUEST("/for2"));
	receive(&sc, &out, 109, OK);
	wake(&sc, 100, 109, 102, 0x7000);
	transmit(&sc, &in1, 109, OK);
	transmit(&sc, &in2, 102, OK);
	pass_time(&sc, 200000);
	assert_true(made_for(&sc, "/for2", "/2"));
	assert_string_equal(how_linked(&sc, "/for2"), "handoff");
	scene_end(&sc);
}

/* Who is woken with a result that was asked for before its own request came was not waiting for it. */
static void woken_too_late_to_have_asked(void **state)
{
	struct end in1, in2, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in1, 101, REQUEST("/1"));
	transmit(&sc, &out, 109, REQUEST("/for1"));
	transmit(&sc, &in1, 101, OK);
	receive(&sc, &in2, 101, REQUEST("/2"));
	receive(&sc, &out, 109, OK);
	wake(&sc, 100, 109, 101, 0x7000);
	transmit(&sc, &in2, 101, OK);
	pass_time(&sc, 200000);
	assert_string_equal(how_linked(&sc, "/for1"), "root");
	scene_end(&sc);
}

/* A request starts a shell which starts the program that calls. */
static void grandchildren_inherit(void **state)
{
	struct end in, out;
	struct scene sc;

	scene_begin(&sc);
	in = open_end(&sc, 1, 100, 1, 2);
	receive(&sc, &in, 101, REQUEST("/1"));
	fork_thread(&sc, 100, 101, 300);
	fork_thread(&sc, 300, 300, 301);
	out = open_end(&sc, 3, 301, 5, 6);
	transmit(&sc, &out, 301, REQUEST("/call"));
	receive(&sc, &out, 301, OK);
	transmit(&sc, &in, 101, OK);
	pass_time(&sc, 200000);
	assert_true(made_for(&sc, "/call", "/1"));
	assert_string_equal(how_linked(&sc, "/call"), "fork");
	scene_end(&sc);
}

/* The caller's record comes when the server's span has its trace already: too late to hang it below, and not said. */
static void too_late_to_join(void **state)
{
	const struct span *b;
	struct end out, in;
	struct scene sc;

	scene_begin(&sc);
	out = open_end(&sc, 1, 100, 20, 10);
	in = open_end(&sc, 2, 200, 10, 20);
	receive(&sc, &in, 201, REQUEST("/b"));
	pass_time(&sc, 11000000);
	transmit(&sc, &out, 101, REQUEST("/b"));
	transmit(&sc, &in, 201, OK);
	receive(&sc, &out, 101, OK);
	pass_time(&sc, 11000000);
	b = span_of(&sc, SPAN_SERVER, "/b");
	assert_false(b->has_parent);
	assert_string_equal(method_of(b), "root");
	scene_end(&sc);
}

/* Both ends of a unix connection; then the same two addresses again, for a caller that is not traced. */
static void recycled_unix_sockets(void **state)
{
	struct end out, in, again;
	struct scene sc;

	scene_begin(&sc);
	out = open_unix(&sc, 1, 100, 0xa0, 0xb0);
	in = open_unix(&sc, 2, 200, 0xb0, 0xa0);
	transmit(&sc, &out, 101, REQUEST("/1"));
	receive(&sc, &in, 201, REQUEST("/1"));
	transmit(&sc, &in, 201, OK);
	receive(&sc, &out, 101, OK);
	assert_true(is_child(span_of(&sc, SPAN_SERVER, "/1"), span_of(&sc, SPAN_CLIENT, "/1")));
	/* A request that is never answered stays open: nobody tells that the two sockets are gone. */
	transmit(&sc, &out, 101, REQUEST("/never"));
	again = open_unix(&sc, 3, 200, 0xb0, 0xa0);
	receive(&sc, &again, 201, REQUEST("/2"));
	transmit(&sc, &again, 201, OK);
	pass_time(&sc, 200000);
	assert_non_null(span_of(&sc, SPAN_SERVER, "/2"));
	assert_string_equal(method_of(span_of(&sc, SPAN_SERVER, "/2")), "root");
	scene_end(&sc);
}

/*
 * More requests than are followed wait on one connection. Each response is still that of its own request; what was not
 * followed has no span.
 */
static void endless_pipeline(void **state)
{
	unsigned i, n = PIPELINE_MAX + 20;
	struct end in;
	struct scene sc;

	scene_begin(&sc);
	in = open_end(&sc, 1, 100, 1, 2);
	for (i = 0; i < n; i++)
		receive(&sc, &in, 101, REQUEST("/x"));
	for (i = 0; i < n; i++)
		transmit(&sc, &in, 101, OK);
	receive(&sc, &in, 101, REQUEST("/last"));
	transmit(&sc, &in, 101, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, PIPELINE_MAX + 1);
	assert_int_equal(
		attrs_find(&span_of(&sc, SPAN_SERVER, "/last")->attrs, "http.response.status_code")
			->i,
		404);
	assert_int_equal(pipeline_tally(sc.p)->v[TALLY_REQUESTS], n + 1);
	assert_int_equal(pipeline_tally(sc.p)->v[TALLY_PIPELINE_FULL], 20);
	scene_end(&sc);
}

/* Two requests whose goroutines change threads; one calls itself, for the other somebody else does. */
static void goroutines(void **state)
{
	struct end in1, in2, out1, out2;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out1, &out2);
	sc.goroutine = 11;
	receive(&sc, &in1, 101, REQUEST("/1"));
	sc.goroutine = 12;
	receive(&sc, &in2, 101, REQUEST("/2"));
	transmit(&sc, &out2, 102, REQUEST("/by2"));
	sc.goroutine = 11;
	sc.awaited = true;
	transmit(&sc, &out1, 101, REQUEST("/for1"));
	sc.awaited = false;
	receive(&sc, &out2, 101, OK);
	transmit(&sc, &in2, 101, OK);
	sc.goroutine = 13; /* whoever reads for the connection */
	receive(&sc, &out1, 102, OK);
	sc.goroutine = 11;
	transmit(&sc, &in1, 103, OK);
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 4);
	assert_true(made_for(&sc, "/for1", "/1"));
	assert_true(made_for(&sc, "/by2", "/2"));
	assert_string_equal(how_linked(&sc, "/for1"), "channel");
	assert_string_equal(how_linked(&sc, "/by2"), "goroutine");
	scene_end(&sc);
}

/* A worker that has read an answer for one request does its next job for nobody that is known. */
static void worker_goroutine(void **state)
{
	struct end in, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in, &out);
	sc.goroutine = 20;
	transmit(&sc, &out, 101, REQUEST("/before"));
	receive(&sc, &out, 101, OK);
	sc.goroutine = 11;
	receive(&sc, &in, 101, REQUEST("/1"));
	sc.awaited = true;
	transmit(&sc, &out, 101, REQUEST("/for1"));
	sc.awaited = false;
	sc.goroutine = 20;
	receive(&sc, &out, 101, OK);
	transmit(&sc, &out, 101, REQUEST("/job"));
	receive(&sc, &out, 101, OK);
	sc.goroutine = 11;
	transmit(&sc, &in, 101, OK);
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 4);
	assert_true(made_for(&sc, "/for1", "/1"));
	assert_false(span_of(&sc, SPAN_CLIENT, "/job")->has_parent);
	scene_end(&sc);
}

/*
 * Tasks of tokio's that change threads. For one of them a connection's task calls, and who waits for it is known
 * only when the answer comes; another calls itself.
 */
static void polled_tasks(void **state)
{
	struct end in1, in2, out1, out2;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out1, &out2);
	sc.polled = 11;
	receive(&sc, &in1, 101, REQUEST("/1"));
	sc.polled = 12;
	receive(&sc, &in2, 101, REQUEST("/2"));
	transmit(&sc, &out2, 102, REQUEST("/by2"));
	sc.polled = 30;
	transmit(&sc, &out1, 101, REQUEST("/for1"));
	sc.polled = 11;
	sc.awaited = true;
	receive(&sc, &out1, 102, OK);
	sc.awaited = false;
	sc.polled = 12;
	receive(&sc, &out2, 101, OK);
	transmit(&sc, &in2, 102, OK);
	sc.polled = 11;
	transmit(&sc, &in1, 101, OK);
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 4);
	assert_true(made_for(&sc, "/for1", "/1"));
	assert_true(made_for(&sc, "/by2", "/2"));
	assert_string_equal(how_linked(&sc, "/for1"), "channel");
	assert_string_equal(how_linked(&sc, "/by2"), "task");
	scene_end(&sc);
}

/* A pool makes its threads during requests; only the first call of each is likely for the one at hand. */
static void worker_outlives_its_request(void **state)
{
	struct end in1, in2, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in1, 101, REQUEST("/1"));
	receive(&sc, &in2, 102, REQUEST("/2"));
	fork_thread(&sc, 100, 101, 150);
	transmit(&sc, &out, 150, REQUEST("/first"));
	receive(&sc, &out, 150, OK);
	transmit(&sc, &out, 150, REQUEST("/next"));
	receive(&sc, &out, 150, OK);
	transmit(&sc, &in1, 101, OK);
	transmit(&sc, &in2, 102, OK);
	pass_time(&sc, 200000);
	assert_true(made_for(&sc, "/first", "/1"));
	assert_string_equal(how_linked(&sc, "/first"), "order");
	assert_false(span_of(&sc, SPAN_CLIENT, "/next")->has_parent);
	scene_end(&sc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goroutines),
		cmocka_unit_test(worker_goroutine),
		cmocka_unit_test(polled_tasks),
		cmocka_unit_test(exact_without_the_candidate),
		cmocka_unit_test(worker_of_a_loop),
		cmocka_unit_test(worker_of_a_loop_that_shows_later),
		cmocka_unit_test(handed_over_before_the_answer),
		cmocka_unit_test(woken_too_late_to_have_asked),
		cmocka_unit_test(grandchildren_inherit),
		cmocka_unit_test(worker_outlives_its_request),
		cmocka_unit_test(too_late_to_join),
		cmocka_unit_test(recycled_unix_sockets),
		cmocka_unit_test(endless_pipeline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
