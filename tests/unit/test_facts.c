/* SPDX-License-Identifier: GPL-2.0-only */
/* Facts of real processes, and their way through a record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "host/cgroup.h"
#include "host/facts.h"
#include "host/procfs.h"
#include "host/services.h"

static bool sleeps(pid_t pid)
{
	_cleanup_(buf_release) struct buf stat = BUF_INIT(512);

	assert_int_equal(procfs_read((uint32_t)pid, "stat", &stat), 0);
	return strstr(stat.p, ") S ");
}

/* Runs sleep(1) with these arguments and environment, which /proc shows some time after its exec has begun. */
static pid_t start(const char *const *argv, const char *const *env)
{
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!chdir("/tmp"))
			execve("/bin/sleep", (char *const *)argv, (char *const *)env);
		_exit(127);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 0);
	close(ready[0]);
	while (!sleeps(pid))
		sched_yield();
	return pid;
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void reads_process(void **state)
{
	const char *const argv[] = { "my sleep", "1000", NULL };
	const char *const env[] = {
		"XOTEL_SERVICE_NAME=no",        "OTEL_SERVICE_NAME=mine",   "SECRET=hush",
		"OTEL_RESOURCE_ATTRIBUTES=a=b", "OTEL_SERVICE_NAME=second", NULL
	};
	_cleanup_(facts_release) struct proc_facts f = { 0 };
	struct proc_stat stat;
	pid_t pid = start(argv, env);

	assert_int_equal(procfs_stat((uint32_t)pid, &stat), 0);
	assert_int_equal(facts_read((uint32_t)pid, &f), 0);
	stop(pid);
	assert_int_equal(f.tgid, pid);
	assert_int_equal(f.ppid, getpid());
	assert_true(f.start_ns && f.start_ns == stat.start_ns);
	assert_string_equal(f.comm, "sleep");
	assert_non_null(strstr(f.exe, "/bin/sleep"));
	assert_string_equal(f.cwd, "/tmp");
	assert_string_equal(f.service_name, "mine");
	assert_string_equal(f.resource_attributes, "a=b");
	assert_int_equal(f.args_cnt, 2);
	assert_string_equal(f.args[0], "my sleep");
	assert_string_equal(f.args[1], "1000");
	assert_null(f.args[2]);
	if (!getuid())
		assert_string_equal(f.owner, "root");
}

static void long_arguments_are_cut(void **state)
{
	_cleanup_(freep) char *long_arg = malloc(100001);
	const char *argv[300] = { "sleep", "1000" };
	const char *const env[] = { NULL };
	_cleanup_(facts_release) struct proc_facts f = { 0 };
	pid_t pid;

	memset(long_arg, 'x', 100000);
	long_arg[100000] = '\0';
	argv[0] = long_arg;
	for (size_t i = 2; i < ARRAY_SIZE(argv) - 1; i++)
		argv[i] = "1";
	pid = start(argv, env);
	assert_int_equal(facts_read((uint32_t)pid, &f), 0);
	stop(pid);
	assert_int_equal(strlen(f.args[0]), 511);
	assert_string_equal(f.args[1], "1000");
	assert_int_equal(f.args_cnt, 256);
}

static void gone_process(void **state)
{
	struct proc_facts f = { .ppid = 7 };
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	assert_int_equal(facts_read((uint32_t)pid, &f), -ESRCH);
	assert_int_equal(f.ppid, 7);
}

static void zombie_has_no_texts(void **state)
{
	_cleanup_(facts_release) struct proc_facts f = { 0 };
	siginfo_t si;
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT);
	assert_int_equal(facts_read((uint32_t)pid, &f), 0);
	assert_string_equal(f.exe, "");
	assert_int_equal(f.args_cnt, 0);
	waitpid(pid, NULL, 0);
}

static void strange_name(void **state)
{
	struct proc_stat stat;
	char old[16];

	prctl(PR_GET_NAME, old);
	prctl(PR_SET_NAME, ") R 1 (\n) S 7");
	assert_int_equal(procfs_stat((uint32_t)getpid(), &stat), 0);
	prctl(PR_SET_NAME, old);
	assert_int_equal(stat.ppid, getppid());
	assert_string_equal(stat.comm, ") R 1 (\n) S 7");
}

