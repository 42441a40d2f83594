/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Intrusive hash table keyed by 64-bit numbers. Several nodes may have the same key (a caller whose identity is longer
 * than 64 bits mixes it into the key and compares the rest itself). The nodes' memory is the caller's, as is the bound.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
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
	bool counted;
	uint64_t expected;
};

int hash_init(struct hash *h, size_t expected) __must_check;	/* 0 or -ENOMEM; buckets grow as nodes come */
/* The same for keys that count up: those at work now are neighbours, and few lines of the cache hold their buckets. */
int hash_init_counted(struct hash *h, size_t expected) __must_check;
void hash_release(struct hash *h);				/* the nodes are not touched */
void hash_add(struct hash *h, struct hnode *node, uint64_t key);
void hash_del(struct hash *h, struct hnode *node);		/* node must be in h */
struct hnode *hash_find(const struct hash *h, uint64_t key);	/* NULL: none */
struct hnode *hash_next(const struct hnode *node);		/* the next one with the same key */
/*
 * The key is looked for soon. Of a large table nothing is in a cache by then, but each step can be fetched while
 * something else is done: its bucket now, and what is in the bucket of the key expected before it, objects of `sz`
 * bytes that begin with their node.
 */
void hash_expect(struct hash *h, uint64_t key, size_t sz);
uint64_t hash_mix(uint64_t a, uint64_t b);			/* one key from two numbers */

#endif
