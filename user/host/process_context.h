/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an SDK has published of its process for others to read: OpenTelemetry's process context (OTEP 4719, version 2).
 * Everything in it comes from a stranger; where it is not as it should be, there is none.
 */
#ifndef HOST_PROCESS_CONTEXT_H
#define HOST_PROCESS_CONTEXT_H

#include "host/memory.h"

/*
 * Appends the attributes of its resource as a list that attr_list_parse() takes, as many as *ret_list has room for.
 * -ENOENT: nothing is published, -EAGAIN: it is being written, another: it cannot be read.
 */
int process_context_read(uint32_t tgid, struct buf *ret_list) __must_check;

/* --- the parts of that which are pure --- */
bool process_context_find(const struct memory *m, uint64_t *ret_at); /* where the header is */
/* -EINVAL: malformed */
int process_context_decode(struct slice payload, struct buf *ret_list) __must_check;

#endif
