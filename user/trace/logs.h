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

#endif
