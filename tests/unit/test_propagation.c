/* SPDX-License-Identifier: GPL-2.0-only */
/* Every format of trace context: what is accepted, what it means, and who is believed when there are several. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/compiler.h"
#include "trace/propagation.h"

#define TID "0af7651916cd43dd8448eb211c80319c"
#define LOW "8448eb211c80319c"
#define SID "b7ad6b7169203331"

struct header {
	enum carrier carrier;
	const char *value;
};

#define HEADERS_MAX 4

struct row {
	struct header headers[HEADERS_MAX];
	const char *want; /* as a traceparent; NULL: nothing */
	bool undecided;
};

#define ZEROS "0000000000000000"

/* clang-format off */
#define GIVES(traceparent, ...) { .headers = { __VA_ARGS__ }, .want = traceparent }
#define UNDECIDED(traceparent, ...) { .headers = { __VA_ARGS__ }, .want = traceparent, .undecided = true }
#define REFUSED(...) { .headers = { __VA_ARGS__ } }

static const struct row rows[] = {
	GIVES("00-" TID "-" SID "-01", { CARRIER_TRACEPARENT, "00-" TID "-" SID "-01" }),
	GIVES("00-" TID "-" SID "-00", { CARRIER_TRACEPARENT, "00-" TID "-" SID "-00" }),
	REFUSED({ CARRIER_TRACEPARENT, "00-" TID "-" ZEROS "-01" }),

	GIVES("00-" TID "-" SID "-01", { CARRIER_B3, TID "-" SID "-1" }),
	GIVES("00-" TID "-" SID "-01", { CARRIER_B3, TID "-" SID "-d" }),
	GIVES("00-" TID "-" SID "-00", { CARRIER_B3, TID "-" SID "-0-" SID }),
	UNDECIDED("00-" TID "-" SID "-00", { CARRIER_B3, TID "-" SID }),
	GIVES("00-" ZEROS LOW "-" SID "-01", { CARRIER_B3, LOW "-" SID "-1" }),
	REFUSED({ CARRIER_B3, "0" }),
	REFUSED({ CARRIER_B3, TID }),
	REFUSED({ CARRIER_B3, TID "1-" SID "-1" }),
	REFUSED({ CARRIER_B3, "x" LOW "-" SID "-1" }),
	REFUSED({ CARRIER_B3, ZEROS "-" SID "-1" }),

	GIVES("00-" TID "-" SID "-01", { CARRIER_B3_TRACE_ID, TID }, { CARRIER_B3_SPAN_ID, SID },
	      { CARRIER_B3_SAMPLED, "1" }),
	GIVES("00-" ZEROS LOW "-" SID "-00", { CARRIER_B3_TRACE_ID, LOW }, { CARRIER_B3_SPAN_ID, SID },
	      { CARRIER_B3_SAMPLED, "false" }),
	GIVES("00-" TID "-" SID "-01", { CARRIER_B3_TRACE_ID, TID }, { CARRIER_B3_SPAN_ID, SID },
	      { CARRIER_B3_FLAGS, "1" }),
	UNDECIDED("00-" TID "-" SID "-00", { CARRIER_B3_TRACE_ID, TID }, { CARRIER_B3_SPAN_ID, SID }),
	REFUSED({ CARRIER_B3_TRACE_ID, TID }),

	GIVES("00-" TID "-" SID "-01", { CARRIER_JAEGER, TID ":" SID ":0:1" }),
	GIVES("00-" ZEROS "0000000000000abc-000000000000001f-00", { CARRIER_JAEGER, "abc:1f:0:0" }),
	GIVES("00-" TID "-" SID "-01", { CARRIER_JAEGER, TID "%3A" SID "%3A0%3A3" }),
	REFUSED({ CARRIER_JAEGER, TID ":" SID ":0" }),
	REFUSED({ CARRIER_JAEGER, TID ":0:0:1" }),
	REFUSED({ CARRIER_JAEGER, "::::" }),
	REFUSED({ CARRIER_JAEGER, "%3A%3A" }),

	GIVES("00-" TID "-" SID "-01",
	      { CARRIER_XRAY, "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=" SID ";Sampled=1" }),
	GIVES("00-" TID "-" SID "-00",
	      { CARRIER_XRAY, "Sampled=0; Parent=" SID ";Self=x; Root=1-0af76519-16cd43dd8448eb211c80319c" }),
	UNDECIDED("00-" TID "-" ZEROS "-00", { CARRIER_XRAY, "Root=1-0af76519-16cd43dd8448eb211c80319c" }),
	UNDECIDED("00-" TID "-" SID "-00",
	      { CARRIER_XRAY, "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=" SID ";Sampled=?" }),
	REFUSED({ CARRIER_XRAY, "Parent=" SID ";Sampled=1" }),
	REFUSED({ CARRIER_XRAY, "Root=2-0af76519-16cd43dd8448eb211c80319c" }),
	REFUSED({ CARRIER_XRAY, "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=12" }),

	GIVES("00-" TID "-" SID "-01",
	      { CARRIER_DATADOG_TRACE_ID, "9532127138774266268" },
	      { CARRIER_DATADOG_PARENT_ID, "13235353014750950193" },
	      { CARRIER_DATADOG_PRIORITY, "2" },
	      { CARRIER_DATADOG_TAGS, "_dd.p.dm=-4,_dd.p.tid=0af7651916cd43dd" }),
	GIVES("00-" ZEROS LOW "-" SID "-00",
	      { CARRIER_DATADOG_TRACE_ID, "9532127138774266268" },
	      { CARRIER_DATADOG_PARENT_ID, "13235353014750950193" },
	      { CARRIER_DATADOG_PRIORITY, "-1" }),
	REFUSED({ CARRIER_DATADOG_TRACE_ID, "18446744073709551616" }, { CARRIER_DATADOG_PARENT_ID, "1" }),
	REFUSED({ CARRIER_DATADOG_TRACE_ID, "0" }, { CARRIER_DATADOG_PARENT_ID, "1" }),
	REFUSED({ CARRIER_DATADOG_TRACE_ID, "5" }),

	/* W3C's is believed first; one that is not valid leaves the word to the next. */
	GIVES("00-" TID "-" SID "-01", { CARRIER_TRACEPARENT, "00-" TID "-" SID "-01" },
	      { CARRIER_B3, LOW "-" SID "-0" }),
	GIVES("00-" ZEROS LOW "-" SID "-00", { CARRIER_TRACEPARENT, "00-" TID "-" SID "-1" },
	      { CARRIER_B3, LOW "-" SID "-0" }),
	GIVES("00-" TID "-" SID "-01", { CARRIER_B3, TID "-" SID "-1" }, { CARRIER_B3_TRACE_ID, LOW },
	      { CARRIER_B3_SPAN_ID, SID }),
	GIVES("00-" TID "-" SID "-01", { CARRIER_JAEGER, TID ":" SID ":0:1" },
	      { CARRIER_XRAY, "Root=1-0af76519-16cd43dd8448eb211c803190" }),
};
/* clang-format on */

