/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ownership: a local that owns is declared `_cleanup_(foo_freep) struct foo *f = NULL;` and handed over with
 * `return take_ptr(f);`. Every destructor accepts NULL and half-built objects.
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn)	__attribute__((cleanup(fn)))
#define take_ptr(p)	({ __typeof__(p) __taken = (p); (p) = NULL; __taken; })
#define take_fd(fd)	({ int __taken = (fd); (fd) = -1; __taken; })

/* DEFINE_FREEP(foo_free, struct foo) makes foo_freep() for _cleanup_(). */
#define DEFINE_FREEP(fn, type) \
	static inline void fn##p(type **p) { fn(*p); }

static inline void freep(void *p) { free(*(void **)p); }
static inline void close_fdp(int *fd) { if (*fd >= 0) close(*fd); }
static inline void fclosep(FILE **f) { if (*f) fclose(*f); }

#endif
