/* SPDX-License-Identifier: GPL-2.0-only */
/* Single words of the caller's memory. */
#ifndef BPF_LIB_USER_H
#define BPF_LIB_USER_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

/* 0 where nothing can be read. */
static __always_inline __u64 user_word(__u64 addr)
{
	__u64 v = 0;

	bpf_probe_read_user(&v, sizeof(v), (void *)addr);
	return v;
}

#endif
