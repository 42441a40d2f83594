/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes that are missing, late, too many or of no use: what becomes of them and of those around them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <cmocka.h>

#include "found.h"

#define BIG "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"

static void check_books(const struct scene *sc)
{
	int dir;

	for (dir = 0; dir < DIR__CNT; dir++) {
		const uint64_t *v = pipeline_tally(sc->p)->v + dir;

		assert_int_equal(v[TALLY_RX_REPORTED],
				 v[TALLY_RX_DECODED] + v[TALLY_RX_BODY] + v[TALLY_RX_FOREIGN] +
					 v[TALLY_RX_RESYNC] + v[TALLY_RX_UNUSED] +
					 v[TALLY_RX_NO_CONN]);
	}
}

/* The record of a body's end was lost; that the connection then closes does not make the response a cut one. */
static void end_of_body_lost(void **state)
{
	const struct span *s;
	struct end in;
	struct scene sc;

	scene_begin(&sc);
	in = open_end(&sc, 1, 100, 1, 2);
	receive(&sc, &in, 101, REQUEST("/x"));
	transmit(&sc, &in, 101, BIG);
	in.pos[DIR_TX] += 1000000;
	close_end(&sc, &in, 0);
	pass_time(&sc, 200000);
	s = span_of(&sc, SPAN_SERVER, "/x");
	assert_false(s->error);
	assert_int_equal(pipeline_tally(sc.p)->v[TALLY_TX_LOST], 1000000);
	check_books(&sc);
	scene_end(&sc);
}

static void end_of_body_lost_before_the_end(void **state)
{
	struct end out;
	struct scene sc;

	scene_begin(&sc);
	out = open_end(&sc, 1, 100, 1, 2);
	transmit(&sc, &out, 101, REQUEST("/x"));
	receive(&sc, &out, 101, BIG);
	out.pos[DIR_RX] += 1000000;
	end_of_direction(&sc, &out, 101, DIR_RX, 0);
	pass_time(&sc, 200000);
	assert_false(span_of(&sc, SPAN_CLIENT, "/x")->error);
	scene_end(&sc);
}

/* A body that passes through a pipe moves no position: what the kernel was told not to copy is taken back. */
static void spliced_body(void **state)
{
	struct end out;
	struct scene sc;

	scene_begin(&sc);
	out = open_end(&sc, 1, 100, 1, 2);
	transmit(&sc, &out, 101, REQUEST("/1"));
	receive(&sc, &out, 101, BIG);
	assert_int_equal(sc.verdict.skip_to[DIR_RX], strlen(BIG) + 1000000);
	out.seq[DIR_RX] += 1000000;
	transmit(&sc, &out, 101, REQUEST("/2"));
	receive(&sc, &out, 101, OK);
	assert_true(sc.verdict.skip_to[DIR_RX] <= strlen(BIG));
	assert_int_equal(pipeline_tally(sc.p)->v[TALLY_RX_SPLICED], 1000000);
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 2);
	scene_end(&sc);
}

/* Many incomplete heads use up their room; complete ones need none of it. */
static void incomplete_heads_harm_nobody(void **state)
{
	static const char head[] = "GET /slow HTTP/1.1\r\nX: ";
	char *text = malloc(HEAD_MAX / 2);
	struct end in;
	struct scene sc;
	uint64_t id;

	memset(text, 'a', HEAD_MAX / 2);
	memcpy(text, head, strlen(head));
	scene_begin(&sc);
	for (id = 10; id < 10 + 3 * (STREAM_BYTES_MAX / HEAD_MAX); id++) {
		struct end slow = open_end(&sc, id, 100, id << 20, 5);

		move_cut(&sc, &slow, 102, DIR_RX, text, HEAD_MAX / 2, HEAD_MAX / 2);
	}
	in = open_end(&sc, 1, 100, 1, 2);
	receive(&sc, &in, 101, REQUEST("/x"));
	transmit(&sc, &in, 101, OK);
	pass_time(&sc, 200000);
	assert_non_null(span_of(&sc, SPAN_SERVER, "/x"));
	pipeline_flush(sc.p);
	check_books(&sc);
	scene_end(&sc);
	free(text);
}

