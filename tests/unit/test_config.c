/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line and the environment: what they come to, and the sentence for every wrong use. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "abi/limits.h"
#include "base/log.h"
#include "environment.h"
#include "kern/capture.h"
#include "options.h"

#define ARGS_MAX 32

struct outcome {
	struct config cfg;
	struct err err;
	int ret;
};

/* Arguments and variables are written as a shell would read them: separated by blanks, without quotes. */
static void split(char *text, char **ret_words)
{
	size_t n = 0;

	for (char *at = text; *at;) {
		size_t len = strcspn(at, " ");

		assert_true(n < ARGS_MAX - 1);
		ret_words[n++] = at;
		at += len;
		if (*at)
			*at++ = '\0';
	}
	ret_words[n] = NULL;
}

struct line {
	char args_text[512], env_text[512];
	char *args[ARGS_MAX], *env[ARGS_MAX];
};

/* The line must live as long as the outcome. */
static struct outcome parse_on(struct line *l, const char *args, const char *env, bool tty)
{
	struct config_input in = {
		.version = "1", .argv = l->args, .env = l->env, .tty = tty, .width = 80
	};
	struct outcome o = {};

	snprintf(l->args_text, sizeof(l->args_text), "ebpf-tracer%s%s", *args ? " " : "", args);
	snprintf(l->env_text, sizeof(l->env_text), "%s", env);
	split(l->args_text, l->args);
	split(l->env_text, l->env);
	while (l->args[in.argc])
		in.argc++;
	o.ret = config_parse(&in, &o.cfg, &o.err);
	return o;
}

static struct outcome parse(struct line *l, const char *args, const char *env)
{
	return parse_on(l, args, env, false);
}

/* Parses what must be right. */
static struct outcome good(struct line *l, const char *args, const char *env)
{
	struct outcome o = parse(l, args, env);

	if (o.ret)
		fail_msg("'%s' with '%s': %s", args, env, o.err.text);
	return o;
}

static void check_wrong(const char *args, const char *env, const char *sentence)
{
	struct line l;
	struct outcome o = parse(&l, args, env);

	if (o.ret != -EINVAL || strcmp(o.err.text, sentence))
		fail_msg("'%s' with '%s':\n got  %d '%s'\n want '%s'", args, env, o.ret, o.err.text,
			 sentence);
	config_release(&o.cfg);
}

