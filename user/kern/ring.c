/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <linux/bpf.h>
#include <sys/mman.h>

#include "kern/ring.h"

static size_t page_sz(void)
{
	return sysconf(_SC_PAGESIZE);
}

int ring_init(struct ring *r, int map_fd, size_t sz)
{
	void *p;

	*r = (struct ring){ .sz = sz };
	p = mmap(NULL, page_sz(), PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	r->consumer = p;
	p = mmap(NULL, page_sz() + 2 * sz, PROT_READ, MAP_SHARED, map_fd, page_sz());
	if (p == MAP_FAILED) {
		int code = -errno;

		ring_release(r);
		return code;
	}
	r->producer = p;
	r->data = (const char *)p + page_sz();
	return 0;
}

void ring_release(struct ring *r)
{
	if (r->consumer)
		munmap(r->consumer, page_sz());
	if (r->producer)
		munmap((void *)r->producer, page_sz() + 2 * r->sz);
	*r = (struct ring){ 0 };
}

size_t ring_waiting(const struct ring *r)
{
	return __atomic_load_n(r->producer, __ATOMIC_ACQUIRE) - *r->consumer;
}

bool ring_empty(const struct ring *r)
{
	return *r->consumer == __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);
}

/* Our own programs wrote it; still nothing is believed that would lead outside the record. */
static bool fits(const struct ev_hdr *ev, uint32_t room)
{
	return room >= sizeof(*ev) && ev->sz >= sizeof(*ev) && ev->sz <= room && ev->sz % 8 == 0 &&
	       ev->kind > EV_NONE && ev->kind < EV__CNT;
}

/*
 * Room is given back in parts of the ring and not record by record: the programs that reserve look at this
 * position, and every store takes its line away from them.
 */
#define PARTS 64

static void give_back(struct ring *r, unsigned long at)
{
	__atomic_store_n(r->consumer, at, __ATOMIC_RELEASE);
}

/* A walk over the records up to `end`. */
struct walk {
	struct ring *r;
	unsigned long at, end;
	bool busy; /* the record at hand is still being written */
};

/* The next record; NULL: there is none yet, or it is none to be delivered. */
static const struct ev_hdr *next(struct walk *w, bool *ret_malformed)
{
	const uint32_t *head = (const uint32_t *)(w->r->data + (w->at & (w->r->sz - 1)));
	uint32_t len = __atomic_load_n(head, __ATOMIC_ACQUIRE);
	uint32_t room = len & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
	const struct ev_hdr *ev = (const struct ev_hdr *)((const char *)head + BPF_RINGBUF_HDR_SZ);

	*ret_malformed = false;
	w->busy = len & BPF_RINGBUF_BUSY_BIT;
	if (w->busy)
		return NULL;
	w->at += (room + BPF_RINGBUF_HDR_SZ + 7) & ~7ul;
	if (len & BPF_RINGBUF_DISCARD_BIT)
		return NULL;
	*ret_malformed = !fits(ev, room);
	return *ret_malformed ? NULL : ev;
}

#define AHEAD 8 /* records between a word of one and the one: about as long as memory takes */

/* Goes before the reader. */
static void look_ahead(struct walk *ahead, int reader, int *n, capture_record_fn soon, void *ctx)
{
	const struct ev_hdr *ev;
	bool malformed;

	for (; *n < reader + AHEAD && ahead->at < ahead->end; ++*n) {
		ev = next(ahead, &malformed);
		if (ahead->busy)
			return;
		if (ev)
			soon(ctx, ev);
	}
}

int ring_drain(struct ring *r, capture_record_fn fn, capture_record_fn soon, void *ctx)
{
	unsigned long end = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);
	struct walk w = { .r = r, .at = *r->consumer, .end = end }, ahead = w;
	int n = 0, seen = 0, ahead_n = 0;

	r->high = max(r->high, end - w.at);
	w.end = min(end, w.at + r->sz / 8);
	while (w.at < w.end) {
		const struct ev_hdr *ev;
		bool malformed;

		if (soon)
			look_ahead(&ahead, seen++, &ahead_n, soon, ctx);
		ev = next(&w, &malformed);
		if (w.busy)
			break;
		if (ev)
			fn(ctx, ev);
		n += ev != NULL;
		r->malformed += malformed;
		if (w.at - *r->consumer >= r->sz / PARTS)
			give_back(r, w.at);
	}
	give_back(r, w.at);
	return n;
}
