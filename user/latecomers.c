/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/clock.h"
#include "base/cleanup.h"
#include "base/compiler.h"
#include "host/process_context.h"
#include "latecomers.h"

#define AGAIN_NS  (5 * NSEC_PER_SEC) /* programs that load an SDK have by then */
#define LIST_SOME 1024 /* that there is one is enough to know */

void latecomers_note(struct latecomers *l, uint32_t tgid, uint64_t now_ns)
{
	unsigned at = (l->first + l->n) % LATECOMERS_MAX;

	l->v[at].tgid = tgid;
	l->v[at].due_ns = now_ns + AGAIN_NS;
	if (l->n < LATECOMERS_MAX)
		l->n++;
	else
		l->first = (l->first + 1) % LATECOMERS_MAX;
}

static bool has_published(uint32_t tgid)
{
	_cleanup_(buf_release) struct buf list = BUF_INIT(LIST_SOME);

	return !process_context_read(tgid, &list);
}

bool latecomers_next(struct latecomers *l, uint64_t now_ns, uint32_t *ret_tgid)
{
	uint32_t tgid;

	while (l->n && l->v[l->first].due_ns <= now_ns) {
		tgid = l->v[l->first].tgid;
		l->first = (l->first + 1) % LATECOMERS_MAX;
		l->n--;
		if (has_published(tgid)) {
			*ret_tgid = tgid;
			return true;
		}
	}
	return false;
}
