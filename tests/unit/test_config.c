/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line: what it comes to, and the sentence for every wrong use. */
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
#include "lib/parsed.h"
#include "options.h"

static const char *const wrong_uses[][2] = {
	{ "",
	  "nothing is selected to be traced: say what with --pid, --port, --comm, --exe or --all, "
	  "or start it with -- COMMAND" },
	{ "--exporter json",
	  "nothing is selected to be traced: say what with --pid, --port, --comm, --exe "
	  "or --all, or start it with -- COMMAND" },
	{ "--bogus", "unknown option '--bogus': see ebpf-tracer --help" },
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
		struct outcome o = parse(&l, cases[i].args, cases[i].env, cases[i].tty);

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
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_selectors_add_up),
		cmocka_unit_test(test_command_keeps_its_own_options),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_services),
		cmocka_unit_test(test_colour),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_table_is_consistent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
