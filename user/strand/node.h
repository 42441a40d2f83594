/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef STRAND_NODE_H
#define STRAND_NODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/*
 * Where a thread of a Node process keeps the ids of its asynchronous work. sp: its stack pointer, 0 for the main
 * thread's. -ENOENT: not there, or not yet.
 */
int node_find_ids(uint32_t tgid, uint64_t sp, uint64_t *ret_ids) __must_check;

/* The address of the ids if these are n words of an Environment with its AsyncHooks among them; 0: they are not. */
uint64_t node_ids_among(const uint64_t *words, size_t n);

#endif
