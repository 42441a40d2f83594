/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "host/procfs.h"
#include "kern/privilege.h"

/* PROC_PID_INIT_INO and PROC_USER_INIT_INO of linux/proc_ns.h, the same since 3.8 */
#define PID_NS_OF_HOST  0xEFFFFFFCU
#define USER_NS_OF_HOST 0xEFFFFFFDU

static const struct need {
	int cap;
	const char *name;
	const char *without; /* NULL: nothing works without it */
} needs[] = {
	{ CAP_BPF, "CAP_BPF", NULL },
	{ CAP_PERFMON, "CAP_PERFMON", NULL },
	{ CAP_SYS_PTRACE, "CAP_SYS_PTRACE", "only processes of the same user are traced" },
	{ CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH",
	  "processes of other users are not found by --port, and lack their names" },
};

/* CAP_SYS_ADMIN stands for the first two. */
static bool have(const struct need *n, uint64_t caps)
{
	bool admin = caps & CAP_BIT(CAP_SYS_ADMIN);

	return caps & CAP_BIT(n->cap) || (admin && !n->without);
}

uint32_t privilege_pid_ns(void)
{
	uint64_t ns;

	return procfs_inode(getpid(), "ns/pid", &ns) || ns == PID_NS_OF_HOST ? 0 : (uint32_t)ns;
}

/* Root of a user namespace has every capability, and none of those that the kernel asks for here. */
static int check_user_ns(struct err *err)
{
	uint64_t ns;

	if (procfs_inode(getpid(), "ns/user", &ns) || ns == USER_NS_OF_HOST)
		return 0;
	return err_set(err, -EPERM,
		       "root is here that of a user namespace (a rootless container), and tracing "
		       "needs the host's rights: run it outside");
}

/* Reading memory, of the kernel or of a process, is what lockdown=confidentiality is against. */
static bool locked_down(void)
{
	_cleanup_(fclosep) FILE *f = fopen("/sys/kernel/security/lockdown", "re");
	char line[64] = "";

	return f && fgets(line, sizeof(line), f) && strstr(line, "[confidentiality]");
}

static int check_lockdown(struct err *err)
{
	if (!locked_down())
		return 0;
	return err_set(err, -EPERM,
		       "the kernel is locked down for confidentiality and lets no program read "
		       "memory: boot it with lockdown=integrity, or without");
}

int privilege_check(struct err *err)
{
	uint64_t caps = caps_effective();
	char missing[128];
	size_t i, n = 0;
	int code;

	for (i = 0; i < ARRAY_SIZE(needs); i++) {
		if (!needs[i].without && !have(&needs[i], caps))
			n += snprintf(missing + n, sizeof(missing) - n, "%s%s", n ? ", " : "",
				      needs[i].name);
	}
	if (n)
		return err_set(err, -EPERM,
			       "tracing needs root, or at least the missing %s: try sudo", missing);
	code = check_user_ns(err);
	return code ? code : check_lockdown(err);
}

const char *privilege_lacks(size_t *at, const char **ret_without)
{
	uint64_t caps = caps_effective();

	while (*at < ARRAY_SIZE(needs)) {
		const struct need *n = &needs[(*at)++];

		if (!n->without || have(n, caps))
			continue;
		*ret_without = n->without;
		return n->name;
	}
	return NULL;
}

void privilege_own_only(void)
{
	uint64_t lent = CAP_BIT(CAP_BPF) | CAP_BIT(CAP_PERFMON);

	if (getauxval(AT_SECURE) && caps_limit(lent, 0))
		log_warn("cannot give up capabilities: %s", strerror(errno));
}
