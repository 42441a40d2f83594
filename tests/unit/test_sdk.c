/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes with a tracing SDK among those without: one trace, every request shown once, every parent there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <cmocka.h>

#include "found.h"
#include "host/sdk.h"

#define TRACE     "0af7651916cd43dd8448eb211c80319c"
#define UPSTREAM  "b7ad6b7169203331"
#define SDK_CALL  "00f067aa0ba902b7"
#define SDK_OTHER "4bf92f3577b34da6a3ce929d0e0e4736"
#define CALLED(path, trace, span, flags) \
	"GET " path " HTTP/1.1\r\nHost: a\r\ntraceparent: 00-" trace "-" span "-" flags "\r\n\r\n"

static const uint8_t trace_bytes[16] = { 0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd,
					 0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c };
static const uint8_t upstream_bytes[8] = { 0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31 };
static const uint8_t sdk_call_bytes[8] = { 0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7 };

#define REPORT                                                         \
	"POST /v1/traces HTTP/1.1\r\nHost: c\r\nContent-Length: 0\r\n" \
	"Content-Type: application/x-protobuf\r\n\r\n"

#define A 100 /* the process that is called from outside */
#define B 200 /* the one that it calls */
#define C 300 /* the one that B calls */

static void begin(struct scene *sc, enum sdk_mode mode, uint32_t sdk_tgid)
{
	const struct pipeline_cfg cfg = {
		.seed = { { 1, 2, 3, 4 } },
		.link_wait_ns = 10 * NSEC_PER_SEC,
		.with_sdk = mode,
	};

	scene_begin_pipeline(sc, &cfg);
	sc->sdk_tgid = sdk_tgid;
}

/* A is asked with `in`, asks B with `out`, and answers. */
static void a_calls_b(struct scene *sc, const char *in, const char *out)
{
	struct end a_in = open_end(sc, 1, A, 1000, 2000);
	struct end a_out, b_in;

	receive(sc, &a_in, A, in);
	a_out = open_end(sc, 2, A, 7000, 6000);
	b_in = open_end(sc, 3, B, 6000, 7000);
	transmit(sc, &a_out, A, out);
	receive(sc, &b_in, B, out);
	transmit(sc, &b_in, B, OK);
	receive(sc, &a_out, A, OK);
	transmit(sc, &a_in, A, OK);
	pass_time(sc, 200000);
}

static void assert_below(const struct span *s, const uint8_t parent[8])
{
	assert_non_null(s);
	assert_memory_equal(s->trace_id.b, trace_bytes, sizeof(trace_bytes));
	assert_true(s->has_parent && s->parent_remote);
	assert_memory_equal(s->parent_id.b, parent, sizeof(s->parent_id.b));
}

/* Nobody knows that spans come from A: they are shown, in the trace that A's SDK has begun. */
static void trace_of_the_call_is_taken(void **state)
{
	struct scene sc;

	begin(&sc, SDK_AUTO, 0);
	a_calls_b(&sc, REQUEST("/a"), CALLED("/b", TRACE, SDK_CALL, "01"));
	assert_int_equal(sc.n, 3);
	assert_memory_equal(span_of(&sc, SPAN_SERVER, "/a")->trace_id.b, trace_bytes, 16);
	assert_false(span_of(&sc, SPAN_SERVER, "/a")->has_parent);
	assert_true(made_for(&sc, "/b", "/a"));
	assert_true(is_child(span_of(&sc, SPAN_SERVER, "/b"), span_of(&sc, SPAN_CLIENT, "/b")));
	scene_end(&sc);
}

static void what_the_sdk_shows_is_left_to_it(void **state)
{
	struct scene sc;

	begin(&sc, SDK_AUTO, A);
	a_calls_b(&sc, CALLED("/a", TRACE, UPSTREAM, "01"), CALLED("/b", TRACE, SDK_CALL, "01"));
	assert_int_equal(sc.n, 1);
	assert_below(span_of(&sc, SPAN_SERVER, "/b"), sdk_call_bytes);
	assert_int_equal(sc.spans[0]->links_cnt, 0);
	assert_int_equal(pipeline_tally(sc.p)->v[TALLY_LEFT_TO_SDK], 2);
	scene_end(&sc);
}

