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

/* One thread serves two requests at once; each call belongs to the request last heard of. */
static void event_loop(void **state)
{
	struct end in1, in2, out1, out2;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out1, &out2);
	receive(&sc, &in1, 100, REQUEST("/1"));
	transmit(&sc, &out1, 100, REQUEST("/for1"));
	receive(&sc, &in2, 100, REQUEST("/2"));
	transmit(&sc, &out2, 100, REQUEST("/for2"));
	receive(&sc, &out1, 100, OK);
	receive(&sc, &out2, 100, OK);
	transmit(&sc, &out1, 100, REQUEST("/again2"));
	receive(&sc, &out1, 100, OK);
	transmit(&sc, &in2, 100, OK);
	transmit(&sc, &in1, 100, OK);
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 5);
	assert_true(made_for(&sc, "/for1", "/1"));
	assert_true(made_for(&sc, "/for2", "/2"));
	assert_true(made_for(&sc, "/again2", "/2"));
	assert_string_equal(how_linked(&sc, "/for2"), "answer");
	scene_end(&sc);
}

/*
 * Two requests read before any call is made: whose call it is can only be guessed, and that is
 * said.
 */
static void guess_is_said(void **state)
{
	struct end in1, in2, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in1, 100, REQUEST("/1"));
	receive(&sc, &in2, 100, REQUEST("/2"));
	transmit(&sc, &out, 100, REQUEST("/call"));
	receive(&sc, &out, 100, OK);
	transmit(&sc, &in2, 100, OK);
	transmit(&sc, &in1, 100, OK);
	pass_time(&sc, 200000);
	assert_string_equal(how_linked(&sc, "/call"), "order");
	scene_end(&sc);
}

/* Tasks of one thread: the one that made the call is the one that writes the response. */
static void task_that_answers(void **state)
{
	struct end in1, in2, out1, out2;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out1, &out2);
	sc.task = 0x10;
	receive(&sc, &in1, 100, REQUEST("/1"));
	receive(&sc, &in2, 100, REQUEST("/2"));
	sc.task = 0x22;
	transmit(&sc, &out2, 100, REQUEST("/for2"));
	sc.task = 0x11;
	transmit(&sc, &out1, 100, REQUEST("/for1"));
	receive(&sc, &out2, 100, OK);
	receive(&sc, &out1, 100, OK);
	sc.task = 0x22;
	transmit(&sc, &in2, 100, OK);
	sc.task = 0x11;
	transmit(&sc, &in1, 100, OK);
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 4);
	assert_true(made_for(&sc, "/for1", "/1"));
	assert_true(made_for(&sc, "/for2", "/2"));
	assert_string_equal(how_linked(&sc, "/for1"), "task");
	scene_end(&sc);
}

/* A call by a task that answers nobody: nothing tells whose it was. */
static void task_of_nobody(void **state)
{
	struct end in1, in2, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in1, 100, REQUEST("/1"));
	receive(&sc, &in2, 100, REQUEST("/2"));
	sc.task = 0x33;
	transmit(&sc, &out, 100, REQUEST("/call"));
	receive(&sc, &out, 100, OK);
	sc.task = 0x11;
	transmit(&sc, &in1, 100, OK);
	sc.task = 0x22;
	transmit(&sc, &in2, 100, OK);
	pass_time(&sc, 200000);
	assert_string_equal(how_linked(&sc, "/call"), "root");
	scene_end(&sc);
}

/* A pool's worker makes the call; whom it wakes with the result is whose call it was. */
static void hand_off(void **state)
{
	struct end in1, in2, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in1, 101, REQUEST("/1"));
	receive(&sc, &in2, 102, REQUEST("/2"));
	transmit(&sc, &out, 109, REQUEST("/call"));
	receive(&sc, &out, 109, OK);
	wake(&sc, 100, 109, 102, 0x7000);
	transmit(&sc, &in1, 101, OK);
	transmit(&sc, &in2, 102, OK);
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 3);
	assert_true(made_for(&sc, "/call", "/2"));
	assert_string_equal(how_linked(&sc, "/call"), "handoff");
	scene_end(&sc);
}

/* A lock that wakes everybody is no hand-over. */
static void lock_is_no_hand_off(void **state)
{
	struct end in1, in2, out;
	struct scene sc;
	uint32_t tid;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in1, 101, REQUEST("/1"));
	receive(&sc, &in2, 102, REQUEST("/2"));
	for (tid = 110; tid < 120; tid++)
		wake(&sc, 100, 109, tid, 0x9000);
	transmit(&sc, &out, 109, REQUEST("/call"));
	receive(&sc, &out, 109, OK);
	wake(&sc, 100, 109, 101, 0x9000);
	wake(&sc, 100, 109, 102, 0x7000);
	transmit(&sc, &in1, 101, OK);
	transmit(&sc, &in2, 102, OK);
	pass_time(&sc, 200000);
	assert_true(made_for(&sc, "/call", "/2"));
	scene_end(&sc);
}