static const char *const wrong_uses[][2] = {
	{ "",
	  "nothing is selected to be traced: say what with --pid, --port, --comm, --exe or --all, "
	  "or start it with -- COMMAND" },
	{ "--exporter json",
	  "nothing is selected to be traced: say what with --pid, --port, --comm, --exe "
	  "or --all, or start it with -- COMMAND" },
	{ "--prot 80", "unknown option '--prot': did you mean '--port'?" },
	{ "--color never --all", "unknown option '--color': did you mean '--colour'?" },
	{ "--exproter=json", "unknown option '--exproter': did you mean '--exporter'?" },
	{ "--serv x", "unknown option '--serv': did you mean '--service-name'?" },
	{ "--zzzzzzzz", "unknown option '--zzzzzzzz': see ebpf-tracer --help" },
	{ "-x", "unknown option '-x': see ebpf-tracer --help" },
	{ "-vx", "unknown option '-x': see ebpf-tracer --help" },
	{ "--pid", "--pid needs an argument: --pid N" },
	{ "-p", "--pid needs an argument: --pid N" },
	{ "--record --all", "--record needs an argument: --record FILE" },
	{ "--record= --all", "--record needs an argument that is not empty" },
	{ "--all=yes", "--all takes no argument" },
	{ "--pid abc", "--pid 'abc' is not a process id (a number from 1 to 4194304)" },
	{ "--pid 0", "--pid '0' is not a process id (a number from 1 to 4194304)" },
	{ "--pid -5", "--pid '-5' is not a process id (a number from 1 to 4194304)" },
	{ "--pid 1,x", "--pid 'x' is not a process id (a number from 1 to 4194304)" },
	{ "--pid 1,", "--pid '' is not a process id (a number from 1 to 4194304)" },
	{ "--pid 1,,2", "--pid '' is not a process id (a number from 1 to 4194304)" },
	{ "--port 0", "--port '0' is not a port (a number from 1 to 65535)" },
	{ "--port 65536", "--port '65536' is not a port (a number from 1 to 65535)" },
	{ "--port 99999999999999999999",
	  "--port '99999999999999999999' is not a port (a number from 1 to "
	  "65535)" },
	{ "--comm averyveryverylongname",
	  "--comm 'averyveryverylongname' can never match: the kernel cuts "
	  "names to 15 characters, write --comm 'averyveryverylo'" },
	{ "--all --exporter jaeger",
	  "--exporter 'jaeger' is not one of otlp, zipkin, json, console, none, auto" },
	{ "--all --exporter json,",
	  "--exporter '' is not one of otlp, zipkin, json, console, none, auto" },
	{ "--all --exporter otlp:file", "--exporter otlp writes no file: where it goes is said by "
					"--endpoint" },
	{ "--all --exporter json:", "--exporter 'json:' needs the name of a file after the colon" },
	{ "--all --exporter json,console",
	  "the exporters json and console cannot both write to standard "
	  "output: give one a file, such as json:spans.jsonl" },
	{ "--all --exporter console --exporter otlp,json",
	  "the exporters console and json cannot both "
	  "write to standard output: give one a file, "
	  "such as json:spans.jsonl" },
	{ "--all --exporter json:a,console:a", "two exporters cannot both write to 'a'" },
	{ "--all --endpoint localhost:4318", "--endpoint 'localhost:4318' has no scheme: write "
					     "http://localhost:4318" },
	{ "--all --endpoint ftp://x", "--endpoint 'ftp://x' is not an http:// or https:// URL" },
	{ "--all --endpoint http://", "--endpoint 'http://' cannot be used: it names no host" },
	{ "--all --endpoint http:///v1",
	  "--endpoint 'http:///v1' cannot be used: it names no host" },
	{ "--all --endpoint http://:80",
	  "--endpoint 'http://:80' cannot be used: it names no host" },
	{ "--all --endpoint http://h:0",
	  "--endpoint 'http://h:0' cannot be used: its port is not a number "
	  "from 1 to 65535" },
	{ "--all --endpoint http://h:65536/",
	  "--endpoint 'http://h:65536/' cannot be used: its port is "
	  "not a number from 1 to 65535" },
	{ "--all --endpoint http://[::1",
	  "--endpoint 'http://[::1' cannot be used: its IPv6 address is "
	  "not closed by ']'" },
	{ "--all --header nothing", "--header needs 'Name: value' or NAME=VALUE, on one line" },
	{ "--all --header a=", "--header needs 'Name: value' or NAME=VALUE, on one line" },
	{ "--all --header =b", "--header needs 'Name: value' or NAME=VALUE, on one line" },
	{ "--all --service-name x=shop",
	  "--service-name 'x=shop': 'x' is not a port (a number from 1 to "
	  "65535)" },
	{ "--all --service-name 80=", "--service-name '80=' names nothing" },
	{ "--all --route users", "--route 'users' is not a path such as /users/{id}" },
	{ "--all --route /a/{id", "--route '/a/{id' is not a path such as /users/{id}" },
	{ "--all --route /a/id}", "--route '/a/id}' is not a path such as /users/{id}" },
	{ "--all --route /a/{}", "--route '/a/{}' is not a path such as /users/{id}" },
	{ "--all --route /{a{b}}", "--route '/{a{b}}' is not a path such as /users/{id}" },
	{ "--all --link some", "--link 'some' is not one of exact|all" },
	{ "--all --capture-headers x-a,b:c",
	  "--capture-headers 'b:c' is not the name of a header" },
	{ "--all --capture magic", "--capture 'magic' is not one of auto|socket|fentry|syscall" },
	{ "--all --link-wait soon",
	  "--link-wait 'soon' is not a duration such as 500ms, 10s or 1m" },
	{ "--all --link-wait 10", "--link-wait '10' is not a duration such as 500ms, 10s or 1m" },
	{ "--all --link-wait 2h", "--link-wait '2h' is longer than an hour" },
	{ "--all --link-wait 99999999999999999h",
	  "--link-wait '99999999999999999h' is not a duration such "
	  "as 500ms, 10s or 1m" },
	{ "--all --max-overhead 0",
	  "--max-overhead '0' is not a number from 0.1 to 1000, such as 5" },
	{ "--all --max-overhead %",
	  "--max-overhead '%' is not a number from 0.1 to 1000, such as 5" },
	{ "--all --ring-size 9M",
	  "--ring-size '9M' is not a power of two from 64K to 1G, such as 8M" },
	{ "--all --ring-size 4K",
	  "--ring-size '4K' is not a power of two from 64K to 1G, such as 8M" },
	{ "--all --ring-size 2G",
	  "--ring-size '2G' is not a power of two from 64K to 1G, such as 8M" },
	{ "--all --ring-size 8MB",
	  "--ring-size '8MB' is not a power of two from 64K to 1G, such as 8M" },
	{ "--replay f --pid 1",
	  "--replay reads what was recorded, so that --pid has no meaning: leave out "
	  "one of them" },
	{ "--replay f --record g",
	  "--replay reads what was recorded, so that --record has no meaning: "
	  "leave out one of them" },
	{ "--replay f -- sleep 1", "--replay reads what was recorded and starts no command" },
	{ "--all --", "no command after '--'" },
	{ "4242", "'4242' stands alone: did you mean --pid 4242 or --port 4242?" },
	{ "docter", "unknown command 'docter': did you mean 'doctor'?" },
	{ "python3 app.py",
	  "'python3' stands alone: to start a command and trace it, write ebpf-tracer -- "
	  "python3" },
	{ "doctor 12", "'12' has no place after doctor" },
	{ "doctor --all", "doctor does not take --all" },
	{ "--json --all", "--json belongs to the doctor command" },
	{ "doctor -- sleep", "doctor does not take a command to start" },
	{ "man --all", "man does not take --all" },
	{ "completion", "completion needs one of bash|zsh|fish: ebpf-tracer completion SHELL" },
	{ "completion tcsh",
	  "completion needs one of bash|zsh|fish: ebpf-tracer completion SHELL" },
	{ "completion bash zsh", "'zsh' has no place after completion" },
};

