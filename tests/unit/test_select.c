/* SPDX-License-Identifier: GPL-2.0-only */
/* Selectors against real processes: a parent that listens, its child, and a bystander. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/compiler.h"
#include "host/procfs.h"
#include "host/select.h"

#define LONG_NAME "a-name-of-15-ch" /* as much as the kernel keeps */

struct family {
	uint32_t parent, child, stranger;
	uint16_t port;
	uint16_t client_port; /* of a connection to it */
	int hold; /* closing it ends them all */
};

/* The port is at the same place in both families' addresses. */
static uint16_t local_port(int fd, struct sockaddr_in6 *addr, socklen_t len)
{
	if (getsockname(fd, (struct sockaddr *)addr, &len))
		_exit(1);
	return ntohs(addr->sin6_port);
}

/* A listener and a connection to it. */
static void open_sockets(int domain, struct family *fam)
{
	struct sockaddr_in6 addr = { .sin6_family = (sa_family_t)domain };
	socklen_t len = domain == AF_INET6 ? sizeof(addr) : sizeof(struct sockaddr_in);
	int server = socket(domain, SOCK_STREAM, 0), client = socket(domain, SOCK_STREAM, 0);

	if (bind(server, (struct sockaddr *)&addr, len) || listen(server, 1))
		_exit(1);
	fam->port = local_port(server, &addr, len);
	if (connect(client, (struct sockaddr *)&addr, len))
		_exit(1);
	fam->client_port = local_port(client, &addr, len);
}

static void tell(int fd, const void *p, size_t n)
{
	if (write(fd, p, n) != (ssize_t)n)
		_exit(1);
}

static void wait_for_end(int fd)
{
	char c;

	while (read(fd, &c, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

/*
 * The child becomes `sleep` under a pipe that closes on exec, so that its exec is over when it is
 * closed.
 */
static uint32_t start_sleep(void)
{
	int done[2];
	pid_t pid;
	char c;

	if (pipe2(done, O_CLOEXEC))
		_exit(1);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl("/bin/sleep", "sleep", "1000", NULL);
		_exit(1);
	}
	close(done[1]);
	if (read(done[0], &c, 1))
		_exit(1);
	close(done[0]);
	return (uint32_t)pid;
}

static void be_parent(int domain, int out, int hold)
{
	struct family fam = { .parent = (uint32_t)getpid() };

	open_sockets(domain, &fam);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, LONG_NAME);
	/* The child must not have the socket itself: it is found as a descendant. */
	for (int fd = 3; fd < 64; fd++)
		if (fd != out && fd != hold)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
	fam.child = start_sleep();
	tell(out, &fam, sizeof(fam));
	wait_for_end(hold);
}

static void family_start(struct family *fam, int domain)
{
	int out[2], hold[2];
	pid_t pid;

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		close(hold[1]);
		be_parent(domain, out[1], hold[0]);
	}
	close(out[1]);
	close(hold[0]);
	assert_int_equal(read(out[0], fam, sizeof(*fam)), sizeof(*fam));
	close(out[0]);
	fam->hold = hold[1];
	fam->stranger = start_sleep();
}

static void family_stop(struct family *fam)
{
	kill((pid_t)fam->stranger, SIGKILL);
	kill((pid_t)fam->child, SIGKILL);
	close(fam->hold);
	waitpid((pid_t)fam->stranger, NULL, 0);
	waitpid((pid_t)fam->parent, NULL, 0);
}

struct seen {
	const struct family *fam;
	size_t parent, child, stranger, self; /* place in the order of the calls, from 1 */
	size_t n;
};

static void note(void *ctx, uint32_t tgid, uint64_t start_ns)
{
	struct seen *s = ctx;
	size_t *const places[] = { &s->parent, &s->child, &s->stranger, &s->self };
	const uint32_t pids[] = { s->fam->parent, s->fam->child, s->fam->stranger,
				  (uint32_t)getpid() };

	s->n++;
	assert_true(start_ns > 0);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		if (pids[i] != tgid)
			continue;
		assert_int_equal(*places[i], 0);
		*places[i] = s->n;
	}
}

static struct seen scan(const struct family *fam, struct selectors sel)
{
	struct seen s = { .fam = fam };
	size_t denied;

	sel.self = (uint32_t)getpid();
	assert_int_equal(select_scan(&sel, note, &s, &denied), 0);
	assert_int_equal(s.self, 0);
	return s;
}

static void assert_family_only(struct seen s)
{
	assert_true(s.parent && s.child);
	assert_true(s.parent < s.child);
	assert_int_equal(s.stranger, 0);
	assert_int_equal(s.n, 2);
}

static void by_pid(void **state)
{
	struct family fam;

	family_start(&fam, AF_INET);
	assert_family_only(scan(&fam, (struct selectors){ .pids = &fam.parent, .pids_cnt = 1 }));
	assert_int_equal(scan(&fam, (struct selectors){ .pids = &fam.child, .pids_cnt = 1 }).n, 1);
	assert_int_equal(scan(&fam, (struct selectors){ 0 }).n, 0);
	family_stop(&fam);
}

static void by_port_of(int domain)
{
	struct family fam;
	uint32_t port, other;

	family_start(&fam, domain);
	port = fam.port;
	other = fam.client_port;
	assert_family_only(scan(&fam, (struct selectors){ .ports = &port, .ports_cnt = 1 }));
	/* Nobody listens on a client's port. */
	assert_int_equal(scan(&fam, (struct selectors){ .ports = &other, .ports_cnt = 1 }).n, 0);
	family_stop(&fam);
}

