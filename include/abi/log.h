/* SPDX-License-Identifier: GPL-2.0-only */
/* The record of what programs log; a part of event.h. */
#ifndef ABI_LOG_H
#define ABI_LOG_H

#include "event.h"

/*
 * Bytes that were written to a file descriptor which is no connection: standard output, standard error, a log file. One
 * record per call; pieces of a line may come in several calls.
 */
struct ev_log {
	struct ev_hdr hdr;
	struct strand strand;	/* as in ev_data */
	__u64 ino;		/* of the file, with gen and dev: which one it is */
	__u32 gen;
	__u32 dev;
	__u32 fd;
	__u32 len;		/* bytes written */
	__u32 cap;		/* of these, copied: bytes[0..cap) */
	__u32 thread_gen;	/* as in ev_data */
	__u32 flags;		/* DATA_AWAITED */
	__u32 pad;
	__u8 bytes[];
};

#endif