static void fill(struct proc_facts *f)
{
	*f = (struct proc_facts){
		.tgid = 42, .ppid = 7, .start_ns = 123456789, .on_terminal = true, .comm = "name"
	};
	f->exe = strdup("/bin/x");
	f->cwd = strdup("/srv");
	f->cgroup = strdup("/a.slice");
	f->owner = strdup("me");
	f->service_name = strdup("shop");
	f->resource_attributes = strdup("a=b");
	f->sdk = strdup("an agent");
	f->context = strdup("service.name=published");
	f->args = calloc(3, sizeof(*f->args));
	f->args[f->args_cnt++] = strdup("x");
	f->args[f->args_cnt++] = strdup("");
}

static void record_keeps_everything(void **state)
{
	_cleanup_(facts_release) struct proc_facts f, g = { 0 };
	_cleanup_(buf_release) struct buf record;
	const struct ev_proc *ev;

	fill(&f);
	buf_init(&record, 65536);
	assert_int_equal(facts_encode(&f, 99, &record), 0);
	ev = (const struct ev_proc *)record.p;
	assert_int_equal(ev->hdr.kind, EV_PROC);
	assert_int_equal(ev->hdr.ts_ns, 99);
	assert_int_equal(ev->hdr.tgid, 42);
	assert_int_equal(ev->hdr.sz, record.n);
	assert_int_equal(record.n % 8, 0);
	assert_int_equal(facts_decode(ev, &g), 0);
	assert_int_equal(g.tgid, 42);
	assert_int_equal(g.ppid, 7);
	assert_int_equal(g.start_ns, 123456789);
	assert_true(g.on_terminal);
	assert_string_equal(g.comm, "name");
	assert_string_equal(g.exe, f.exe);
	assert_string_equal(g.cwd, f.cwd);
	assert_string_equal(g.cgroup, f.cgroup);
	assert_string_equal(g.owner, f.owner);
	assert_string_equal(g.service_name, f.service_name);
	assert_string_equal(g.resource_attributes, f.resource_attributes);
	assert_string_equal(g.sdk, f.sdk);
	assert_string_equal(g.context, f.context);
	assert_int_equal(g.args_cnt, 2);
	assert_string_equal(g.args[0], "x");
	assert_string_equal(g.args[1], "");
	assert_null(g.args[2]);
}

static void record_without_room(void **state)
{
	_cleanup_(facts_release) struct proc_facts f;
	_cleanup_(buf_release) struct buf record;

	fill(&f);
	buf_init(&record, 64);
	assert_int_equal(buf_puts(&record, "before"), 0);
	assert_int_equal(facts_encode(&f, 0, &record), -E2BIG);
	assert_int_equal(record.n, 6);
}

/* Builds a record of the given items. */
static int decode_items(const void *items, size_t n, struct proc_facts *ret_facts)
{
	_cleanup_(freep) struct ev_proc *ev = calloc(1, sizeof(*ev) + n);

	ev->hdr = (struct ev_hdr){ .kind = EV_PROC, .sz = (__u32)(sizeof(*ev) + n), .tgid = 1 };
	ev->len = (__u32)n;
	memcpy(ev->bytes, items, n);
	return facts_decode(ev, ret_facts);
}

static void damaged_records(void **state)
{
	static const __u16 cut_item[] = { 4, 100, 0 }, short_number[] = { 1, 2, 0 },
			   unknown[] = { 999, 2, 0, 4, 0 };
	static const __u16 twice[] = { 4, 2, 0x4141, 4, 2, 0x4242 };
	static const char half_header[] = { 4, 0, 1 };
	_cleanup_(facts_release) struct proc_facts f = { 0 };
	struct ev_proc beyond = { .hdr = { .sz = sizeof(beyond) }, .len = 1 };

	assert_int_equal(decode_items(cut_item, sizeof(cut_item), &f), -EINVAL);
	assert_int_equal(decode_items(short_number, sizeof(short_number), &f), -EINVAL);
	assert_int_equal(decode_items(half_header, sizeof(half_header), &f), -EINVAL);
	assert_int_equal(facts_decode(&beyond, &f), -EINVAL);
	assert_null(f.exe);
	assert_int_equal(decode_items(unknown, sizeof(unknown), &f), 0);
	assert_string_equal(f.exe, "");
	facts_release(&f);
	assert_int_equal(decode_items(twice, sizeof(twice), &f), 0);
	assert_string_equal(f.exe, "BB");
}

