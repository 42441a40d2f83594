/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HotSpot's collectors write where an object has gone over the header of its old copy: the new address, with both lock
 * bits set. The word after that, its class, stays and is the same in the new copy, which is the proof: a word that only
 * looks like a header hardly points to an object of a class that stands beside it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "host/memory.h"
#include "strand/moved.h"

#define WINDOW     65536
#define MARK_BITS  7
#define MARK_MOVED 3

struct window {
	struct memory mem;
	uint64_t left; /* bytes that may still be read: where to look, the process says */
	uint64_t lo, hi; /* what of the process is in it */
	uint64_t words[WINDOW / sizeof(uint64_t)];
};

/* A header that says where its object is now, and what came after it. */
struct found {
	struct heap_move move;
	uint32_t class;
};

struct founds {
	struct found *v;
	size_t n;
};

static bool look_at(struct window *w, uint64_t at, uint64_t end)
{
	ssize_t n =
		memory_read(&w->mem, at, w->words, min(min(end - at, (uint64_t)WINDOW), w->left));

	w->lo = at;
	w->hi = at + (n > 0 ? n : 0);
	w->left -= w->hi - w->lo;
	return n > 0;
}

static uint64_t word_in(const struct window *w, uint64_t at)
{
	return w->words[(at - w->lo) / sizeof(w->words[0])];
}

static bool is_moved(const struct heap_ask *ask, uint64_t header)
{
	return (header & MARK_BITS) == MARK_MOVED && header >= ask->heap_start &&
	       header < ask->heap_end;
}

/* Every object of the stretch that has been moved. */
static void scan(struct window *w, const struct heap_ask *ask, const struct heap_stretch *s,
		 struct founds *f)
{
	const uint64_t header_sz = 2 * sizeof(uint64_t);
	uint64_t at,
		end = s->hi + sizeof(at); /* with the class of an object known by its first byte */

	for (at = s->lo & ~7ULL; at + header_sz <= end && f->n < HEAP_MOVES_MAX; at += sizeof(at)) {
		uint64_t header;

		if ((at < w->lo || at + header_sz > w->hi) && !look_at(w, at, end))
			return;
		if (at + header_sz > w->hi)
			return;
		header = word_in(w, at);
		if (is_moved(ask, header))
			f->v[f->n++] = (struct found){ { at, header & ~(uint64_t)MARK_BITS },
						       word_in(w, at + sizeof(at)) };
	}
}

static int by_new_address(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return x->move.to < y->move.to ? -1 : x->move.to > y->move.to;
}

/* Is there an object of that class now, and has it not been moved again? */
static bool arrived(struct window *w, const struct heap_ask *ask, const struct found *f)
{
	uint64_t at = f->move.to, end = at + 2 * sizeof(at);

	if ((at < w->lo || end > w->hi) && (!look_at(w, at, ask->heap_end) || end > w->hi))
		return false;
	return !is_moved(ask, word_in(w, at)) && (uint32_t)word_in(w, at + sizeof(at)) == f->class;
}

static int tell(struct window *w, const struct heap_ask *ask, const struct founds *f,
		struct buf *ret_moves)
{
	size_t i;
	int err = 0;

	w->hi = w->lo = 0;
	w->left = HEAP_CHECK_MAX;
	qsort(f->v, f->n, sizeof(f->v[0]), by_new_address);
	for (i = 0; i < f->n && !err; i++) {
		if (arrived(w, ask, &f->v[i]))
			err = buf_append(ret_moves, &f->v[i].move, sizeof(f->v[i].move));
	}
	return err;
}

static void window_free(struct window **w)
{
	if (*w)
		memory_close(&(*w)->mem);
	free(*w);
}

int java_moved(const struct heap_ask *ask, struct buf *ret_moves)
{
	_cleanup_(window_free) struct window *w = calloc(1, sizeof(*w));
	_cleanup_(freep) struct found *v = calloc(HEAP_MOVES_MAX, sizeof(*v));
	struct founds f = { v, 0 };
	uint64_t i;
	int err = w ? memory_open(ask->tgid, &w->mem) : -ENOMEM;

	if (err || !v)
		return err ? err : -ENOMEM;
	w->left = HEAP_SCAN_MAX;
	for (i = 0; i < ask->cnt && w->left; i++)
		scan(w, ask, &ask->stretches[i], &f);
	return tell(w, ask, &f, ret_moves);
}
