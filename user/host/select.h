/* SPDX-License-Identifier: GPL-2.0-only */
/* Who is to be traced. Processes match by any of the selectors; the tracer itself never does. */
#ifndef HOST_SELECT_H
#define HOST_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct selectors {		/* lists are borrowed */
	const uint32_t *pids;	/* processes, as select_pid() resolved them */
	size_t pids_cnt;
	const uint32_t *ports;	/* local TCP ports somebody listens on */
	size_t ports_cnt;
	const char *const *comms; /* fnmatch() patterns; the kernel keeps 15 bytes of a name */
	size_t comms_cnt;
	const char *const *exes; /* of the path, or of its last component if they have no '/' */
	size_t exes_cnt;
	bool all;
	uint32_t self;		/* the tracer's own process */
};

/*
 * The process that --pid means: it exists, it is not us, we have the right to read it. A thread
 * stands for its process, and *ret_tgid differs from pid.
 */
int select_pid(uint32_t pid, uint32_t self, uint32_t *ret_tgid, struct err *err) __must_check;

/* For each process that matches now, and for each living descendant of one: once, parents first. */
typedef void (*select_fn)(void *ctx, uint32_t tgid, uint64_t start_ns);
/* *ret_denied: how many more match that this user has no right to trace. */
int select_scan(const struct selectors *sel, select_fn fn, void *ctx,
		size_t *ret_denied) __must_check;

/*
 * For one process after its exec. *ret_start_ns is its start time when it matches. Who may not be
 * read matches nothing.
 */
bool select_process(const struct selectors *sel, uint32_t tgid, uint64_t *ret_start_ns);
bool select_listener(const struct selectors *sel, uint32_t tgid, uint16_t port);

#endif
