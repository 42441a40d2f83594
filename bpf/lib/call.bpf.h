/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A socket call seen from inside the kernel: what the socket and the fentry provider have in
 * common.
 */
#ifndef BPF_LIB_CALL_H
#define BPF_LIB_CALL_H

#include "lib/data.bpf.h"
#include "lib/row.bpf.h"
#include "lib/timing.bpf.h"

struct task_struct___ring { /* a kernel may be built without it */
	void *io_uring;
} __attribute__((preserve_access_index));

static __noinline bool is_named(__u32 fd, const struct sock *sk)
{
	struct fd_sock named = {};

	return fd_sock(fd, &named) && named.sk == sk;
}

/*
 * Did io_uring move the bytes, and not the call that these registers are of? It has threads of its own, and it also
 * goes on with what it has begun on the way back from any other call of the thread that uses it. So of that thread only
 * calls that name the socket, and go the same way, are believed.
 */
static __always_inline bool moved_by_ring(const struct syscall *call,
					  const struct task_struct *task, const struct sock *sk,
					  enum dir dir)
{
	const struct task_struct___ring *t = (const void *)task;

	if (task->flags & PF_IO_WORKER || call->nr == NR_IO_URING_ENTER)
		return true;
	if (!bpf_core_field_exists(t->io_uring) || !t->io_uring)
		return false;
	return !(call->kind & (dir == DIR_RX ? CALL_RX : CALL_TX)) || !is_named(call->arg[0], sk);
}

static __always_inline void call_moved(struct sock *sk, struct sock_state *st,
				       const struct syscall *call, struct task_struct *task,
				       __u64 self, int ret, int flags, enum dir dir, const __u32 nth)
{
	struct task_state *t = task_self();
	bool mmsg = call_shape(call) == SHAPE_MESSAGES;
	bool readable;

	if (!t) {
		data_lost(st, ret, dir);
		return;
	}
	if (!row_tells(nth, sk, st, &t->moved, ret, dir))
		return;
	verdict_look(st);
	mem_clear(&t->mem, call);
	readable = caller_readable(call, moved_by_ring(call, task, sk, dir)) &&
		   mem_open(&t->mem, call, mmsg ? mmsg_at(t, call) : 0);
	if (dir == DIR_RX && flags & MSG_TRUNC) /* TCP throws the bytes away */
		readable = false;
	data_moved(sk, st, t, self, ret, dir, readable);
	if (!mmsg || (dir == DIR_TX && (t->mem.left || t->mem.vecs)))
		t->mmsg = 0;
	task_moved(t, st->role, dir);
}

static __always_inline void call_over(struct sock *sk, __u64 self, int ret, int flags,
				      enum dir dir, const __u32 nth)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct sock_state *st;
	struct task_state *t;
	struct syscall call;

	call_read((struct pt_regs *)bpf_task_pt_regs(task), task_is_compat(task, false), &call);
	if (ret <= 0) {
		t = task_find(task);
		if (t)
			t->mmsg = 0;
		data_nothing(sk, ret, dir, call_asked(&call));
		return;
	}
	st = sock_find(sk);
	if (!st)
		st = sock_new(sk, ROLE_UNKNOWN, dir, ret);
	if (st)
		call_moved(sk, st, &call, task, self, ret, flags, dir, nth);
}

/* Of the nth program of a row. */
static __always_inline int data_call_nth(struct sock *sk, int ret, int flags, enum dir dir,
					 const __u32 nth)
{
	__u64 self = ids_self();
	struct timing timing;

	if (!traced(self >> 32))
		return 0;
	if (dir == DIR_RX && flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE))
		return 0;
	if (!row_begin(nth, self, dir))
		return 0;
	timing = timing_begin();
	call_over(sk, self, ret, flags, dir, nth);
	timing_end(&timing);
	row_end(nth, self, dir);
	return 0;
}

/* Of a program that stands alone. */
static __always_inline int data_call(struct sock *sk, int ret, int flags, enum dir dir)
{
	return data_call_nth(sk, ret, flags, dir, 0);
}

#endif
