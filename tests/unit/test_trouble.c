/* SPDX-License-Identifier: GPL-2.0-only */
/* Connections that break, bodies that look like heads, requests that are too long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <time.h>
#include <cmocka.h>

#include "found.h"

static const char *text_of(const struct span *s, const char *key)
{
	const struct attr *a = s ? attrs_find(&s->attrs, key) : NULL;

	return a ? attr_text(&s->attrs, a) : "";
}

/* A client that goes away while it is sent a body: the exchange lasted until then, and failed so. */
static void reset_in_the_body(void **state)
{
	const struct span *s;
	struct scene sc;
	struct end srv;
	uint64_t sent_us;

	scene_begin(&sc);
	srv = open_end(&sc, 1, 100, 1000, 2000);
	receive(&sc, &srv, 101, REQUEST("/big"));
	transmit(&sc, &srv, 101, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
	sent_us = sc.now_us;
	sc.now_us += 50000;
	close_end(&sc, &srv, ECONNRESET);
	pass_time(&sc, 200000);
	s = span_of(&sc, SPAN_SERVER, "/big");
	assert_non_null(s);
	assert_true(s->error);
	assert_string_equal(text_of(s, "error.type"), "connection_reset");
	assert_true(s->end_ns >= (sent_us + 50000) * NSEC_PER_USEC);
	scene_end(&sc);
}

static void open_midway(struct scene *sc, struct end *e)
{
	struct ev_conn ev = {
		.hdr = header(sc, EV_CONN, sizeof(ev), e->tgid, e->tgid),
		.conn = e->id,
		.sk = e->id,
		.flags = CONN_MIDWAY,
		.family = 4,
	};

	pipeline_feed(sc->p, &ev.hdr);
}

/* Attached during an upload: the end of its body could be the beginning of a method. */
static void body_before_the_first_request(void **state)
{
	struct end srv = { .id = 1, .tgid = 100, .seq = { 1000, 2000 } };
	const struct span *s;
	struct scene sc;

	scene_begin(&sc);
	open_midway(&sc, &srv);
	receive(&sc, &srv, 101, "yyyyyyyyyyyyyyyy");
	transmit(&sc, &srv, 101, OK);
	sc.now_us += 50000;
	receive(&sc, &srv, 101, REQUEST("/after"));
	transmit(&sc, &srv, 101, OK);
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 1);
	s = span_of(&sc, SPAN_SERVER, "/after");
	assert_string_equal(text_of(s, "http.request.method"), "GET");
	assert_true(s->end_ns - s->start_ns < 1000 * NSEC_PER_USEC);
	scene_end(&sc);
}

/* A request that the process sent, and whose answer it did not live to read; the kernel closes its connection. */
static const char *error_of_call_in_flight(uint32_t signal)
{
	static char error[64];
	struct scene sc;
	struct end out;

	scene_begin(&sc);
	out = open_end(&sc, 1, 100, 1000, 2000);
	transmit(&sc, &out, 101, REQUEST("/x"));
	exit_process_by(&sc, 100, signal);
	close_end(&sc, &out, 0);
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 1);
	snprintf(error, sizeof(error), "%s", text_of(sc.spans[0], "error.type"));
	scene_end(&sc);
	return error;
}

/* Who ends by itself has given its call up. */
static void killed_in_a_call(void **state)
{
	assert_string_equal(error_of_call_in_flight(9), "connection_closed");
	assert_string_equal(error_of_call_in_flight(0), "cancelled");
}

/* TCP has sent what no program saw: that may have been the response, so nothing is known to have failed. */
static void response_that_is_not_seen(void **state)
{
	struct scene sc;
	struct end in;

	scene_begin(&sc);
	in = open_end(&sc, 1, 100, 1000, 2000);
	receive(&sc, &in, 101, REQUEST("/x"));
	in.seq[DIR_TX] += 200;
	close_end(&sc, &in, 0);
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 1);
	assert_null(attrs_find(&sc.spans[0]->attrs, "error.type"));
	assert_non_null(attrs_find(&sc.spans[0]->attrs, "exchange.incomplete"));
	scene_end(&sc);
}

#define MANY 1000

/* So many requests and calls end at once that to look at all of these for each of those would take long. */
static void many_end_at_once(void **state)
{
	static struct end in[MANY], out[MANY];
	struct scene sc;
	unsigned i;

	scene_begin(&sc);
	for (i = 0; i < MANY; i++) {
		in[i] = open_end(&sc, i + 1, 100, 1000, 2000);
		out[i] = open_end(&sc, MANY + i + 1, 100, 3000, 4000);
		receive(&sc, &in[i], 1000 + i, REQUEST("/x"));
		transmit(&sc, &out[i], 3000 + i, REQUEST("/y"));
	}
	for (i = 0; i < MANY; i++)
		receive(&sc, &out[i], 3000 + i, OK);
	for (i = 0; i < MANY; i++)
		close_end(&sc, &in[i], 0);
	pass_time(&sc, 200000);
	assert_in_range(pipeline_tally(sc.p)->v[TALLY_CLAIMS_CUT], 1, MANY - 1);
	scene_end(&sc);
}