/* A loop reads for many and wakes a worker, which wakes the one that waits. */
static void hand_off_through_a_worker(void **state)
{
	struct end in1, in2, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in1, 101, REQUEST("/1"));
	receive(&sc, &in2, 102, REQUEST("/2"));
	transmit(&sc, &out, 109, REQUEST("/call"));
	receive(&sc, &out, 120, OK);
	wake(&sc, 100, 120, 108, 0x7000);
	wake(&sc, 100, 108, 102, 0x7100);
	pass_time(&sc, 1000);
	wake(&sc, 100, 108, 101,
	     0x7200); /* with the worker's next, for which nobody had to wake it */
	transmit(&sc, &in1, 101, OK);
	transmit(&sc, &in2, 102, OK);
	pass_time(&sc, 200000);
	assert_true(made_for(&sc, "/call", "/2"));
	scene_end(&sc);
}

/* An answer in two pieces: who was told of the first alone may long work for another. */
static void hand_off_comes_with_the_whole_answer(void **state)
{
	struct end in1, in2, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in1, 101, REQUEST("/1"));
	receive(&sc, &in2, 102, REQUEST("/2"));
	transmit(&sc, &out, 109, REQUEST("/call"));
	receive(&sc, &out, 120, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
	wake(&sc, 100, 120, 107, 0x7000);
	wake(&sc, 100, 107, 101, 0x7200);
	receive(&sc, &out, 120, "hi");
	wake(&sc, 100, 120, 108, 0x7100);
	wake(&sc, 100, 108, 102, 0x7300);
	transmit(&sc, &in1, 101, OK);
	transmit(&sc, &in2, 102, OK);
	pass_time(&sc, 200000);
	assert_true(made_for(&sc, "/call", "/2"));
	scene_end(&sc);
}

/* Who read the answer wakes a worker, and that writes the response. */
static void callback_writes_the_response(void **state)
{
	struct end in1, in2, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in1, 101, REQUEST("/1"));
	receive(&sc, &in2, 102, REQUEST("/2"));
	transmit(&sc, &out, 109, REQUEST("/call"));
	receive(&sc, &out, 120, OK);
	wake(&sc, 100, 120, 108, 0x7000);
	transmit(&sc, &in2, 108, OK);
	transmit(&sc, &in1, 101, OK);
	pass_time(&sc, 200000);
	assert_true(made_for(&sc, "/call", "/2"));
	scene_end(&sc);
}

/* Who has been up since the call was made does not wait for its answer, but for a lock. */
static void who_was_awake_did_not_wait(void **state)
{
	struct end in1, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &out);
	receive(&sc, &in1, 101, REQUEST("/1"));
	transmit(&sc, &out, 109, REQUEST("/call"));
	receive(&sc, &out, 109, OK);
	wake_again(&sc, 100, 109, 101, 0x7000);
	transmit(&sc, &in1, 101, OK);
	pass_time(&sc, 200000);
	assert_false(span_of(&sc, SPAN_CLIENT, "/call")->has_parent);
	scene_end(&sc);
}

/* Two calls by one worker, of which the first woke nobody: it may have been for somebody else. */
static void silent_call_is_nobodys(void **state)
{
	struct end in1, in2, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in1, 101, REQUEST("/1"));
	receive(&sc, &in2, 102, REQUEST("/2"));
	transmit(&sc, &out, 109, REQUEST("/silent"));
	receive(&sc, &out, 109, OK);
	transmit(&sc, &out, 109, REQUEST("/call"));
	receive(&sc, &out, 109, OK);
	wake(&sc, 100, 109, 102, 0x7000);
	transmit(&sc, &in1, 101, OK);
	transmit(&sc, &in2, 102, OK);
	pass_time(&sc, 200000);
	assert_true(made_for(&sc, "/call", "/2"));
	assert_false(span_of(&sc, SPAN_CLIENT, "/silent")->has_parent);
	scene_end(&sc);
}