static struct trace_context context_of(const struct row *row)
{
	struct trace_context raw = { 0 };
	size_t i;

	for (i = 0; i < HEADERS_MAX && row->headers[i].value; i++)
		raw.v[row->headers[i].carrier] = slice_str(row->headers[i].value);
	return raw;
}

static void check(const struct row *row)
{
	struct trace_context raw = context_of(row);
	char text[TRACEPARENT_LEN + 1];
	struct trace_ctx ctx;
	bool w3c;

	if (propagation_extract(&raw, 0, &ctx, &w3c)) {
		if (row->want)
			fail_msg("'%s' is refused", row->headers[0].value);
		return;
	}
	trace_ctx_format(&ctx, text);
	if (!row->want || strcmp(text, row->want))
		fail_msg("'%s' is %s", row->headers[0].value, text);
	if (ctx.undecided != row->undecided)
		fail_msg("'%s': undecided is %d", row->headers[0].value, ctx.undecided);
}

static void test_formats(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		check(&rows[i]);
}

static void test_only_named_formats_are_read(void **state)
{
	static const struct row row = { .headers = {
						{ CARRIER_TRACEPARENT, "00-" TID "-" SID "-01" },
						{ CARRIER_B3, LOW "-" SID "-0" } } };
	struct trace_context raw = context_of(&row);
	struct trace_ctx ctx;
	bool w3c;

	assert_int_equal(propagation_extract(&raw, ~propagation_format(SLICE("B3")), &ctx, &w3c),
			 0);
	assert_false(w3c);
	assert_int_equal(ctx.trace_id.b[0], 0);
	assert_int_not_equal(propagation_extract(&raw, ~0u, &ctx, &w3c), 0);
	assert_int_equal(propagation_format(SLICE("ottrace")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_only_named_formats_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
