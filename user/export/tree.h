/* SPDX-License-Identifier: GPL-2.0-only */
/* The spans of one trace as a forest in order of time. What has no parent among them is a root. */
#ifndef EXPORT_TREE_H
#define EXPORT_TREE_H

#include "base/hash.h"
#include "trace/log_line.h"
#include "trace/span.h"

struct tree_node {
	struct hnode by_id;
	const struct span *span;
	struct tree_node *parent, *child, *next;	/* the first child, the next sibling: by start */
	unsigned depth;
};

struct tree {
	struct tree_node *nodes;
	size_t n;
	struct tree_node *root;		/* the first one; the others follow as its siblings */
	uint64_t start_ns, end_ns;	/* of all of them */
	struct log_line *const *lines;	/* borrowed: what was logged for their requests; set after tree_init() */
	size_t lines_n;
};

int tree_init(struct tree *t, struct span *const *spans, size_t n) __must_check;	/* 0 or -ENOMEM; n > 0 */
void tree_release(struct tree *t);
struct tree_node *tree_next(const struct tree_node *node);	/* the line below; NULL: that was the last one */

#endif
