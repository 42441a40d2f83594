/* SPDX-License-Identifier: GPL-2.0-only */
/* The OTLP exporter by itself, without a lane, against real connections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "export/exporter.h"
#include "export/otlp.h"
#include "unit/lib/collector.h"
#include "unit/lib/sample.h"

#define PB "Content-Type: application/x-protobuf\r\n"

/* An exporter that has been opened against a collector with a script. */
struct rig {
	struct collector *collector;
	struct export_options opt;
	struct hurry hurry;
	_Atomic uint64_t dropped;
	struct export_env env;
	struct export_counts counts;
	struct resource *resource;
	char url[64];
	void *self;
};

static void rig_open(struct rig *r)
{
	struct err err = { "" };

	assert_int_equal(hurry_init(&r->hurry), 0);
	r->opt.endpoint = r->url;
	r->opt.version = "1.2.3";
	if (!r->opt.timeout_ms)
		r->opt.timeout_ms = 10000;
	r->env = (struct export_env){ &r->opt, &r->hurry, &r->dropped };
	r->resource = sample_resource("a");
	if (exporter_otlp.open(&r->env, NULL, &r->self, &err))
		fail_msg("%s", err.text);
}

static void rig_start(struct rig *r, const struct collector_step *steps, size_t n)
{
	r->collector = collector_start(steps, n, 0);
	snprintf(r->url, sizeof(r->url), "http://127.0.0.1:%u/v1/traces",
		 collector_port(r->collector));
	rig_open(r);
}

static void rig_stop(struct rig *r)
{
	exporter_otlp.close(r->self);
	collector_stop(r->collector);
	resource_put(r->resource);
	hurry_release(&r->hurry);
}

/* Sends n spans; returns how long that took. */
static uint64_t rig_send_ms(struct rig *r, size_t n)
{
	uint64_t start = clock_mono_ns();
	struct span *s[64];
	size_t i;

	for (i = 0; i < n; i++)
		s[i] = sample_span(r->resource, 1, (uint8_t)(i + 1), 0, i);
	exporter_otlp.send(r->self, s, n, &r->counts);
	for (i = 0; i < n; i++)
		span_free(s[i]);
	return (clock_mono_ns() - start) / NSEC_PER_MSEC;
}

static void assert_counts(const struct rig *r, uint64_t sent, uint64_t rejected, uint64_t failed,
			  uint64_t requests)
{
	assert_int_equal(r->counts.sent, sent);
	assert_int_equal(r->counts.rejected, rejected);
	assert_int_equal(r->counts.failed, failed);
	assert_int_equal(r->counts.requests, requests);
}

static size_t spans_in(const void *body, size_t len)
{
	Otlp__ExportTraceServiceRequest *req =
		otlp__export_trace_service_request__unpack(NULL, len, body);
	size_t n;

	assert_non_null(req);
	assert_int_equal(req->n_resource_spans, 1);
	n = req->resource_spans[0]->scope_spans[0]->n_spans;
	otlp__export_trace_service_request__free_unpacked(req, NULL);
	return n;
}

static void posts_over_one_connection(void **state)
{
	static const struct collector_step ok[] = { { COLLECT_ANSWER, 200, PB, NULL, 0 } };
	static const char *const headers[] = { "X-Token: secret" };
	struct rig r = { .opt = { .headers = headers, .headers_cnt = 1 } };
	const struct collector_request *q;

	rig_start(&r, ok, 1);
	rig_send_ms(&r, 3);
	rig_send_ms(&r, 2);
	assert_counts(&r, 5, 0, 0, 2);
	assert_int_equal(collector_connections(r.collector), 1);
	q = collector_request(r.collector, 0);
	assert_non_null(strstr(q->head, "POST /v1/traces HTTP/1.1\r\n"));
	assert_non_null(strstr(q->head, "\r\nContent-Type: application/x-protobuf\r\n"));
	assert_non_null(strstr(q->head, "\r\nUser-Agent: ebpf-tracer/1.2.3\r\n"));
	assert_non_null(strstr(q->head, "\r\nX-Token: secret\r\n"));
	assert_null(strstr(q->head, "Content-Encoding"));
	assert_int_equal(spans_in(q->body, q->body_len), 3);
	q = collector_request(r.collector, 1);
	assert_int_equal(spans_in(q->body, q->body_len), 2);
	rig_stop(&r);
}

