/* SPDX-License-Identifier: GPL-2.0-only */
#include <stddef.h>

#include "base/compiler.h"
#include "trace/record.h"

static const size_t min_sz[EV__CNT] = {
#define EVENT(id, type) [EV_##id] = sizeof(struct type),
#include "abi/events.def"
#undef EVENT
};

static bool data_valid(const struct ev_data *ev)
{
	uint64_t copied = (uint64_t)ev->cap + data_tail(ev);

	return ev->dir < DIR__CNT && copied <= ev->len && copied <= ev->hdr.sz - sizeof(*ev) &&
	       ev->unseen.shed <= SHED_MAX;
}

static bool heap_valid(const struct ev_heap *ev)
{
	return ev->len <= ev->hdr.sz - sizeof(*ev) && ev->len <= JAVA_STACK_MAX &&
	       ev->start <= ev->top && ev->top <= ev->end;
}

static bool moved_valid(const struct ev_moved *ev)
{
	return ev->cnt <= (ev->hdr.sz - sizeof(*ev)) / sizeof(ev->moves[0]);
}

static bool log_valid(const struct ev_log *ev)
{
	return ev->cap <= ev->len && ev->cap <= ev->hdr.sz - sizeof(*ev);
}

static bool close_valid(const struct ev_close *ev)
{
	return !(ev->flags & CLOSE_SEQ) || ev->hdr.sz >= sizeof(*ev);
}

bool ev_valid(const struct ev_hdr *ev, size_t room)
{
	if (room < sizeof(*ev) || ev->sz > room || ev->sz % 8)
		return false;
	if (ev->kind == EV_NONE || ev->kind >= EV__CNT)
		return false;
	if (ev->kind == EV_BOOKS) /* an older recording has fewer rows */
		return ev->sz >= sizeof(*ev);
	if (ev->kind == EV_CLOSE) /* and positions at its end */
		return ev->sz >= offsetof(struct ev_close, seq) &&
		       close_valid((const struct ev_close *)ev);
	if (ev->sz < min_sz[ev->kind])
		return false;
	switch (ev->kind) {
	case EV_DATA:
		return data_valid((const struct ev_data *)ev);
	case EV_LOG:
		return log_valid((const struct ev_log *)ev);
	case EV_END:
		return ((const struct ev_end *)ev)->dir < DIR__CNT;
	case EV_AWAITING:
		return ((const struct ev_awaiting *)ev)->cnt <= AWAITING_MAX;
	case EV_HELD:
		return ((const struct ev_held *)ev)->cnt <= AWAITING_MAX;
	case EV_HEAP:
		return heap_valid((const struct ev_heap *)ev);
	case EV_MOVED:
		return moved_valid((const struct ev_moved *)ev);
	case EV_PROC:
		return ((const struct ev_proc *)ev)->len <= ev->sz - sizeof(struct ev_proc);
	default:
		return true;
	}
}
