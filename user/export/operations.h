/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What services do, summed over all traces: how often, how long, how often wrong, and where the time goes. An operation
 * is what one service answers ("service-a GET /users/{id}") or, below such a one, what it calls. The time that nothing
 * below an operation accounts for is its own; whichever has most of it is the bottleneck.
 */
#ifndef EXPORT_OPERATIONS_H
#define EXPORT_OPERATIONS_H

#include "base/hash.h"
#include "base/list.h"
#include "export/durations.h"
#include "export/tree.h"

#define OPERATIONS_MAX 512 /* beyond it they are counted together, by service */

struct operation {
	struct hnode by_name;
	struct list node;
	bool call;			/* by the service, not to it */
	const struct operation *caller;	/* of a call, if that was seen */
	char *service;
	char *label;			/* "GET /users/{id}"; of a call: "service-b GET /work" or "GET db:80/q" */
	uint64_t errors;
	uint64_t total_ns, own_ns;
	struct durations durations;
};

struct operations {
	struct hash by_name;
	struct list all;		/* in the order in which they were first seen */
	uint64_t traces;
	uint64_t total_ns;		/* of the requests that nothing called */
	uint64_t uncounted;		/* spans for which there was no memory */
};

int operations_init(struct operations *o) __must_check;	/* 0 or -ENOMEM */
void operations_release(struct operations *o);
void operations_add(struct operations *o, const struct tree *trace);

#endif