static void root_is_left_to_the_sdk(void **state)
{
	struct scene sc;

	begin(&sc, SDK_AUTO, A);
	a_calls_b(&sc, REQUEST("/a"), CALLED("/b", TRACE, SDK_CALL, "01"));
	assert_int_equal(sc.n, 1);
	assert_below(span_of(&sc, SPAN_SERVER, "/b"), sdk_call_bytes);
	scene_end(&sc);
}

/* A library that the SDK does not know: the call is shown, below the nearest span that there is. */
static void call_without_context_is_shown(void **state)
{
	struct scene sc;

	begin(&sc, SDK_AUTO, A);
	a_calls_b(&sc, CALLED("/a", TRACE, UPSTREAM, "01"), REQUEST("/b"));
	assert_int_equal(sc.n, 2);
	assert_below(span_of(&sc, SPAN_CLIENT, "/b"), upstream_bytes);
	assert_true(is_child(span_of(&sc, SPAN_SERVER, "/b"), span_of(&sc, SPAN_CLIENT, "/b")));
	scene_end(&sc);
	/* Without a header there is none: then the request is shown, too. */
	begin(&sc, SDK_AUTO, A);
	a_calls_b(&sc, REQUEST("/a"), REQUEST("/b"));
	assert_int_equal(sc.n, 3);
	assert_true(made_for(&sc, "/b", "/a"));
	scene_end(&sc);
}

/* A pool of A's makes the call, which no thread links to the request: the trace that both name does. */
static void pool_call(struct scene *sc, const char *in, const char *second)
{
	static const char call[] = CALLED("/b", TRACE, SDK_CALL, "01");
	struct end a_in, a_other, a_out;

	begin(sc, SDK_AUTO, 0);
	a_in = open_end(sc, 1, A, 1000, 2000);
	a_other = open_end(sc, 3, A, 3000, 4000);
	receive(sc, &a_in, A, in);
	receive(sc, &a_other, A + 1, second);
	a_out = open_end(sc, 2, A, 7000, 6000);
	transmit(sc, &a_out, A + 2, call);
	receive(sc, &a_out, A + 2, OK);
	transmit(sc, &a_other, A + 1, OK);
	transmit(sc, &a_in, A, OK);
	pass_time(sc, 200000);
	assert_int_equal(sc->n, 3);
}

static void call_belongs_to_the_request_of_its_trace(void **state)
{
	const struct span *call;
	struct scene sc;

	pool_call(&sc, CALLED("/a", TRACE, UPSTREAM, "01"),
		  CALLED("/other", SDK_OTHER, UPSTREAM, "01"));
	call = span_of(&sc, SPAN_CLIENT, "/b");
	assert_true(is_child(call, span_of(&sc, SPAN_SERVER, "/a")));
	assert_string_equal(method_of(call), "header");
	scene_end(&sc);
	/* Two requests of that trace: the call may have been made for either. */
	pool_call(&sc, CALLED("/a", TRACE, UPSTREAM, "01"),
		  CALLED("/other", TRACE, UPSTREAM, "01"));
	call = span_of(&sc, SPAN_CLIENT, "/b");
	assert_false(is_child(call, span_of(&sc, SPAN_SERVER, "/a")));
	assert_false(is_child(call, span_of(&sc, SPAN_SERVER, "/other")));
	scene_end(&sc);
}

