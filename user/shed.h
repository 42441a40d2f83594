/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Overload: how many exchanges of which processes are told, so that the ring does not run over and tracing does not
 * take more than it may. When the ring is half full and still fills, the lane (a share of the processes) that filled it
 * most keeps half as many; when it has been nearly empty for a while, all lanes keep twice as many, until all keep
 * everything. When tracing is too dear, as many lanes keep less as its price asks for; and more is kept only while
 * twice as much could still be paid. Belongs to the loop thread.
 */
#ifndef SHED_H
#define SHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"

struct shed {
	uint8_t level[SHED_LANES];	/* 1 exchange in 2^n is kept */
	uint64_t bytes[SHED_LANES];	/* of its records since the last look */
	size_t waited;			/* bytes in the ring at the last look */
	uint64_t due;			/* bytes still to be read before less is kept again: they were made before */
	uint64_t calm_since_ns;		/* nearly empty since then; 0: it is not */
	uint64_t calm_ns;		/* how long it has to be before more is kept */
	bool tried;			/* more was kept since it was too much */
	uint64_t paid[SHED_LANES];	/* bytes of its records since the last price */
	bool priced;			/* there is a limit to the price */
	bool dear;			/* twice as much would pass it, or that is not known yet */
};

void shed_note(struct shed *s, const struct ev_hdr *ev);
/* After some records: `waiting` bytes of `size` are still in the ring. True: the levels have changed. */
bool shed_look(struct shed *s, size_t waiting, size_t size, uint64_t now_ns);
/* Tracing took `part` times what it may. True: the levels have changed. */
bool shed_price(struct shed *s, double part);
unsigned shed_most(const struct shed *s);	/* the highest level; 0: everything is told */

#endif
