/* SPDX-License-Identifier: GPL-2.0-only */
/* What is behind a file descriptor of the calling thread. */
#ifndef BPF_LIB_FILE_H
#define BPF_LIB_FILE_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define S_IFMT	 0170000
#define S_IFSOCK 0140000
#define S_IFREG	 0100000
#define AF_UNIX	 1

/* NULL: it is not open. */
static __always_inline struct file *fd_file(__u32 fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct file **slot, *file = NULL;

	if (fd >= BPF_CORE_READ(fdt, max_fds))
		return NULL;
	slot = BPF_CORE_READ(fdt, fd) + fd;
	bpf_probe_read_kernel(&file, sizeof(file), slot);
	return file;
}

#endif
