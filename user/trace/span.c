/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "abi/limits.h"
#include "trace/span.h"

void span_attrs_init(struct attrs *a)
{
	attrs_init(a, ATTRS_MAX, ATTR_TEXT_MAX);
	a->value_max = ATTR_VALUE_MAX;
}

void span_limit(struct span *s, const struct attr_limits *limits)
{
	struct attrs *a = &s->attrs;
	uint32_t i;

	if (a->n > limits->count) {
		a->dropped += a->n - (uint32_t)limits->count;
		a->n = (uint32_t)limits->count;
	}
	for (i = 0; i < a->n; i++)
		attr_cut(a, &a->v[i], limits->value_chars);
}

struct span *span_new(void)
{
	struct span *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->refs = 1;
	list_init(&s->node);
	span_attrs_init(&s->attrs);
	return s;
}

static size_t text_size(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

size_t span_memory(const struct span *s)
{
	return sizeof(*s) + attrs_memory(&s->attrs) + text_size(s->name) +
	       text_size(s->trace_state);
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
