/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is left to each thread once it has given up its rights: every attempt is made for real, in a
 * process of its own, without the sanitizers, which need more than the tracer does.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <linux/bpf.h>
#include <linux/landlock.h>

#include "base/caps.h"
#include "guard/guard.h"

struct stranger {
	pid_t pid;
	char path[64]; /* of a file that belongs to it alone */
};

/* --- the attempts: 0, or the errno of the refusal --- */

static int result(long code)
{
	return code < 0 ? errno : 0;
}

static int opens(const char *path, int flags)
{
	int fd = open(path, flags, 0600), code = result(fd);

	if (fd >= 0)
		close(fd);
	return code;
}

static int read_stranger(const struct stranger *s)
{
	return opens(s->path, O_RDONLY);
}

static int read_hosts(const struct stranger *s)
{
	return opens("/etc/hosts", O_RDONLY);
}

static int read_home(const struct stranger *s)
{
	return opens("/root", O_RDONLY | O_DIRECTORY);
}

static int read_itself(const struct stranger *s)
{
	return opens("/proc/self/statm", O_RDONLY);
}

static int make_file(const struct stranger *s)
{
	return opens("/tmp/ebpf-tracer-guard-test", O_WRONLY | O_CREAT);
}

static int write_file(const struct stranger *s)
{
	return opens("/etc/hosts", O_WRONLY);
}

static int remove_file(const struct stranger *s)
{
	return result(unlink("/tmp/ebpf-tracer-guard-test"));
}

static int execute(const struct stranger *s)
{
	execl("/bin/true", "true", NULL);
	return errno;
}

static int start_process(const struct stranger *s)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	return result(pid);
}

static void *idle(void *arg)
{
	return arg;
}

static int start_thread(const struct stranger *s)
{
	pthread_t t;
	int code = pthread_create(&t, NULL, idle, NULL);

	return code ? code : pthread_join(t, NULL);
}

static int signal_stranger(const struct stranger *s)
{
	return result(kill(s->pid, 0));
}

static int ptrace_stranger(const struct stranger *s)
{
	return result(ptrace(PTRACE_SEIZE, s->pid, 0, 0));
}

static int write_into_stranger(const struct stranger *s)
{
	char byte = 0;
	struct iovec here = { &byte, 1 }, there = { &byte, 1 };

	return result(process_vm_writev(s->pid, &here, 1, &there, 1, 0));
}

static int new_map(const struct stranger *s)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 4,
		.max_entries = 1,
	};

	return result(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)));
}

static int use_network(const struct stranger *s)
{
	return result(socket(AF_INET, SOCK_STREAM, 0));
}

static int use_raw_network(const struct stranger *s)
{
	return result(socket(AF_PACKET, SOCK_RAW, 0));
}

static int resolve(const struct stranger *s)
{
	struct addrinfo *found = NULL;
	int code = getaddrinfo("localhost", "80", NULL, &found);

	if (!code)
		freeaddrinfo(found);
	return code ? EIO : 0;
}

static int type_into_terminal(const struct stranger *s)
{
	/* Not a terminal: ENOTTY would say that the call got through. */
	return result(ioctl(STDIN_FILENO, TIOCSTI, "x")) == ENOTTY ? 0 : EPERM;
}

/* --- who may do what --- */

enum who {
	LIVE = 1 << 0,
	REPLAY = 1 << 1,
	EXPORTER = 1 << 2,
	BY_PATH = 1 << 3, /* everybody where there is no Landlock to refuse it (before 5.13) */
};