static void best_cgroup_line(void **state)
{
	static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	char file[512], got[CONTAINER_ID_LEN + 1];
	struct slice path;

	path = cgroup_path(SLICE("0::/system.slice/shop.service\n"));
	assert_true(slice_eq(path, SLICE("/system.slice/shop.service")));
	path = cgroup_path(SLICE("9:pids:/x/y\n1:name=systemd:/user.slice\n0::/z\n"));
	assert_true(slice_eq(path, SLICE("/user.slice")));
	path = cgroup_path(SLICE("1:name=systemd:/\n0::/z\n"));
	assert_true(slice_eq(path, SLICE("/z")));
	snprintf(file, sizeof(file), "9:pids:/docker/%s\n0::/system.slice/containerd.service\n",
		 id);
	path = cgroup_path(slice_str(file));
	assert_true(cgroup_container_id(path, got));
	assert_string_equal(got, id);
	assert_int_equal(cgroup_path(SLICE("")).n, 0);
	assert_int_equal(cgroup_path(SLICE("\n:\n::\n")).n, 0);
}

static void containers_and_pods(void **state)
{
	static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	static const char *const forms[] = {
		"/docker/%s",
		"/system.slice/docker-%s.scope",
		"/machine.slice/libpod-%s.scope/container",
		"/kubepods.slice/kubepods-pod01234567_89ab_cdef_0123_456789abcdef.slice/"
		"cri-containerd-%s.scope",
		"/kubepods/besteffort/pod01234567-89ab-cdef-0123-456789abcdef/%s",
		"/x/crio-%s.scope",
	};
	char path[512], got[CONTAINER_ID_LEN + 1], uid[POD_UID_LEN + 1];

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		bool pod = strstr(forms[i], "pod0");

		snprintf(path, sizeof(path), "/x");
		assert_false(cgroup_container_id(slice_str(path), got));
		snprintf(path, sizeof(path), forms[i], id);
		assert_true(cgroup_container_id(slice_str(path), got));
		assert_string_equal(got, id);
		assert_int_equal(cgroup_pod_uid(slice_str(path), uid), pod);
		if (pod)
			assert_string_equal(uid, "01234567-89ab-cdef-0123-456789abcdef");
	}
	assert_false(cgroup_container_id(SLICE("/0123456789abcdef"), got));
	snprintf(path, sizeof(path), "/f%s", id);
	assert_false(cgroup_container_id(slice_str(path), got));
	assert_false(cgroup_pod_uid(SLICE("/pod01234567-89ab-cdef-0123-456789abcdeX"), uid));
}

static void ended_before_it_was_read(void **state)
{
	struct ev_exec ev = { .hdr = { .tgid = 4711 }, .comm = "curl" };
	char *name;
	struct proc_facts f;

	assert_int_equal(facts_of_exec(&ev, &f), 0);
	assert_int_equal(f.tgid, 4711);
	name = service_name_of(&f);
	assert_string_equal(name, "curl");
	free(name);
	facts_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_process),
		cmocka_unit_test(long_arguments_are_cut),
		cmocka_unit_test(gone_process),
		cmocka_unit_test(zombie_has_no_texts),
		cmocka_unit_test(strange_name),
		cmocka_unit_test(record_keeps_everything),
		cmocka_unit_test(record_without_room),
		cmocka_unit_test(damaged_records),
		cmocka_unit_test(best_cgroup_line),
		cmocka_unit_test(containers_and_pods),
		cmocka_unit_test(ended_before_it_was_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
