/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes moved on a socket: the one way from every provider to DATA and END records.
 *
 * A call of n bytes is divided into at most four stretches:
 *
 *	0        skip      head_end          tail_at      n
 *	| skipped | copied  | not copied      | copied     |
 *
 * skipped: below the verdict's position, told as one record without bytes. The copied head is cut
 * into records by the caller's buffers, unless they are few and short, and by PIECE_MAX; the last of
 * them also accounts for what is not copied behind it. The tail keeps the end of a chunked body
 * visible. A walk over the caller's buffers passes through all of them, but for the usual call within a
 * long body: both ends of one buffer make one record.
 */
#ifndef BPF_LIB_DATA_H
#define BPF_LIB_DATA_H

#include "lib/conn.bpf.h"
#include "lib/iov.bpf.h"
#include "lib/piece.bpf.h"
#include "lib/shed.bpf.h"
#include "lib/strand.bpf.h"

#define MSG_OOB      0x1
#define MSG_PEEK     0x2
#define MSG_TRUNC    0x20
#define MSG_ERRQUEUE 0x2000

#define EINTR        4
#define EAGAIN       11
#define EFAULT       14
#define EINVAL       22
#define EMSGSIZE     90
#define EOPNOTSUPP   95
#define ENOBUFS      105
#define ENOTCONN     107
#define EALREADY     114
#define EINPROGRESS  115
#define KERNEL_ERRNO 512 /* ERESTARTSYS and others that no program sees as a result */

/* Takes over the verdict if user space has written any since this socket last looked. */
static __always_inline void verdict_look(struct sock_state *st)
{
	struct verdict *v;

	if (!verdict_due(st))
		return;
	st->verdict_gen = verdict_gen();
	v = bpf_map_lookup_elem(&verdicts, &st->id);
	if (!v)
		return;
	st->flags |= SOCK_JUDGED;
	st->skip_to[DIR_RX] = v->skip_to[DIR_RX];
	st->skip_to[DIR_TX] = v->skip_to[DIR_TX];
	st->mode = v->mode;
}

/* How many bytes of the next call in this direction are copied from its start. */
static __always_inline __u32 copy_budget(struct sock_state *st, enum dir dir)
{
	if (st->mode != VERDICT_FOLLOW)
		return 0;
	if (st->last_dir != dir) {
		st->last_dir = dir;
		st->burst = 0;
	}
	if (st->burst + PREFIX_LEN < BURST_MAX)
		return BURST_MAX - st->burst;
	return PREFIX_LEN;
}

static __always_inline void stretches(struct moved *c, struct sock_state *st, __u64 skip_to)
{
	__u32 budget = copy_budget(st, c->dir);
	__u32 rest;

	c->skip = skip_to <= c->pos ? 0 : skip_to - c->pos < c->n ? skip_to - c->pos : c->n;
	rest = c->n - c->skip;
	if (!budget || !rest) {
		c->skip = c->n;
		return;
	}
	c->head_end = c->skip + (rest < budget ? rest : budget);
	c->tail_at = c->n - c->head_end > TAIL_LEN ? c->n - TAIL_LEN : c->head_end;
	st->burst += c->head_end - c->skip + c->n - c->tail_at;
}

/* The records of one call: most are one buffer or a few, copied whole into one record. */
static __always_inline void tell_moved(struct moved *c, struct sock_state *st, struct user_mem *m)
{
	if (c->flags & DATA_NO_BUFFER)
		c->skip = c->n;
	else
		stretches(c, st, st->skip_to[c->dir & 1]);
	if (!c->skip && c->head_end == c->n && c->n <= PIECE_MAX) {
		if (c->n <= m->left) {
			m->left -= c->n;
			c->piece_base = m->base;
			c->piece_cap = c->piece_len = c->n;
			piece_tell(c);
			return;
		}
		if (piece_tell_few(c, m))
			return;
	}
	tell_pieces();
}

/* Is this the last that the direction sees, or a failure that means nothing for the stream? */
static __always_inline bool ends_direction(__u32 err)
{
	switch (err) {
	case EINTR:
	case EAGAIN:
	case EFAULT:
	case EINVAL:
	case EMSGSIZE:
	case EOPNOTSUPP:
	case ENOBUFS:
	case ENOTCONN:
	case EALREADY:
	case EINPROGRESS:
		return false;
	default:
		return err < KERNEL_ERRNO;
	}
}

static __noinline int tell_end(struct sock_state *st, enum dir dir, __u32 err)
{
	struct ev_end *e;

	if (st->flags & SOCK_ENDED(dir) || st->mode == VERDICT_IGNORE || !(st->flags & SOCK_TOLD))
		return 0;
	e = emit_reserve(sizeof(*e));
	if (!e)
		return 0;
	emit_header(&e->hdr, EV_END, sizeof(*e));
	e->conn = st->id;
	strand_self(&e->strand);
	e->pos = st->pos[dir & 1];
	e->dir = dir;
	e->shed = st->shed_gap >> dir & 1;
	e->pad = 0;
	e->err = err;
	emit_submit(e);
	st->flags |= SOCK_ENDED(dir);
	return 0;
}

