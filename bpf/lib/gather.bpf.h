/* SPDX-License-Identifier: GPL-2.0-only */
/* A few short buffers of one call as one piece of a record. */
#ifndef BPF_LIB_GATHER_H
#define BPF_LIB_GATHER_H

#include "lib/iov.bpf.h"

/*
 * Copies what a few iovecs point at, one behind the other; returns how much. The verifier does not
 * see that the copies together fit into `room`, so there is twice as much.
 */
static __always_inline __u32 gather(struct moved *c, struct user_mem *m,
				    const struct user_iovec *vec, __u8 *to, const __u32 room)
{
	__u32 off = 0, take, i;

	for (i = 0; i < GATHER_MAX && m->vecs && off < c->n; i++) {
		take = c->n - off;
		if (take > vec[i].len)
			take = vec[i].len;
		m->vecs--;
		m->left = vec[i].len - take;
		barrier_var(take);
		barrier_var(off);
		if (take > room || off > room) /* never */
			break;
		if (bpf_probe_read_user(to + off, take, (void *)vec[i].base)) {
			stat_inc(STAT_USER_FAULT);
			break;
		}
		off += take;
	}
	return off;
}

#endif