static const struct attempt {
	const char *name;
	int (*try)(const struct stranger *s);
	int allowed; /* enum who */
} attempts[] = {
	{ "read a stranger's environment", read_stranger, LIVE },
	{ "read /etc/hosts", read_hosts, LIVE | EXPORTER | BY_PATH },
	{ "read root's home", read_home, LIVE | BY_PATH },
	{ "read its own size", read_itself, LIVE | REPLAY | BY_PATH },
	{ "make a file", make_file, 0 },
	{ "write a file", write_file, 0 },
	{ "remove a file", remove_file, 0 },
	{ "execute a program", execute, 0 },
	{ "start a process", start_process, 0 },
	{ "start a thread", start_thread, EXPORTER },
	{ "signal a stranger", signal_stranger, 0 },
	{ "ptrace a stranger", ptrace_stranger, 0 },
	{ "write into a stranger", write_into_stranger, 0 },
	{ "make a BPF map", new_map, 0 },
	{ "open a connection", use_network, EXPORTER },
	{ "listen to the wire", use_raw_network, 0 },
	{ "resolve a name of /etc/hosts", resolve, LIVE | EXPORTER | BY_PATH },
	{ "type into a terminal", type_into_terminal, 0 },
};

static bool yes(void *ctx)
{
	return true;
}

static bool no_maps_without_bpf(void *ctx)
{
	return caps_has(CAP_BPF);
}

static int give_up(enum who who)
{
	struct guard g = { .live = who != REPLAY, .maps_usable = yes };
	int code = guard_process(&g, NULL);

	if (!code)
		code = who == EXPORTER
	? guard_exporter(&g, NULL) : guard_loop(&g, NULL);
	return code;
}

static void make_stranger(struct stranger *s)
{
	s->pid = fork();
	if (!s->pid) {
		if (setuid(65534))
			_exit(1);
		pause();
		_exit(0);
	}
	snprintf(s->path, sizeof(s->path), "/proc/%d/environ", s->pid);
}

static void end_stranger(const struct stranger *s)
{
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
}

/* In a process of its own: exits with the errno of the attempt, 255: the rights could not be given up. */
static int try_as(enum who who, const struct attempt *a, const struct stranger *s)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(give_up(who) ? 255 : a->try(s));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

static void check(enum who who)
{
	const int whom = who | (has_landlock() ? 0 : BY_PATH);
	struct stranger s;
	int wrong = 0;
	size_t i;

	if (geteuid())
		skip();
	make_stranger(&s);
	for (i = 0; i < ARRAY_SIZE(attempts); i++) {
		int code = try_as(who, &attempts[i], &s);
		bool allowed = attempts[i].allowed & whom;

		if (code != 255 && !code == allowed)
			continue;
		print_error("%s: %s\n", attempts[i].name, code ? strerror(code) : "allowed");
		wrong++;
	}
	end_stranger(&s);
	assert_int_equal(wrong, 0);
}

static void a_live_loop(void **state)
{
	check(LIVE);
}

static void a_replay(void **state)
{
	check(REPLAY);
}

static void an_exporter(void **state)
{
	check(EXPORTER);
}

static uint64_t caps_left(const struct guard *g)
{
	int answer[2], status;
	uint64_t caps = UINT64_MAX;
	pid_t pid;

	assert_int_equal(pipe(answer), 0);
	pid = fork();
	if (!pid) {
		if (!guard_process(g, NULL))
			caps = caps_effective();
		_exit(write(answer[1], &caps, sizeof(caps)) != sizeof(caps));
	}
	assert_int_equal(read(answer[0], &caps, sizeof(caps)), sizeof(caps));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(answer[0]);
	close(answer[1]);
	return caps;
}

static void capabilities_are_those_of_the_table(void **state)
{
	const uint64_t reading = CAP_BIT(CAP_SYS_PTRACE) | CAP_BIT(CAP_DAC_READ_SEARCH);
	const struct guard live = { .live = true, .maps_usable = yes };
	const struct guard child = { .live = true, .child = 1, .maps_usable = yes };
	const struct guard old = { .live = true, .maps_usable = no_maps_without_bpf };
	const struct guard replay = { .live = false };

	if (geteuid())
		skip();
	assert_int_equal(caps_left(&live), reading);
	assert_int_equal(caps_left(&child), reading | CAP_BIT(CAP_KILL));
	assert_int_equal(caps_left(&old), reading | CAP_BIT(CAP_BPF));
	assert_int_equal(caps_left(&replay), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_live_loop),
		cmocka_unit_test(a_replay),
		cmocka_unit_test(an_exporter),
		cmocka_unit_test(capabilities_are_those_of_the_table),
	};

	return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
