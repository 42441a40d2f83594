/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/caps.h"
#include "base/log.h"
#include "guard/guard.h"
#include "guard/landlock.h"
#include "guard/syscalls.h"

/* What the loop thread still needs, and for what; exporters need nothing. */
static const struct {
	int cap;
	bool for_child;
} kept[] = {
	{ CAP_SYS_PTRACE, false }, /* /proc/PID of processes found later: exe, environ, fd */
	{ CAP_DAC_READ_SEARCH, false }, /* the same, where the file's mode keeps others out */
	{ CAP_KILL, true }, /* the command runs as the user who called sudo */
};

static uint64_t kept_caps(const struct guard *g)
{
	uint64_t caps = 0;
	size_t i;

	for (i = 0; g->live && i < ARRAY_SIZE(kept); i++)
		caps |= !kept[i].for_child || g->child ? CAP_BIT(kept[i].cap) : 0;
	return caps;
}

/* Which capability opens the maps cannot be asked, only tried: without it first. */
static int limit_caps(const struct guard *g)
{
	uint64_t keep = kept_caps(g), maps = CAP_BIT(CAP_BPF) | CAP_BIT(CAP_SYS_ADMIN);
	int err = caps_limit(keep, g->live ? keep | maps : 0);

	if (err || !g->live)
		return err;
	if (g->maps_usable(g->ctx))
		return caps_limit(keep, 0);
	err = caps_limit(keep | CAP_BIT(CAP_BPF), keep | maps);
	if (!err && g->maps_usable(g->ctx))
		return caps_limit(keep | CAP_BIT(CAP_BPF), 0);
	return err ? err : caps_limit(keep | maps, 0);
}

/* What the kernel does not have is said once, what fails ends the program. */
static int outcome(int code, const char *what, struct err *err)
{
	if (code == -ENOSYS || code == -EOPNOTSUPP || code == -EINVAL) {
		log_debug("guard: this kernel has no %s, so nothing is given up by it", what);
		return 0;
	}
	return code ? err_set(err, code, "cannot give up rights by %s: %s", what, strerror(-code))
		    : 0;
}

int guard_process(const struct guard *g, struct err *err)
{
	int code = limit_caps(g);

	if (code)
		return err_set(err, code, "cannot give up capabilities: %s", strerror(-code));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return err_set(err, -errno, "cannot give up new privileges: %s", strerror(errno));
	return 0;
}

int guard_exporter(const struct guard *g, struct err *err)
{
	int code = caps_limit(0, 0);

	if (code)
		return err_set(err, code, "cannot give up capabilities: %s", strerror(-code));
	code = outcome(landlock_network_files(g->files, g->files_cnt), "Landlock", err);
	return code ? code : outcome(syscalls_exporter(), "seccomp", err);
}

int guard_loop(const struct guard *g, struct err *err)
{
	int code = g->live ? 0 : outcome(landlock_own_files(), "Landlock", err);

	return code ? code : outcome(syscalls_loop(g->live, g->child), "seccomp", err);
}
