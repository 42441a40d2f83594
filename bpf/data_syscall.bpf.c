/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System-call provider, for kernels that allow neither socket tracepoints nor fentry (down to 5.8):
 * one program at the exit of every system call, where the saved registers still hold the arguments.
 * It slows every system call of the host a little, so it asks first whether the process is traced
 * at all. Not seen: io_uring, and the true start of a call.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "lib/data.bpf.h"
#include "lib/row.bpf.h"
#include "lib/timing.bpf.h"

#define MMSG_MAX 64 /* messages of one sendmmsg or recvmmsg that are looked at */

/* splice() has a pipe at one end: whichever end is the socket gives the direction. */
static __always_inline bool call_sock(const struct syscall *call, struct fd_sock *ret,
				      enum dir *ret_dir)
{
	if (call->nr != NR_SPLICE)
		return fd_sock(call->arg[0], ret);
	if (fd_sock(call->arg[2], ret))
		return true;
	*ret_dir = DIR_RX;
	return fd_sock(call->arg[0], ret);
}

static __always_inline __u32 call_flags(const struct syscall *call)
{
	switch (CALL_FLAGS_ARG(call->kind)) {
	case 2:
		return call->arg[2];
	case 3:
		return call->arg[3];
	default:
		return 0;
	}
}

static __always_inline struct sock_state *state_of(const struct fd_sock *fs, enum dir dir, __u32 n)
{
	struct sock_state *st = sock_find(fs->sk);

	if (st && st->ino && st->ino != fs->ino)
		st = NULL;
	if (!st)
		return n ? sock_new(fs->sk, ROLE_UNKNOWN, dir, n) : NULL;
	st->ino = fs->ino;
	return st;
}

/*
 * sendmmsg and recvmmsg return how many messages; each says how many bytes. Global: its loop is
 * verified once.
 */
__u32 mmsg_bytes(__u64 array, __u32 cnt, __u32 word)
{
	__u32 sum = 0, len, i;

	for (i = 0; i < MMSG_MAX && i < cnt; i++) {
		len = 0;
		if (bpf_probe_read_user(
			    &len, sizeof(len),
			    (void *)(array + (i * WORDS_OF_MMSGHDR + WORDS_TO_LEN) * word))) {
			stat_inc(STAT_USER_FAULT);
			break;
		}
		sum += len;
	}
	if (cnt > MMSG_MAX)
		stat_inc(STAT_SEGS_CUT);
	return sum;
}

static __always_inline __u32 bytes_moved(const struct syscall *call, long ret)
{
	if (ret <= 0)
		return 0;
	if (call_shape(call) == SHAPE_MESSAGES)
		return mmsg_bytes(call->arg[1], ret, call_word(call));
	return ret;
}

static __always_inline void exit_moved(const struct syscall *call, const struct fd_sock *fs,
				       struct sock_state *st, __u64 self, __u32 ret, __u32 n,
				       __u32 flags, enum dir dir, const __u32 nth)
{
	struct task_state *t = task_self();
	bool readable;

	if (!t) {
		data_lost(st, n, dir);
		return;
	}
	if (!row_tells(nth, fs->sk, st, &t->moved, n, dir))
		return;
	verdict_look(st);
	mem_clear(&t->mem, call);
	readable = caller_readable(call, false);
	if (call_shape(call) == SHAPE_MESSAGES) {
		t->mem.msg = call->arg[1];
		t->mem.msgs = ret;
	} else {
		readable = readable && mem_open(&t->mem, call, 0);
	}
	if (dir == DIR_RX && flags & MSG_TRUNC)
		readable = false;
	data_moved(fs->sk, st, t, self, n, dir, readable);
	task_moved(t, st->role, dir);
}

/* By a traced process, on a socket or not. */
static __always_inline void call_over(struct pt_regs *regs, long ret, __u64 self, const __u32 nth)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct sock_state *st;
	struct fd_sock fs = {};
	struct syscall call;
	__u32 flags, n;
	enum dir dir;

	call_read(regs, task_is_compat(task, true), &call);
	if (call.nr == NR_IO_URING_ENTER && ret > 0)
		stat_inc(STAT_IO_URING);
	dir = call.kind & CALL_TX ? DIR_TX : DIR_RX;
	if (ret == -EAGAIN || !call.kind || !call_sock(&call, &fs, &dir))
		return;
	flags = call_flags(&call);
	if (dir == DIR_RX && flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE))
		return;
	n = bytes_moved(&call, ret);
	st = state_of(&fs, dir, n);
	if (!st)
		return;
	if (n)
		exit_moved(&call, &fs, st, self, ret, n, flags, dir, nth);
	else
		data_nothing(fs.sk, ret < 0 ? ret : 0, dir, call_asked(&call));
}

/* The nth program of a row that is for both directions, and counts as DIR_RX. */
static __always_inline int exit_nth(struct pt_regs *regs, long ret, const __u32 nth)
{
	__u64 self = ids_self();
	struct timing timing;

	if (!traced(self >> 32) || !row_begin(nth, self, DIR_RX))
		return 0;
	timing = timing_begin();
	call_over(regs, ret, self, nth);
	timing_end(&timing);
	row_end(nth, self, DIR_RX);
	return 0;
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(sys_exit, struct pt_regs *regs, long ret)
{
	return exit_nth(regs, ret, 0);
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(sys_exit_2, struct pt_regs *regs, long ret)
{
	return exit_nth(regs, ret, 1);
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(sys_exit_3, struct pt_regs *regs, long ret)
{
	return exit_nth(regs, ret, 2);
}
