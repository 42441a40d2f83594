/* SPDX-License-Identifier: GPL-2.0-only */
/* The walk over the buffers of a call that one record cannot hold: lib/data.bpf.h has the stretches. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "lib/iov.bpf.h"
#include "lib/piece.bpf.h"

#define WALK_MAX \
	(SEGS_MAX + BURST_MAX / PIECE_MAX + 2) /* each step ends a buffer, a stretch or a piece */

static __noinline int piece_tell_length(struct moved *c, __u32 len)
{
	struct ev_data *e = emit_reserve(sizeof(*e));

	if (!e) {
		piece_book(c, true, len);
		return 0;
	}
	piece_fill(e, c, len);
	piece_end(e, 0, 0);
	piece_book(c, false, len);
	return 0;
}

/* Both ends of the buffer at hand, which is the whole call. */
static __always_inline void tell_ends(struct moved *c, __u64 base)
{
	struct ev_data *e = emit_reserve(sizeof(*e) + PREFIX_LEN + TAIL_LEN);

	if (!e) {
		piece_book(c, true, c->n);
		return;
	}
	piece_fill(e, c, c->n);
	if (bpf_probe_read_user(e->bytes, PREFIX_LEN, (void *)base) ||
	    bpf_probe_read_user(e->bytes + PREFIX_LEN, TAIL_LEN,
				(void *)(base + c->n - TAIL_LEN))) {
		stat_inc(STAT_USER_FAULT);
		piece_end(e, 0, 0);
	} else {
		e->flags |= DATA_ENDS;
		piece_end(e, PREFIX_LEN, TAIL_LEN);
	}
	piece_book(c, false, c->n);
}

/* Of a call within a long body, whose buffer is one: nothing else is copied of it. */
static __always_inline bool has_two_ends(const struct moved *c, struct user_mem *m)
{
	if (c->skip || c->head_end != PREFIX_LEN || c->tail_at == PREFIX_LEN)
		return false;
	return (m->left || mem_next(m)) && m->left >= c->n;
}

/* To the end of the buffer at hand, of the stretch, or of the largest piece. */
static __always_inline void advance(struct moved *c, struct user_mem *m)
{
	bool copied = false;
	__u32 end = c->n, take;

	if (c->off < c->skip) {
		end = c->skip;
	} else if (c->off < c->head_end) {
		end = c->head_end;
		copied = true;
	} else if (c->off < c->tail_at) {
		end = c->tail_at;
	} else {
		copied = true;
	}
	take = end - c->off;
	if (copied && take > PIECE_MAX)
		take = PIECE_MAX;
	if (take > m->left)
		take = m->left;
	c->piece_base = m->base;
	c->piece_cap = take;
	m->base += take;
	m->left -= take;
	c->off += take;
	c->piece_len = c->off == c->head_end ? take + (c->tail_at - c->head_end) : take;
	if (copied && take)
		piece_tell(c);
}

/*
 * One step of the walk; 0: it was the last. A global function, so that the verifier does not walk it
 * once for every turn of the loop.
 */
int walk_step(void)
{
	struct task_state *t = task_self();

	if (!t || (!t->mem.left && !mem_next(&t->mem)))
		return 0;
	advance(&t->moved, &t->mem);
	return t->moved.off < t->moved.n;
}

static __always_inline void walk(void)
{
	int i;

	for (i = 0; i < WALK_MAX; i++) {
		if (!walk_step())
			return;
	}
	stat_inc(STAT_SEGS_CUT);
}

int tell_pieces(void)
{
	struct task_state *t = task_self();
	struct moved *c;

	if (!t)
		return 0;
	c = &t->moved;
	if (has_two_ends(c, &t->mem)) {
		tell_ends(c, t->mem.base);
		return 0;
	}
	if (c->skip)
		piece_tell_length(c, c->skip);
	if (c->told < c->n)
		walk();
	if (c->told < c->n)
		piece_tell_length(c, c->n - c->told);
	return 0;
}