/* Can the caller's memory be looked at? Counted by reason if not. */
static __always_inline bool caller_readable(const struct syscall *call, bool by_ring)
{
	if (by_ring) {
		stat_inc(STAT_IO_URING);
		return false;
	}
	if (call_shape(call) == SHAPE_NONE) {
		stat_inc(STAT_NO_BUFFER);
		return false;
	}
	return true;
}

/*
 * TX: when the call began to copy, if a hook saw it; RX: when its first byte arrived, if the segment
 * that brought it was the first one unread.
 */
static __always_inline __u64 start_of(struct sock_state *st, const struct moved *c)
{
	__u64 ns;

	if (c->dir == DIR_TX) {
		ns = st->send_ns;
		st->send_ns = 0;
		return ns;
	}
	return c->seq - c->n == st->arrive_seq ? st->arrive_ns : 0;
}

/* Of a response with a date; two interim ones, "HTTP/1.1 100 Continue", are shorter. */
#define ANSWER_MIN 64

/*
 * Whoever reads the first bytes of a connection, or the first after an answer, is about to serve a
 * request. Two kinds of Go's HTTP library are not: who keeps reading a single byte while a request
 * is served, which may be the first of the next; and who copies a body for a proxy, and before that
 * sends the interim response that asks for it.
 */
static __always_inline enum call_kind call_kind(const struct sock_state *st, const struct moved *c)
{
	if (st->role == ROLE_CLIENT)
		return c->dir == DIR_TX ? CALL_ASKS : CALL_HEARD;
	if (c->dir == DIR_TX)
		return st->last_dir == DIR_TX ? CALL_OTHER : CALL_ANSWERS;
	if (c->n == 1)
		return CALL_OTHER;
	if (c->pos <= 1 || (st->last_dir == DIR_TX && st->burst >= ANSWER_MIN))
		return CALL_HEARS;
	return CALL_OTHER;
}

/* Which strand makes the call, if that is finer than the thread. */
static __always_inline void refine(struct sock_state *st, struct moved *c)
{
	if (!*(volatile __u32 *)&shared.runtimes)
		return;
	c->unclaimed = st->unclaimed;
	if (strand_refine(call_kind(st, c)) == STRAND_AWAITED)
		c->flags |= DATA_AWAITED;
	st->unclaimed = c->unclaimed;
}

/* n bytes moved, n > 0; `readable`: t->mem is where they are. */
static __always_inline void data_moved(struct sock *sk, struct sock_state *st, struct task_state *t,
				       __u64 self, __u32 n, enum dir dir, bool readable)
{
	struct tcp_at at = {};
	struct moved *c = &t->moved;

	c->conn = st->id;
	c->self = self;
	c->n = n;
	c->told = c->off = 0;
	c->dir = dir;
	c->flags = readable ? 0 : DATA_NO_BUFFER;
	c->pos = st->pos[dir & 1];
	st->pos[dir & 1] = c->pos + n;
	if (st->mode == VERDICT_IGNORE) {
		stat_add(STAT_RX_BYTES + dir, n);
		stat_add(STAT_RX_IGNORED + dir, n);
		if (dir == DIR_RX && st->role == ROLE_CLIENT)
			c->missed |= MISSED_OTHER;
		return;
	}
	if (st->role == ROLE_UNKNOWN)
		st->role = dir == DIR_RX ? ROLE_SERVER : ROLE_CLIENT;
	if (st->transport == TRANSPORT_TCP) {
		tcp_at(sk, &at);
		c->flags |= DATA_SEQ;
	}
	c->seq = dir == DIR_TX ? at.tx : at.rx;
	c->other_seq = dir == DIR_TX ? at.rx : at.tx;
	c->start_ns = start_of(st, c);
	if (shed_call(st, c, c->self >> 32)) {
		stat_add(STAT_RX_BYTES + dir, n);
		return;
	}
	conn_tell(sk, st);
	strand_self(&c->strand);
	c->thread_gen = c->strand.gen;
	c->sleeps = task_sleeps();
	if (dir == DIR_RX && st->role == ROLE_CLIENT && sock_polled(sk)) {
		c->flags |= DATA_POLLED;
		t->polls = 1;
	}
	refine(st, c);
	tell_moved(c, st, &t->mem);
	stat_add(STAT_RX_BYTES + dir, n);
}

/* n bytes moved that cannot be told. */
static __always_inline void data_lost(struct sock_state *st, __u32 n, enum dir dir)
{
	st->pos[dir & 1] += n;
	stat_add(STAT_RX_BYTES + dir, n);
	stat_add(STAT_RX_LOST + dir, n);
}

/* A call that moved nothing: end of file, or an error. */
static __always_inline void data_nothing(struct sock *sk, int ret, enum dir dir, bool asked)
{
	struct sock_state *st = sock_find(sk);

	if (!st)
		return;
	st->send_ns = dir == DIR_TX ? 0 : st->send_ns;
	if (ret < 0 ? ends_direction(-ret) : dir == DIR_RX && asked)
		tell_end(st, dir, -ret);
}

#endif
