/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef STRAND_MOVED_H
#define STRAND_MOVED_H

#include "abi/event.h"
#include "base/buf.h"

/* Where the objects in these stretches of a Java process are now, as struct heap_move; -errno. */
int java_moved(const struct heap_ask *ask, struct buf *ret_moves) __must_check;

#endif
