/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One direction of one connection: contiguous bytes, explicit gaps. It knows where the next
 * undecoded byte stands, keeps the bytes of an incomplete head, and counts what is to be skipped.
 * It knows no protocol, but keeps for it how far it has redacted.
 *
 *     ... decoded or skipped | held: the start of an incomplete head | next record
 *                            ^ at                                    ^ at + held.n
 */
#ifndef TRACE_STREAM_H
#define TRACE_STREAM_H

#include "abi/event.h"
#include "base/buf.h"
#include "proto/proto.h"

#define SKIP_TO_END UINT64_MAX

/* When and by whom bytes were moved. */
struct stamp {
	uint64_t start_ns; /* 0: not known */
	uint64_t ts_ns;
	struct strand thread;	/* or goroutine */
	struct strand strand;	/* the thread, or what its runtime says */
	uint32_t tgid;
	uint32_t seq, other_seq; /* of the first byte of the bytes meant; valid with has_seq */
	bool has_seq;
	bool shed;		/* bytes missing before them were left out on purpose */
	uint8_t kept;		/* of the exchanges then 1 in 2^n was told */
	bool awaited;		/* thread did not move them, it waited on a channel for who did */
};

struct stream {
	struct buf held;
	struct stamp first; /* of the first byte of held */
	struct stamp last; /* of the newest record */
	uint64_t at;
	uint64_t skip; /* body bytes still to pass */
	uint32_t seq_at_0; /* TCP position of position 0; valid with has_seq */
	bool has_seq;
	struct redaction redaction; /* of a recording without content */
	uint64_t redacted; /* it has come to here */
	bool lost; /* looking for the next message */
	bool ended;
};

void stream_init(struct stream *s);
void stream_release(struct stream *s);
uint64_t stream_next(const struct stream *s); /* the position that the next record should have */

#endif