static void test_every_wrong_use_has_its_sentence(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong_uses); i++)
		check_wrong(wrong_uses[i][0], "", wrong_uses[i][1]);
}

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

static void test_defaults(void **state)
{
	struct line l;
	struct outcome o = good(&l, "--all", "");
	const struct config *c = &o.cfg;

	assert_int_equal(c->action, ACTION_TRACE);
	assert_true(c->all);
	assert_null(c->exporters);
	assert_string_equal(c->export.endpoint, "http://localhost:4318/v1/traces");
	assert_string_equal(c->export.version, "1");
	assert_int_equal(c->export.timeout_ms, 10000);
	assert_int_equal(c->export.queue_max, QUEUE_MAX);
	assert_int_equal(c->export.batch_max, 512);
	assert_int_equal(c->export.batch_delay_ms, 200);
	assert_int_equal(c->export.headers_cnt, 0);
	assert_int_equal(c->export.width, 80);
	assert_false(c->export.gzip);
	assert_false(c->export.colour);
	assert_int_equal(c->link, LINK_ALL);
	assert_int_equal(c->link_wait_ns, 10 * NSEC_PER_SEC);
	assert_int_equal(c->capture, CAPTURE_AUTO);
	assert_int_equal(c->ring_sz, 0);
	assert_int_equal(c->log_level, LOG_INFO);
	assert_int_equal(c->stats, STATS_TEXT);
	assert_int_equal(c->warnings.n, 0);
	config_release(&o.cfg);
}

static void test_selectors_add_up(void **state)
{
	struct line l;
	struct outcome o = good(
		&l, "-p12 --pid 34,12 --pid=56 --port 80,443 --comm a* --comm b --exe /bin/*", "");
	const struct config *c = &o.cfg;

	assert_int_equal(c->pids.n, 3);
	assert_int_equal(c->pids.v[0], 12);
	assert_int_equal(c->pids.v[1], 34);
	assert_int_equal(c->pids.v[2], 56);
	assert_int_equal(c->ports.n, 2);
	assert_int_equal(c->ports.v[1], 443);
	assert_int_equal(c->comms.n, 2);
	assert_string_equal(c->comms.v[0], "a*");
	assert_string_equal(c->exes.v[0], "/bin/*");
	assert_false(c->all);
	config_release(&o.cfg);
}

