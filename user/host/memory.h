/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory of another process, as far as nobody can keep a reader waiting for it: what is the process's own, or of a
 * file on a disk. What other files have in them, their provider (FUSE) may hold back for ever.
 */
#ifndef HOST_MEMORY_H
#define HOST_MEMORY_H

#include <sys/types.h>

#include "base/buf.h"

struct mapping {
	uint64_t start, end, off, inode;
	uint64_t device;
	struct slice name;	/* of the text of memory->maps */
};

struct memory {
	int fd;
	struct buf maps;	/* /proc/PID/maps */
	struct mapping *v;	/* by address */
	size_t n;
	uint64_t trusted;	/* a device whose files may be read, too; 0: none */
};

/* Whatever the result, memory_close() is due. */
int memory_open(uint32_t tgid, struct memory *ret_memory) __must_check;
void memory_close(struct memory *m);
/* Bytes read, as many as there are from there on without a gap: up to sz. -EFAULT: none. */
ssize_t memory_read(const struct memory *m, uint64_t at, void *to, size_t sz);

/* --- the parts of that which are pure --- */
/* Lines that cannot be read are none. `maps` is borrowed. */
int memory_parse(struct slice maps, struct memory *ret_memory) __must_check;
/* How many bytes may be read from there on, without a gap. */
uint64_t memory_plain(const struct memory *m, uint64_t at);

#endif
