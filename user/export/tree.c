/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "export/tree.h"

static uint64_t id_key(const struct span_id *id)
{
	uint64_t key;

	memcpy(&key, id->b, sizeof(key));
	return key;
}

static int by_start(const void *a, const void *b)
{
	const struct span *x = ((const struct tree_node *)a)->span;
	const struct span *y = ((const struct tree_node *)b)->span;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	if (x->end_ns != y->end_ns)
		return x->end_ns > y->end_ns ? -1 : 1;
	return memcmp(x->span_id.b, y->span_id.b, sizeof(x->span_id.b));
}

/* The parent ids come from strangers too: who is below n already cannot be above it. */
static bool is_below(const struct tree_node *node, const struct tree_node *n)
{
	while (node && node != n)
		node = node->parent;
	return node;
}

static struct tree_node *find_parent(const struct hash *ids, const struct tree_node *n)
{
	struct hnode *h = NULL;
	struct tree_node *parent;

	if (n->span->has_parent)
		h = hash_find(ids, id_key(&n->span->parent_id));
	parent = h ? container_of(h, struct tree_node, by_id) : NULL;
	return is_below(parent, n) ? NULL : parent;
}

int tree_init(struct tree *t, struct span *const *spans, size_t n)
{
	struct tree_node *node;
	struct hash ids;
	size_t i;

	*t = (struct tree){ .n = n, .start_ns = UINT64_MAX };
	t->nodes = calloc(n, sizeof(*t->nodes));
	if (!t->nodes || hash_init(&ids, n)) {
		tree_release(t);
		return -ENOMEM;
	}
	for (i = 0; i < n; i++) {
		t->nodes[i].span = spans[i];
		t->start_ns = min(t->start_ns, spans[i]->start_ns);
		t->end_ns = max(t->end_ns, spans[i]->end_ns);
	}
	qsort(t->nodes, n, sizeof(*t->nodes), by_start);
	for (i = 0; i < n; i++)
		hash_add(&ids, &t->nodes[i].by_id, id_key(&t->nodes[i].span->span_id));
	for (i = n; i-- > 0;) {
		struct tree_node **first;

		node = &t->nodes[i];
		node->parent = find_parent(&ids, node);
		first = node->parent ? &node->parent->child : &t->root;
		node->next = *first;
		*first = node;
	}
	hash_release(&ids);
	for (node = t->root; node; node = tree_next(node))
		node->depth = node->parent ? node->parent->depth + 1 : 0;
	return 0;
}

void tree_release(struct tree *t)
{
	free(t->nodes);
	t->nodes = NULL;
}

struct tree_node *tree_next(const struct tree_node *node)
{
	if (node->child)
		return node->child;
	while (node && !node->next)
		node = node->parent;
	return node ? node->next : NULL;
}
