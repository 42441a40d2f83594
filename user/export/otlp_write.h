/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spans as the bytes of an OTLP request, without a tree of messages between. Protobuf puts the length of a message
 * before it, so the writer begins at the end: when it comes to the place where a length belongs, what it counts is
 * there. Fields are therefore written in descending order, and lists from their last element to their first.
 * What comes out is byte for byte what protobuf-c makes of the tree (otlp.h), which the tests compare.
 */
#ifndef EXPORT_OTLP_WRITE_H
#define EXPORT_OTLP_WRITE_H

#include "trace/span.h"

struct writer {
	char *p;	/* the first byte that is written; before it there must be room */
};

/* How many bytes at most. */
size_t otlp_span_bound(const struct span *s);
size_t otlp_resource_bound(const struct resource *r);

void otlp_write_span(struct writer *w, const struct span *s);	/* as a span of ScopeSpans */
/* Puts what has been written since `end`, its spans, into an envelope. */
void otlp_write_scope(struct writer *w, const char *end, const char *scope, const char *version);
void otlp_write_schema(struct writer *w);	/* the last field of either envelope */
void otlp_write_resource(struct writer *w, const char *end, const struct resource *r);

#endif
