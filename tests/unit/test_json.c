/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "export/json_message.h"
#include "export/otlp.h"
#include "export/out.h"
#include "unit/lib/files.h"
#include "unit/lib/sample.h"

#define JSON_MAX ((size_t)1 << 20)

static void assert_json(const ProtobufCMessage *msg, const char *want)
{
	_cleanup_(buf_release) struct buf b = { .cap = JSON_MAX };

	assert_int_equal(json_message(&b, msg), 0);
	assert_string_equal(b.p, want);
}

static void golden_span(void **state)
{
	_cleanup_(otlp_freep) struct otlp *o = otlp_new("1");
	_cleanup_(span_freep) struct span *s = sample_golden();

	assert_json(
		&otlp_request(o, &s, 1)->base,
		"{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\","
		"\"value\":{\"stringValue\":\"a\"}}]},\"scopeSpans\":[{\"scope\":{\"name\":\"t\","
		"\"version\":\"1\"},\"spans\":[{\"traceId\":\"5b8efff798038103d269b633813fc60c\","
		"\"spanId\":\"eee19b7ec3c1b174\",\"parentSpanId\":\"eee19b7ec3c1b173\","
		"\"name\":\"GET\",\"kind\":2,\"startTimeUnixNano\":\"1544712660000000000\","
		"\"endTimeUnixNano\":\"1544712661000000000\",\"attributes\":[{\"key\":"
		"\"http.response.status_code\",\"value\":{\"intValue\":\"500\"}}],"
		"\"status\":{\"code\":2},\"flags\":769}],"
		"\"schemaUrl\":\"https://opentelemetry.io/schemas/1.44.0\"}],"
		"\"schemaUrl\":\"https://opentelemetry.io/schemas/1.44.0\"}]}");
}

struct value_row {
	Otlp__AnyValue value;
	const char *json;
};

#define VALUE(kind, field, v, text)                                      \
	{                                                                \
		{ PROTOBUF_C_MESSAGE_INIT(&otlp__any_value__descriptor), \
		  OTLP__ANY_VALUE__VALUE_##kind##_VALUE,                 \
		  { .field = (v) } },                                    \
			text                                             \
	}
#define STRING(v, text) VALUE(STRING, string_value, (char *)(v), "{\"stringValue\":" text "}")
#define DOUBLE(v, text) VALUE(DOUBLE, double_value, (v), "{\"doubleValue\":" text "}")

