/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `ebpf-tracer -- command`: starts it as the user who called sudo, stopped just before its exec until it is traced, so
 * that nothing it does is missed.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <sys/types.h>

#include "base/cleanup.h"
#include "base/err.h"

struct command {
	pid_t pid;
	int go_fd;	/* closing it lets the command run */
	int err_fd;	/* an exec that failed sends its errno here */
};

int command_fork(char *const *argv, struct command *ret_cmd, struct err *err) __must_check;
int command_exec(struct command *cmd, const char *name, struct err *err) __must_check;	/* lets it run; -errno: its exec failed */
int command_status(int wait_status);	/* as a shell would: 128 + signal when it was killed */

#endif
