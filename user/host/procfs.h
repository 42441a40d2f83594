/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads /proc/PID. What is there belongs to a stranger and may vanish at any moment: every read is
 * bounded, contents may be any bytes, and -ESRCH means that the process is gone (a pid that was
 * reused meanwhile shows in start_ns).
 */
#ifndef HOST_PROCFS_H
#define HOST_PROCFS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/limits.h"
#include "base/buf.h"
#include "base/err.h"

struct proc_stat {
	char comm[COMM_LEN];
	uint32_t ppid;
	bool on_terminal;	/* it has a controlling terminal */
	bool zombie;		/* it has ended, nobody has asked how */
	bool kernel;		/* a thread of the kernel */
	uint64_t start_ns;	/* since boot, in steps of the clock tick */
};

struct proc_status {
	uint32_t tgid;
	uid_t euid;
};

int procfs_check(struct err *err) __must_check; /* is there a /proc? */
int procfs_stat(uint32_t pid, struct proc_stat *ret_stat) __must_check;
int procfs_status(uint32_t pid, struct proc_status *ret_status) __must_check;
/* The same of what was read already. -EINVAL: it says something else. */
int procfs_parse_stat(struct slice text, struct proc_stat *ret_stat) __must_check;
int procfs_parse_status(struct slice text, struct proc_status *ret_status) __must_check;
/*
 * Appends /proc/PID/name to *ret_bytes, at most up to its cap: what is longer is cut without an
 * error.
 */
int procfs_read(uint32_t pid, const char *name, struct buf *ret_bytes) __must_check;
/* exe, cwd, root, fd/7 */
int procfs_link(uint32_t pid, const char *name, char *ret_path, size_t sz) __must_check;
/* ns/net, ns/pid */
int procfs_inode(uint32_t pid, const char *name, uint64_t *ret_inode) __must_check;
/*
 * Whether the kernel lets us read what belongs to its owner alone: the measure of whom we may
 * trace. True for who is gone.
 */
bool procfs_may_read(uint32_t pid);
/* Value of one variable in what /proc/PID/environ holds; p == NULL: not set. */
struct slice procfs_variable(struct slice variables, const char *name);

typedef int (*procfs_each_fn)(void *ctx, uint32_t number);	/* nonzero ends the walk */
int procfs_each_process(procfs_each_fn fn, void *ctx); /* what fn returned last, or -errno */
int procfs_each_fd(uint32_t pid, procfs_each_fn fn, void *ctx);

#endif
