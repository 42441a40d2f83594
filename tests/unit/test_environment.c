/* SPDX-License-Identifier: GPL-2.0-only */
/* Environment variables, and the options that stand for them: which holds, and what is said of wrong ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "abi/limits.h"
#include "base/log.h"
#include "lib/parsed.h"

static void test_wrong_variables_that_end_the_program(void **state)
{
	check_wrong("--all --protocol grpc --endpoint http://c:4318/v1/traces", "",
		    "--endpoint 'http://c:4318/v1/traces' has a path, which gRPC has no use for: "
		    "write http://c:4318 or use --protocol http/protobuf");
	check_wrong("--all --protocol udp", "",
		    "--protocol 'udp' is not one of http/protobuf|grpc|http/json");
	check_wrong("--all", "OTEL_EXPORTER_OTLP_ENDPOINT=collector:4317",
		    "OTEL_EXPORTER_OTLP_ENDPOINT 'collector:4317' has no scheme: write "
		    "http://collector:4317");
	check_wrong(
		"--all", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=ftp://x",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT 'ftp://x' is not an http:// or https:// URL");
	check_wrong("--all --endpoint unix:x", "",
		    "--endpoint 'unix:x' names no socket: write unix:/PATH, at most 107 characters "
		    "of it");
	check_wrong("--all --protocol grpc --endpoint c:4317", "OTEL_EXPORTER_OTLP_INSECURE=true",
		    "--endpoint 'c:4317' has no scheme: write http://c:4317");
	check_wrong("--all", "OTEL_EXPORTER_OTLP_CERTIFICATE=/nonexistent",
		    "OTEL_EXPORTER_OTLP_CERTIFICATE: cannot read '/nonexistent': No such file or "
		    "directory");
	check_wrong("--all", "OTEL_CONFIG_FILE=/etc/otel.yaml",
		    "OTEL_CONFIG_FILE is set, but configuration files are not supported: unset it "
		    "and use options or "
		    "the other OTEL_* variables");
	check_wrong("--all", "OTEL_TRACES_EXPORTER=console,otlp/stdout",
		    "the exporters console and json cannot both write to standard output: give one "
		    "a file, such as "
		    "json:spans.jsonl");
}

static void check_metrics(const char *line, const char *env, const char *endpoint)
{
	struct line l;
	struct outcome o = good(&l, line, env);

	if (endpoint)
		assert_string_equal(o.cfg.export.metrics_endpoint, endpoint);
	else
		assert_null(o.cfg.export.metrics_endpoint);
	config_release(&o.cfg);
}

static void test_where_metrics_go(void **state)
{
	check_metrics("--all", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://m", NULL);
	check_metrics("--all --metrics", "", "http://localhost:4318/v1/metrics");
	check_metrics("--all --metrics -e none", "OTEL_EXPORTER_OTLP_ENDPOINT=https://h/p/?k=1",
		      "https://h/p/v1/metrics?k=1");
	check_metrics("--all --metrics", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://m/x",
		      "http://m/x");
	check_metrics("--all --metrics --protocol grpc",
		      "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://m:1",
		      "http://m:1/opentelemetry.proto.collector.metrics.v1.MetricsService/Export");
	check_metrics("--all --metrics --protocol grpc --endpoint http://g:2", "",
		      "http://g:2/opentelemetry.proto.collector.metrics.v1.MetricsService/Export");
	check_wrong("--all --metrics", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://h/in",
		    "--metrics: the endpoint 'http://h/in' does not end in /v1/traces, so where "
		    "metrics go has to be said by OTEL_EXPORTER_OTLP_METRICS_ENDPOINT");
}

#define EXPORT "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

static const struct {
	const char *args, *env, *url;
} endpoints[] = {
	{ "--endpoint http://c:4318", "", "http://c:4318/v1/traces" },
	{ "--endpoint http://c:4318/", "", "http://c:4318/v1/traces" },
	{ "--endpoint HTTPS://c/my/", "", "HTTPS://c/my/v1/traces" },
	{ "--endpoint https://c/v1/traces", "", "https://c/v1/traces" },
	{ "--endpoint https://c/v1/traces/", "", "https://c/v1/traces" },
	{ "--endpoint http://u:p@[::1]:80/?k=v", "", "http://u:p@[::1]:80/v1/traces?k=v" },
	{ "", "OTEL_EXPORTER_OTLP_ENDPOINT=http://c/my", "http://c/my/v1/traces" },
	{ "", "OTEL_EXPORTER_OTLP_ENDPOINT=http://c/v1/traces", "http://c/v1/traces/v1/traces" },
	{ "", "OTEL_EXPORTER_OTLP_ENDPOINT=", "http://localhost:4318/v1/traces" },
	{ "", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://c/x/", "http://c/x/" },
	{ "", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://c:1", "http://c:1/" },
	{ "",
	  "OTEL_EXPORTER_OTLP_ENDPOINT=http://a "
	  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://b",
	  "http://b/" },
	{ "", "OTEL_EXPORTER_OTLP_ENDPOINT=http://a OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=",
	  "http://a/v1/traces" },
	{ "", "OTEL_EXPORTER_OTLP_ENDPOINT=bad OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://b",
	  "http://b/" },
	{ "--endpoint http://o", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://b",
	  "http://o/v1/traces" },
	{ "--endpoint http://o", "OTEL_EXPORTER_OTLP_ENDPOINT=bad", "http://o/v1/traces" },
	{ "--exporter json", "OTEL_EXPORTER_OTLP_ENDPOINT=bad", "http://localhost:4318/v1/traces" },
	{ "--protocol grpc", "", "http://localhost:4317" EXPORT },
	{ "", "OTEL_EXPORTER_OTLP_PROTOCOL=gRPC", "http://localhost:4317" EXPORT },
	{ "", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc OTEL_EXPORTER_OTLP_ENDPOINT=https://c:1/",
	  "https://c:1" EXPORT },
	{ "",
	  "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=grpc "
	  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://b:1",
	  "http://b:1" EXPORT },
	{ "",
	  "OTEL_EXPORTER_OTLP_PROTOCOL=grpc "
	  "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/json",
	  "http://localhost:4318/v1/traces" },
	{ "--protocol http/json --endpoint http://c", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
	  "http://c/v1/traces" },
	{ "--protocol grpc --endpoint http://c:4317/", "", "http://c:4317" EXPORT },
	{ "--endpoint unix:/run/c.sock", "", "http://localhost/v1/traces" },
	{ "--protocol grpc --endpoint unix:///run/c.sock", "", "http://localhost" EXPORT },
	{ "", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=unix:/run/c.sock", "http://localhost/v1/traces" },
	{ "--protocol grpc", "OTEL_EXPORTER_OTLP_ENDPOINT=c:4317", "https://c:4317" EXPORT },
	{ "--protocol grpc", "OTEL_EXPORTER_OTLP_ENDPOINT=c:4317 OTEL_EXPORTER_OTLP_INSECURE=TRUE",
	  "http://c:4317" EXPORT },
	{ "--protocol grpc",
	  "OTEL_EXPORTER_OTLP_ENDPOINT=https://c OTEL_EXPORTER_OTLP_INSECURE=true",
	  "https://c" EXPORT },
};

static void test_endpoints(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(endpoints); i++) {
		struct line l;
		struct outcome o = good_all(&l, endpoints[i].args, endpoints[i].env);

		if (strcmp(o.cfg.export.endpoint, endpoints[i].url))
			fail_msg("'--all %s' '%s': got '%s', want '%s'", endpoints[i].args,
				 endpoints[i].env, o.cfg.export.endpoint, endpoints[i].url);
		config_release(&o.cfg);
	}
}

static void test_headers(void **state)
{
	struct line l;
	struct outcome o =
		good(&l, "--all --header a:1=2 --header B=x:y",
		     "OTEL_EXPORTER_OTLP_HEADERS=b=env,c=%41%3d,,d=%zz,e,f=,g=%0d%0aX,h=1;k=2");
	const char *const *h = o.cfg.export.headers;

	assert_int_equal(o.cfg.export.headers_cnt, 4);
	assert_string_equal(h[0], "a: 1=2");
	assert_string_equal(h[1], "B: x:y");
	assert_string_equal(h[2], "c: A=");
	assert_string_equal(h[3], "h: 1;k=2");
	assert_int_equal(o.cfg.warnings.n, 4);
	assert_string_equal(
		o.cfg.warnings.v[0],
		"OTEL_EXPORTER_OTLP_HEADERS: header 4 is not a valid name=value, ignoring");
	config_release(&o.cfg);

	o = good(&l, "--all",
		 "OTEL_EXPORTER_OTLP_HEADERS=a=1 OTEL_EXPORTER_OTLP_TRACES_HEADERS=b=2");
	assert_int_equal(o.cfg.export.headers_cnt, 1);
	assert_string_equal(o.cfg.export.headers[0], "b: 2");
	config_release(&o.cfg);
}

static void test_exporters(void **state)
{
	static const struct {
		const char *args, *env, *list;
	} cases[] = {
		{ "--exporter json:a,otlp --exporter console", "", "json:a,otlp,console" },
		{ "-e none", "OTEL_TRACES_EXPORTER=otlp", "none" },
		{ "", "OTEL_TRACES_EXPORTER=otlp,Console", "otlp,console" },
		{ "", "OTEL_TRACES_EXPORTER=otlp/stdout", "json" },
		{ "", "OTEL_TRACES_EXPORTER=jaeger", NULL },
		{ "", "OTEL_SDK_DISABLED=TRUE", "none" },
		{ "", "OTEL_SDK_DISABLED=true OTEL_TRACES_EXPORTER=otlp", "none" },
		{ "--exporter otlp", "OTEL_SDK_DISABLED=true", "otlp" },
		{ "", "OTEL_SDK_DISABLED=false", NULL },
		{ "", "OTEL_SDK_DISABLED=1", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct line l;
		struct outcome o = good_all(&l, cases[i].args, cases[i].env);

		if (!slice_eq(slice_str(o.cfg.exporters), slice_str(cases[i].list)) ||
		    !o.cfg.exporters != !cases[i].list)
			fail_msg("case %zu: got '%s'", i, o.cfg.exporters);
		config_release(&o.cfg);
	}
}

static void check_warning(const char *env, const char *warning)
{
	struct line l;
	struct outcome o = good(&l, "--all", env);

	if (o.cfg.warnings.n != 1 || strcmp(o.cfg.warnings.v[0], warning))
		fail_msg("'%s': %zu warnings, first '%s', want '%s'", env, o.cfg.warnings.n,
			 o.cfg.warnings.n ? o.cfg.warnings.v[0] : "", warning);
	/* What is ignored leaves the defaults as they were. */
	assert_int_equal(o.cfg.export.timeout_ms, 10000);
	assert_int_equal(o.cfg.export.queue_max, QUEUE_MAX);
	assert_int_equal(o.cfg.log_level, LOG_INFO);
	assert_null(o.cfg.resource_attributes);
	config_release(&o.cfg);
}