/* A hands its header on: the SDK of B takes the span before A for its parent, which is not where B belongs. */
static void handed_on_header_is_bridged(void **state)
{
	struct scene sc;

	begin(&sc, SDK_AUTO, B);
	a_calls_b(&sc, CALLED("/a", TRACE, UPSTREAM, "01"), CALLED("/b", TRACE, UPSTREAM, "01"));
	assert_int_equal(sc.n, 3);
	assert_below(span_of(&sc, SPAN_SERVER, "/a"), upstream_bytes);
	assert_true(is_child(span_of(&sc, SPAN_SERVER, "/b"), span_of(&sc, SPAN_CLIENT, "/b")));
	scene_end(&sc);
	/* So are calls of A itself, should it have an SDK that does not know of them. */
	begin(&sc, SDK_AUTO, A);
	a_calls_b(&sc, CALLED("/a", TRACE, UPSTREAM, "01"), CALLED("/b", TRACE, UPSTREAM, "01"));
	assert_int_equal(sc.n, 2);
	assert_below(span_of(&sc, SPAN_CLIENT, "/b"), upstream_bytes);
	scene_end(&sc);
}

/* A hands nothing on, so B's SDK begins a trace: that is the trace of all, and our spans show the way from A to C. */
static void cut_off_spans_are_shown(void **state)
{
	static const char call[] = CALLED("/c", TRACE, SDK_CALL, "01");
	struct end a_in, a_out, b_in, b_out, c_in;
	struct scene sc;

	begin(&sc, SDK_AUTO, B);
	a_in = open_end(&sc, 1, A, 1000, 2000);
	receive(&sc, &a_in, A, REQUEST("/a"));
	a_out = open_end(&sc, 2, A, 7000, 6000);
	b_in = open_end(&sc, 3, B, 6000, 7000);
	b_out = open_end(&sc, 4, B, 9000, 8000);
	c_in = open_end(&sc, 5, C, 8000, 9000);
	transmit(&sc, &a_out, A, REQUEST("/b"));
	receive(&sc, &b_in, B, REQUEST("/b"));
	transmit(&sc, &b_out, B, call);
	receive(&sc, &c_in, C, call);
	transmit(&sc, &c_in, C, OK);
	receive(&sc, &b_out, B, OK);
	transmit(&sc, &b_in, B, OK);
	receive(&sc, &a_out, A, OK);
	transmit(&sc, &a_in, A, OK);
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 5);
	assert_memory_equal(span_of(&sc, SPAN_SERVER, "/a")->trace_id.b, trace_bytes, 16);
	assert_true(is_child(span_of(&sc, SPAN_SERVER, "/b"), span_of(&sc, SPAN_CLIENT, "/b")));
	assert_true(made_for(&sc, "/c", "/b"));
	assert_true(is_child(span_of(&sc, SPAN_SERVER, "/c"), span_of(&sc, SPAN_CLIENT, "/c")));
	scene_end(&sc);
}

/* An SDK that knows of calls and not of requests: its calls are in traces of their own. */
static void unknown_request_is_shown(void **state)
{
	struct scene sc;

	begin(&sc, SDK_AUTO, A);
	a_calls_b(&sc, CALLED("/a", TRACE, UPSTREAM, "01"),
		  CALLED("/b", SDK_OTHER, SDK_CALL, "01"));
	assert_int_equal(sc.n, 3);
	assert_below(span_of(&sc, SPAN_SERVER, "/a"), upstream_bytes);
	assert_true(is_child(span_of(&sc, SPAN_SERVER, "/b"), span_of(&sc, SPAN_CLIENT, "/b")));
	assert_int_equal(span_of(&sc, SPAN_SERVER, "/b")->links_cnt, 1);
	scene_end(&sc);
}

/* Some runtimes write a context whether or not anybody records spans. */
static void what_is_not_recorded_is_shown(void **state)
{
	struct scene sc;

	begin(&sc, SDK_AUTO, A);
	a_calls_b(&sc, REQUEST("/a"), CALLED("/b", TRACE, SDK_CALL, "00"));
	assert_non_null(span_of(&sc, SPAN_CLIENT, "/b"));
	assert_non_null(span_of(&sc, SPAN_SERVER, "/b"));
	scene_end(&sc);
}

