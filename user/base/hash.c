/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>

#include "hash.h"

#define BUCKETS_MIN 16
#define LINE        64 /* bytes of memory that come at once */

/* The finaliser of MurmurHash3: every bit of the key decides about every bit of the index. */
static uint64_t scramble(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdULL;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ULL;
	x ^= x >> 33;
	return x;
}

static uint64_t place(const struct hash *h, uint64_t key)
{
	return h->counted ? key : scramble(key);
}

static struct hnode **bucket(const struct hash *h, uint64_t key)
{
	return &h->buckets[place(h, key) & h->mask];
}

int hash_init(struct hash *h, size_t expected)
{
	size_t n = BUCKETS_MIN;

	while (n < expected)
		n *= 2;
	*h = (struct hash){ .buckets = calloc(n, sizeof(struct hnode *)), .mask = n - 1 };
	return h->buckets ? 0 : -ENOMEM;
}

int hash_init_counted(struct hash *h, size_t expected)
{
	int err = hash_init(h, expected);

	h->counted = true;
	return err;
}

void hash_release(struct hash *h)
{
	free(h->buckets);
	*h = (struct hash){};
}

/*
 * Doubling splits every chain in two and keeps the order inside each, so that nodes with one key are still found latest
 * first. Without memory the table stays as it is: slower, not wrong.
 */
static void grow(struct hash *h)
{
	size_t old_n = h->mask + 1;
	struct hnode **fresh = calloc(2 * old_n, sizeof(*fresh));

	if (!fresh)
		return;
	for (size_t i = 0; i < old_n; i++) {
		struct hnode **low = &fresh[i], **high = &fresh[i + old_n];

		for (struct hnode *node = h->buckets[i]; node; node = node->next) {
			struct hnode ***tail = place(h, node->key) & old_n ? &high : &low;

			**tail = node;
			*tail = &node->next;
		}
		*low = NULL;
		*high = NULL;
	}
	free(h->buckets);
	h->buckets = fresh;
	h->mask = 2 * old_n - 1;
}

void hash_add(struct hash *h, struct hnode *node, uint64_t key)
{
	struct hnode **head;

	if (h->n > h->mask)
		grow(h);
	head = bucket(h, key);
	node->key = key;
	node->next = *head;
	*head = node;
	h->n++;
}

void hash_del(struct hash *h, struct hnode *node)
{
	struct hnode **link = bucket(h, node->key);

	while (*link != node)
		link = &(*link)->next;
	*link = node->next;
	node->next = NULL;
	h->n--;
}

static struct hnode *first_with(struct hnode *node, uint64_t key)
{
	while (node && node->key != key)
		node = node->next;
	return node;
}

struct hnode *hash_find(const struct hash *h, uint64_t key)
{
	return first_with(*bucket(h, key), key);
}

struct hnode *hash_next(const struct hnode *node)
{
	return first_with(node->next, node->key);
}

void hash_expect(struct hash *h, uint64_t key, size_t sz)
{
	const char *object;

	if (key == h->expected)
		return;
	object = (const char *)*bucket(h, h->expected);
	for (size_t at = 0; object && at < sz; at += LINE)
		__builtin_prefetch(object + at);
	__builtin_prefetch(bucket(h, key));
	h->expected = key;
}

uint64_t hash_mix(uint64_t a, uint64_t b)
{
	return scramble(a) * 0x9e3779b97f4a7c15ULL + b;
}
