/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "base/log.h"
#include "moves.h"
#include "strand/moved.h"

#define FOUND_MAX   (HEAP_MOVES_MAX * sizeof(struct heap_move))
#define MOVES_EACH  2048 /* in one record */
#define RECORD_ROOM (sizeof(struct ev_moved) + MOVES_EACH * sizeof(struct heap_move))

void moves_find(struct moves *m, const struct heap_ask *ask)
{
	int err;

	buf_release(&m->found);
	buf_init(&m->found, FOUND_MAX);
	m->tgid = ask->tgid;
	m->collections = ask->collections;
	err = java_moved(ask, &m->found);
	if (err)
		log_debug("moves: cannot follow the objects of process %u: %s", ask->tgid,
			  strerror(-err));
}

static int encode(struct moves *m, uint64_t ts_ns, size_t sz)
{
	const struct ev_moved ev = {
		.hdr = { .kind = EV_MOVED,
			 .sz = sizeof(ev) + sz,
			 .ts_ns = ts_ns,
			 .tgid = m->tgid,
			 .tid = m->tgid },
		.collections = m->collections,
		.cnt = sz / sizeof(struct heap_move),
	};
	int err;

	buf_release(&m->record);
	buf_init(&m->record, RECORD_ROOM);
	err = buf_append(&m->record, &ev, sizeof(ev));
	return err ? err : buf_append(&m->record, m->found.p, sz);
}

const struct ev_hdr *moves_next(struct moves *m, uint64_t ts_ns)
{
	size_t sz = min(m->found.n, MOVES_EACH * sizeof(struct heap_move));

	if (!sz || encode(m, ts_ns, sz))
		return NULL;
	buf_consume(&m->found, sz);
	return (const struct ev_hdr *)m->record.p;
}

void moves_release(struct moves *m)
{
	buf_release(&m->found);
	buf_release(&m->record);
}
