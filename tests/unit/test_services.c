/* SPDX-License-Identifier: GPL-2.0-only */
/* Resource attributes, who is believed, and the life of the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "host/services.h"

static const struct host_facts host = {
	.name = "box",
	.id = "0123456789abcdef0123456789abcdef",
	.arch = "amd64",
	.kernel = "6.1.0",
	.boot_ns = 1700000000ULL * NSEC_PER_SEC,
};

/*
 * Everything is borrowed, as services_learn() only reads; the arguments last until the next call.
 */
static struct proc_facts process(uint32_t tgid, const char *script)
{
	static char *args[3];

	args[0] = (char *)"/usr/bin/python3";
	args[1] = (char *)script;
	return (struct proc_facts){
		.tgid = tgid,
		.ppid = 1,
		.start_ns = 5 * NSEC_PER_SEC + 120 * NSEC_PER_MSEC,
		.comm = "python3",
		.exe = (char *)"/usr/bin/python3.11 (deleted)",
		.cwd = (char *)"/",
		.cgroup = (char *)"/",
		.owner = (char *)"me",
		.service_name = (char *)"",
		.resource_attributes = (char *)"",
		.sdk = (char *)"",
		.context = (char *)"",
		.args = args,
		.args_cnt = 2,
	};
}

static const char *text(const struct resource *r, const char *key)
{
	const struct attr *at = attrs_find(&r->attrs, key);

	return at && at->type == ATTR_STR ? attr_text(&r->attrs, at) : NULL;
}

static int64_t number(const struct resource *r, const char *key)
{
	const struct attr *at = attrs_find(&r->attrs, key);

	assert_non_null(at);
	assert_int_equal(at->type, ATTR_INT);
	return at->i;
}

