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

int ring_drain(struct ring *r, capture_record_fn fn, void *ctx)
{
	const char *data = (const char *)r->producer + page_sz();
	unsigned long end = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);
	unsigned long at = *r->consumer, stop = min(end, at + r->sz / 8);
	int n = 0;

	r->high = max(r->high, end - at);
	while (at < stop) {
		const uint32_t *head = (const uint32_t *)(data + (at & (r->sz - 1)));
		uint32_t len = __atomic_load_n(head, __ATOMIC_ACQUIRE);
		uint32_t room = len & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		const struct ev_hdr *ev =
			(const struct ev_hdr *)((const char *)head + BPF_RINGBUF_HDR_SZ);

		if (len & BPF_RINGBUF_BUSY_BIT)
			break;
		if (fits(ev, room)) {
			fn(ctx, ev);
			n++;
		} else if (!(len & BPF_RINGBUF_DISCARD_BIT)) {
			r->malformed++;
		}
		at += (room + BPF_RINGBUF_HDR_SZ + 7) & ~7ul;
		if (at - *r->consumer >= r->sz / PARTS)
			give_back(r, at);
	}
	give_back(r, at);
	return n;
}