/* libcurl would ask before it sends more than 1 MiB, and wait for a second where nobody replies to that. */
static void large_bodies_go_at_once(void **state)
{
	static const struct collector_step ok[] = { { COLLECT_ANSWER, 200, PB, NULL, 0 } };
	static char text[2000];
	const struct collector_request *q;
	struct span *s[800];
	struct rig r = { 0 };
	size_t i;

	memset(text, 'x', sizeof(text));
	rig_start(&r, ok, 1);
	for (i = 0; i < ARRAY_SIZE(s); i++) {
		s[i] = sample_span(r.resource, 1, (uint8_t)i, 0, i);
		attrs_str(&s[i]->attrs, "large", (struct slice){ text, sizeof(text) });
	}
	exporter_otlp.send(r.self, s, ARRAY_SIZE(s), &r.counts);
	assert_counts(&r, ARRAY_SIZE(s), 0, 0, 1);
	q = collector_request(r.collector, 0);
	assert_true(q->body_len > (1 << 20));
	assert_null(strstr(q->head, "Expect"));
	assert_int_equal(spans_in(q->body, q->body_len), ARRAY_SIZE(s));
	for (i = 0; i < ARRAY_SIZE(s); i++)
		span_free(s[i]);
	rig_stop(&r);
}

/* Receivers may refuse more than 64 MiB. */
static void too_large_batches_are_split(void **state)
{
	static const struct collector_step ok[] = { { COLLECT_ANSWER, 200, PB, NULL, 0 } };
	static const char *const keys[] = { "a", "b", "c", "d" };
	static struct span *s[9000];
	static char text[2000];
	const struct collector_request *q;
	struct rig r = { 0 };
	size_t i, k, arrived = 0;

	memset(text, 'x', sizeof(text));
	rig_start(&r, ok, 1);
	for (i = 0; i < ARRAY_SIZE(s); i++) {
		s[i] = sample_span(r.resource, 1, (uint8_t)i, 0, i);
		for (k = 0; k < ARRAY_SIZE(keys); k++)
			attrs_str(&s[i]->attrs, keys[k], (struct slice){ text, sizeof(text) });
	}
	exporter_otlp.send(r.self, s, ARRAY_SIZE(s), &r.counts);
	assert_counts(&r, ARRAY_SIZE(s), 0, 0, 2);
	for (i = 0; i < 2; i++) {
		q = collector_request(r.collector, i);
		assert_in_range(q->body_len, 32 << 20, 64 << 20);
		arrived += spans_in(q->body, q->body_len);
	}
	assert_int_equal(arrived, ARRAY_SIZE(s));
	for (i = 0; i < ARRAY_SIZE(s); i++)
		span_free(s[i]);
	rig_stop(&r);
}

static void gzip_can_be_unpacked(void **state)
{
	static const struct collector_step ok[] = { { COLLECT_ANSWER, 200, PB, NULL, 0 } };
	struct rig r = { .opt = { .gzip = true } };
	const struct collector_request *q;
	static uint8_t out[65536];
	size_t i;

	rig_start(&r, ok, 1);
	rig_send_ms(&r, 50);
	rig_send_ms(&r, 7);
	for (i = 0; i < 2; i++) {
		z_stream z = { .next_out = out, .avail_out = sizeof(out) };

		q = collector_request(r.collector, i);
		assert_non_null(strstr(q->head, "\r\nContent-Encoding: gzip\r\n"));
		z.next_in = (Bytef *)q->body;
		z.avail_in = (uInt)q->body_len;
		assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
		assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
		assert_true(z.total_out > z.total_in);
		assert_int_equal(spans_in(out, z.total_out), i ? 7 : 50);
		inflateEnd(&z);
	}
	rig_stop(&r);
}

