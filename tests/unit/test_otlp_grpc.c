/* SPDX-License-Identifier: GPL-2.0-only */
/* The OTLP exporter over gRPC, against real connections to a server with a script. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "export/exporter.h"
#include "export/grpc.h"
#include "export/gzip.h"
#include "export/otlp.h"
#include "unit/lib/h2.h"
#include "unit/lib/sample.h"

#define GRPC  "content-type: application/grpc\n"
#define EMPTY "\0\0\0\0\0", 5
/* google.rpc.Status with a RetryInfo of 2.5 s */
#define DETAILS                                                                           \
	"grpc-status-details-bin: "                                                       \
	"CAgSBWxhdGVyGjYKKHR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5SZXRyeUluZm8SCgoICAI" \
	"QgMq17gE\n"

struct rig {
	struct h2_server *server;
	struct export_options opt;
	struct hurry hurry;
	_Atomic uint64_t dropped;
	struct export_env env;
	struct export_counts counts;
	struct resource *resource;
	char url[128];
	void *self;
};

static void rig_open(struct rig *r, uint16_t port)
{
	struct err err = { "" };

	snprintf(r->url, sizeof(r->url),
		 "http://127.0.0.1:%u/opentelemetry.proto.collector.trace.v1.TraceService/Export",
		 port);
	assert_int_equal(hurry_init(&r->hurry), 0);
	r->opt.endpoint = r->url;
	r->opt.protocol = PROTOCOL_GRPC;
	if (!r->opt.timeout_ms)
		r->opt.timeout_ms = 10000;
	r->env = (struct export_env){ &r->opt, &r->hurry, &r->dropped };
	r->resource = sample_resource("a");
	if (exporter_otlp.open(&r->env, NULL, &r->self, &err))
		fail_msg("%s", err.text);
}

static void rig_start(struct rig *r, const struct h2_step *steps, size_t n)
{
	r->server = h2_start(steps, n);
	rig_open(r, h2_port(r->server));
}

static void rig_stop(struct rig *r)
{
	exporter_otlp.close(r->self);
	if (r->server)
		h2_stop(r->server);
	resource_put(r->resource);
	hurry_release(&r->hurry);
}

static void rig_send(struct rig *r, size_t n)
{
	struct span *s[64] = { NULL };
	size_t i;

	for (i = 0; i < n; i++)
		s[i] = sample_span(r->resource, 1, (uint8_t)(i + 1), 0, i);
	exporter_otlp.send(r->self, s, n, &r->counts);
	for (i = 0; i < n; i++)
		span_free(s[i]);
}

static void assert_counts(const struct rig *r, uint64_t sent, uint64_t rejected, uint64_t failed,
			  uint64_t requests)
{
	assert_int_equal(r->counts.sent, sent);
	assert_int_equal(r->counts.rejected, rejected);
	assert_int_equal(r->counts.failed, failed);
	assert_int_equal(r->counts.requests, requests);
}

/* One export by a script: what the counts are then. */
static void check(const struct h2_step *steps, size_t n, uint64_t sent, uint64_t rejected,
		  uint64_t failed, uint64_t requests)
{
	struct rig r = { .opt = { .timeout_ms = 2000 } };

	rig_start(&r, steps, n);
	rig_send(&r, 5);
	assert_counts(&r, sent, rejected, failed, requests);
	rig_stop(&r);
}

static size_t spans_in(struct slice msg)
{
	Otlp__ExportTraceServiceRequest *req =
		otlp__export_trace_service_request__unpack(NULL, msg.n, (const uint8_t *)msg.p);
	size_t n;

	assert_non_null(req);
	n = req->resource_spans[0]->scope_spans[0]->n_spans;
	otlp__export_trace_service_request__free_unpacked(req, NULL);
	return n;
}

