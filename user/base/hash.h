/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Intrusive hash table keyed by 64-bit numbers. Several nodes may have the same key (a caller whose identity is longer
 * than 64 bits mixes it into the key and compares the rest itself). The nodes' memory is the caller's, as is the bound.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>

#include "compiler.h"

struct hnode {
	struct hnode *next;
	uint64_t key;
};

struct hash {
	struct hnode **buckets;
	size_t mask;
	size_t n;
};

int hash_init(struct hash *h, size_t expected) __must_check;	/* 0 or -ENOMEM; buckets grow as nodes come */
void hash_release(struct hash *h);				/* the nodes are not touched */
void hash_add(struct hash *h, struct hnode *node, uint64_t key);
void hash_del(struct hash *h, struct hnode *node);		/* node must be in h */
struct hnode *hash_find(const struct hash *h, uint64_t key);	/* NULL: none */
struct hnode *hash_next(const struct hnode *node);		/* the next one with the same key */
uint64_t hash_mix(uint64_t a, uint64_t b);			/* one key from two numbers */

#endif
