/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Overload as the person sees it: the kernel side is told to leave exchanges out when the ring fills (shed.h) or when
 * --max-overhead is passed (overhead.h), and when that begins and ends it is said. Belongs to the loop thread.
 */
#ifndef OVERLOAD_H
#define OVERLOAD_H

#include "base/err.h"
#include "kern/capture.h"
#include "overhead.h"
#include "shed.h"

struct overload {
	struct shed shed;
	struct overhead *overhead;	/* NULL: it may take what it needs */
	double max_percent;
	bool said;			/* exchanges are left out */
};

int overload_init(struct overload *o, double max_percent, struct err *err) __must_check;	/* 0: no limit */
void overload_release(struct overload *o);
void overload_note(struct overload *o, const struct ev_hdr *ev);
/* After some records. True: there is so much in the ring that the next round should come at once. */
bool overload_look(struct overload *o, struct capture *c, uint64_t now_ns);

#endif
