/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `ebpf-tracer -- command`: starts it as the user who called sudo, stopped just before its exec
 * until it is traced, so that nothing it does is missed.
 */
#ifndef CHILD_H
#define CHILD_H

#include <sys/types.h>

#include "base/cleanup.h"
#include "base/err.h"

struct child {
	pid_t pid;
	int go_fd; /* a byte lets the command run; closed without one, it ends */
	int err_fd; /* an exec that failed sends its errno here */
};

int child_fork(char *const *argv, struct child *ret_child, struct err *err) __must_check;
int child_exec(struct child *child, const char *name,
	       struct err *err) __must_check; /* lets it run; -errno: its exec failed */
int child_status(int wait_status); /* as a shell would: 128 + signal when it was killed */

#endif