static void partial_success_is_counted(void **state)
{
	/* partial_success { rejected_spans: 2, error_message: "no" } */
	static const struct collector_step some[] = {
		{ COLLECT_ANSWER, 200, PB, "\x0a\x06\x08\x02\x12\x02no", 8 },
	};
	/* Nobody rejects more spans than there were, nor less than none. */
	static const struct collector_step odd[] = {
		{ COLLECT_ANSWER, 200, PB, "\x0a\x03\x08\xe8\x07", 5 },
		{ COLLECT_ANSWER, 200, PB, "\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		  13 },
	};
	struct rig r = { 0 };

	rig_start(&r, some, 1);
	rig_send_ms(&r, 5);
	assert_counts(&r, 3, 2, 0, 1);
	rig_stop(&r);
	r = (struct rig){ 0 };
	rig_start(&r, odd, 2);
	rig_send_ms(&r, 5);
	assert_counts(&r, 0, 5, 0, 1);
	rig_send_ms(&r, 5);
	assert_counts(&r, 5, 5, 0, 2);
	rig_stop(&r);
}

static void refusals_are_not_repeated(void **state)
{
	static const int statuses[] = { 301, 400, 401, 404, 413, 500 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(statuses); i++) {
		/* google.rpc.Status { code: 3, message: an escape sequence } */
		const struct collector_step no[] = {
			{ COLLECT_ANSWER, statuses[i], PB "Location: /elsewhere\r\n",
			  "\x08\x03\x12\x05\x1b[31m", 9 },
		};
		struct rig r = { 0 };

		rig_start(&r, no, 1);
		rig_send_ms(&r, 4);
		assert_counts(&r, 0, 4, 0, 1);
		assert_int_equal(collector_requests(r.collector), 1);
		rig_stop(&r);
	}
}

static void busy_then_ok(void **state)
{
	static const struct collector_step steps[] = {
		{ COLLECT_ANSWER, 503, NULL, NULL, 0 },
		{ COLLECT_ANSWER, 502, NULL, NULL, 0 },
		{ COLLECT_ANSWER, 200, PB, NULL, 0 },
	};
	const struct collector_request *q;
	struct rig r = { 0 };

	rig_start(&r, steps, ARRAY_SIZE(steps));
	rig_send_ms(&r, 4);
	assert_counts(&r, 4, 0, 0, 3);
	assert_int_equal(r.counts.retries, 2);
	/* The same spans each time. */
	q = collector_request(r.collector, 2);
	assert_int_equal(spans_in(q->body, q->body_len), 4);
	rig_stop(&r);
}

static uint64_t gap_ms(struct rig *r, size_t i)
{
	return (collector_request(r->collector, i + 1)->at_ns -
		collector_request(r->collector, i)->at_ns) /
	       NSEC_PER_MSEC;
}

static void retry_after_is_kept(void **state)
{
	static const struct collector_step seconds[] = {
		{ COLLECT_ANSWER, 429, "Retry-After: 1\r\n", NULL, 0 },
		{ COLLECT_ANSWER, 200, PB, NULL, 0 },
	};
	struct collector_step date[] = {
		{ COLLECT_ANSWER, 503, NULL, NULL, 0 },
		{ COLLECT_ANSWER, 200, PB, NULL, 0 },
	};
	time_t then = time(NULL) + 3;
	char header[64];
	struct rig r = { 0 };

	rig_start(&r, seconds, 2);
	hurry_now(&r.hurry); /* a flush does not make the server less busy */
	rig_send_ms(&r, 1);
	assert_counts(&r, 1, 0, 0, 2);
	assert_true(gap_ms(&r, 0) >= 1000);
	rig_stop(&r);

	strftime(header, sizeof(header), "Retry-After: %a, %d %b %Y %H:%M:%S GMT\r\n",
		 gmtime(&then));
	date[0].headers = header;
	r = (struct rig){ 0 };
	rig_start(&r, date, 2);
	rig_send_ms(&r, 1);
	assert_counts(&r, 1, 0, 0, 2);
	assert_true(gap_ms(&r, 0) >= 1000);
	rig_stop(&r);
}

/* A server that wants to be left alone for longer than an export may take gets no request in the meantime. */
static void retry_after_beyond_the_budget(void **state)
{
	static const struct collector_step busy[] = {
		{ COLLECT_ANSWER, 429, "Retry-After: 60\r\n", NULL, 0 },
	};
	struct rig r = { .opt = { .timeout_ms = 1000 } };

	rig_start(&r, busy, 1);
	assert_true(rig_send_ms(&r, 1) < 1000);
	assert_counts(&r, 0, 0, 1, 1);
	assert_true(rig_send_ms(&r, 1) >= 1000);
	assert_counts(&r, 0, 0, 2, 1);
	rig_stop(&r);
}

static void closing_without_an_answer_is_retried(void **state)
{
	static const struct collector_step steps[] = {
		{ COLLECT_CLOSE, 0, NULL, NULL, 0 },
		{ COLLECT_ANSWER, 200, PB, NULL, 0 },
		{ COLLECT_CLOSE, 0, NULL, NULL, 0 },
		{ COLLECT_ANSWER, 200, PB, NULL, 0 },
	};
	struct rig r = { 0 };

	rig_start(&r, steps, ARRAY_SIZE(steps));
	rig_send_ms(&r, 1);
	assert_counts(&r, 1, 0, 0, 2);
	/* On a connection that had worked libcurl tries a new one by itself. */
	rig_send_ms(&r, 1);
	assert_counts(&r, 2, 0, 0, 3);
	assert_int_equal(collector_requests(r.collector), 4);
	rig_stop(&r);
}

static void nobody_listens(void **state)
{
	static const struct collector_step ok[] = { { COLLECT_ANSWER, 200, PB, NULL, 0 } };
	struct rig r = { .opt = { .timeout_ms = 1000 } };
	uint64_t ms;

	/* A port that was free a moment ago. */
	rig_start(&r, ok, 1);
	collector_stop(r.collector);
	r.collector = NULL;
	ms = rig_send_ms(&r, 2);
	assert_true(ms < 1500);
	assert_int_equal(r.counts.failed, 2);
	assert_true(r.counts.requests >= 2);
	/* Back again: the next batch goes out. */
	r.collector = collector_start(ok, 1, (uint16_t)strtoul(strrchr(r.url, ':') + 1, NULL, 10));
	rig_send_ms(&r, 3);
	assert_int_equal(r.counts.sent, 3);
	rig_stop(&r);
}

static void hanging_backend_is_left(void **state)
{
	static const struct collector_step hang[] = { { COLLECT_HANG, 0, NULL, NULL, 0 } };
	struct rig r = { .opt = { .timeout_ms = 400 } };
	uint64_t ms;

	rig_start(&r, hang, 1);
	ms = rig_send_ms(&r, 2);
	assert_true(ms >= 400 && ms < 2000);
	assert_counts(&r, 0, 0, 2, 1);
	rig_stop(&r);
}

/* At the end the exporter has until then, whatever its own limit. */
static void end_is_kept(void **state)
{
	static const struct collector_step hang[] = { { COLLECT_HANG, 0, NULL, NULL, 0 } };
	struct rig r = { 0 };

	rig_start(&r, hang, 1);
	hurry_end(&r.hurry, clock_mono_ns() + 200 * NSEC_PER_MSEC);
	assert_true(rig_send_ms(&r, 2) < 2000);
	assert_counts(&r, 0, 0, 2, 1);
	rig_stop(&r);
}

static void slow_answers_are_waited_for(void **state)
{
	static const struct collector_step drip[] = { { COLLECT_DRIP, 0, NULL, NULL, 0 } };
	struct rig r = { 0 };

	rig_start(&r, drip, 1);
	rig_send_ms(&r, 2);
	assert_counts(&r, 2, 0, 0, 1);
	rig_stop(&r);
	r = (struct rig){ .opt = { .timeout_ms = 150 } };
	rig_start(&r, drip, 1);
	assert_true(rig_send_ms(&r, 2) < 1500);
	assert_counts(&r, 0, 0, 2, 1);
	rig_stop(&r);
}

static void garbage_is_survived(void **state)
{
	static const char no_http[] = "220 mail.example.com ESMTP\r\n";
	static const struct collector_step steps[] = {
		/* Says OTLP and is not, does not say OTLP, is not HTTP. */
		{ COLLECT_ANSWER, 200, PB, "\xff\xff\xff\xff\xff", 5 },
		{ COLLECT_ANSWER, 200, "Content-Type: text/html\r\n", "<html>", 6 },
		{ COLLECT_RAW, 0, NULL, no_http, sizeof(no_http) - 1 },
	};
	struct rig r = { 0 };

	rig_start(&r, steps, ARRAY_SIZE(steps));
	rig_send_ms(&r, 1);
	rig_send_ms(&r, 1);
	assert_counts(&r, 2, 0, 0, 2);
	rig_send_ms(&r, 1);
	assert_counts(&r, 2, 1, 0, 3);
	rig_stop(&r);
}

static void huge_answer_is_refused(void **state)
{
	static const struct collector_step huge[] = {
		{ COLLECT_ANSWER, 200, PB, NULL, (size_t)5 << 20 },
	};
	struct rig r = { 0 };

	rig_start(&r, huge, 1);
	rig_send_ms(&r, 2);
	assert_counts(&r, 0, 2, 0, 1);
	rig_stop(&r);
}

static void refuses_to_open(const struct export_options *opt, const char *target, const char *why)
{
	const struct export_env env = { .opt = opt };
	struct err err = { "" };
	void *self = NULL;

	assert_true(exporter_otlp.open(&env, target, &self, &err) < 0);
	assert_null(self);
	if (!strstr(err.text, why))
		fail_msg("'%s' does not say '%s'", err.text, why);
}

static void wrong_use_is_told(void **state)
{
	static const char *const bad[] = { "Key value" }, *const broken[] = { "K: secret\r\nX: 1" };
	struct export_options opt = { .endpoint = "http://localhost:4318/v1/traces" };

	refuses_to_open(&opt, "file", "--endpoint");
	opt.endpoint = "http://local host/";
	refuses_to_open(&opt, NULL, "bad endpoint");
	opt.endpoint = "ftp://localhost/";
	refuses_to_open(&opt, NULL, "http://");
	opt.endpoint = "";
	refuses_to_open(&opt, NULL, "bad endpoint");
	opt.endpoint = "https://localhost/";
	opt.ca_file = "/nonexistent.pem";
	refuses_to_open(&opt, NULL, "/nonexistent.pem");
	opt.ca_file = NULL;
	opt.headers_cnt = 1;
	opt.headers = bad;
	refuses_to_open(&opt, NULL, "bad header");
	opt.headers = broken;
	refuses_to_open(&opt, NULL, "line break");
}

static void secrets_are_not_shown(void **state)
{
	struct rig r = { .url = "http://user:pass@127.0.0.1:1/v1?key=k" };
	_cleanup_(buf_release) struct buf text = { .cap = 100 };

	rig_open(&r);
	assert_int_equal(exporter_otlp.describe(r.self, &text), 0);
	assert_string_equal(text.p, "OTLP at http://127.0.0.1:1/v1");
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(posts_over_one_connection),
		cmocka_unit_test(large_bodies_go_at_once),
		cmocka_unit_test(too_large_batches_are_split),
		cmocka_unit_test(gzip_can_be_unpacked),
		cmocka_unit_test(partial_success_is_counted),
		cmocka_unit_test(refusals_are_not_repeated),
		cmocka_unit_test(busy_then_ok),
		cmocka_unit_test(retry_after_is_kept),
		cmocka_unit_test(retry_after_beyond_the_budget),
		cmocka_unit_test(closing_without_an_answer_is_retried),
		cmocka_unit_test(nobody_listens),
		cmocka_unit_test(hanging_backend_is_left),
		cmocka_unit_test(end_is_kept),
		cmocka_unit_test(slow_answers_are_waited_for),
		cmocka_unit_test(garbage_is_survived),
		cmocka_unit_test(huge_answer_is_refused),
		cmocka_unit_test(wrong_use_is_told),
		cmocka_unit_test(secrets_are_not_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
