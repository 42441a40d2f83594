/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only user of the ring. A record is reserved with a size that the compiler knows (the verifier
 * asks for it), filled in place, and either submitted or counted as lost.
 *
 * Wake-ups: the reader polls the ring on its own timer and is woken only when it has announced that
 * it sleeps. It announces, then looks at the ring once more; we submit, then look at the announcement
 * once more. Submitting is an exchange with a full barrier, which makes one of us see the other; and
 * a wake-up without a record is one that is discarded.
 */
#ifndef BPF_LIB_EMIT_H
#define BPF_LIB_EMIT_H

#include "lib/ids.bpf.h"
#include "lib/stat.bpf.h"

static __always_inline void *emit_reserve(const __u64 sz)
{
	void *rec = bpf_ringbuf_reserve(&ring, sz, 0);

	if (!rec)
		stat_inc(STAT_RING_FULL);
	return rec;
}

/* The same of what the thread `t` does besides moving bytes: what it does next is not all that it has done since. */
static __always_inline void *emit_reserve_by(struct task_state *t, const __u64 sz)
{
	void *rec = emit_reserve(sz);

	if (!rec)
		t->moved.missed |= MISSED_EXCHANGE;
	return rec;
}

/* By the thread `self`, a pid and tgid; `sz` bytes of the record are used, the rest is unspecified. */
static __always_inline void emit_header_by(struct ev_hdr *hdr, __u64 self, enum ev_kind kind,
					   __u32 sz)
{
	hdr->kind = kind;
	hdr->sz = (sz + 7) & ~7u;
	hdr->ts_ns = bpf_ktime_get_ns();
	hdr->tgid = self >> 32;
	hdr->tid = self;
}

static __always_inline void emit_header(struct ev_hdr *hdr, enum ev_kind kind, __u32 sz)
{
	emit_header_by(hdr, ids_self(), kind, sz);
}

/* For what softirq does: whom it interrupted is a bystander. */
static __always_inline void emit_nobody(struct ev_hdr *hdr)
{
	hdr->tgid = 0;
	hdr->tid = 0;
}

/* The reader announced it while the record was submitted. A global function: verified once. */
__weak int emit_wake(void)
{
	void *rec = bpf_ringbuf_reserve(&ring, sizeof(__u64), 0);

	if (!rec)
		return 0;
	shared.reader_asleep = 0;
	bpf_ringbuf_discard(rec, BPF_RB_FORCE_WAKEUP);
	return 0;
}

/*
 * The counter's locked add comes last: it has to wait for all that was written before, and the lines
 * of the record may still be on their way from the processor of the reader.
 */
static __always_inline void emit_submit(void *rec)
{
	__u64 flags = BPF_RB_NO_WAKEUP;

	if (*(volatile __u32 *)&shared.reader_asleep) {
		shared.reader_asleep = 0;
		flags = BPF_RB_FORCE_WAKEUP;
	}
	bpf_ringbuf_submit(rec, flags);
	stat_inc(STAT_RECORDS);
	if (*(volatile __u32 *)&shared.reader_asleep)
		emit_wake();
}

#endif
