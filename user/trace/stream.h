/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One direction of one connection: contiguous bytes, explicit gaps. It knows where the next
 * undecoded byte stands, keeps the bytes of an incomplete head, and counts what is to be skipped.
 * It knows no protocol, but keeps for it how far it has redacted.
 *
 *     ... decoded or skipped | held: the start of an incomplete head | next record
 *                            ^ at                                    ^ at + stream_held()
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

/* The beginning of a head. Most heads come whole, so most streams have none. */
struct head_part {
	struct stamp first; /* of its first byte */
	struct buf bytes;
};

struct stream {
	struct head_part *held; /* NULL: nothing is */
	struct stamp last; /* of the newest record */
	uint64_t at;
	uint64_t skip; /* body bytes still to pass */
	uint32_t seq_at_0; /* TCP position of position 0; valid with has_seq */
	bool has_seq;
	bool lost; /* looking for the next message */
	bool ended;
	struct redaction redaction; /* of a recording without content */
	uint64_t redacted; /* it has come to here */
};

void stream_release(struct stream *s);
uint64_t stream_next(const struct stream *s); /* the position that the next record should have */
size_t stream_held(const struct stream *s); /* bytes */
size_t stream_memory(const struct stream *s); /* that these take */
/* Appends; `first` is for the first bytes that are held. 0, -ENOMEM or -E2BIG: nothing has changed. */
int stream_hold(struct stream *s, struct slice in, const struct stamp *first) __must_check;
struct head_part *stream_take(struct stream *s); /* what is held; it is the caller's */
void head_part_free(struct head_part *part); /* NULL is all right */

#endif