static void requests_are_framed(void **state)
{
	static const struct h2_step ok[] = { { H2_ANSWER, GRPC, EMPTY, "grpc-status: 0\n" } };
	_cleanup_(buf_release) struct buf plain = BUF_INIT(65536);
	struct slice body, msg;
	struct rig r;
	bool gzipped;
	size_t i;

	for (i = 0; i < 2; i++) {
		r = (struct rig){ .opt = { .gzip = i } };
		rig_start(&r, ok, 1);
		rig_send(&r, 3);
		rig_send(&r, 4);
		assert_counts(&r, 7, 0, 0, 2);
		body.p = h2_body(r.server, 1, &body.n);
		assert_int_equal(grpc_unframe(body, &msg, &gzipped), 0);
		assert_int_equal(gzipped, i);
		if (gzipped)
			assert_int_equal(gzip_unpack(msg, &plain), 0);
		assert_int_equal(spans_in(gzipped ? buf_slice(&plain) : msg), 4);
		rig_stop(&r);
	}
}

static void partial_success_is_counted(void **state)
{
	/* partial_success { rejected_spans: 2, error_message: "no" } */
	static const struct h2_step some[] = {
		{ H2_ANSWER, GRPC, "\0\0\0\0\x08\x0a\x06\x08\x02\x12\x02no", 13,
		  "grpc-status: 0\n" },
	};
	static const struct h2_step broken[] = {
		{ H2_ANSWER, GRPC, "\0\0\0\0\x09x", 6, "grpc-status: 0\n" },
	};

	check(some, 1, 3, 2, 0, 1);
	check(broken, 1, 5, 0, 0, 1);
}

static void refusals_are_final(void **state)
{
	static const struct h2_step trailers[] = {
		{ H2_ANSWER, GRPC, NULL, 0, "grpc-status: 3\ngrpc-message: bad%20spans\n" },
	};
	/* "Trailers-Only": there is but one block of headers. */
	static const struct h2_step only[] = {
		{ H2_ANSWER, GRPC "grpc-status: 16\n", NULL, 0, NULL },
	};
	static const struct h2_step quota[] = {
		{ H2_ANSWER, GRPC "grpc-status: 8\n", NULL, 0, NULL },
	};
	static const struct h2_step no_status[] = { { H2_ANSWER, "server: web\n", NULL, 0, NULL } };

	check(trailers, 1, 0, 5, 0, 1);
	check(only, 1, 0, 5, 0, 1);
	check(quota, 1, 0, 5, 0, 1);
	check(no_status, 1, 0, 5, 0, 1);
}

static void what_may_pass_is_tried_again(void **state)
{
	static const struct h2_step away[] = {
		{ H2_ANSWER, GRPC "grpc-status: 14\n", NULL, 0, NULL },
		{ H2_ANSWER, GRPC, EMPTY, "grpc-status: 0\n" },
	};
	static const struct h2_step cut[] = {
		{ H2_CUT, GRPC, NULL, 0, NULL },
		{ H2_ANSWER, GRPC, EMPTY, "grpc-status: 0\n" },
	};
	static const struct h2_step reset[] = {
		{ H2_RESET, NULL, NULL, 0, NULL },
		{ H2_ANSWER, GRPC, EMPTY, "grpc-status: 0\n" },
	};

	check(away, 2, 5, 0, 0, 2);
	check(cut, 2, 5, 0, 0, 2);
	check(reset, 2, 5, 0, 0, 2);
}

/* More than the time there is: it is not even tried. */
static void retry_info_is_kept(void **state)
{
	static const struct h2_step later[] = {
		{ H2_ANSWER, GRPC "grpc-status: 8\n" DETAILS, NULL, 0, NULL },
	};

	check(later, 1, 0, 0, 5, 1);
}

static void hanging_backend_is_left(void **state)
{
	static const struct h2_step hang[] = { { H2_HANG, NULL, NULL, 0, NULL } };
	struct rig r = { .opt = { .timeout_ms = 300 } };

	rig_start(&r, hang, 1);
	rig_send(&r, 2);
	assert_counts(&r, 0, 0, 2, 1);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_framed),
		cmocka_unit_test(partial_success_is_counted),
		cmocka_unit_test(refusals_are_final),
		cmocka_unit_test(what_may_pass_is_tried_again),
		cmocka_unit_test(retry_info_is_kept),
		cmocka_unit_test(hanging_backend_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
