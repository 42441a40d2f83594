/* SPDX-License-Identifier: GPL-2.0-only */
/* The DATA records of one call: struct moved says which call, which of its bytes, and how far it is told. */
#ifndef BPF_LIB_PIECE_H
#define BPF_LIB_PIECE_H

#include "lib/emit.bpf.h"
#include "lib/gather.bpf.h"

/*
 * Fills in a record that accounts for `len` bytes, before any of them are copied behind it: the
 * ring's memory comes from the reader's processor, and does so while the copy is under way.
 */
static __always_inline void piece_fill(struct ev_data *e, struct moved *c, __u32 len)
{
	emit_header_by(&e->hdr, c->self, EV_DATA, sizeof(*e));
	e->conn = c->conn;
	e->strand = c->strand;
	e->pos = c->pos + c->told;
	e->start_ns = c->start_ns;
	e->len = len;
	e->cap = 0;
	e->seq = c->seq - (c->n - c->told - len);
	e->other_seq = c->other_seq;
	e->dir = c->dir;
	e->flags = c->flags | (c->told + len < c->n ? DATA_MORE : 0);
	e->unseen = (struct unseen){ .shed = c->shed, .missed = c->missed };
	c->missed = 0;
	e->sleeps = c->sleeps;
	e->thread_gen = c->thread_gen;
}

/* `behind`: how many bytes are copied behind the first `cap` (DATA_ENDS). */
static __always_inline void piece_end(struct ev_data *e, __u32 cap, const __u32 behind)
{
	e->hdr.sz = (sizeof(*e) + cap + behind + 7) & ~7u;
	e->cap = cap;
	emit_submit(e);
}

static __always_inline void piece_book(struct moved *c, bool lost, __u32 len)
{
	c->told += len;
	c->missed |= lost ? MISSED_EXCHANGE : 0;
	stat_add((lost ? STAT_RX_LOST : STAT_RX_REPORTED) + c->dir, len);
}

/*
 * Tells the piece at hand: piece_len bytes of which the first piece_cap (at most `room`) are
 * copied.
 */
static __always_inline void piece_copy(struct moved *c, const __u32 room)
{
	struct ev_data *e = emit_reserve(sizeof(*e) + room);
	__u32 cap = c->piece_cap, len = c->piece_len;

	if (!e) {
		piece_book(c, true, len);
		return;
	}
	piece_fill(e, c, len);
	barrier_var(cap);
	if (cap > room) /* never; the verifier wants to see it */
		cap = room;
	if (bpf_probe_read_user(e->bytes, cap, (void *)c->piece_base)) {
		stat_inc(STAT_USER_FAULT);
		cap = 0;
	}
	piece_end(e, cap, 0);
	piece_book(c, false, len);
}

/* Records have one of a few sizes because the verifier asks for constants. */
static __noinline int piece_tell(struct moved *c)
{
	if (c->piece_cap <= PIECE_TINY)
		piece_copy(c, PIECE_TINY);
	else if (c->piece_cap <= PIECE_SMALL)
		piece_copy(c, PIECE_SMALL);
	else if (c->piece_cap <= PIECE_LOW)
		piece_copy(c, PIECE_LOW);
	else if (c->piece_cap <= PIECE_MID)
		piece_copy(c, PIECE_MID);
	else
		piece_copy(c, PIECE_MAX);
	return 0;
}

/* Tells the whole call, of at most `room` bytes, by one record. */
static __always_inline void piece_gather(struct moved *c, struct user_mem *m,
					 const struct user_iovec *vec, const __u32 room)
{
	struct ev_data *e = emit_reserve(sizeof(*e) + 2 * room);

	if (!e) {
		piece_book(c, true, c->n);
		return;
	}
	piece_fill(e, c, c->n);
	piece_end(e, gather(c, m, vec, e->bytes, room), 0);
	piece_book(c, false, c->n);
}

/* A few short buffers make one record. False: they are not, or cannot be read, and nothing is told. */
static __always_inline bool piece_tell_few(struct moved *c, struct user_mem *m)
{
	struct user_iovec vec[GATHER_MAX] = {};
	__u32 vecs = m->vecs;

	if (!vecs || vecs > GATHER_MAX || m->left || m->msgs || c->n > PIECE_LOW ||
	    m->word != sizeof(vec[0].base))
		return false;
	barrier_var(vecs);
	if (bpf_probe_read_user(vec, (vecs & (2 * GATHER_MAX - 1)) * sizeof(vec[0]),
				(void *)m->vec))
		return false;
	if (c->n <= PIECE_SHORT)
		piece_gather(c, m, vec, PIECE_SHORT);
	else if (c->n <= PIECE_SMALL)
		piece_gather(c, m, vec, PIECE_SMALL);
	else
		piece_gather(c, m, vec, PIECE_LOW);
	return true;
}

/*
 * The calling thread's running call, its task_state's moved and mem, as any number of records. A
 * global function, without arguments for the sake of 5.10: the verifier walks the loop once for all.
 */
int tell_pieces(void);

#endif
