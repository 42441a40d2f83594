/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system calls that are left to a thread. All others answer that this kernel does not have them, which libraries
 * know how to take. -errno.
 */
#ifndef GUARD_SYSCALLS_H
#define GUARD_SYSCALLS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/compiler.h"

int syscalls_loop(bool live, pid_t child) __must_check;	/* child: the one process that gets signals; 0: none */
int syscalls_exporter(void) __must_check;

#endif