static void join_shows_both(void **state)
{
	struct scene sc;

	begin(&sc, SDK_JOIN, A);
	a_calls_b(&sc, CALLED("/a", TRACE, UPSTREAM, "01"), CALLED("/b", TRACE, SDK_CALL, "01"));
	assert_int_equal(sc.n, 3);
	assert_below(span_of(&sc, SPAN_SERVER, "/a"), upstream_bytes);
	assert_below(span_of(&sc, SPAN_CLIENT, "/b"), sdk_call_bytes);
	assert_true(is_child(span_of(&sc, SPAN_SERVER, "/b"), span_of(&sc, SPAN_CLIENT, "/b")));
	scene_end(&sc);
	/* The trace that the SDK began has its root already. */
	begin(&sc, SDK_JOIN, A);
	a_calls_b(&sc, REQUEST("/a"), CALLED("/b", TRACE, SDK_CALL, "01"));
	assert_int_equal(sc.n, 2);
	assert_below(span_of(&sc, SPAN_CLIENT, "/b"), sdk_call_bytes);
	scene_end(&sc);
}

/* The request during which A reports is the SDK's to show: the report is no second root of its trace. */
static void join_shows_reports_apart(void **state)
{
	const struct span *report, *call;
	struct end in, out, c;
	struct scene sc;

	begin(&sc, SDK_JOIN, A);
	in = open_end(&sc, 1, A, 1000, 2000);
	out = open_end(&sc, 2, A, 7000, 6000);
	c = open_end(&sc, 3, A, 8000, 9000);
	receive(&sc, &in, A, REQUEST("/a"));
	transmit(&sc, &out, A, CALLED("/b", TRACE, SDK_CALL, "01"));
	receive(&sc, &out, A, OK);
	transmit(&sc, &c, A, REPORT);
	receive(&sc, &c, A, OK);
	transmit(&sc, &in, A, OK);
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 2);
	call = span_of(&sc, SPAN_CLIENT, "/b");
	report = span_of(&sc, SPAN_CLIENT, "/v1/traces");
	assert_below(call, sdk_call_bytes);
	assert_false(report->has_parent);
	assert_memory_not_equal(&report->trace_id, &call->trace_id, sizeof(call->trace_id));
	scene_end(&sc);
}

static void skip_shows_nothing_of_it(void **state)
{
	struct scene sc;

	begin(&sc, SDK_SKIP, A);
	a_calls_b(&sc, CALLED("/a", TRACE, UPSTREAM, "01"), REQUEST("/b"));
	assert_int_equal(sc.n, 1);
	assert_below(span_of(&sc, SPAN_SERVER, "/b"), upstream_bytes);
	scene_end(&sc);
}

/* What A reports is not shown, and that it reports spans tells that its own are left to it from now on. */
static void report_tells(void **state)
{
	struct scene sc;
	struct end out;

	begin(&sc, SDK_AUTO, 0);
	out = open_end(&sc, 9, A, 1, 2);
	transmit(&sc, &out, 150, REPORT);
	receive(&sc, &out, 150, OK);
	assert_int_equal(sc.n, 0);
	assert_int_equal(pipeline_tally(sc.p)->v[TALLY_TELEMETRY], 1);
	a_calls_b(&sc, CALLED("/a", TRACE, UPSTREAM, "01"), CALLED("/b", TRACE, SDK_CALL, "01"));
	assert_int_equal(sc.n, 1);
	scene_end(&sc);
}

#define OTLP_REQUEST                                                                   \
	"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0\0\0\x3e\1\4\0\0\0\1\4\x3b" \
	"/opentelemetry.proto.collector.trace.v1.TraceService/Export\x83"

static void say_otlp(struct scene *sc, uint64_t id, uint32_t tgid, enum dir dir)
{
	struct end e = open_end(sc, id, tgid, 10 * id, 10 * id + 1);
	size_t n = sizeof(OTLP_REQUEST) - 1;

	move_cut(sc, &e, tgid, dir, OTLP_REQUEST, n, n);
}