/* Who waits no longer: the call has failed, and the server, which hears of it when it answers, was at it until then. */
static void call_is_given_up(void **state)
{
	const struct span *call, *served;
	struct end out, in;
	struct scene sc;
	uint64_t closed_us;

	scene_begin(&sc);
	out = open_end(&sc, 1, 100, 1000, 2000);
	in = open_end(&sc, 2, 200, 2000, 1000);
	transmit(&sc, &out, 101, REQUEST("/x"));
	receive(&sc, &in, 201, REQUEST("/x"));
	close_end(&sc, &out, 0);
	closed_us = sc.now_us;
	sc.now_us += 50000;
	transmit(&sc, &in, 201, OK);
	close_end(&sc, &in, EPIPE);
	pass_time(&sc, 200000);
	call = span_of(&sc, SPAN_CLIENT, "/x");
	served = span_of(&sc, SPAN_SERVER, "/x");
	assert_true(is_child(served, call));
	assert_true(call->error && call->end_ns <= closed_us * NSEC_PER_USEC);
	assert_string_equal(text_of(call, "error.type"), "cancelled");
	assert_true(served->end_ns >= (closed_us + 50000) * NSEC_PER_USEC);
	assert_null(attrs_find(&served->attrs, "time.clamped"));
	scene_end(&sc);
}

/* However long the URL is, the span says what became of the request and how it was linked. */
static void long_url(void **state)
{
	static const char rest[] = "?q HTTP/1.1\r\nHost: a\r\nUser-Agent: curl\r\n\r\n";
	static char request[40000];
	struct scene sc;
	struct end srv;

	memset(request, 'x', 39000);
	memcpy(request, "GET /", 5);
	request[20000] = '?';
	memcpy(request + 39000, rest, sizeof(rest));
	scene_begin(&sc);
	srv = open_end(&sc, 1, 100, 1000, 2000);
	receive(&sc, &srv, 101, request);
	transmit(&sc, &srv, 101, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 1);
	assert_string_equal(text_of(sc.spans[0], "error.type"), "503");
	assert_string_equal(text_of(sc.spans[0], "user_agent.original"), "curl");
	assert_string_equal(method_of(sc.spans[0]), "root");
	assert_int_equal(strlen(text_of(sc.spans[0], "url.path")), ATTR_VALUE_MAX - 1);
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

/* Nobody tells that a unix socket is closed: its owner's end does, and nobody else's. */
static void unix_connections_end_with_their_process(void **state)
{
	struct end in[3], other;
	struct scene sc;
	unsigned i;

	scene_begin(&sc);
	other = open_unix(&sc, 9, 200, 0x90, 0);
	for (i = 0; i < ARRAY_SIZE(in); i++) {
		in[i] = open_unix(&sc, i + 1, 100, 0x10 + i, 0);
		receive(&sc, &in[i], 101 + i, REQUEST("/1"));
	}
	receive(&sc, &other, 201, REQUEST("/other"));
	open_unix(&sc, 10, 300, 0x10, 0); /* the first of them is gone: another's has its address */
	exit_process(&sc, 100);
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, ARRAY_SIZE(in));
	assert_null(span_of(&sc, SPAN_SERVER, "/other"));
	exit_process(&sc, 200);
	pass_time(&sc, 200000);
	assert_non_null(span_of(&sc, SPAN_SERVER, "/other"));
	exit_process(&sc, 100);
	scene_end(&sc);
}

#define UNIX_CONNS 20000
#define EXITS      10000

/* Each connection looked at for each process that ends would be minutes of work here. */
static void processes_end_beside_many_unix_connections(void **state)
{
	clock_t began = clock();
	struct scene sc;
	unsigned i;

	scene_begin(&sc);
	for (i = 0; i < UNIX_CONNS; i++)
		open_unix(&sc, i + 1, 100, i + 1, 0);
	for (i = 0; i < EXITS; i++)
		exit_process(&sc, 1000 + i);
	exit_process(&sc, 100);
	scene_end(&sc);
	assert_true(clock() - began < CLOCKS_PER_SEC);
}

/* A client that ends by itself without its answer; the tracer, which started it, ends with it. */
static void ends_within_a_call(void **state)
{
	struct scene sc;
	struct end out;

	scene_begin(&sc);
	out = open_end(&sc, 1, 100, 1, 2);
	transmit(&sc, &out, 101, REQUEST("/1"));
	exit_process(&sc, 100);
	pipeline_flush(sc.p);
	assert_int_equal(sc.n, 1);
	assert_string_equal(text_of(sc.spans[0], "error.type"), "cancelled");
	scene_end(&sc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reset_in_the_body),
		cmocka_unit_test(body_before_the_first_request),
		cmocka_unit_test(killed_in_a_call),
		cmocka_unit_test(many_end_at_once),
		cmocka_unit_test(response_that_is_not_seen),
		cmocka_unit_test(call_is_given_up),
		cmocka_unit_test(long_url),
		cmocka_unit_test(dead_connection_is_an_error),
		cmocka_unit_test(killed_within_a_request),
		cmocka_unit_test(ends_within_a_call),
		cmocka_unit_test(unix_connections_end_with_their_process),
		cmocka_unit_test(processes_end_beside_many_unix_connections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
