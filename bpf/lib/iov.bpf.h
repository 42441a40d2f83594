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

static __always_inline enum call_shape call_shape(__u64 nr)
{
	switch (nr) {
	case NR_READ:
	case NR_WRITE:
	case NR_SENDTO:
	case NR_RECVFROM:
		return SHAPE_BUFFER;
	case NR_READV:
	case NR_WRITEV:
	case NR_PREADV2:
	case NR_PWRITEV2:
		return SHAPE_VECTOR;
	case NR_SENDMSG:
	case NR_RECVMSG:
		return SHAPE_MESSAGE;
	case NR_SENDMMSG:
	case NR_RECVMMSG:
		return SHAPE_MESSAGES;
	default:
		return SHAPE_NONE;
	}
}

/*
 * recv() of no bytes returns 0 as well; only what could have moved something tells the end of the
 * stream.
 */
static __always_inline bool call_asked(const struct syscall *call)
{
	return call_shape(call->nr) != SHAPE_BUFFER || call->arg[2];
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

/* Opens the cursor on a message of sendmmsg or recvmmsg, or on the memory of any other call. */
static __always_inline bool mem_open(struct user_mem *m, const struct syscall *call, __u64 message)
{
	switch (call_shape(call->nr)) {
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
