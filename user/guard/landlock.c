/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For threads that never look at other processes: who is in a domain of Landlock may read no more of
 * a process outside it than anybody, whatever capabilities it has, so a live loop cannot be in one.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "guard/landlock.h"

/* Rights that came after the headers of Debian 12. */
#define ACCESS_TRUNCATE  (1ull << 14)
#define ACCESS_IOCTL_DEV (1ull << 15)

#define ACCESS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

/* Whole folders: what stands there is replaced by new files when it changes. */
static const char *const network_folders[] = {
	"/etc", /* resolv.conf, hosts, nsswitch.conf, ssl */
	"/run", /* resolv.conf of systemd-resolved and others */
	"/usr", /* certificates, name service modules */
	"/lib", /* modules, where this is no link to /usr */
	"/lib64",
	"/var/lib/ca-certificates",
	"/sys/devices/system/cpu", /* malloc asks how many there are */
};

/* All rights of this kernel's version of Landlock. */
static __u64 all_rights(int version)
{
	return ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1) |
	       (version >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0) |
	       (version >= 3 ? ACCESS_TRUNCATE : 0) | (version >= 5 ? ACCESS_IOCTL_DEV : 0);
}

static int new_rules(void)
{
	int version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct landlock_ruleset_attr attr = { .handled_access_fs = all_rights(version) };
	int fd = version < 0 ? version
			     : syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);

	return fd < 0 ? -errno : fd;
}

static int restrict_self(int rules)
{
	return syscall(SYS_landlock_restrict_self, rules, 0) ? -errno : 0;
}

/* A folder that this machine does not have needs no rule. */
static int allow_reading(int rules, const char *folder)
{
	_cleanup_(close_fdp) int fd = open(folder, O_PATH | O_CLOEXEC | O_DIRECTORY);
	struct landlock_path_beneath_attr rule = { .allowed_access = ACCESS_READ, .parent_fd = fd };

	if (fd < 0)
		return 0;
	return syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) ? -errno
											   : 0;
}

static int allow_folder_of(int rules, const char *file)
{
	const char *slash = strrchr(file, '/');
	_cleanup_(freep) char *folder =
		slash ? strndup(file, (size_t)(slash - file) + 1) : strdup(".");

	return folder ? allow_reading(rules, folder) : -ENOMEM;
}

int landlock_own_files(void)
{
	_cleanup_(close_fdp) int rules = new_rules();
	int err = rules < 0 ? rules : allow_reading(rules, "/proc/self");

	return err ? err : restrict_self(rules);
}

int landlock_network_files(const char *const *files, size_t n)
{
	_cleanup_(close_fdp) int rules = new_rules();
	int err = rules < 0 ? rules : 0;
	size_t i;

	for (i = 0; !err && i < ARRAY_SIZE(network_folders); i++)
		err = allow_reading(rules, network_folders[i]);
	for (i = 0; !err && i < n; i++)
		err = files[i] ? allow_folder_of(rules, files[i]) : 0;
	return err ? err : restrict_self(rules);
}
