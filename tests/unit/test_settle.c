/* SPDX-License-Identifier: GPL-2.0-only */
/* When spans go out: waits at their limits, and connections that end in every way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <cmocka.h>

#include "found.h"

#define TOO_LARGE "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno"
#define UPLOAD    "POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"

/* A calls B, both traced; the server's record comes first. */
static void call_across(struct scene *sc)
{
	struct end in = open_end(sc, 1, 100, 1000, 2000);
	struct end out = open_end(sc, 2, 100, 7000, 6000);
	struct end b = open_end(sc, 3, 200, 6000, 7000);

	receive(sc, &in, 101, REQUEST("/a"));
	receive(sc, &b, 201, REQUEST("/b"));
	transmit(sc, &out, 101, REQUEST("/b"));
	transmit(sc, &b, 201, OK);
	receive(sc, &out, 101, OK);
	transmit(sc, &in, 101, OK);
	pass_time(sc, 200000);
}

static void check_linked_and_complete(const struct scene *sc)
{
	size_t i;

	assert_int_equal(sc->n, 3);
	for (i = 0; i < sc->n; i++)
		assert_null(attrs_find(&sc->spans[i]->attrs, "exchange.incomplete"));
	assert_true(is_child(span_of(sc, SPAN_CLIENT, "/b"), span_of(sc, SPAN_SERVER, "/a")));
	assert_true(is_child(span_of(sc, SPAN_SERVER, "/b"), span_of(sc, SPAN_CLIENT, "/b")));
}

/* Whoever does not want to wait still gets whole spans, linked as far as the records' own order demands. */
static void no_wait(void **state)
{
	struct scene sc;

	scene_begin_cfg(&sc, 0, false);
	call_across(&sc);
	check_linked_and_complete(&sc);
	scene_end(&sc);
}

static void endless_wait(void **state)
{
	struct end in;
	struct scene sc;

	scene_begin_cfg(&sc, UINT64_MAX, false);
	call_across(&sc);
	check_linked_and_complete(&sc);
	in = open_end(&sc, 9, 100, 1, 2);
	receive(&sc, &in, 101, REQUEST("/open"));
	assert_true(pipeline_next_ns(sc.p) > sc.now_us * NSEC_PER_USEC);
	pass_time(&sc, 3600000000);
	assert_int_equal(sc.n, 3);
	scene_end(&sc);
}

/* The server refuses a body and closes; the client, whose send has failed, then reads why. */
static void answer_after_a_failed_send(void **state)
{
	const struct span *s;
	struct end out;
	struct scene sc;

	scene_begin(&sc);
	out = open_end(&sc, 1, 100, 1, 2);
	transmit(&sc, &out, 101, UPLOAD "some");
	end_of_direction(&sc, &out, 101, DIR_TX, 32);
	receive(&sc, &out, 101, TOO_LARGE);
	close_end(&sc, &out, 0);
	pass_time(&sc, 200000);
	s = span_of(&sc, SPAN_CLIENT, "/up");
	assert_int_equal(attrs_find(&s->attrs, "http.response.status_code")->i, 413);
	assert_int_equal(sc.n, 1);
	scene_end(&sc);
}

/* The same when the reset is known before the answer, which is in the queue already, is read. */
static void answer_after_a_reset(void **state)
{
	const struct span *s;
	struct end out;
	struct scene sc;

	scene_begin(&sc);
	out = open_end(&sc, 1, 100, 1, 2);
	transmit(&sc, &out, 101, REQUEST("/x"));
	reset_by_peer(&sc, &out);
	receive(&sc, &out, 101, OK);
	close_end(&sc, &out, 0);
	pass_time(&sc, 200000);
	s = span_of(&sc, SPAN_CLIENT, "/x");
	assert_int_equal(attrs_find(&s->attrs, "http.response.status_code")->i, 200);
	assert_false(s->error);
	scene_end(&sc);
}

/* A reset that nobody reads is still why the call failed. */
static void reset_and_closed(void **state)
{
	const struct span *s;
	struct end out;
	struct scene sc;

	scene_begin(&sc);
	out = open_end(&sc, 1, 100, 1, 2);
	transmit(&sc, &out, 101, REQUEST("/x"));
	reset_by_peer(&sc, &out);
	close_end(&sc, &out, 0);
	pass_time(&sc, 200000);
	s = span_of(&sc, SPAN_CLIENT, "/x");
	assert_string_equal(attr_text(&s->attrs, attrs_find(&s->attrs, "error.type")),
			    "connection_reset");
	scene_end(&sc);
}

static void calls_after_the_caller_hung_up(void **state)
{
	struct end in, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in, &out);
	receive(&sc, &in, 101, REQUEST("/1"));
	reset_by_peer(&sc, &in);
	transmit(&sc, &out, 101, REQUEST("/call"));
	receive(&sc, &out, 101, OK);
	end_of_direction(&sc, &in, 101, DIR_TX, 32);
	close_end(&sc, &in, 0);
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 2);
	assert_true(made_for(&sc, "/call", "/1"));
	scene_end(&sc);
}

