/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef STRAND_NODE_H
#define STRAND_NODE_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi/config.h"
#include "base/compiler.h"

/* Of a thread in a Node process. sp: its stack pointer, 0 for the main thread's. -ENOENT: not there, or not yet. */
int node_find(uint32_t tgid, uint64_t sp, struct node_places *ret_at) __must_check;

/*
 * n words at address `at`: are they an Environment? What is not found beside the ids is 0; false: the ids are not among
 * them.
 */
bool node_places_among(const uint64_t *words, size_t n, uint64_t at, struct node_places *ret_at);

#endif
