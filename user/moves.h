/* SPDX-License-Identifier: GPL-2.0-only */
/* What the pipeline has asked of a Java process after a collection of garbage, and the records that answer it. */
#ifndef MOVES_H
#define MOVES_H

#include "abi/event.h"
#include "base/buf.h"

struct moves {
	struct buf found; /* struct heap_move of those not yet told */
	struct buf record;
	uint32_t tgid, collections;
};

void moves_find(struct moves *m, const struct heap_ask *ask);
/* Borrowed until the next call; NULL: all is told. */
const struct ev_hdr *moves_next(struct moves *m, uint64_t ts_ns);
void moves_release(struct moves *m);

#endif