/* The calls of a thread made during a request are that request's, when nothing better is known. */
static void thread_made_by_a_request(void **state)
{
	struct end in, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in, &out);
	receive(&sc, &in, 101, REQUEST("/1"));
	fork_thread(&sc, 100, 101, 150);
	transmit(&sc, &out, 150, REQUEST("/call"));
	receive(&sc, &out, 150, OK);
	transmit(&sc, &in, 101, OK);
	pass_time(&sc, 200000);
	assert_true(made_for(&sc, "/call", "/1"));
	assert_string_equal(how_linked(&sc, "/call"), "fork");
	scene_end(&sc);
}

static void exact_links_only(void **state)
{
	const struct span *call;
	struct end in, out;
	struct scene sc;

	scene_begin_with(&sc, true);
	open_ends(&sc, 100, &in, &out);
	receive(&sc, &in, 101, REQUEST("/1"));
	fork_thread(&sc, 100, 101, 150);
	transmit(&sc, &out, 150, REQUEST("/call"));
	receive(&sc, &out, 150, OK);
	transmit(&sc, &in, 101, OK);
	pass_time(&sc, 200000);
	call = span_of(&sc, SPAN_CLIENT, "/call");
	assert_false(call->has_parent);
	assert_string_equal(method_of(call), "root");
	assert_int_equal(call->links_cnt, 1);
	assert_memory_equal(&call->links[0].span_id, &span_of(&sc, SPAN_SERVER, "/1")->span_id, 8);
	scene_end(&sc);
}

/* One thread reads the request, another works for it and writes the response. */
static void response_writer_settles_it(void **state)
{
	struct end in, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in, &out);
	receive(&sc, &in, 101, REQUEST("/1"));
	transmit(&sc, &out, 150, REQUEST("/call"));
	receive(&sc, &out, 150, OK);
	transmit(&sc, &in, 150, OK);
	pass_time(&sc, 200000);
	assert_true(made_for(&sc, "/call", "/1"));
	scene_end(&sc);
}

static void call_by_nobody_is_a_root(void **state)
{
	struct end in, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in, &out);
	receive(&sc, &in, 101, REQUEST("/1"));
	transmit(&sc, &out, 150, REQUEST("/cron"));
	receive(&sc, &out, 150, OK);
	transmit(&sc, &in, 101, OK);
	transmit(&sc, &out, 101, REQUEST("/after")); /* the request is over: nobody works for it */
	receive(&sc, &out, 101, OK);
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 3);
	assert_string_equal(how_linked(&sc, "/cron"), "root");
	assert_string_equal(how_linked(&sc, "/after"), "root");
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

static void dead_connection_is_an_error(void **state)
{
	const struct span *s;
	struct end in;
	struct scene sc;

	scene_begin(&sc);
	in = open_end(&sc, 1, 100, 1, 2);
	receive(&sc, &in, 101, REQUEST("/x"));
	close_end(&sc, &in, 104);
	pass_time(&sc, 200000);
	s = span_of(&sc, SPAN_SERVER, "/x");
	assert_true(s && s->error);
	assert_string_equal(attr_text(&s->attrs, attrs_find(&s->attrs, "error.type")),
			    "connection_reset");
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

/*
 * A body that is not copied is skipped by length, the kernel is told, and the next request is
 * found.
 */
static void long_body_is_skipped(void **state)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
	struct end in;
	struct scene sc;

	scene_begin(&sc);
	in = open_end(&sc, 1, 100, 1, 2);
	receive(&sc, &in, 101, REQUEST("/big"));
	move_cut(&sc, &in, 101, DIR_TX, head, strlen(head), strlen(head));
	assert_int_equal(sc.verdicts, 1);
	assert_int_equal(sc.verdict.skip_to[DIR_TX], strlen(head) + 1000000);
	move_cut(&sc, &in, 101, DIR_TX, "", 0, 1000000);
	receive(&sc, &in, 101, REQUEST("/next"));
	transmit(&sc, &in, 101, OK);
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 2);
	assert_int_equal(pipeline_tally(sc.p)->v[TALLY_TX_BODY], 1000002);
	scene_end(&sc);
}

