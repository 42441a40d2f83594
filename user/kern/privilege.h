/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERN_PRIVILEGE_H
#define KERN_PRIVILEGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * 0, or -EPERM with a sentence: which capabilities this process lacks for loading and attaching programs, that they
 * count for nothing here, or that the kernel lets nobody.
 */
int privilege_check(struct err *err) __must_check;
/* The inode of this process's pid namespace, which numbers all that it sees; 0: the host's. */
uint32_t privilege_pid_ns(void);
/*
 * The next capability that is missing without being indispensable, and what does not work without it; *at starts at
 * 0. NULL: no more.
 */
const char *privilege_lacks(size_t *at, const char **ret_without);

/*
 * Installed with capabilities of its own and run by somebody who has none, the program lends them
 * to trace what is the caller's own anyway: those that open what belongs to others are given up,
 * before anything the caller named is opened.
 */
void privilege_own_only(void);

#endif
