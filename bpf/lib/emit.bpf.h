/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only user of the ring. A record is reserved with a size that the compiler knows (the verifier
 * asks for it), filled in place, and either submitted or counted as lost.
 *
 * Wake-ups: the reader polls the ring on its own timer and is woken only when it has announced that
 * it sleeps. It announces, then looks at the ring once more; we reserve, then look at the
 * announcement. The counter's locked add between our two steps is the barrier that makes one of us
 * see the other.
 */
#ifndef BPF_LIB_EMIT_H
#define BPF_LIB_EMIT_H

#include "lib/stat.bpf.h"

static __always_inline void *emit_reserve(const __u64 sz)
{
	void *rec = bpf_ringbuf_reserve(&ring, sz, 0);

	if (!rec)
		stat_inc(STAT_RING_FULL);
	return rec;
}

/* `sz` bytes of the record are used; the rest of what was reserved is unspecified. */
static __always_inline void emit_header(struct ev_hdr *hdr, enum ev_kind kind, __u32 sz)
{
	__u64 self = bpf_get_current_pid_tgid();

	hdr->kind = kind;
	hdr->sz = (sz + 7) & ~7u;
	hdr->ts_ns = bpf_ktime_get_ns();
	hdr->tgid = self >> 32;
	hdr->tid = self;
}

/* For what softirq does: whom it interrupted is a bystander. */
static __always_inline void emit_nobody(struct ev_hdr *hdr)
{
	hdr->tgid = 0;
	hdr->tid = 0;
}

static __always_inline void emit_submit(void *rec)
{
	__u64 flags = BPF_RB_NO_WAKEUP;

	stat_inc(STAT_RECORDS);
	if (*(volatile __u32 *)&shared.reader_asleep) {
		shared.reader_asleep = 0;
		flags = BPF_RB_FORCE_WAKEUP;
	}
	bpf_ringbuf_submit(rec, flags);
}

#endif
