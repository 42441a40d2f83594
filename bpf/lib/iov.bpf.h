/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where in the caller's memory the bytes of a socket call are: from the arguments of the system
 * call to a cursor.
 */
#ifndef BPF_LIB_IOV_H
#define BPF_LIB_IOV_H

#include "lib/task.bpf.h"

/* How a system call names its memory. */
enum call_shape {
	SHAPE_NONE, /* sendfile, splice, and whatever we do not know */
	SHAPE_BUFFER, /* (fd, buffer, size) */
	SHAPE_VECTOR, /* (fd, iovec[], count) */
	SHAPE_MESSAGE, /* (fd, msghdr) */
	SHAPE_MESSAGES, /* (fd, mmsghdr[], count) */
};

/* Layouts of the 64-bit system calls. */
struct user_iovec {
	__u64 base;
	__u64 len;
};
struct user_msghdr {
	__u64 name;
	__u64 namelen;
	__u64 iov;
	__u64 iovlen;
	__u64 control;
	__u64 controllen;
	__u64 flags;
};
struct user_mmsghdr {
	struct user_msghdr hdr;
	__u32 len;
	__u32 pad;
};

#define CALL_SHAPE	0x07 /* enum call_shape */
#define CALL_RX		0x08
#define CALL_TX		0x10
#define CALL_FLAGS(arg) ((arg) << 5) /* which argument the flags are; 0: it has none */
#define CALL_FLAGS_ARG(kind) ((kind) >> 5)

#define CALLS_MAX 512 /* the numbers of all that is listed are smaller */

/*
 * A table and no switch: what is read from it the verifier does not know, so all calls look alike
 * to it, and it walks what follows once and not once for each of them.
 */
static const __u8 call_kinds[CALLS_MAX] = {
	[NR_READ] = CALL_RX | SHAPE_BUFFER,
	[NR_RECVFROM] = CALL_RX | SHAPE_BUFFER | CALL_FLAGS(3),
	[NR_READV] = CALL_RX | SHAPE_VECTOR,
	[NR_PREADV2] = CALL_RX | SHAPE_VECTOR,
	[NR_RECVMSG] = CALL_RX | SHAPE_MESSAGE | CALL_FLAGS(2),
	[NR_RECVMMSG] = CALL_RX | SHAPE_MESSAGES | CALL_FLAGS(3),
	[NR_WRITE] = CALL_TX | SHAPE_BUFFER,
	[NR_SENDTO] = CALL_TX | SHAPE_BUFFER,
	[NR_WRITEV] = CALL_TX | SHAPE_VECTOR,
	[NR_PWRITEV2] = CALL_TX | SHAPE_VECTOR,
	[NR_SENDMSG] = CALL_TX | SHAPE_MESSAGE,
	[NR_SENDMMSG] = CALL_TX | SHAPE_MESSAGES,
	[NR_SENDFILE] = CALL_TX | SHAPE_NONE,
	[NR_SPLICE] = CALL_TX | SHAPE_NONE,
};

static __always_inline void call_read(const struct pt_regs *regs, struct syscall *ret_call)
{
	syscall_read(regs, ret_call);
	ret_call->kind = ret_call->nr < CALLS_MAX ? call_kinds[ret_call->nr] : 0;
}

static __always_inline enum call_shape call_shape(const struct syscall *call)
{
	return call->kind & CALL_SHAPE;
}

/*
 * recv() of no bytes returns 0 as well; only what could have moved something tells the end of the
 * stream.
 */
static __always_inline bool call_asked(const struct syscall *call)
{
	return call_shape(call) != SHAPE_BUFFER || call->arg[2];
}

static __always_inline bool mem_open_message(struct user_mem *m, __u64 msghdr)
{
	struct user_iovec vec; /* two words as well: iov and iovlen */

	if (bpf_probe_read_user(&vec, sizeof(vec),
				(void *)(msghdr + __builtin_offsetof(struct user_msghdr, iov)))) {
		stat_inc(STAT_USER_FAULT);
		return false;
	}
	m->vec = vec.base;
	m->vecs = vec.len;
	return true;
}

static __always_inline bool mem_next_message(struct user_mem *m)
{
	__u32 len;

	if (!m->msgs)
		return false;
	if (bpf_probe_read_user(&len, sizeof(len),
				(void *)(m->msg + __builtin_offsetof(struct user_mmsghdr, len)))) {
		stat_inc(STAT_USER_FAULT);
		return false;
	}
	m->msg_left = len;
	m->msg += sizeof(struct user_mmsghdr);
	m->msgs--;
	return mem_open_message(m, m->msg - sizeof(struct user_mmsghdr));
}

/* Moves on to the next iovec; false: there is none, or it cannot be read. */
static __always_inline bool mem_next(struct user_mem *m)
{
	struct user_iovec vec;

	if (cfg.own_tables && (!m->vecs || !m->msg_left)) /* only there is an array told as one */
		return mem_next_message(m);
	if (!m->vecs)
		return false;
	if (bpf_probe_read_user(&vec, sizeof(vec), (void *)m->vec)) {
		stat_inc(STAT_USER_FAULT);
		return false;
	}
	m->base = vec.base;
	m->left = vec.len;
	m->vec += sizeof(vec);
	m->vecs--;
	if (!cfg.own_tables)
		return true;
	if (m->left > m->msg_left)
		m->left = m->msg_left;
	m->msg_left -= m->left;
	return true;
}

/*
 * sendmmsg and recvmmsg run the socket hooks once per message and do not say which. Counted here
 * per thread: the next message of the same array, until the array is through, or a message moved
 * less than it held (then the kernel stops), or the thread made another socket call. A timeout of
 * recvmmsg goes unnoticed until then.
 */
static __always_inline __u64 mmsg_at(struct task_state *t, const struct syscall *call)
{
	__u32 idx = t->mmsg == call->arg[1] && t->mmsg_idx < (__u32)call->arg[2] ? t->mmsg_idx : 0;

	t->mmsg = call->arg[1];
	t->mmsg_idx = idx + 1;
	return call->arg[1] + idx * sizeof(struct user_mmsghdr);
}

/* A cursor over nothing. */
static __always_inline void mem_clear(struct user_mem *m)
{
	m->left = 0;
	m->vecs = 0;
	m->msgs = 0;
	m->msg_left = 0;
}

/* Opens the cursor on a message of sendmmsg or recvmmsg, or on the memory of any other call. */
static __always_inline bool mem_open(struct user_mem *m, const struct syscall *call, __u64 message)
{
	switch (call_shape(call)) {
	case SHAPE_BUFFER:
		m->base = call->arg[1];
		m->left = call->arg[2];
		return true;
	case SHAPE_VECTOR:
		m->vec = call->arg[1];
		m->vecs = call->arg[2];
		m->msg_left = ~0ULL;
		return true;
	case SHAPE_MESSAGE:
		m->msg_left = ~0ULL;
		return mem_open_message(m, call->arg[1]);
	case SHAPE_MESSAGES:
		return mem_open_message(m, message);
	default:
		return false;
	}
}

#endif