static void describes_process(void **state)
{
	_cleanup_(services_freep) struct services *s = services_new(&host, NULL, 0);
	struct proc_facts f = process(42, "shop.py");
	const struct resource *r;

	assert_int_equal(services_set_tracer(s, "1.2.3", NULL), 0);
	f.cgroup = (char *)"/kubepods/pod01234567-89ab-cdef-0123-456789abcdef/"
			   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	services_learn(s, &f);
	r = services_resource(s, 42, 0);
	assert_string_equal(text(r, "service.name"), "shop");
	assert_int_equal(number(r, "process.pid"), 42);
	assert_int_equal(number(r, "process.parent_pid"), 1);
	assert_string_equal(text(r, "process.creation.time"), "2023-11-14T22:13:25.120Z");
	assert_string_equal(text(r, "process.executable.name"), "python3.11");
	assert_string_equal(text(r, "process.executable.path"), "/usr/bin/python3.11");
	assert_string_equal(text(r, "process.command"), "/usr/bin/python3");
	assert_null(text(r, "process.command_line"));
	assert_string_equal(text(r, "process.owner"), "me");
	assert_string_equal(text(r, "process.runtime.name"), "cpython");
	assert_string_equal(text(r, "telemetry.sdk.name"), "ebpf-tracer");
	assert_string_equal(text(r, "telemetry.sdk.language"), "python");
	assert_string_equal(text(r, "telemetry.sdk.version"), "1.2.3");
	assert_string_equal(text(r, "telemetry.distro.name"), "ebpf-tracer");
	assert_string_equal(text(r, "host.name"), "box");
	assert_string_equal(text(r, "host.id"), host.id);
	assert_string_equal(text(r, "host.arch"), "amd64");
	assert_string_equal(text(r, "os.type"), "linux");
	assert_string_equal(text(r, "os.version"), "6.1.0");
	assert_string_equal(text(r, "container.id"),
			    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	assert_string_equal(text(r, "k8s.pod.uid"), "01234567-89ab-cdef-0123-456789abcdef");
	assert_int_equal(r->attrs.dropped, 0);
}

static void instance_ids(void **state)
{
	static const struct service_rule rules[] = { { 8080, "front" } };
	_cleanup_(services_freep) struct services *s = services_new(&host, rules, 1), *again = NULL;
	struct proc_facts f = process(42, "a.py"), g = process(43, "a.py"),
			  later = process(44, "a.py");
	const char *id, *other, *port;

	later.start_ns++;
	services_learn(s, &f);
	services_learn(s, &g);
	services_learn(s, &later);
	id = text(services_resource(s, 42, 0), "service.instance.id");
	other = text(services_resource(s, 43, 0), "service.instance.id");
	port = text(services_resource(s, 42, 8080), "service.instance.id");
	assert_int_equal(strlen(id), 36);
	assert_int_equal(id[14], '5'); /* a name-based UUID */
	assert_non_null(strchr("89ab", id[19]));
	assert_string_not_equal(id, other);
	assert_string_not_equal(id, port);
	/*
	 * python3: uuid.uuid5(uuid.UUID("4d63009a-8d0f-11ee-aad7-4c796ed8e320"), "0123...cdef
	 * 5120000000 42 0")
	 */
	assert_string_equal(id, "327f4d29-f99b-5a85-82b4-5d51c15ad0c8");
	again = services_new(&host, rules, 1);
	services_learn(again, &f);
	assert_string_equal(text(services_resource(again, 42, 0), "service.instance.id"), id);
}

static void rules_name_ports(void **state)
{
	static const struct service_rule rules[] = { { 8080, "front" }, { 9090, "admin" } };
	_cleanup_(services_freep) struct services *s = services_new(&host, rules, 2);
	struct proc_facts f = process(42, "shop.py");
	struct resource *front;

	f.resource_attributes = (char *)"team=blue";
	services_learn(s, &f);
	front = services_resource(s, 42, 8080);
	assert_string_equal(resource_service(front), "front");
	assert_string_equal(text(front, "team"), "blue");
	assert_int_equal(number(front, "process.pid"), 42);
	assert_ptr_equal(services_resource(s, 42, 8080), front);
	assert_string_equal(resource_service(services_resource(s, 42, 9090)), "admin");
	assert_string_equal(resource_service(services_resource(s, 42, 80)), "shop");
	assert_string_equal(resource_service(services_resource(s, 42, 0)), "shop");
	assert_string_equal(resource_service(services_resource(s, 41, 8080)), "unknown_service");
}

static void rule_for_all(void **state)
{
	static const struct service_rule rules[] = { { 8080, "front" }, { 0, "all" } };
	_cleanup_(services_freep) struct services *s = services_new(&host, rules, 2);
	struct proc_facts f = process(42, "shop.py");

	f.service_name = (char *)"own";
	services_learn(s, &f);
	assert_string_equal(resource_service(services_resource(s, 42, 0)), "all");
	assert_string_equal(resource_service(services_resource(s, 42, 8080)), "front");
	assert_string_equal(resource_service(services_resource(s, 7, 0)), "all");
}

static void who_is_believed(void **state)
{
	_cleanup_(services_freep) struct services *s = services_new(&host, NULL, 0);
	struct proc_facts f = process(42, "shop.py"), g = process(43, "shop.py"),
			  h = process(44, "shop.py");
	const struct resource *r;

	assert_int_equal(
		services_set_tracer(s, "1", "env=prod,team=all,host.name=ours,service.name=named"),
		0);
	f.resource_attributes =
		(char *)"team=blue,host.name=theirs,process.pid=1,telemetry.sdk.name=x,k=%41%2c";
	g.resource_attributes = (char *)"team=blue,broken";
	h.service_name = (char *)"own";
	services_learn(s, &f);
	services_learn(s, &g);
	services_learn(s, &h);
	r = services_resource(s, 42, 0);
	assert_string_equal(resource_service(r), "named");
	assert_string_equal(text(r, "team"), "blue");
	assert_string_equal(text(r, "env"), "prod");
	assert_string_equal(text(r, "k"), "A,");
	assert_string_equal(text(r, "host.name"), "theirs");
	assert_int_equal(number(r, "process.pid"), 42);
	assert_string_equal(text(r, "telemetry.sdk.name"), "ebpf-tracer");
	r = services_resource(s, 43, 0);
	assert_string_equal(text(r, "team"), "all");
	assert_string_equal(text(r, "host.name"), "ours");
	assert_string_equal(resource_service(services_resource(s, 44, 0)), "own");
}

static void titles_are_no_commands(void **state)
{
	_cleanup_(services_freep) struct services *s = services_new(&host, NULL, 0);
	struct proc_facts f = process(42, NULL);
	char *title[] = { (char *)"mysqld --password=hush", NULL };

	f.args = title;
	f.args_cnt = 1;
	services_learn(s, &f);
	assert_null(text(services_resource(s, 42, 0), "process.command"));
}

static void workers_are_their_parent(void **state)
{
	_cleanup_(services_freep) struct services *s = services_new(&host, NULL, 0);
	char *args[] = { (char *)"python3", (char *)"-c",
			 (char *)"from multiprocessing.spawn import spawn_main; x", NULL };
	struct proc_facts f = process(42, "shop.py"), worker, lost;

	services_learn(s, &f);
	worker = process(43, NULL);
	lost = process(44, NULL);
	worker.args = lost.args = args;
	worker.args_cnt = lost.args_cnt = 3;
	worker.ppid = 42;
	services_learn(s, &worker);
	services_learn(s, &lost);
	assert_string_equal(resource_service(services_resource(s, 43, 0)), "shop");
	assert_string_equal(resource_service(services_resource(s, 44, 0)), "python3");
}

static void exec_makes_another(void **state)
{
	_cleanup_(services_freep) struct services *s = services_new(&host, NULL, 0);
	_cleanup_(resource_putp) struct resource *before = NULL;
	struct proc_facts f = process(42, "a.py");

	assert_false(services_known(s, 42));
	services_learn(s, &f);
	assert_true(services_known(s, 42));
	before = resource_get(services_resource(s, 42, 0));
	f = process(42, "b.py");
	services_learn(s, &f);
	assert_string_equal(resource_service(before), "a");
	assert_string_equal(resource_service(services_resource(s, 42, 0)), "b");
}

static void ended_are_kept_a_while(void **state)
{
	_cleanup_(services_freep) struct services *s = services_new(&host, NULL, 0);
	struct proc_facts f = process(1, "a.py"), g;

	services_learn(s, &f);
	g = process(2, "b.py");
	services_forget(s, 1);
	services_forget(s, 99);
	assert_false(services_known(s, 1));
	assert_string_equal(resource_service(services_resource(s, 1, 0)), "a");
	for (uint32_t pid = 2; pid < 2000; pid++) {
		g.tgid = pid;
		services_learn(s, &g);
		services_forget(s, pid);
	}
	assert_string_equal(resource_service(services_resource(s, 1, 0)), "unknown_service");
	assert_string_equal(resource_service(services_resource(s, 1999, 0)), "b");
	/* A pid that comes back is alive again. */
	g.tgid = 1999;
	services_learn(s, &g);
	assert_true(services_known(s, 1999));
	for (uint32_t pid = 2000; pid < 3000; pid++) {
		g.tgid = pid;
		services_learn(s, &g);
		services_forget(s, pid);
	}
	assert_true(services_known(s, 1999));
}

static void table_is_bounded(void **state)
{
	_cleanup_(services_freep) struct services *s = services_new(&host, NULL, 0);
	struct proc_facts f = process(1, "a.py");

	for (uint32_t pid = 1; pid <= PROCS_MAX + 1; pid++) {
		f.tgid = pid;
		services_learn(s, &f);
	}
	assert_true(services_known(s, PROCS_MAX));
	assert_false(services_known(s, PROCS_MAX + 1));
	assert_string_equal(resource_service(services_resource(s, PROCS_MAX + 1, 0)),
			    "unknown_service");
	services_forget(s, 1);
	services_learn(s, &f);
	assert_true(services_known(s, PROCS_MAX + 1));
}

static void this_machine(void **state)
{
	struct host_facts h;

	assert_int_equal(host_facts_read(&h), 0);
	assert_true(h.name[0] && h.arch[0] && h.kernel[0]);
	assert_true(h.boot_ns > 1500000000ULL * NSEC_PER_SEC);
	assert_true(!h.id[0] || strlen(h.id) == 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(describes_process),
		cmocka_unit_test(instance_ids),
		cmocka_unit_test(rules_name_ports),
		cmocka_unit_test(rule_for_all),
		cmocka_unit_test(who_is_believed),
		cmocka_unit_test(titles_are_no_commands),
		cmocka_unit_test(workers_are_their_parent),
		cmocka_unit_test(exec_makes_another),
		cmocka_unit_test(ended_are_kept_a_while),
		cmocka_unit_test(table_is_bounded),
		cmocka_unit_test(this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
