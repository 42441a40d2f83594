/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes whose SDK had published nothing (host/process_context.h) when their facts were read: it may not have been
 * up yet. They are looked at once more.
 */
#ifndef LATECOMERS_H
#define LATECOMERS_H

#include <stdbool.h>
#include <stdint.h>

#define LATECOMERS_MAX 256 /* at once; of more than that the oldest are not looked at again */

struct latecomers {
	struct {
		uint32_t tgid;
		uint64_t due_ns;
	} v[LATECOMERS_MAX]; /* a ring, in order of due_ns */
	unsigned first, n;
};

void latecomers_note(struct latecomers *l, uint32_t tgid, uint64_t now_ns);
/* Whose time has come, and which has published something by now. False: nobody, any more. */
bool latecomers_next(struct latecomers *l, uint64_t now_ns, uint32_t *ret_tgid);

#endif
