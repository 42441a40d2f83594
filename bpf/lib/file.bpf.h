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

/*
 * The socket behind a file descriptor and the inode that tells it from its predecessor at the same
 * address.
 */
struct fd_sock {
	struct sock *sk;
	__u64 ino;
};

static __always_inline bool fd_sock(__u32 fd, struct fd_sock *ret)
{
	struct file *file = fd_file(fd);
	struct inode *inode;
	struct socket *sock;

	if (!file)
		return false;
	inode = BPF_CORE_READ(file, f_inode);
	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFSOCK)
		return false;
	ret->ino = BPF_CORE_READ(inode, i_ino);
	sock = BPF_CORE_READ(file, private_data);
	ret->sk = BPF_CORE_READ(sock, sk);
	return ret->sk;
}

#endif
