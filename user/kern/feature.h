/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What this kernel has of what our programs need or must reckon with, read from its BTF, or from its release where no
 * type shows it: one table, asked through one function.
 */
#ifndef KERN_FEATURE_H
#define KERN_FEATURE_H

#include <stdbool.h>

struct btf;

enum feature {
	FEAT_RINGBUF,
	FEAT_SOCK_LENGTH,
	FEAT_SEND_START,
	FEAT_TCP_PROBE,
	FEAT_SOCK_STATE,
	FEAT_SYS_EXIT,
	FEAT_TASK_PT_REGS,
	FEAT_SOCK_STORAGE,
	FEAT_TCP_MSG,
	FEAT_UNIX_MSG,
	FEAT_MPTCP_MSG,
	FEAT_TCP_SENDPAGE,
	FEAT_UNIX_SENDPAGE,
	FEAT_SPLICE_READ,
	FEAT_PREEMPTIBLE,
	FEAT_SYS_WRITE,
	FEAT_SYS_WRITEV,
	FEAT__CNT,
};

struct feature_info {
	const char *name; /* as a person reads it */
	const char *since; /* the kernel release that brought it, or took it away */
};

const struct feature_info *feature_info(enum feature f);
bool feature_in(const struct btf *btf, enum feature f);

#endif
