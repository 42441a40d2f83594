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

struct exchange;
struct pipeline;
struct strand_state;

struct logs {
	struct hash parts;	/* by thread and descriptor: lines that have begun and not ended */
	struct list parts_by_age;
	struct list asked;	/* lines of tasks, whose answer is to tell for whom they are, oldest first */
	size_t held_bytes;	/* of all lines that wait */
};

/* Without a sink for lines nothing is done. */
int logs_init(struct logs *t) __must_check;
void logs_release(struct logs *t);
void logs_written(struct pipeline *p, const struct ev_log *ev);
void logs_answered(struct pipeline *p, struct strand_state *task, struct exchange *x); /* it begins x's response */
void logs_traced(struct pipeline *p, struct exchange *x); /* has its trace: so have its lines */
void logs_drop(struct exchange *x); /* the lines that wait with x */
void logs_process_over(struct pipeline *p, uint32_t tgid);
void logs_time(struct pipeline *p);
uint64_t logs_next_ns(const struct pipeline *p);
void logs_flush(struct pipeline *p);

#endif
