/* SPDX-License-Identifier: GPL-2.0-only */
/* What came out of a scene. */
#ifndef TESTS_FOUND_H
#define TESTS_FOUND_H

#include "script.h"

/* The span with that kind whose path (url.path or the end of url.full) is `path`; NULL: none. */
static inline const struct span *span_of(const struct scene *sc, enum span_kind kind,
					 const char *path)
{
	size_t i;

	for (i = 0; i < sc->n; i++) {
		const struct span *s = sc->spans[i];
		const struct attr *a =
			attrs_find(&s->attrs, kind == SPAN_SERVER ? "url.path" : "url.full");
		const char *text = a ? attr_text(&s->attrs, a) : "";
		size_t len = strlen(text), want = strlen(path);

		if (s->kind == kind && len >= want && !strcmp(text + len - want, path))
			return s;
	}
	return NULL;
}

static inline bool is_child(const struct span *child, const struct span *parent)
{
	return child && parent && child->has_parent &&
	       !memcmp(&child->parent_id, &parent->span_id, sizeof(struct span_id)) &&
	       !memcmp(&child->trace_id, &parent->trace_id, sizeof(struct trace_id));
}

static inline const char *method_of(const struct span *s)
{
	const struct attr *a = attrs_find(&s->attrs, "link.method");

	return a ? attr_text(&s->attrs, a) : "";
}

static inline double confidence_of(const struct span *s)
{
	return attrs_find(&s->attrs, "link.confidence")->d;
}

/* Is the call with that path a child of the request with that one? */
static inline bool made_for(const struct scene *sc, const char *call, const char *request)
{
	return is_child(span_of(sc, SPAN_CLIENT, call), span_of(sc, SPAN_SERVER, request));
}

/* By which method the call with that path was linked. */
static inline const char *how_linked(const struct scene *sc, const char *call)
{
	return method_of(span_of(sc, SPAN_CLIENT, call));
}

#endif
