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

/* Passes `take` bytes; for how many of the call they account. */
static __always_inline __u32 pass(struct moved *c, __u32 take)
{
	c->off += take;
	return c->off == c->head_end ? take + (c->tail_at - c->head_end) : take;
}

/*
 * Passes the buffer at hand, or the next, as far as moved.piece_len goes; 0: there is none. A global function, as
 * walk_step().
 */
int run_step(void)
{
	struct task_state *t = task_known();
	struct user_mem *m;
	struct moved *c;
	__u32 take;

	if (!t || (!t->mem.left && !mem_next(&t->mem)))
		return 0;
	c = &t->moved;
	m = &t->mem;
	take = c->piece_len < m->left ? c->piece_len : m->left;
	c->piece_base = m->base;
	c->piece_cap = take;
	c->piece_len -= take;
	m->base += take;
	m->left -= take;
	return 1;
}

/*
 * The buffer at hand and those behind it, of which `len` bytes are copied, as far as they fit into one record. One
 * that cannot be read is the last. The verifier does not see that the copies together fit into `room`, so there is
 * twice as much. False: the ring is full, and nothing is told.
 */
static __always_inline bool tell_run(struct moved *c, __u32 len, const __u32 room)
{
	struct ev_data *e = emit_reserve(sizeof(*e) + 2 * room);
	__u32 cap = 0, take, i;

	if (!e)
		return false;
	if (len > room)
		len = room;
	c->piece_len = len;
	for (i = 0; i < RUN_MAX && c->piece_len && run_step(); i++) {
		take = c->piece_cap;
		barrier_var(take);
		barrier_var(cap);
		if (take > room || cap > room) /* never */
			break;
		if (bpf_probe_read_user(e->bytes + cap, take, (void *)c->piece_base)) {
			stat_inc(STAT_USER_FAULT);
			break;
		}
		cap += take;
	}
	len = pass(c, len - c->piece_len);
	piece_fill(e, c, len);
	piece_end(e, cap, 0);
	piece_book(c, false, len);
	return true;
}

/* Two buffers, a head and a long body, rather have a record each, of their size. */
static __always_inline bool begins_run(const struct user_mem *m, __u32 len)
{
	return m->left && m->left < PIECE_SMALL && m->left < len && m->vecs > 1;
}

/* To the end of the buffer at hand, of the stretch, or of the largest piece; short buffers together. */
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
	if (copied && begins_run(m, take) && tell_run(c, take, PIECE_LOW))
		return;
	if (copied && take > PIECE_MAX)
		take = PIECE_MAX;
	if (take > m->left)
		take = m->left;
	c->piece_base = m->base;
	c->piece_cap = take;
	m->base += take;
	m->left -= take;
	c->piece_len = pass(c, take);
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
		t->mem.left -= c->n;
		return 0;
	}
	if (c->skip)
		piece_tell_length(c, c->skip);
	/* A message of several is walked in any case: whether all of it went decides where the next one is. */
	if (c->told < c->n || t->mmsg)
		walk();
	if (c->told < c->n)
		piece_tell_length(c, c->n - c->told);
	return 0;
}
