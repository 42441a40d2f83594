/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What traced processes write to their logs, on its way from pieces to lines to the requests that they were written
 * for. logs.c has the rules. Bounded: LOG_PARTS_MAX lines that have begun, LOG_HELD_MAX bytes of lines that wait.
 */
#ifndef TRACE_LOGS_H
#define TRACE_LOGS_H

#include "abi/event.h"
#include "base/hash.h"
#include "base/list.h"
#include "trace/context.h"

struct logs {
	struct hash parts;	/* by thread and descriptor: lines that have begun and not ended */
	struct list parts_by_age;
	struct list asked;	/* lines of tasks, whose answer is to tell for whom they are, oldest first */
	size_t held_bytes;	/* of all lines that wait */
};

/* The request that a strand has answered last: what it writes just after that, and before another, is for it. */
struct last_served {
	uint64_t serial;	/* 0: none */
	uint64_t end_ns;	/* valid with gone, as what follows */
	struct trace_ctx ctx;
	uint32_t tgid;
	uint16_t port;
	bool gone;		/* its exchange has been freed: ctx is what is left of it */
};

#endif
