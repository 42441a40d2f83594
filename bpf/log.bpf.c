/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What traced processes write to their standard output, their standard error and their log files (--logs, --log-file;
 * loaded only for these): the bytes of each call, and whose strand it is, as of a call on a socket. Providers: the end
 * of the functions behind write() and writev(), which costs nobody else's system calls anything, or the exit of every
 * system call, where that is looked at anyway. Not seen: io_uring, and output that is a mapped file.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "lib/emit.bpf.h"
#include "lib/file.bpf.h"
#include "lib/gather.bpf.h"
#include "lib/strand.bpf.h"

#define FD_STDOUT 1
#define FD_STDERR 2

/* Of the ring, 1 in so many may be full before logs are left out: requests come first. */
#define RING_SHARE 4

/* Output may go to a journal by a unix socket; whatever else is a socket carries a protocol. */
static __always_inline bool carries_output(struct file *file, __u32 type)
{
	struct socket *sock;

	if (type != S_IFSOCK)
		return true;
	sock = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(sock, sk, __sk_common.skc_family) == AF_UNIX;
}

static __always_inline bool is_log(__u32 fd, struct file_id *ret_id)
{
	bool output = cfg.log_stdio && (fd == FD_STDOUT || fd == FD_STDERR);
	struct inode *inode;
	struct file *file;
	__u32 type;

	if (!output && !cfg.log_files)
		return false;
	file = fd_file(fd);
	if (!file)
		return false;
	inode = BPF_CORE_READ(file, f_inode);
	type = BPF_CORE_READ(inode, i_mode) & S_IFMT;
	ret_id->ino = BPF_CORE_READ(inode, i_ino);
	ret_id->gen = BPF_CORE_READ(inode, i_generation);
	ret_id->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	if (output)
		return carries_output(file, type);
	return type == S_IFREG && !bpf_map_lookup_elem(&not_logs, ret_id);
}

/* A flood of lines must not cost a request. */
static __always_inline bool ring_is_busy(void)
{
	return bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) >
	       bpf_ringbuf_query(&ring, BPF_RB_RING_SIZE) / RING_SHARE;
}

static __always_inline void log_fill(struct ev_log *e, const struct task_state *t,
				     const struct file_id *id, __u32 fd)
{
	const struct moved *c = &t->moved;

	emit_header_by(&e->hdr, c->self, EV_LOG, sizeof(*e));
	e->strand = c->strand;
	e->ino = id->ino;
	e->gen = id->gen;
	e->dev = id->dev;
	e->fd = fd;
	e->len = c->n;
	e->cap = 0;
	e->thread_gen = c->thread_gen;
	e->flags = c->flags;
	e->pad = 0;
}

static __always_inline void log_end(struct ev_log *e, __u32 cap)
{
	e->hdr.sz = (sizeof(*e) + cap + 7) & ~7u;
	e->cap = cap;
	emit_submit(e);
}

/* One buffer, of which at most `room` bytes are copied. */
static __always_inline void log_copy(const struct task_state *t, const struct file_id *id, __u32 fd,
				     const __u32 room)
{
	struct ev_log *e = emit_reserve(sizeof(*e) + room);
	__u32 cap = t->moved.n;

	if (!e)
		return;
	log_fill(e, t, id, fd);
	barrier_var(cap);
	if (cap > room)
		cap = room;
	if (bpf_probe_read_user(e->bytes, cap, (void *)t->mem.base)) {
		stat_inc(STAT_USER_FAULT);
		cap = 0;
	}
	log_end(e, cap);
}

/* The first few of several buffers: a text and its line break. */
static __always_inline void log_gather(struct task_state *t, const struct file_id *id, __u32 fd,
				       const __u32 room)
{
	struct user_iovec vec[GATHER_MAX] = {};
	struct user_mem *m = &t->mem;
	struct ev_log *e;
	__u32 vecs = m->vecs;

	if (vecs > GATHER_MAX)
		stat_inc(STAT_SEGS_CUT);
	vecs = vecs > GATHER_MAX ? GATHER_MAX : vecs;
	m->vecs = vecs;
	barrier_var(vecs);
	if (bpf_probe_read_user(vec, (vecs & (2 * GATHER_MAX - 1)) * sizeof(vec[0]),
				(void *)m->vec)) {
		stat_inc(STAT_USER_FAULT);
		m->vecs = 0;
	}
	e = emit_reserve(sizeof(*e) + 2 * room);
	if (!e)
		return;
	log_fill(e, t, id, fd);
	if (t->moved.n > room)
		t->moved.n = room;
	log_end(e, gather(&t->moved, m, vec, e->bytes, room));
}

static __always_inline void log_tell(struct task_state *t, const struct syscall *call,
				     const struct file_id *id)
{
	__u32 fd = call->arg[0], n = t->moved.n;

	mem_clear(&t->mem, call);
	if (!mem_open(&t->mem, call, 0))
		return;
	if (call_shape(call) == SHAPE_VECTOR && n <= PIECE_LOW)
		log_gather(t, id, fd, PIECE_LOW);
	else if (call_shape(call) == SHAPE_VECTOR)
		log_gather(t, id, fd, LOG_COPY_MAX);
	else if (n <= PIECE_SMALL)
		log_copy(t, id, fd, PIECE_SMALL);
	else if (n <= PIECE_MID)
		log_copy(t, id, fd, PIECE_MID);
	else
		log_copy(t, id, fd, LOG_COPY_MAX);
}

static __always_inline void log_written(const struct syscall *call, __u64 self, long n)
{
	struct file_id id = {};
	struct task_state *t;
	struct moved *c;

	if (n <= 0 || !is_log(call->arg[0], &id))
		return;
	if (ring_is_busy()) {
		stat_inc(STAT_LOGS_SHED);
		return;
	}
	t = task_self();
	if (!t)
		return;
	c = &t->moved;
	c->self = self;
	c->n = n;
	c->dir = DIR_TX;
	c->flags = 0;
	strand_self(&c->strand);
	c->thread_gen = c->strand.gen;
	if (*(volatile __u32 *)&shared.runtimes && strand_refine(CALL_LOGS) == STRAND_AWAITED)
		c->flags = DATA_AWAITED;
	log_tell(t, call, &id);
}

static __always_inline int written(const struct pt_regs *regs, long ret)
{
	__u64 self = ids_self();
	struct syscall call;

	if (!traced(self >> 32))
		return 0;
	call_read(regs, false, &call);
	if (call.nr == NR_WRITE || call.nr == NR_WRITEV)
		log_written(&call, self, ret);
	return 0;
}

SEC("?fexit/" CALL_FUNCTION "write")
int BPF_PROG(log_write, const struct pt_regs *regs, long ret)
{
	return written(regs, ret);
}

SEC("?fexit/" CALL_FUNCTION "writev")
int BPF_PROG(log_writev, const struct pt_regs *regs, long ret)
{
	return written(regs, ret);
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(log_exit, struct pt_regs *regs, long ret)
{
	if (task_is_compat((void *)bpf_get_current_task(), true))
		return 0;
	return written(regs, ret);
}
