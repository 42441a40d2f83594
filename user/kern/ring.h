/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads the kernel's ring buffer. Written here rather than taken from libbpf 1.1 because the
 * reader's sleep needs the ring's positions, which that version keeps to itself.
 */
#ifndef KERN_RING_H
#define KERN_RING_H

#include "kern/capture.h"

struct ring {
	unsigned long *consumer; /* our position, shared with the kernel */
	const unsigned long *producer; /* the kernel's */
	const char *data; /* one page later, mapped twice in a row */
	size_t sz; /* bytes of the ring */
	unsigned long high; /* bytes that waited at most when a drain began */
	uint64_t malformed; /* records that were not what a record is */
};

int ring_init(struct ring *r, int map_fd, size_t sz) __must_check; /* 0 or -errno */
void ring_release(struct ring *r);
/* As capture_drain(), at most an eighth of the ring. */
int ring_drain(struct ring *r, capture_record_fn fn, capture_record_fn soon, void *ctx);
size_t ring_waiting(const struct ring *r); /* bytes */
bool ring_empty(const struct ring *r);

#endif
