/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The inside of the OTLP encoder: the message tree that spans (otlp.c) and log lines (otlp_logs.c) are laid out in. It
 * has a node for every attribute, so it is one piece of memory: a first pass finds the groups and adds up how much the
 * tree will need, a second one builds it and cannot fail. The texts stay where they are.
 */
#ifndef EXPORT_OTLP_TREE_H
#define EXPORT_OTLP_TREE_H

#include "export/otlp.h"

struct region {
	char *p;
	size_t alloc, used;
};

struct otlp {
	const char *version;
	struct region groups;	/* of the first pass */
	struct region tree;
	struct region wire;
	size_t wire_max;	/* otlp_write(): the request at hand takes no more bytes */
	size_t groups_cnt;
};

/* One attribute: the two messages it takes, side by side. */
struct pair {
	Otlp__KeyValue kv;
	Otlp__AnyValue value;
};

#define ALIGNED(n)	(((n) + 15) & ~(size_t)15)
#define take(o, type, n) ((type *)region_take(&(o)->tree, (n) * sizeof(type)))

int region_reset(struct region *r, size_t need) __must_check;	/* 0; -1: out of memory */
void *region_take(struct region *r, size_t n);	/* the first pass has counted: there is room */

struct slice otlp_text(const char *s);		/* NULL: the empty one */
size_t otlp_repair_size(const char *s);		/* of the tree, for otlp_repaired() */
char *otlp_repaired(struct otlp *o, char *s);	/* s, or a copy that is valid UTF-8 */
size_t otlp_attrs_size(const struct attrs *a);	/* of the tree */
Otlp__KeyValue **otlp_build_attrs(struct otlp *o, const struct attrs *a);
Otlp__KeyValue *otlp_pair(struct pair *p, const char *key);	/* without a value */
Otlp__Resource *otlp_build_resource(struct otlp *o, const struct resource *r);
Otlp__InstrumentationScope *otlp_build_scope(struct otlp *o, const char *name);

#endif
