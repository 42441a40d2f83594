/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/slice.h"
#include "child.h"

static int env_id(const char *name, uint64_t *ret_id)
{
	return slice_u64(slice_str(getenv(name)), 10, ret_id) && *ret_id < UINT32_MAX ? 0 : -ENOENT;
}

/*
 * Back to the user who called sudo; without one, or without the right, everything stays as it is.
 */
static int become_caller(void)
{
	uint64_t uid, gid;
	struct passwd *pw;

	if (geteuid() || env_id("SUDO_UID", &uid) || env_id("SUDO_GID", &gid) || !uid)
		return 0;
	pw = getpwuid(uid);
	if (pw) {
		setenv("HOME", pw->pw_dir, 1);
		setenv("USER", pw->pw_name, 1);
		setenv("LOGNAME", pw->pw_name, 1);
	}
	if ((pw ? initgroups(pw->pw_name, gid) : setgroups(0, NULL)) || setgid(gid) || setuid(uid))
		return -errno;
	return 0;
}

/* What the tracer does with signals is its own affair: a command that lost its SIGPIPE would behave differently. */
static void restore_signals(void)
{
	sigset_t none;

	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void run_child(char *const *argv, int go_fd, int err_fd)
{
	ssize_t n;
	char byte;
	int code;

	restore_signals();
	do {
		n = read(go_fd, &byte, 1);
	} while (n < 0 && errno == EINTR);
	if (n != 1)
		_exit(125); /* the tracer is gone, or cannot trace: nothing runs */
	code = -become_caller();
	if (!code) {
		execvp(argv[0], argv);
		code = errno;
	}
	if (write(err_fd, &code, sizeof(code)) != sizeof(code))
		_exit(125);
	_exit(127);
}

int child_fork(char *const *argv, struct child *ret_child, struct err *err)
{
	int go[2] = { -1, -1 }, failed[2] = { -1, -1 };
	pid_t pid;

	if (pipe2(go, O_CLOEXEC) || pipe2(failed, O_CLOEXEC))
		return err_set(err, -errno, "cannot start '%s': %s", argv[0], strerror(errno));
	pid = fork();
	if (pid < 0)
		return err_set(err, -errno, "cannot start '%s': %s", argv[0], strerror(errno));
	if (!pid) {
		close(go[1]);
		run_child(argv, go[0], failed[1]);
	}
	close(go[0]);
	close(failed[1]);
	*ret_child = (struct child){ .pid = pid, .go_fd = go[1], .err_fd = failed[0] };
	return 0;
}

int child_exec(struct child *child, const char *name, struct err *err)
{
	int code = 0;
	ssize_t n;

	if (write(child->go_fd, "", 1) != 1)
		return err_set(err, -errno, "cannot start '%s': %s", name, strerror(errno));
	close(take_fd(child->go_fd));
	do {
		n = read(child->err_fd, &code, sizeof(code));
	} while (n < 0 && errno == EINTR);
	close(take_fd(child->err_fd));
	if (n != sizeof(code))
		return 0;
	waitpid(child->pid, NULL, 0);
	return err_set(err, -code, "cannot run '%s': %s", name, strerror(code));
}

int child_status(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}
