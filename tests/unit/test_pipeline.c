/* SPDX-License-Identifier: GPL-2.0-only */
/* From records to linked spans: each test is one scene between processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <cmocka.h>

#include "found.h"

static void one_request_one_span(void **state)
{
	struct scene sc;
	struct end srv;

	scene_begin(&sc);
	srv = open_end(&sc, 1, 100, 1000, 2000);
	receive(&sc, &srv, 101, REQUEST("/x"));
	transmit(&sc, &srv, 101, OK);
	assert_int_equal(sc.n, 0); /* a caller on this host might still be seen */
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 1);
	assert_string_equal(sc.spans[0]->name, "GET");
	assert_string_equal(method_of(sc.spans[0]), "root");
	assert_false(sc.spans[0]->has_parent);
	/* The first wait was in vain: the second request of the connection waits no more. */
	receive(&sc, &srv, 101, REQUEST("/y"));
	transmit(&sc, &srv, 101, OK);
	assert_int_equal(sc.n, 2);
	scene_end(&sc);
}

/*
 * A's thread serves a request, calls B, B answers, A answers. All three in one trace, by thread and
 * position.
 */
static void two_services(void **state)
{
	const struct span *a, *call, *b;
	struct end a_in, a_out, b_in;
	struct scene sc;

	scene_begin(&sc);
	a_in = open_end(&sc, 1, 100, 1000, 2000);
	receive(&sc, &a_in, 101, REQUEST("/a"));
	a_out = open_end(&sc, 2, 100, 7000, 6000);
	b_in = open_end(&sc, 3, 200, 6000, 7000);
	/* The server's record may come first: the client's is made at the end of its send. */
	receive(&sc, &b_in, 201, REQUEST("/b"));
	transmit(&sc, &a_out, 101, REQUEST("/b"));
	transmit(&sc, &b_in, 201, OK);
	receive(&sc, &a_out, 101, OK);
	assert_int_equal(sc.n, 0);
	transmit(&sc, &a_in, 101, OK);
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 3);
	a = span_of(&sc, SPAN_SERVER, "/a");
	call = span_of(&sc, SPAN_CLIENT, "/b");
	b = span_of(&sc, SPAN_SERVER, "/b");
	assert_true(is_child(call, a));
	assert_true(is_child(b, call));
	assert_string_equal(method_of(call), "thread");
	assert_string_equal(method_of(b), "position");
	assert_true(b->start_ns >= call->start_ns && b->end_ns <= call->end_ns);
	scene_end(&sc);
}

/*
 * The caller's header is honoured; where the caller is traced too, its own span is the parent and
 * the header a link.
 */
static void header_and_position(void **state)
{
	static const char req[] =
		"GET /b HTTP/1.1\r\nHost: b\r\n"
		"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n";
	const struct span *call, *b;
	struct end in, out;
	struct scene sc;

	scene_begin(&sc);
	out = open_end(&sc, 1, 100, 20, 10);
	in = open_end(&sc, 2, 200, 10, 20);
	transmit(&sc, &out, 101, req);
	receive(&sc, &in, 201, req);
	transmit(&sc, &in, 201, OK);
	receive(&sc, &out, 101, OK);
	call = span_of(&sc, SPAN_CLIENT, "/b");
	b = span_of(&sc, SPAN_SERVER, "/b");
	assert_true(is_child(b, call));
	assert_int_equal(call->trace_id.b[0],
			 0x0a); /* the root of what is seen continues the header's trace */
	assert_true(call->parent_remote);
	assert_int_equal(b->links_cnt, 1);
	assert_string_equal(b->links[0].reason, "header");
	scene_end(&sc);
}

static void unsampled_is_not_sent(void **state)
{
	struct end in;
	struct scene sc;

	scene_begin(&sc);
	in = open_end(&sc, 1, 100, 1, 2);
	receive(&sc, &in, 101,
		"GET / HTTP/1.1\r\n"
		"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00\r\n\r\n");
	transmit(&sc, &in, 101, OK);
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 0);
	assert_int_equal(pipeline_tally(sc.p)->v[TALLY_NOT_SAMPLED], 1);
	scene_end(&sc);
}

static void stream_shows_up_after_the_wait(void **state)
{
	struct end in;
	struct scene sc;

	scene_begin(&sc);
	in = open_end(&sc, 1, 100, 1, 2);
	receive(&sc, &in, 101, REQUEST("/events"));
	transmit(&sc, &in, 101,
		 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
	pass_time(&sc, 9000000);
	assert_int_equal(sc.n, 0);
	pass_time(&sc, 1100000);
	assert_int_equal(sc.n, 1);
	transmit(&sc, &in, 101, "0\r\n\r\n");
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 1);
	scene_end(&sc);
}

static void slow_answer_waits_for_its_end(void **state)
{
	struct end in;
	struct scene sc;

	scene_begin(&sc);
	in = open_end(&sc, 1, 100, 1, 2);
	receive(&sc, &in, 101, REQUEST("/poll"));
	pass_time(&sc, 15000000);
	transmit(&sc, &in, 101, OK);
	pass_time(&sc, 1000);
	assert_int_equal(sc.n, 1);
	assert_true(sc.spans[0]->end_ns - sc.spans[0]->start_ns > 15 * NSEC_PER_SEC);
	assert_null(attrs_find(&sc.spans[0]->attrs, "exchange.incomplete"));
	scene_end(&sc);
}

static void pipelined_requests_join_each(void **state)
{
	struct end out, in;
	struct scene sc;

	scene_begin(&sc);
	out = open_end(&sc, 1, 100, 20, 10);
	in = open_end(&sc, 2, 200, 10, 20);
	transmit(&sc, &out, 101, REQUEST("/1"));
	transmit(&sc, &out, 101, REQUEST("/2"));
	receive(&sc, &in, 201, REQUEST("/1"));
	transmit(&sc, &in, 201, OK);
	receive(&sc, &in, 201, REQUEST("/2"));
	transmit(&sc, &in, 201, OK);
	receive(&sc, &out, 101, OK OK);
	assert_int_equal(sc.n, 4);
	assert_true(is_child(span_of(&sc, SPAN_SERVER, "/1"), span_of(&sc, SPAN_CLIENT, "/1")));
	assert_true(is_child(span_of(&sc, SPAN_SERVER, "/2"), span_of(&sc, SPAN_CLIENT, "/2")));
	scene_end(&sc);
}

/* At the end everything in flight goes out as it is. */
static void flush_empties(void **state)
{
	struct end in, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in, &out);
	receive(&sc, &in, 101, REQUEST("/1"));
	transmit(&sc, &out, 101, REQUEST("/call"));
	pipeline_flush(sc.p);
	assert_int_equal(sc.n, 2);
	assert_true(made_for(&sc, "/call", "/1"));
	assert_non_null(attrs_find(&span_of(&sc, SPAN_SERVER, "/1")->attrs, "exchange.incomplete"));
	scene_end(&sc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_request_one_span),
		cmocka_unit_test(two_services),
		cmocka_unit_test(header_and_position),
		cmocka_unit_test(unsampled_is_not_sent),
		cmocka_unit_test(stream_shows_up_after_the_wait),
		cmocka_unit_test(slow_answer_waits_for_its_end),
		cmocka_unit_test(pipelined_requests_join_each),
		cmocka_unit_test(flush_empties),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