/* A response whose record was lost is not taken for the next one. */
static void lost_response_shifts_nothing(void **state)
{
	const struct span *first, *second;
	struct end in;
	struct scene sc;

	scene_begin(&sc);
	in = open_end(&sc, 1, 100, 1, 2);
	receive(&sc, &in, 101, REQUEST("/1"));
	in.pos[DIR_TX] += strlen(OK);
	in.seq[DIR_TX] += strlen(OK);
	receive(&sc, &in, 101, REQUEST("/2"));
	transmit(&sc, &in, 101, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	pass_time(&sc, 200000);
	first = span_of(&sc, SPAN_SERVER, "/1");
	second = span_of(&sc, SPAN_SERVER, "/2");
	assert_null(attrs_find(&first->attrs, "http.response.status_code"));
	assert_non_null(attrs_find(&first->attrs, "exchange.incomplete"));
	assert_int_equal(attrs_find(&second->attrs, "http.response.status_code")->i, 404);
	assert_int_equal(pipeline_tally(sc.p)->v[TALLY_TX_LOST], strlen(OK));
	scene_end(&sc);
}

static void foreign_bytes_are_ignored(void **state)
{
	struct end in;
	struct scene sc;

	scene_begin(&sc);
	in = open_end(&sc, 1, 100, 1, 2);
	receive(&sc, &in, 101, "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
	assert_int_equal(sc.verdict.mode, VERDICT_IGNORE);
	transmit(&sc, &in, 101, "$-1\r\n");
	assert_int_equal(pipeline_tally(sc.p)->v[TALLY_TX_FOREIGN], 5);
	pipeline_flush(sc.p);
	assert_int_equal(sc.n, 0);
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

/* A process that is killed answers nobody; the tracer ends with it, before it hears that the connection is closed. */
static void killed_within_a_request(void **state)
{
	const struct span *s;
	struct scene sc;
	struct end in;

	scene_begin(&sc);
	in = open_end(&sc, 1, 100, 1, 2);
	receive(&sc, &in, 101, REQUEST("/1"));
	exit_process(&sc, 100);
	pipeline_flush(sc.p);
	assert_int_equal(sc.n, 1);
	s = span_of(&sc, SPAN_SERVER, "/1");
	assert_non_null(attrs_find(&s->attrs, "error.type"));
	assert_null(attrs_find(&s->attrs, "exchange.incomplete"));
	scene_end(&sc);
}

/* In every direction what was reported is decoded or skipped. */
static void books_close(void **state)
{
	const uint64_t *v;
	struct end in;
	struct scene sc;
	int dir;

	scene_begin(&sc);
	in = open_end(&sc, 1, 100, 1, 2);
	receive(&sc, &in, 101, "POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel");
	receive(&sc, &in, 101, "loGET /b HT");
	receive(&sc, &in, 101, "TP/1.1\r\n\r\nGET /c");
	transmit(&sc, &in, 101, OK "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nab");
	close_end(&sc, &in, 0);
	v = pipeline_tally(sc.p)->v;
	for (dir = 0; dir < DIR__CNT; dir++) {
		assert_int_equal(v[TALLY_RX_REPORTED + dir],
				 v[TALLY_RX_DECODED + dir] + v[TALLY_RX_BODY + dir] +
					 v[TALLY_RX_FOREIGN + dir] + v[TALLY_RX_RESYNC + dir] +
					 v[TALLY_RX_UNUSED + dir] + v[TALLY_RX_NO_CONN + dir]);
	}
	assert_int_equal(v[TALLY_REQUESTS], 2);
	scene_end(&sc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_request_one_span),
		cmocka_unit_test(two_services),
		cmocka_unit_test(event_loop),
		cmocka_unit_test(guess_is_said),
		cmocka_unit_test(task_that_answers),
		cmocka_unit_test(task_of_nobody),
		cmocka_unit_test(hand_off),
		cmocka_unit_test(lock_is_no_hand_off),
		cmocka_unit_test(hand_off_through_a_worker),
		cmocka_unit_test(hand_off_comes_with_the_whole_answer),
		cmocka_unit_test(callback_writes_the_response),
		cmocka_unit_test(who_was_awake_did_not_wait),
		cmocka_unit_test(silent_call_is_nobodys),
		cmocka_unit_test(thread_made_by_a_request),
		cmocka_unit_test(exact_links_only),
		cmocka_unit_test(response_writer_settles_it),
		cmocka_unit_test(call_by_nobody_is_a_root),
		cmocka_unit_test(header_and_position),
		cmocka_unit_test(unsampled_is_not_sent),
		cmocka_unit_test(stream_shows_up_after_the_wait),
		cmocka_unit_test(slow_answer_waits_for_its_end),
		cmocka_unit_test(dead_connection_is_an_error),
		cmocka_unit_test(pipelined_requests_join_each),
		cmocka_unit_test(long_body_is_skipped),
		cmocka_unit_test(lost_response_shifts_nothing),
		cmocka_unit_test(foreign_bytes_are_ignored),
		cmocka_unit_test(flush_empties),
		cmocka_unit_test(killed_within_a_request),
		cmocka_unit_test(books_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
