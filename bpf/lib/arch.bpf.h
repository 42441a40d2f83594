/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between processors: saved registers, numbers of system calls, 32-bit programs. */
#ifndef BPF_LIB_ARCH_H
#define BPF_LIB_ARCH_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>

/* A system call as the program made it. */
struct syscall {
	__u64 nr;
	__u32 kind; /* its row in call_kinds, lib/iov.bpf.h, once looked up */
	__u64 arg[4];
};

#if defined(__TARGET_ARCH_x86)

enum {
	NR_READ = 0,
	NR_WRITE = 1,
	NR_READV = 19,
	NR_WRITEV = 20,
	NR_SENDFILE = 40,
	NR_SENDTO = 44,
	NR_RECVFROM = 45,
	NR_SENDMSG = 46,
	NR_RECVMSG = 47,
	NR_FUTEX = 202,
	NR_SPLICE = 275,
	NR_RECVMMSG = 299,
	NR_SENDMMSG = 307,
	NR_PREADV2 = 327,
	NR_PWRITEV2 = 328,
	NR_IO_URING_ENTER = 426,
};

#define CALL_FUNCTION "__x64_sys_" /* the function of a system call, before its name */

#define TS_COMPAT 2 /* thread_info.status: the call came through the 32-bit entry */

/* `probed`: task is a number to the verifier, not a pointer it trusts. */
static __always_inline bool task_is_compat(const struct task_struct *task, const bool probed)
{
	__u32 status = probed ? BPF_CORE_READ(task, thread_info.status) : task->thread_info.status;

	return status & TS_COMPAT;
}

/* Numbers of 32-bit programs: socketcall, sendto to recvmsg, sendmmsg, recvmmsg. */
static __always_inline bool compat_socket_call(__u64 nr)
{
	return nr == 102 || (nr >= 369 && nr <= 372) || nr == 345 || nr == 337;
}

static __always_inline void syscall_read(const struct pt_regs *regs, struct syscall *ret_call)
{
	ret_call->nr = regs->orig_ax;
	ret_call->arg[0] = regs->di;
	ret_call->arg[1] = regs->si;
	ret_call->arg[2] = regs->dx;
	ret_call->arg[3] = regs->r10;
}

#define RUNTIMES_READ true /* layouts of runtimes are known, user/strand */

#define KERNEL_STACK_SZ 16384
#define SYSCALLS_MAX    1024

/* Frame and stack pointer of the program when it made the call. False: not to be had. */
static __always_inline bool task_user_frame(__u64 *ret_fp, __u64 *ret_sp)
{
	const struct pt_regs *at;
	__u64 nr;

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs)) {
		at = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
		*ret_fp = at->bp;
		*ret_sp = at->sp;
		return true;
	}
	/* Before 5.15: at the end of the kernel's stack. */
	at = (void *)BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), stack) +
	     KERNEL_STACK_SZ - bpf_core_type_size(struct pt_regs);
	nr = BPF_CORE_READ(at, orig_ax);
	*ret_fp = BPF_CORE_READ(at, bp);
	*ret_sp = BPF_CORE_READ(at, sp);
	return nr < SYSCALLS_MAX;
}

/*
 * Where the calling thread's struct pthread is. The kernel writes it at clone() and arch_prctl().
 */
static __always_inline __u64 task_thread_pointer(void)
{
	struct task_struct *task;

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf))
		return bpf_get_current_task_btf()->thread.fsbase;
	task = (void *)bpf_get_current_task();
	return BPF_CORE_READ(task, thread.fsbase);
}

/* The same of another thread, one that sleeps. */
static __always_inline __u64 thread_pointer_of(const struct task_struct *task)
{
	return task->thread.fsbase;
}

#elif defined(__TARGET_ARCH_arm64)

enum {
	NR_READ = 63,
	NR_WRITE = 64,
	NR_READV = 65,
	NR_WRITEV = 66,
	NR_SENDFILE = 71,
	NR_SPLICE = 76,
	NR_FUTEX = 98,
	NR_SENDTO = 206,
	NR_RECVFROM = 207,
	NR_SENDMSG = 211,
	NR_RECVMSG = 212,
	NR_RECVMMSG = 243,
	NR_SENDMMSG = 269,
	NR_PREADV2 = 286,
	NR_PWRITEV2 = 287,
	NR_IO_URING_ENTER = 426,
};

#define CALL_FUNCTION "__arm64_sys_"

#define TIF_32BIT (1 << 22)

/* `probed`: task is a number to the verifier, not a pointer it trusts. */
static __always_inline bool task_is_compat(const struct task_struct *task, const bool probed)
{
	__u64 flags = probed ? BPF_CORE_READ(task, thread_info.flags) : task->thread_info.flags;

	return flags & TIF_32BIT;
}

/* Numbers of 32-bit programs: send to recvmsg, recvmmsg, sendmmsg. */
static __always_inline bool compat_socket_call(__u64 nr)
{
	return (nr >= 289 && nr <= 297) || nr == 365 || nr == 374;
}

/* The first argument shares its register with the result; the kernel keeps it aside. */
static __always_inline void syscall_read(const struct pt_regs *regs, struct syscall *ret_call)
{
	ret_call->nr = (__u32)regs->syscallno;
	ret_call->arg[0] = regs->orig_x0;
	ret_call->arg[1] = regs->regs[1];
	ret_call->arg[2] = regs->regs[2];
	ret_call->arg[3] = regs->regs[3];
}

/* No layout is known here, and nobody asks. */
#define RUNTIMES_READ false

static __always_inline bool task_user_frame(__u64 *ret_fp, __u64 *ret_sp)
{
	return false;
}

static __always_inline __u64 task_thread_pointer(void)
{
	return 0;
}

static __always_inline __u64 thread_pointer_of(const struct task_struct *task)
{
	return 0;
}

#else
#error "arch.bpf.h does not know this processor"
#endif

#endif
