/* SPDX-License-Identifier: GPL-2.0-only */
#include <stddef.h>

#include "execs.h"

void execs_note(struct execs *e, const struct ev_exec *ev)
{
	e->v[e->n++ % EXECS_MAX] = *ev;
}

const struct ev_exec *execs_find(const struct execs *e, uint32_t tgid)
{
	unsigned back;

	for (back = 1; back <= EXECS_MAX && back <= e->n; back++) {
		const struct ev_exec *ev = &e->v[(e->n - back) % EXECS_MAX];

		if (ev->hdr.tgid == tgid)
			return ev;
	}
	return NULL;
}