static void by_port(void **state)
{
	by_port_of(AF_INET);
}

static void by_port_ipv6(void **state)
{
	by_port_of(AF_INET6);
}

static void by_comm(void **state)
{
	static const char *const whole[] = { LONG_NAME }, *const longer[] = { LONG_NAME
									      "aracters" };
	static const char *const glob[] = { "a-name-of-*" }, *const no[] = { "a-name" };
	struct family fam;

	family_start(&fam, AF_INET);
	assert_family_only(scan(&fam, (struct selectors){ .comms = whole, .comms_cnt = 1 }));
	assert_family_only(scan(&fam, (struct selectors){ .comms = longer, .comms_cnt = 1 }));
	assert_family_only(scan(&fam, (struct selectors){ .comms = glob, .comms_cnt = 1 }));
	assert_int_equal(scan(&fam, (struct selectors){ .comms = no, .comms_cnt = 1 }).n, 0);
	family_stop(&fam);
}

static void by_exe(void **state)
{
	static const char *const name[] = { "sleep" }, *const path[] = { "/*/sleep" },
				 *const no[] = { "/sle*p" };
	struct family fam;
	struct seen s;

	family_start(&fam, AF_INET);
	s = scan(&fam, (struct selectors){ .exes = name, .exes_cnt = 1 });
	assert_true(s.child && s.stranger && !s.parent);
	s = scan(&fam, (struct selectors){ .exes = path, .exes_cnt = 1 });
	assert_true(s.child && s.stranger && !s.parent);
	s = scan(&fam, (struct selectors){ .exes = no, .exes_cnt = 1 });
	assert_true(!s.child && !s.stranger);
	family_stop(&fam);
}

static void everybody(void **state)
{
	struct family fam;
	struct seen s;

	family_start(&fam, AF_INET);
	s = scan(&fam, (struct selectors){ .all = true });
	assert_true(s.parent && s.child && s.stranger);
	family_stop(&fam);
}

static void one_process(void **state)
{
	static const char *const sleeps[] = { "slee?" };
	struct selectors sel = { .comms = sleeps, .comms_cnt = 1, .self = (uint32_t)getpid() };
	uint32_t port = 80;
	struct family fam;
	struct proc_stat st;
	uint64_t start_ns = 0;

	family_start(&fam, AF_INET);
	assert_int_equal(procfs_stat(fam.child, &st), 0);
	assert_true(select_process(&sel, fam.child, &start_ns));
	assert_int_equal(start_ns, st.start_ns);
	assert_false(select_process(&sel, fam.parent, &start_ns));
	family_stop(&fam);
	assert_false(select_process(&sel, fam.stranger, &start_ns));
	sel = (struct selectors){
		.all = true, .ports = &port, .ports_cnt = 1, .self = (uint32_t)getpid()
	};
	assert_false(select_process(&sel, sel.self, &start_ns));
	assert_true(select_listener(&sel, fam.child, 80));
	assert_false(select_listener(&sel, fam.child, 81));
	assert_false(select_listener(&sel, sel.self, 80));
}

static void *wait_in_thread(void *arg)
{
	int *pipes = arg;
	uint32_t tid = (uint32_t)syscall(SYS_gettid);
	char c;

	tell(pipes[1], &tid, sizeof(tid));
	while (read(pipes[2], &c, 1) > 0)
		;
	return NULL;
}

static void thread_means_its_process(void **state)
{
	uint32_t tid = 0, tgid = 0;
	pthread_t thread;
	int pipes[4];

	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(pipe(pipes + 2), 0);
	assert_int_equal(pthread_create(&thread, NULL, wait_in_thread, pipes), 0);
	assert_int_equal(read(pipes[0], &tid, sizeof(tid)), sizeof(tid));
	assert_int_equal(select_pid(tid, 1, &tgid, NULL), 0);
	assert_int_not_equal(tid, tgid);
	assert_int_equal(tgid, getpid());
	close(pipes[3]);
	pthread_join(thread, NULL);
	for (size_t i = 0; i < 3; i++)
		close(pipes[i]);
}

static void wrong_pids(void **state)
{
	uint32_t self = (uint32_t)getpid(), tgid = 7;
	struct err err;
	siginfo_t si;
	pid_t pid;

	assert_int_equal(select_pid(self, self, &tgid, &err), -EINVAL);
	assert_non_null(strstr(err.text, "does not trace itself"));
	assert_int_equal(select_pid(4194305, self, &tgid, &err), -ESRCH);
	assert_non_null(strstr(err.text, "no process 4194305"));
	pid = fork();
	if (!pid)
		_exit(0);
	waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT);
	assert_int_equal(select_pid((uint32_t)pid, self, &tgid, &err), -ESRCH);
	assert_non_null(strstr(err.text, "has ended"));
	waitpid(pid, NULL, 0);
	assert_int_equal(tgid, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_pid),       cmocka_unit_test(by_port),
		cmocka_unit_test(by_port_ipv6), cmocka_unit_test(by_comm),
		cmocka_unit_test(by_exe),       cmocka_unit_test(everybody),
		cmocka_unit_test(one_process),  cmocka_unit_test(thread_means_its_process),
		cmocka_unit_test(wrong_pids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