/* The same over gRPC, whatever the port; but one that hands on what others report to it does not report itself. */
static void report_over_grpc_tells(void **state)
{
	struct scene sc;

	begin(&sc, SDK_AUTO, 0);
	say_otlp(&sc, 9, A, DIR_TX);
	a_calls_b(&sc, CALLED("/a", TRACE, UPSTREAM, "01"), CALLED("/b", TRACE, SDK_CALL, "01"));
	assert_int_equal(sc.n, 1);
	assert_int_equal(pipeline_tally(sc.p)->v[TALLY_FOREIGN_HTTP2], 0);
	scene_end(&sc);
	begin(&sc, SDK_AUTO, 0);
	say_otlp(&sc, 9, A, DIR_RX);
	say_otlp(&sc, 10, A, DIR_TX);
	a_calls_b(&sc, CALLED("/a", TRACE, UPSTREAM, "01"), CALLED("/b", TRACE, SDK_CALL, "01"));
	assert_int_equal(sc.n, 3);
	scene_end(&sc);
}

/* On a connection that was there before, only the port is left to tell what HTTP/2 is asked for. */
static void port_tells_of_older_connections(void **state)
{
	static const char request[] = "\0\0\1\1\4\0\0\0\7\xc0";
	static const struct {
		uint16_t port;
		size_t spans;
	} cases[] = { { 4317, 1 }, { 14317, 3 } };
	struct scene sc;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ev_conn conn = { .conn = 9, .flags = CONN_MIDWAY };
		struct end e = { .id = 9, .tgid = A };

		begin(&sc, SDK_AUTO, 0);
		conn.hdr = header(&sc, EV_CONN, sizeof(conn), A, A);
		conn.peer_port = cases[i].port;
		pipeline_feed(sc.p, &conn.hdr);
		move_cut(&sc, &e, A, DIR_TX, request, sizeof(request) - 1, sizeof(request) - 1);
		a_calls_b(&sc, CALLED("/a", TRACE, UPSTREAM, "01"),
			  CALLED("/b", TRACE, SDK_CALL, "01"));
		assert_int_equal(sc.n, cases[i].spans);
		scene_end(&sc);
	}
}

static void agents(void **state)
{
	static const struct {
		const char *environ;
		const char *arg;
		bool found;
	} cases[] = {
		{ "A=1\0PYTHONPATH=/v/opentelemetry/instrumentation/auto_instrumentation:/x\0",
		  "python3", true },
		{ "NODE_OPTIONS=--require @opentelemetry/auto-instrumentations-node/register\0",
		  "node", true },
		{ "A=1\0", "-javaagent:/opt/opentelemetry-javaagent.jar", true },
		{ "OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318\0", "python3", false },
		{ "OTEL_SDK_DISABLED=true\0NODE_OPTIONS=--require @opentelemetry/api\0", "node",
		  false },
		{ "OTEL_TRACES_EXPORTER=none\0NODE_OPTIONS=--require @opentelemetry/api\0", "node",
		  false },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct slice environ = { cases[i].environ, 0 };
		char *args[] = { (char *)cases[i].arg };

		while (environ.p[environ.n])
			environ.n += strlen(environ.p + environ.n) + 1;
		assert_int_equal(sdk_evidence(args, 1, environ) != NULL, cases[i].found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trace_of_the_call_is_taken),
		cmocka_unit_test(what_the_sdk_shows_is_left_to_it),
		cmocka_unit_test(root_is_left_to_the_sdk),
		cmocka_unit_test(call_without_context_is_shown),
		cmocka_unit_test(call_belongs_to_the_request_of_its_trace),
		cmocka_unit_test(handed_on_header_is_bridged),
		cmocka_unit_test(cut_off_spans_are_shown),
		cmocka_unit_test(unknown_request_is_shown),
		cmocka_unit_test(what_is_not_recorded_is_shown),
		cmocka_unit_test(join_shows_both),
		cmocka_unit_test(join_shows_reports_apart),
		cmocka_unit_test(skip_shows_nothing_of_it),
		cmocka_unit_test(report_tells),
		cmocka_unit_test(report_over_grpc_tells),
		cmocka_unit_test(port_tells_of_older_connections),
		cmocka_unit_test(agents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