static void flushed_twice(void **state)
{
	struct end in;
	struct scene sc;

	scene_begin(&sc);
	in = open_end(&sc, 1, 100, 1, 2);
	receive(&sc, &in, 101, REQUEST("/1"));
	pipeline_flush(sc.p);
	pipeline_flush(sc.p);
	assert_int_equal(sc.n, 1);
	transmit(&sc, &in, 101, OK);
	assert_int_equal(sc.n, 1);
	scene_end(&sc);
}

/* Time that goes back harms nothing: what has been seen of it stays. */
static void time_goes_back(void **state)
{
	struct end in;
	struct scene sc;

	scene_begin(&sc);
	in = open_end(&sc, 1, 100, 1, 2);
	sc.now_us += 20000000;
	receive(&sc, &in, 101, REQUEST("/1"));
	sc.now_us -= 15000000;
	transmit(&sc, &in, 101, OK);
	pass_time(&sc, 20000000);
	assert_int_equal(sc.n, 1);
	assert_true(sc.spans[0]->end_ns >= sc.spans[0]->start_ns);
	scene_end(&sc);
}

/* A process that ends with a call under way, and another one with its number. */
static void process_ends_with_a_call(void **state)
{
	struct end out, next;
	struct scene sc;

	scene_begin(&sc);
	out = open_end(&sc, 1, 100, 1, 2);
	transmit(&sc, &out, 100, REQUEST("/1"));
	exit_process(&sc, 100);
	close_end(&sc, &out, 0);
	next = open_end(&sc, 2, 100, 3, 4);
	transmit(&sc, &next, 100, REQUEST("/2"));
	receive(&sc, &next, 100, OK);
	exit_process(&sc, 100);
	close_end(&sc, &next, 0);
	assert_int_equal(sc.n, 2);
	assert_string_equal(how_linked(&sc, "/2"), "root");
	scene_end(&sc);
}

/* Long URLs fill the memory for exchanges long before their number does; the oldest go out early. */
static void endless_urls(void **state)
{
	static char request[2 * ATTR_TEXT_MAX];
	static const char rest[] = " HTTP/1.1\r\nHost: a\r\n\r\n";
	const uint64_t n = 2 * TRACE_BYTES_MAX / ATTR_TEXT_MAX, *v;
	struct scene sc;
	uint64_t id;

	scene_begin(&sc);
	memset(request, 'x', ATTR_TEXT_MAX);
	memcpy(request, "GET /x?", 7);
	memcpy(request + ATTR_TEXT_MAX, rest, sizeof(rest));
	for (id = 1; id <= n; id++) {
		struct end in = open_end(&sc, id, 100, id << 8, 1);

		receive(&sc, &in, 101, request);
	}
	v = pipeline_tally(sc.p)->v;
	assert_in_range(v[TALLY_EXCHANGES_EARLY], 1, n - 1000);
	assert_int_equal(v[TALLY_SPANS], v[TALLY_EXCHANGES_EARLY]);
	pipeline_flush(sc.p);
	assert_int_equal(v[TALLY_SPANS], n);
	scene_end(&sc);
}

/* Connections need the memory, too: those that come later leave less of it to the exchanges that are open. */
static void crowded_out_by_connections(void **state)
{
	const uint64_t *v;
	struct scene sc;
	uint64_t id, n;
	struct end in;

	scene_begin(&sc);
	v = pipeline_tally(sc.p)->v;
	for (id = 1; !v[TALLY_EXCHANGES_EARLY]; id++) {
		in = open_end(&sc, id, 100, id << 8, 1);
		receive(&sc, &in, 101, REQUEST("/open"));
	}
	n = id - 1;
	assert_in_range(n, 10000, CONNS_MAX - 10000);
	for (; id <= CONNS_MAX; id++)
		open_end(&sc, id, 100, id << 8, 1);
	assert_in_range(v[TALLY_EXCHANGES_EARLY], 1000, n - 1000);
	pipeline_flush(sc.p);
	assert_int_equal(v[TALLY_SPANS], n);
	scene_end(&sc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_wait),
		cmocka_unit_test(endless_wait),
		cmocka_unit_test(answer_after_a_failed_send),
		cmocka_unit_test(answer_after_a_reset),
		cmocka_unit_test(reset_and_closed),
		cmocka_unit_test(calls_after_the_caller_hung_up),
		cmocka_unit_test(flushed_twice),
		cmocka_unit_test(time_goes_back),
		cmocka_unit_test(process_ends_with_a_call),
		cmocka_unit_test(endless_urls),
		cmocka_unit_test(crowded_out_by_connections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
