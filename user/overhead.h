/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tracing takes of what is traced (--max-overhead): the tracer's own CPU time and that of its programs in socket
 * calls, as a part of the CPU time that the traced processes took themselves. Looked at once a second. Counted are
 * processes that move bytes: whoever does not pays next to nothing. Belongs to the loop thread.
 */
#ifndef OVERHEAD_H
#define OVERHEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/event.h"
#include "base/cleanup.h"

#define OVERHEAD_EVERY_NS NSEC_PER_SEC

struct overhead;

struct overhead *overhead_new(void); /* NULL: out of memory */
void overhead_free(struct overhead *o); /* NULL ok */
void overhead_note(struct overhead *o, const struct ev_hdr *ev); /* whose it is, is traced */

/* Since the look before; false: it was less than a second ago. */
struct overhead_bill {
	uint64_t cost_ns; /* ours */
	uint64_t work_ns; /* theirs, without ours in it */
	uint64_t wall_ns;
};
bool overhead_look(struct overhead *o, uint64_t calls_ns, uint64_t now_ns, struct overhead_bill *ret_bill);

DEFINE_FREEP(overhead_free, struct overhead)

#endif
