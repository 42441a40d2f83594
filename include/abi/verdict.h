/* SPDX-License-Identifier: GPL-2.0-only */
/* The one thing that goes the other way while records are made: what need not be told. */
#ifndef ABI_VERDICT_H
#define ABI_VERDICT_H

#include "event.h"

/* What user space asks of one socket. */
enum verdict_mode {
	VERDICT_FOLLOW,		/* copy bursts and prefixes (the default) */
	VERDICT_LENGTHS,	/* no bytes, only lengths */
	VERDICT_IGNORE,		/* no records until the socket closes */
};
struct verdict {
	__u64 skip_to[DIR__CNT]; /* bytes before this position need not be copied */
	__u32 mode;		/* enum verdict_mode */
	__u32 pad;
};

#endif
