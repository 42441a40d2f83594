/* SPDX-License-Identifier: GPL-2.0-only */
/* Waits on file descriptors and calls what belongs to each. */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdint.h>

#include "cleanup.h"
#include "compiler.h"

/* Ring, signals, one per process that is waited for; further ones are refused. */
#define LOOP_FDS_MAX 64

struct loop;
typedef void (*loop_fn)(void *ctx, int fd);

struct loop *loop_new(void); /* NULL: out of memory or descriptors */
void loop_free(struct loop *l); /* the descriptors stay open */
int loop_add(struct loop *l, int fd, loop_fn fn, void *ctx) __must_check; /* -ENOSPC, -errno */
void loop_del(struct loop *l, int fd);
int loop_wait(struct loop *l, int timeout_ms); /* calls what is ready; -1: for ever. 0 or -errno */

DEFINE_FREEP(loop_free, struct loop)

#endif
