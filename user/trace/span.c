/* SPDX-License-Identifier: GPL-2.0-only */
#include "abi/limits.h"
#include "trace/span.h"

struct span *span_new(void)
{
	struct span *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->refs = 1;
	list_init(&s->node);
	attrs_init(&s->attrs, ATTRS_MAX, ATTR_TEXT_MAX);
	return s;
}

struct span *span_get(struct span *s)
{
	__atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
	return s;
}

void span_free(struct span *s)
{
	if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL))
		return;
	resource_put(s->resource);
	attrs_release(&s->attrs);
	free(s->name);
	free(s->trace_state);
	free(s);
}
