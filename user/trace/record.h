/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TRACE_RECORD_H
#define TRACE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"

/* How many bytes are copied of the end of a record's piece, behind those of its beginning. */
static inline uint32_t data_tail(const struct ev_data *ev)
{
	return ev->flags & DATA_ENDS ? TAIL_LEN : 0;
}

/*
 * The thread that made the call. A goroutine is what a thread is elsewhere; the threads below it change at any time and
 * mean nothing. Only asyncio's tasks, and Node's work, share a thread that is always the same.
 */
static inline struct strand data_thread(const struct ev_data *ev)
{
	if (ev->strand.kind != STRAND_TASK && ev->strand.kind != STRAND_NUMBERED)
		return ev->strand;
	return (struct strand){ .id = ev->hdr.tid, .gen = ev->thread_gen, .kind = STRAND_THREAD };
}

/*
 * Whether a record of at most `room` bytes is what its kind says; nothing may look into one that is
 * not.
 */
bool ev_valid(const struct ev_hdr *ev, size_t room);

#endif