static void test_what_is_ignored_is_said(void **state)
{
	static const char *const cases[][2] = {
		{ "OTEL_EXPORTER_OTLP_TIMEOUT=abc", "OTEL_EXPORTER_OTLP_TIMEOUT='abc' is not a "
						    "number from 0 to 2147483647, ignoring" },
		{ "OTEL_EXPORTER_OTLP_TIMEOUT=-1", "OTEL_EXPORTER_OTLP_TIMEOUT='-1' is not a "
						   "number from 0 to 2147483647, ignoring" },
		{ "OTEL_BSP_MAX_QUEUE_SIZE=0",
		  "OTEL_BSP_MAX_QUEUE_SIZE='0' is not a number from 1 to 1048576, ignoring" },
		{ "OTEL_EXPORTER_OTLP_PROTOCOL=http",
		  "OTEL_EXPORTER_OTLP_PROTOCOL='http' is not one of http/protobuf|grpc|http/json, "
		  "ignoring" },
		{ "OTEL_EXPORTER_OTLP_COMPRESSION=zstd",
		  "OTEL_EXPORTER_OTLP_COMPRESSION='zstd' is neither gzip nor none, ignoring" },
		{ "OTEL_LOG_LEVEL=loud", "OTEL_LOG_LEVEL='loud' is not one of none, error, warn, "
					 "info, debug, trace, ignoring" },
		{ "OTEL_TRACES_SAMPLER=jaeger_remote",
		  "OTEL_TRACES_SAMPLER='jaeger_remote' is not one of parentbased_always_on|"
		  "parentbased_always_off|parentbased_traceidratio|always_on|always_off|"
		  "traceidratio, ignoring" },
		{ "OTEL_TRACES_SAMPLER_ARG=1.5",
		  "OTEL_TRACES_SAMPLER_ARG='1.5' is not a number from 0 to 1, ignoring" },
		{ "OTEL_RESOURCE_ATTRIBUTES=a=1,b",
		  "OTEL_RESOURCE_ATTRIBUTES is not a list of percent-encoded key=value, ignoring" },
		{ "OTEL_RESOURCE_ATTRIBUTES=a=%4",
		  "OTEL_RESOURCE_ATTRIBUTES is not a list of percent-encoded key=value, ignoring" },
		{ "OTEL_SDK_DISABLED=1",
		  "OTEL_SDK_DISABLED='1' is neither true nor false, ignoring" },
		{ "OTEL_TRACES_EXPORTER=jaeger",
		  "OTEL_TRACES_EXPORTER: unknown exporter 'jaeger', ignoring" },
		{ "OTEL_METRICS_EXPORTER=otlp OTEL_X= OTEL_BLRP_MAX_QUEUE_SIZE=1",
		  "not supported, ignoring: OTEL_METRICS_EXPORTER, OTEL_BLRP_MAX_QUEUE_SIZE" },
		{ "OTEL_LOGS_EXPORTER=console",
		  "OTEL_LOGS_EXPORTER: 'console' is neither otlp nor none, ignoring" },
		{ "OTEL_PROPAGATORS=b3,ottrace,baggage",
		  "OTEL_PROPAGATORS: unknown propagator 'ottrace', ignoring" },
		{ "OTEL_EXPORTER_OTLP_INSECURE=yes",
		  "OTEL_EXPORTER_OTLP_INSECURE='yes' is neither true nor false, ignoring" },
		{ "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=20000",
		  "a batch cannot be larger than the queue, using 16384 spans for both" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_warning(cases[i][0], cases[i][1]);
}

static void test_samplers(void **state)
{
	static const struct {
		const char *args, *env;
		struct sampler want;
	} cases[] = {
		{ "", "", { .kind = SAMPLER_ALL, .ignore_parent = false, .ratio = 1 } },
		{ "--sampler always_off",
		  "OTEL_TRACES_SAMPLER=always_on",
		  { .kind = SAMPLER_NONE, .ignore_parent = true, .ratio = 1 } },
		{ "--sample-ratio 0.25",
		  "",
		  { .kind = SAMPLER_RATIO, .ignore_parent = false, .ratio = 0.25 } },
		{ "--sample-ratio .5 --sampler traceidratio",
		  "",
		  { .kind = SAMPLER_RATIO, .ignore_parent = true, .ratio = 0.5 } },
		{ "--sample-ratio 1e-3",
		  "OTEL_TRACES_SAMPLER=always_on OTEL_TRACES_SAMPLER_ARG=1",
		  { .kind = SAMPLER_RATIO, .ignore_parent = false, .ratio = 0.001 } },
		{ "",
		  "OTEL_TRACES_SAMPLER=ParentBased_TraceIDRatio OTEL_TRACES_SAMPLER_ARG=0.1",
		  { .kind = SAMPLER_RATIO, .ignore_parent = false, .ratio = 0.1 } },
		{ "",
		  "OTEL_TRACES_SAMPLER_ARG=0.1",
		  { .kind = SAMPLER_ALL, .ignore_parent = false, .ratio = 0.1 } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct line l;
		struct outcome o = good_all(&l, cases[i].args, cases[i].env);

		assert_int_equal(o.cfg.sampler.kind, cases[i].want.kind);
		assert_int_equal(o.cfg.sampler.ignore_parent, cases[i].want.ignore_parent);
		assert_true(o.cfg.sampler.ratio == cases[i].want.ratio);
		config_release(&o.cfg);
	}
	check_wrong("--all --sample-ratio 0x1", "",
		    "--sample-ratio '0x1' is not a number from 0 to 1, such as 0.1");
	check_wrong("--all --sample-ratio nan", "",
		    "--sample-ratio 'nan' is not a number from 0 to 1, such as 0.1");
}

static void test_variables(void **state)
{
	struct line l;
	struct outcome o =
		good(&l, "--all",
		     "OTEL_EXPORTER_OTLP_TIMEOUT=5000 OTEL_EXPORTER_OTLP_COMPRESSION=GZIP "
		     "OTEL_BSP_SCHEDULE_DELAY=0 OTEL_BSP_MAX_QUEUE_SIZE=100 "
		     "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=7 OTEL_RESOURCE_ATTRIBUTES=a=1,b=%2C "
		     "OTEL_LOG_LEVEL=Debug OTEL_EXPORTER_OTLP_CLIENT_KEY=/dev/null "
		     "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf");
	const struct config *c = &o.cfg;

	assert_int_equal(c->export.timeout_ms, 5000);
	assert_true(c->export.gzip);
	assert_int_equal(c->export.batch_delay_ms, 0);
	assert_int_equal(c->export.queue_max, 100);
	assert_int_equal(c->export.batch_max, 7);
	assert_string_equal(c->resource_attributes, "a=1,b=%2C");
	assert_string_equal(c->export.key_file, "/dev/null");
	assert_int_equal(c->log_level, LOG_DEBUG);
	assert_int_equal(c->warnings.n, 0);
	config_release(&o.cfg);

	/* The form for traces wins, unless it cannot be read; the shorter of two limits holds. */
	o = good(&l, "--all --log-level warn",
		 "OTEL_EXPORTER_OTLP_TIMEOUT=0 OTEL_EXPORTER_OTLP_TRACES_TIMEOUT=x "
		 "OTEL_BSP_EXPORT_TIMEOUT=300 "
		 "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION=none OTEL_EXPORTER_OTLP_COMPRESSION=gzip "
		 "OTEL_LOG_LEVEL=debug");
	assert_int_equal(o.cfg.export.timeout_ms, 300);
	assert_false(o.cfg.export.gzip);
	assert_int_equal(o.cfg.log_level, LOG_WARN);
	assert_int_equal(o.cfg.warnings.n, 1);
	config_release(&o.cfg);

	o = good(&l, "--all",
		 "OTEL_ATTRIBUTE_COUNT_LIMIT=128 "
		 "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT=7 OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT=0");
	assert_int_equal(o.cfg.attr_limits.count, 7);
	assert_int_equal(o.cfg.attr_limits.value_chars, 0);
	config_release(&o.cfg);

	o = good(&l, "--all --endpoint unix:///run/s", "OTEL_PROPAGATORS=none");
	assert_string_equal(o.cfg.export.unix_socket, "/run/s");
	assert_int_equal(o.cfg.propagators_off, ~0u);
	assert_int_equal(o.cfg.attr_limits.value_chars, UINT32_MAX);
	config_release(&o.cfg);

	o = good(&l, "--all", "OTEL_BSP_MAX_QUEUE_SIZE=5");
	assert_int_equal(o.cfg.export.batch_max, 5);
	config_release(&o.cfg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_variables_that_end_the_program),
		cmocka_unit_test(test_where_metrics_go),
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_exporters),
		cmocka_unit_test(test_what_is_ignored_is_said),
		cmocka_unit_test(test_samplers),
		cmocka_unit_test(test_variables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
