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

/*
 * What calls point to, in words of the program: struct iovec is { base, len }, struct msghdr { name, its length, iov,
 * how many, control, its length, flags }, and struct mmsghdr one of these and the length of the message.
 */
#define WORDS_OF_IOVEC	 2
#define WORDS_TO_IOV	 2
#define WORDS_TO_LEN	 7
#define WORDS_OF_MMSGHDR 8

struct user_iovec { /* as it is in 64-bit programs */
	__u64 base;
	__u64 len;
};

#define CALL_SHAPE	0x07 /* enum call_shape */
#define CALL_RX		0x08
#define CALL_TX		0x10
#define CALL_FLAGS(arg) ((arg) << 5) /* which argument the flags are; 0: it has none */
#define CALL_FLAGS_ARG(kind) ((kind) >> 5 & 3)
#define CALL_32 0x80 /* it came through the 32-bit entry */

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

static __always_inline void call_read(const struct pt_regs *regs, bool compat,
				      struct syscall *ret_call)
{
	syscall_read(regs, compat, ret_call);
	ret_call->kind = ret_call->nr < CALLS_MAX ? call_kinds[ret_call->nr] : 0;
	if (compat && ret_call->kind)
		ret_call->kind |= CALL_32;
}

/* Bytes of a pointer, and of a length, in what the call points to. */
static __always_inline __u32 call_word(const struct syscall *call)
{
	return call->kind & CALL_32 ? 4 : 8;
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

static __always_inline bool mem_read_iovec(const struct user_mem *m, __u64 at,
					   struct user_iovec *ret_vec)
{
	__u32 narrow[WORDS_OF_IOVEC];
	long err;

	if (m->word == sizeof(ret_vec->base)) {
		err = bpf_probe_read_user(ret_vec, sizeof(*ret_vec), (void *)at);
	} else {
		err = bpf_probe_read_user(narrow, sizeof(narrow), (void *)at);
		ret_vec->base = narrow[0];
		ret_vec->len = narrow[1];
	}
	if (err)
		stat_inc(STAT_USER_FAULT);
	return !err;
}

static __always_inline bool mem_open_message(struct user_mem *m, __u64 msghdr)
{
	struct user_iovec vec; /* two words as well: iov and how many */

	if (!mem_read_iovec(m, msghdr + WORDS_TO_IOV * m->word, &vec))
		return false;
	m->vec = vec.base;
	m->vecs = vec.len;
	return true;
}

static __always_inline bool mem_next_message(struct user_mem *m)
{
	__u32 len;

	__u64 msg = m->msg;

	if (!m->msgs)
		return false;
	if (bpf_probe_read_user(&len, sizeof(len), (void *)(msg + WORDS_TO_LEN * m->word))) {
		stat_inc(STAT_USER_FAULT);
		return false;
	}
	m->msg_left = len;
	m->msg += WORDS_OF_MMSGHDR * m->word;
	m->msgs--;
	return mem_open_message(m, msg);
}

/* Moves on to the next iovec; false: there is none, or it cannot be read. */
static __always_inline bool mem_next(struct user_mem *m)
{
	struct user_iovec vec;

	if (cfg.own_tables && (!m->vecs || !m->msg_left)) /* only there is an array told as one */
		return mem_next_message(m);
	if (!m->vecs)
		return false;
	if (!mem_read_iovec(m, m->vec, &vec))
		return false;
	m->base = vec.base;
	m->left = vec.len;
	m->vec += WORDS_OF_IOVEC * m->word;
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
	return call->arg[1] + idx * WORDS_OF_MMSGHDR * call_word(call);
}

/* A cursor over nothing of the call as yet. */
static __always_inline void mem_clear(struct user_mem *m, const struct syscall *call)
{
	m->word = call_word(call);
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