static void test_command_keeps_its_own_options(void **state)
{
	struct line l;
	struct outcome o = good(&l, "-v -- python3 -q --help app.py", "");

	assert_string_equal(o.cfg.command[0], "python3");
	assert_string_equal(o.cfg.command[2], "--help");
	assert_null(o.cfg.command[4]);
	assert_int_equal(o.cfg.action, ACTION_TRACE);
	assert_int_equal(o.cfg.log_level, LOG_DEBUG);
	config_release(&o.cfg);
}

static void test_settings(void **state)
{
	struct line l;
	struct outcome o = good(
		&l,
		"--all --link exact --link-wait 500ms --capture syscall --ring-size 16M --record f "
		"--btf b --redact k --route /u/{id} --route /x -q --stats json",
		"");
	const struct config *c = &o.cfg;

	assert_int_equal(c->link, LINK_EXACT);
	assert_int_equal(c->link_wait_ns, 500 * NSEC_PER_MSEC);
	assert_int_equal(c->capture, CAPTURE_SYSCALL);
	assert_int_equal(c->ring_sz, 16 << 20);
	assert_string_equal(c->record, "f");
	assert_string_equal(c->btf, "b");
	assert_string_equal(c->redact.v[0], "k");
	assert_string_equal(c->routes.v[0], "/u/{id}");
	assert_int_equal(c->routes.n, 2);
	assert_int_equal(c->log_level, LOG_ERROR);
	assert_int_equal(c->stats, STATS_JSON);
	config_release(&o.cfg);
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

static void test_services(void **state)
{
	struct line l;
	struct outcome o =
		good(&l,
		     "--all --service-name all --service-name 80=web --service-name 81=b "
		     "--service-name 80=shop",
		     "OTEL_SERVICE_NAME=env");

	assert_int_equal(o.cfg.services_cnt, 3);
	assert_int_equal(o.cfg.services[0].port, 80);
	assert_string_equal(o.cfg.services[0].name, "shop");
	assert_int_equal(o.cfg.services[1].port, 81);
	assert_int_equal(o.cfg.services[2].port, 0);
	assert_string_equal(o.cfg.services[2].name, "all");
	config_release(&o.cfg);

	o = good(&l, "--all --service-name 80=web", "OTEL_SERVICE_NAME=env");
	assert_int_equal(o.cfg.services_cnt, 2);
	assert_string_equal(o.cfg.services[1].name, "env");
	config_release(&o.cfg);
}

#define EXPORT "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

static void test_endpoints(void **state)
{
	static const struct {
		const char *args, *env, *url;
	} cases[] = {
		{ "--endpoint http://c:4318", "", "http://c:4318/v1/traces" },
		{ "--endpoint http://c:4318/", "", "http://c:4318/v1/traces" },
		{ "--endpoint HTTPS://c/my/", "", "HTTPS://c/my/v1/traces" },
		{ "--endpoint https://c/v1/traces", "", "https://c/v1/traces" },
		{ "--endpoint https://c/v1/traces/", "", "https://c/v1/traces" },
		{ "--endpoint http://u:p@[::1]:80/?k=v", "", "http://u:p@[::1]:80/v1/traces?k=v" },
		{ "", "OTEL_EXPORTER_OTLP_ENDPOINT=http://c/my", "http://c/my/v1/traces" },
		{ "", "OTEL_EXPORTER_OTLP_ENDPOINT=http://c/v1/traces",
		  "http://c/v1/traces/v1/traces" },
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
		{ "--exporter json", "OTEL_EXPORTER_OTLP_ENDPOINT=bad",
		  "http://localhost:4318/v1/traces" },
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
		{ "", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=unix:/run/c.sock",
		  "http://localhost/v1/traces" },
		{ "--protocol grpc", "OTEL_EXPORTER_OTLP_ENDPOINT=c:4317",
		  "https://c:4317" EXPORT },
		{ "--protocol grpc",
		  "OTEL_EXPORTER_OTLP_ENDPOINT=c:4317 OTEL_EXPORTER_OTLP_INSECURE=TRUE",
		  "http://c:4317" EXPORT },
		{ "--protocol grpc",
		  "OTEL_EXPORTER_OTLP_ENDPOINT=https://c OTEL_EXPORTER_OTLP_INSECURE=true",
		  "https://c" EXPORT },
	};
	char args[128];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct line l;
		struct outcome o;

		snprintf(args, sizeof(args), "--all %s", cases[i].args);
		o = good(&l, args, cases[i].env);
		if (strcmp(o.cfg.export.endpoint, cases[i].url))
			fail_msg("'%s' '%s': got '%s', want '%s'", args, cases[i].env,
				 o.cfg.export.endpoint, cases[i].url);
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
	char args[128];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct line l;
		struct outcome o;

		snprintf(args, sizeof(args), "--all %s", cases[i].args);
		o = good(&l, args, cases[i].env);
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
	char args[128];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct line l;
		struct outcome o;

		snprintf(args, sizeof(args), "--all %s", cases[i].args);
		o = good(&l, args, cases[i].env);
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

static void test_colour(void **state)
{
	static const struct {
		const char *args, *env;
		bool tty, colour;
	} cases[] = {
		{ "--all", "", true, true },
		{ "--all", "", false, false },
		{ "--all", "NO_COLOR=1", true, false },
		{ "--all", "NO_COLOR=", true, true },
		{ "--all", "TERM=dumb", true, false },
		{ "--all", "TERM=xterm", true, true },
		{ "--all --colour always", "NO_COLOR=1", false, true },
		{ "--all --colour never", "", true, false },
		{ "--all --colour auto", "NO_COLOR=1", true, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct line l;
		struct outcome o = parse_on(&l, cases[i].args, cases[i].env, cases[i].tty);

		if (o.ret || o.cfg.export.colour != cases[i].colour)
			fail_msg("case %zu", i);
		config_release(&o.cfg);
	}
}

static void test_commands(void **state)
{
	static const struct {
		const char *args;
		enum config_action action;
	} cases[] = {
		{ "--help", ACTION_HELP },
		{ "-h", ACTION_HELP },
		{ "--all --help --nonsense", ACTION_HELP },
		{ "doctor --help", ACTION_HELP },
		{ "completion --help", ACTION_HELP },
		{ "--version", ACTION_VERSION },
		{ "-V", ACTION_VERSION },
		{ "doctor", ACTION_DOCTOR },
		{ "doctor --pid 12", ACTION_DOCTOR },
		{ "doctor --json --btf vmlinux", ACTION_DOCTOR },
		{ "--pid 12 doctor", ACTION_DOCTOR },
		{ "man", ACTION_MAN },
		{ "completion zsh", ACTION_COMPLETION },
		{ "--replay f", ACTION_TRACE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct line l;
		/* Only tracing looks at where spans go. */
		struct outcome o = good(&l, cases[i].args,
					i + 1 < ARRAY_SIZE(cases) ? "OTEL_CONFIG_FILE=x" : "");

		if (o.cfg.action != cases[i].action)
			fail_msg("'%s': %u", cases[i].args, o.cfg.action);
		config_release(&o.cfg);
	}
}

/* Every option is found by both its names, takes what it says it takes, and names a variable that exists. */
static void test_table_is_consistent(void **state)
{
	for (size_t i = 0; i < OPT__CNT; i++) {
		const struct option *o = &options[i];
		bool known = !o->env;

		assert_ptr_equal(option_find(slice_str(o->name)), o);
		if (o->key)
			assert_ptr_equal(option_find_key(o->key), o);
		assert_int_equal(o->kind == KIND_FLAG, !o->arg);
		assert_true(o->field < sizeof(struct config));
		assert_true(*o->help || *o->detail);
		for (size_t j = 0; j < variables_cnt; j++)
			known = known || !strcmp(variables[j].name, o->env);
		if (!known)
			fail_msg("--%s names %s, which is not read", o->name, o->env);
		/* One slip of the finger still finds the name. */
		assert_string_equal(
			option_nearest(slice_sub(slice_str(o->name), 0, strlen(o->name) - 1)),
			o->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_wrong_use_has_its_sentence),
		cmocka_unit_test(test_wrong_variables_that_end_the_program),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_selectors_add_up),
		cmocka_unit_test(test_command_keeps_its_own_options),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_where_metrics_go),
		cmocka_unit_test(test_services),
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_exporters),
		cmocka_unit_test(test_what_is_ignored_is_said),
		cmocka_unit_test(test_samplers),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_colour),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_table_is_consistent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
