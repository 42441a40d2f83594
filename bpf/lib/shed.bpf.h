/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Overload: when records come faster than they are read, whole exchanges are left out rather than whatever the ring has
 * no room for. User space says of each lane, a share of the processes, which part is kept; here it is decided, where an
 * exchange begins, by a hash of TCP's own position of its first byte. Both ends of a connection see the same position,
 * and who is kept at one part is kept at every larger one: so both ends keep the same exchanges.
 */
#ifndef BPF_LIB_SHED_H
#define BPF_LIB_SHED_H

#include "lib/sock.bpf.h"

#define SHED_OUT 0xff /* sock_state.shed: the exchange under way is left out */

/* Bytes towards the server, the first of the connection or after an answer. */
static __always_inline bool exchange_begins(const struct sock_state *st, const struct moved *c)
{
	__u8 asks = st->role == ROLE_CLIENT ? DIR_TX : DIR_RX;

	return c->dir == asks && (st->last_dir != asks || !c->pos);
}

static __always_inline bool kept(const struct moved *c, __u8 level)
{
	__u32 h = c->flags & DATA_SEQ ? c->seq - c->n : (__u32)c->conn ^ (__u32)c->pos;

	h = (h ^ h >> 16) * 0x85ebca6b;
	h = (h ^ h >> 13) * 0xc2b2ae35;
	return !(h >> (32 - (level & 31)));
}

/* Of the running call: true if nothing is told of it. */
static __always_inline bool shed_call(struct sock_state *st, struct moved *c, __u32 tgid)
{
	__u8 level;

	c->shed = 0;
	if (!*(volatile __u32 *)&shared.shedding && !st->shed && !st->shed_gap)
		return false;
	if (exchange_begins(st, c)) {
		level = *(volatile __u8 *)&shared.shed[tgid % SHED_LANES];
		st->shed = level && !kept(c, level) ? SHED_OUT : level;
		if (st->shed == SHED_OUT)
			stat_inc(STAT_EXCHANGES_SHED);
	}
	if (st->shed == SHED_OUT) {
		st->shed_gap |= 1 << (c->dir & 1);
		st->last_dir = c->dir;
		st->burst = 0;
		c->missed |= c->dir == DIR_RX ? MISSED_EXCHANGE : 0;
		stat_add(STAT_RX_SHED + c->dir, c->n);
		return true;
	}
	c->shed = st->shed;
	if (st->shed_gap & 1 << (c->dir & 1))
		c->flags |= DATA_SHED;
	st->shed_gap &= ~(1 << (c->dir & 1));
	return false;
}

#endif
