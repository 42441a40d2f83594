/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between processors: saved registers, numbers of system calls, 32-bit programs. */
#ifndef BPF_LIB_ARCH_H
#define BPF_LIB_ARCH_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define NR_NONE ~0ULL

/* A system call as the program made it. */
struct syscall {
	__u64 nr; /* of 64-bit programs; NR_NONE: a 32-bit one's that is not looked at */
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
	NR_EXIT = 60,
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

#define NR_32_SOCKETCALL 102 /* (which, arguments[]): most socket calls of a 32-bit libc */
#define SOCKETCALLS	 512 /* where its calls are in calls_32, behind those with a number of their own */
#define SOCKETCALLS_MAX	 32

/* By the number that 32-bit programs call it: 1 + the number that 64-bit ones do; 0: not one that is looked at. */
static const __u16 calls_32[SOCKETCALLS + SOCKETCALLS_MAX] = {
	[3] = 1 + NR_READ,
	[4] = 1 + NR_WRITE,
	[145] = 1 + NR_READV,
	[146] = 1 + NR_WRITEV,
	[187] = 1 + NR_SENDFILE,
	[239] = 1 + NR_SENDFILE,
	[240] = 1 + NR_FUTEX,
	[313] = 1 + NR_SPLICE,
	[337] = 1 + NR_RECVMMSG,
	[345] = 1 + NR_SENDMMSG,
	[369] = 1 + NR_SENDTO,
	[370] = 1 + NR_SENDMSG,
	[371] = 1 + NR_RECVFROM,
	[372] = 1 + NR_RECVMSG,
	[378] = 1 + NR_PREADV2,
	[379] = 1 + NR_PWRITEV2,
	[417] = 1 + NR_RECVMMSG,
	[422] = 1 + NR_FUTEX,
	[426] = 1 + NR_IO_URING_ENTER,
	[SOCKETCALLS + 9] = 1 + NR_SENDTO,
	[SOCKETCALLS + 10] = 1 + NR_RECVFROM,
	[SOCKETCALLS + 11] = 1 + NR_SENDTO,
	[SOCKETCALLS + 12] = 1 + NR_RECVFROM,
	[SOCKETCALLS + 16] = 1 + NR_SENDMSG,
	[SOCKETCALLS + 17] = 1 + NR_RECVMSG,
	[SOCKETCALLS + 19] = 1 + NR_RECVMMSG,
	[SOCKETCALLS + 20] = 1 + NR_SENDMMSG,
};

/* A function, for the sake of the caller's stack. */
static __noinline __u32 user_word_32(__u64 at)
{
	__u32 v = 0;

	bpf_probe_read_user(&v, sizeof(v), (void *)at);
	return v;
}

static __always_inline __u32 arguments_of_socketcall(const struct pt_regs *regs,
						     struct syscall *ret_call)
{
	__u64 at = (__u32)regs->cx;

	ret_call->arg[0] = user_word_32(at);
	ret_call->arg[1] = user_word_32(at + 4);
	ret_call->arg[2] = user_word_32(at + 8);
	ret_call->arg[3] = user_word_32(at + 12);
	return SOCKETCALLS + (regs->bx & (SOCKETCALLS_MAX - 1));
}

/* Returns the call's place in calls_32. */
static __always_inline __u32 arguments_32(const struct pt_regs *regs, struct syscall *ret_call)
{
	__u32 nr = regs->orig_ax;

	if (nr == NR_32_SOCKETCALL)
		return arguments_of_socketcall(regs, ret_call);
	ret_call->arg[0] = (__u32)regs->bx;
	ret_call->arg[1] = (__u32)regs->cx;
	ret_call->arg[2] = (__u32)regs->dx;
	ret_call->arg[3] = (__u32)regs->si;
	return nr < SOCKETCALLS ? nr : 0;
}

static __always_inline void arguments_64(const struct pt_regs *regs, struct syscall *ret_call)
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
	NR_EXIT = 93,
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

/* By the number that 32-bit programs call it: 1 + the number that 64-bit ones do; 0: not one that is looked at. */
static const __u16 calls_32[512] = {
	[3] = 1 + NR_READ,
	[4] = 1 + NR_WRITE,
	[145] = 1 + NR_READV,
	[146] = 1 + NR_WRITEV,
	[187] = 1 + NR_SENDFILE,
	[239] = 1 + NR_SENDFILE,
	[240] = 1 + NR_FUTEX,
	[289] = 1 + NR_SENDTO,
	[290] = 1 + NR_SENDTO,
	[291] = 1 + NR_RECVFROM,
	[292] = 1 + NR_RECVFROM,
	[296] = 1 + NR_SENDMSG,
	[297] = 1 + NR_RECVMSG,
	[340] = 1 + NR_SPLICE,
	[365] = 1 + NR_RECVMMSG,
	[374] = 1 + NR_SENDMMSG,
	[392] = 1 + NR_PREADV2,
	[393] = 1 + NR_PWRITEV2,
	[417] = 1 + NR_RECVMMSG,
	[422] = 1 + NR_FUTEX,
	[426] = 1 + NR_IO_URING_ENTER,
};

/* Returns the call's place in calls_32. */
static __always_inline __u32 arguments_32(const struct pt_regs *regs, struct syscall *ret_call)
{
	ret_call->arg[0] = (__u32)regs->orig_x0;
	ret_call->arg[1] = (__u32)regs->regs[1];
	ret_call->arg[2] = (__u32)regs->regs[2];
	ret_call->arg[3] = (__u32)regs->regs[3];
	return regs->syscallno;
}

/* The first argument shares its register with the result; the kernel keeps it aside. */
static __always_inline void arguments_64(const struct pt_regs *regs, struct syscall *ret_call)
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

static __always_inline void syscall_read_32(const struct pt_regs *regs, struct syscall *ret_call)
{
	__u32 at = arguments_32(regs, ret_call), nr = 0;

	if (at < sizeof(calls_32) / sizeof(calls_32[0]))
		nr = calls_32[at];
	ret_call->nr = nr ? nr - 1 : NR_NONE;
}

/* The call that these registers are of, which came through the 32-bit entry or not. */
static __always_inline void syscall_read(const struct pt_regs *regs, bool compat,
					 struct syscall *ret_call)
{
	if (compat)
		syscall_read_32(regs, ret_call);
	else
		arguments_64(regs, ret_call);
}

#endif
