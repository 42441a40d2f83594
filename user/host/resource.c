/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>

#include "host/resource.h"

/* About 25 of our own; the rest is the user's OTEL_RESOURCE_ATTRIBUTES. */
#define RESOURCE_ATTRS_MAX 128
#define RESOURCE_TEXT_MAX  32768 /* both OTEL_RESOURCE_ATTRIBUTES at their largest, and the paths */

struct resource *resource_new(void)
{
	struct resource *r = malloc(sizeof(*r));

	if (!r)
		return NULL;
	r->refs = 1;
	attrs_init(&r->attrs, RESOURCE_ATTRS_MAX, RESOURCE_TEXT_MAX);
	return r;
}

struct resource *resource_get(struct resource *r)
{
	/* Whoever takes a reference holds one already, so nothing has to be ordered. */
	__atomic_add_fetch(&r->refs, 1, __ATOMIC_RELAXED);
	return r;
}

void resource_put(struct resource *r)
{
	/*
	 * Release: all reads of other holders come before the free. Acquire: and the free comes
	 * after them.
	 */
	if (!r || __atomic_sub_fetch(&r->refs, 1, __ATOMIC_ACQ_REL))
		return;
	attrs_release(&r->attrs);
	free(r);
}

const char *resource_service(const struct resource *r)
{
	const struct attr *at = attrs_find(&r->attrs, "service.name");

	return at && at->type == ATTR_STR ? attr_text(&r->attrs, at) : "unknown_service";
}