static void values(void **state)
{
	const struct value_row rows[] = {
		STRING("", "\"\""),
		STRING("a\"b\\c/\b\f\n\r\t", "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\""),
		STRING("\x01\x1b[31m\x7f", "\"\\u0001\\u001b[31m\\u007f\""),
		STRING("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
		       "\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\""),
		STRING("\xc2\x9b"
		       "31m\xc2\xa0",
		       "\"\\u009b31m\xc2\xa0\""),
		VALUE(BOOL, bool_value, 0, "{\"boolValue\":false}"),
		VALUE(BOOL, bool_value, 1, "{\"boolValue\":true}"),
		VALUE(INT, int_value, 0, "{\"intValue\":\"0\"}"),
		VALUE(INT, int_value, INT64_MIN, "{\"intValue\":\"-9223372036854775808\"}"),
		DOUBLE(0, "0"),
		DOUBLE(0.1, "0.1"),
		DOUBLE(0.999, "0.999"),
		DOUBLE(1.0 / 3, "0.3333333333333333"),
		DOUBLE(1e300, "1e+300"),
		DOUBLE(0.1 + 0.2, "0.30000000000000004"),
		DOUBLE(5e-324, "4.94065645841247e-324"),
		DOUBLE(NAN, "\"NaN\""),
		DOUBLE(INFINITY, "\"Infinity\""),
		DOUBLE(-INFINITY, "\"-Infinity\""),
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		assert_json(&rows[i].value.base, rows[i].json);
}

static void bytes_are_base64(void **state)
{
	Otlp__RpcStatus st = OTLP__RPC_STATUS__INIT;
	ProtobufCBinaryData details[] = {
		{ 0, NULL },
		{ 1, (uint8_t *)"M" },
		{ 2, (uint8_t *)"Ma" },
		{ 3, (uint8_t *)"Man" },
		{ 4, (uint8_t *)"\xff\xfe\xfd\xfc" },
	};

	st.code = -3;
	st.n_details = ARRAY_SIZE(details);
	st.details = details;
	assert_json(&st.base, "{\"code\":-3,\"details\":[\"\",\"TQ==\",\"TWE=\",\"TWFu\","
			      "\"//79/A==\"]}");
}

static void too_long_is_an_error(void **state)
{
	_cleanup_(otlp_freep) struct otlp *o = otlp_new("1");
	_cleanup_(span_freep) struct span *s = sample_golden();
	_cleanup_(buf_release) struct buf b = { .cap = 100 };

	assert_true(json_message(&b, &otlp_request(o, &s, 1)->base) < 0);
}

/* --- the exporter --- */

struct rig {
	struct export_options opt;
	struct hurry hurry;
	struct export_env env;
	struct export_counts counts;
	void *self;
};

static void rig_open(struct rig *r, const char *target)
{
	struct err err;

	*r = (struct rig){ .opt.version = "1" };
	assert_int_equal(hurry_init(&r->hurry), 0);
	r->env = (struct export_env){ .opt = &r->opt, .hurry = &r->hurry };
	assert_int_equal(exporter_json.open(&r->env, target, &r->self, &err), 0);
}

static void rig_close(struct rig *r)
{
	exporter_json.close(r->self);
	hurry_release(&r->hurry);
}

static void rig_send(struct rig *r, size_t n)
{
	struct resource *res = sample_resource("a");
	struct span *s[600];
	size_t i;

	for (i = 0; i < n; i++)
		s[i] = sample_span(res, 1, (uint8_t)i, 0, i);
	exporter_json.send(r->self, s, n, &r->counts);
	for (i = 0; i < n; i++)
		span_free(s[i]);
	resource_put(res);
}

static void one_line_per_batch_same_bytes(void **state)
{
	struct temp t[] = { temp_new(), temp_new() };
	char *text[2];
	struct rig r;
	size_t i;

	for (i = 0; i < 2; i++) {
		rig_open(&r, t[i].path);
		rig_send(&r, 20);
		rig_send(&r, 600);
		assert_int_equal(r.counts.sent, 620);
		assert_int_equal(r.counts.failed, 0);
		rig_close(&r);
		text[i] = temp_read(&t[i]);
		temp_remove(&t[i]);
	}
	assert_int_equal(count_of(text[0], "\n"), 2);
	assert_int_equal(count_of(text[0], "\"spanId\""), 620);
	assert_string_equal(text[0], text[1]);
	free(text[0]);
	free(text[1]);
}

static void full_disk_is_counted(void **state)
{
	struct rig r;

	rig_open(&r, "/dev/full");
	rig_send(&r, 3);
	rig_send(&r, 3);
	assert_int_equal(r.counts.failed, 6);
	assert_int_equal(r.counts.sent, 0);
	rig_close(&r);
}

/* A file that may not grow: what did not fit is taken back whole, and what fits later is there. */
static void short_write_leaves_no_half_line(void **state)
{
	struct rlimit old, low = { 8192, 0 };
	struct temp t = temp_new();
	struct rig r;
	char *text;

	rig_open(&r, t.path);
	getrlimit(RLIMIT_FSIZE, &old);
	low.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_FSIZE, &low);
	signal(SIGXFSZ, SIG_IGN);
	rig_send(&r, 3);
	rig_send(&r, 600);
	rig_send(&r, 2);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(r.counts.sent, 5);
	assert_int_equal(r.counts.failed, 600);
	rig_close(&r);
	text = temp_read(&t);
	assert_int_equal(count_of(text, "\n"), 2);
	assert_int_equal(count_of(text, "\"spanId\""), 5);
	assert_string_equal(text + strlen(text) - 3, "]}\n");
	free(text);
	temp_remove(&t);
}

/* A reader that has stopped reading holds us up only until the end, one that has gone not at all. */
static void stuck_and_gone_readers(void **state)
{
	char path[64];
	int fds[2];
	struct rig r;
	size_t i;

	assert_int_equal(pipe(fds), 0);
	signal(SIGPIPE, SIG_IGN);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[1]);
	rig_open(&r, path);
	hurry_end(&r.hurry, clock_mono_ns() + 100 * NSEC_PER_MSEC);
	for (i = 0; i < 5; i++)
		rig_send(&r, 600);
	assert_int_equal(r.counts.sent, 0);
	assert_int_equal(r.counts.failed, 3000);
	r.hurry.end_ns = UINT64_MAX;
	close(fds[0]);
	rig_send(&r, 600);
	assert_int_equal(r.counts.failed, 3600);
	rig_close(&r);
	close(fds[1]);
}

static void unwritable_file_is_told(void **state)
{
	struct export_options opt = { 0 };
	struct export_env env = { .opt = &opt };
	struct err err = { "" };
	void *self = NULL;

	assert_true(exporter_json.open(&env, "/nonexistent/x.json", &self, &err) < 0);
	assert_null(self);
	assert_non_null(strstr(err.text, "/nonexistent/x.json"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_span),
		cmocka_unit_test(values),
		cmocka_unit_test(bytes_are_base64),
		cmocka_unit_test(too_long_is_an_error),
		cmocka_unit_test(one_line_per_batch_same_bytes),
		cmocka_unit_test(full_disk_is_counted),
		cmocka_unit_test(short_write_leaves_no_half_line),
		cmocka_unit_test(stuck_and_gone_readers),
		cmocka_unit_test(unwritable_file_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
