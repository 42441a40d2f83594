/* SPDX-License-Identifier: GPL-2.0-only */
/* The DATA records of one call: struct moved says which call, which of its bytes, and how far it is told. */
#ifndef BPF_LIB_PIECE_H
#define BPF_LIB_PIECE_H

#include "lib/emit.bpf.h"

static __always_inline void piece_fill(struct ev_data *e, struct moved *c, __u32 cap, __u32 len)
{
	emit_header(&e->hdr, EV_DATA, sizeof(*e) + cap);
	e->conn = c->conn;
	e->strand = c->strand;
	e->pos = c->pos + c->told;
	e->start_ns = c->start_ns;
	e->len = len;
	e->cap = cap;
	e->seq = c->seq - (c->n - c->told - len);
	e->other_seq = c->other_seq;
	e->dir = c->dir;
	e->flags = c->flags | (c->told + len < c->n ? DATA_MORE : 0);
	e->pad = 0;
	e->thread_gen = c->thread_gen;
}

static __always_inline void piece_book(struct moved *c, bool lost, __u32 len)
{
	c->told += len;
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
	barrier_var(cap);
	if (cap > room) /* never; the verifier wants to see it */
		cap = room;
	if (bpf_probe_read_user(e->bytes, cap, (void *)c->piece_base)) {
		stat_inc(STAT_USER_FAULT);
		cap = 0;
	}
	piece_fill(e, c, cap, len);
	emit_submit(e);
	piece_book(c, false, len);
}

/* Records have one of a few sizes because the verifier asks for constants. */
static __noinline int piece_tell(struct moved *c)
{
	if (c->piece_cap <= PIECE_SMALL)
		piece_copy(c, PIECE_SMALL);
	else if (c->piece_cap <= PIECE_LOW)
		piece_copy(c, PIECE_LOW);
	else if (c->piece_cap <= PIECE_MID)
		piece_copy(c, PIECE_MID);
	else
		piece_copy(c, PIECE_MAX);
	return 0;
}

/*
 * The calling thread's running call, its task_state's moved and mem, as any number of records. A
 * global function, without arguments for the sake of 5.10: the verifier walks the loop once for all.
 */
int tell_pieces(void);

#endif