/* Early bytes of another protocol are kept until the switch, and no longer. */
static void switched_with_early_bytes(void **state)
{
	struct end in;
	struct scene sc;

	scene_begin(&sc);
	in = open_end(&sc, 1, 100, 1, 2);
	receive(&sc, &in, 101,
		"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
	receive(&sc, &in, 101, "\x82\x05hello");
	transmit(&sc, &in, 101, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
	assert_int_equal(pipeline_tally(sc.p)->v[TALLY_RX_FOREIGN], 7);
	check_books(&sc);
	scene_end(&sc);
}

/* The record that says who the ends are had no room at first. */
static void addresses_come_late(void **state)
{
	const struct attr *port;
	struct end in = { .id = 1, .tgid = 100 };
	struct scene sc;

	scene_begin(&sc);
	receive(&sc, &in, 101, REQUEST("/1"));
	open_end(&sc, 1, 100, 0, 0);
	transmit(&sc, &in, 101, OK);
	receive(&sc, &in, 101, REQUEST("/2"));
	transmit(&sc, &in, 101, OK);
	pass_time(&sc, 200000);
	port = attrs_find(&span_of(&sc, SPAN_SERVER, "/2")->attrs, "network.peer.port");
	assert_true(port && port->i == 40000);
	scene_end(&sc);
}

#define X32            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define ASKS_SOMETHING "\1\1\1\1\4\1\1\1\1" X32 X32 X32 X32

/* Of a call within a long body both ends are copied: that a chunked one is over is in the second, also redacted. */
static void both_ends_of_a_call(void **state)
{
	const char end[] = "\r\n0\r\n\r\n";
	char ends[PREFIX_LEN + TAIL_LEN], redacted[sizeof(ends)];
	struct ev_data *ev;
	struct scene sc;
	struct end in;

	memset(ends, 'y', sizeof(ends));
	memcpy(ends + sizeof(ends) - strlen(end), end, strlen(end));
	scene_begin(&sc);
	in = open_end(&sc, 1, 100, 1, 2);
	receive(&sc, &in, 100, REQUEST("/1"));
	transmit(&sc, &in, 100, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n");
	ev = data_of(&sc, &in, 100, DIR_TX, ends, PREFIX_LEN, 0x1000 + strlen(end), DATA_ENDS);
	pipeline_feed_redacting(sc.p, ev, redacted);
	free(ev);
	assert_memory_equal(redacted + PREFIX_LEN, "xxxxxxxxx\r\n0\r\n\r\n", TAIL_LEN);
	assert_null(memchr(redacted, 'y', sizeof(redacted)));
	receive(&sc, &in, 100, REQUEST("/2"));
	transmit(&sc, &in, 100, OK);
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 2);
	assert_int_equal(pipeline_tally(sc.p)->v[TALLY_RESYNCS], 0);
	check_books(&sc);
	scene_end(&sc);
}

/* What a connection speaks that is not decoded is counted once, by what its first bytes show. */
static void foreign_connections_are_counted(void **state)
{
	static const struct {
		const char *first;
		enum tally_id row;
	} cases[] = {
		{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" ASKS_SOMETHING, TALLY_FOREIGN_HTTP2 },
		{ "\x16\x03\x01\x02", TALLY_FOREIGN_TLS },
		{ "*1\r\n$4\r\nPING\r\n", TALLY_FOREIGN_OTHER },
	};
	struct scene sc;
	size_t i;

	scene_begin(&sc);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct end in = open_end(&sc, 1 + i, 100, 10 * i, 10 * i + 1);

		receive(&sc, &in, 101, cases[i].first);
		receive(&sc, &in, 101, cases[i].first);
		assert_int_equal(pipeline_tally(sc.p)->v[cases[i].row], 1);
	}
	check_books(&sc);
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

static void transmit_unseen(struct scene *sc, struct end *e)
{
	move_cut(sc, e, 101, DIR_TX, "", 0, 100);
}

/* The response went through io_uring: that it is over is known by the bytes, and what it said is not. */
static void unseen_responses_are_no_errors(void **state)
{
	const struct span *s;
	struct end in;
	struct scene sc;

	scene_begin(&sc);
	in = open_end(&sc, 1, 100, 1, 2);
	receive(&sc, &in, 101, REQUEST("/1"));
	transmit_unseen(&sc, &in);
	sc.now_us += 50000;
	receive(&sc, &in, 101, REQUEST("/2"));
	transmit_unseen(&sc, &in);
	sc.now_us += 50000;
	receive(&sc, &in, 101, REQUEST("/unanswered"));
	sc.now_us += 50000;
	close_end(&sc, &in, 0);
	pass_time(&sc, 200000);
	s = span_of(&sc, SPAN_SERVER, "/1");
	assert_true(!s->error && s->end_ns - s->start_ns < 10000 * NSEC_PER_USEC);
	assert_non_null(attrs_find(&s->attrs, "exchange.incomplete"));
	s = span_of(&sc, SPAN_SERVER, "/2");
	assert_true(!s->error && s->end_ns - s->start_ns < 10000 * NSEC_PER_USEC);
	s = span_of(&sc, SPAN_SERVER, "/unanswered");
	assert_true(s->error && s->end_ns - s->start_ns > 40000 * NSEC_PER_USEC);
	check_books(&sc);
	scene_end(&sc);
}

static void endless_unseen_responses(void **state)
{
	struct end in;
	struct scene sc;
	int i;

	scene_begin(&sc);
	in = open_end(&sc, 1, 100, 1, 2);
	for (i = 0; i < 2 * PIPELINE_MAX; i++) {
		receive(&sc, &in, 101, REQUEST("/x"));
		transmit_unseen(&sc, &in);
	}
	assert_int_equal(pipeline_tally(sc.p)->v[TALLY_PIPELINE_FULL], 0);
	scene_end(&sc);
}

static void last_response_lost(void **state)
{
	struct end in;
	struct scene sc;

	scene_begin(&sc);
	in = open_end(&sc, 1, 100, 1, 2);
	receive(&sc, &in, 101, REQUEST("/x"));
	in.pos[DIR_TX] += strlen(OK);
	end_of_direction(&sc, &in, 101, DIR_RX, 0);
	close_end(&sc, &in, 0);
	pass_time(&sc, 200000);
	assert_false(span_of(&sc, SPAN_SERVER, "/x")->error);
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
		cmocka_unit_test(end_of_body_lost),
		cmocka_unit_test(end_of_body_lost_before_the_end),
		cmocka_unit_test(spliced_body),
		cmocka_unit_test(incomplete_heads_harm_nobody),
		cmocka_unit_test(switched_with_early_bytes),
		cmocka_unit_test(addresses_come_late),
		cmocka_unit_test(both_ends_of_a_call),
		cmocka_unit_test(foreign_connections_are_counted),
		cmocka_unit_test(long_body_is_skipped),
		cmocka_unit_test(lost_response_shifts_nothing),
		cmocka_unit_test(unseen_responses_are_no_errors),
		cmocka_unit_test(endless_unseen_responses),
		cmocka_unit_test(last_response_lost),
		cmocka_unit_test(foreign_bytes_are_ignored),
		cmocka_unit_test(books_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
