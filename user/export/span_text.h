/* SPDX-License-Identifier: GPL-2.0-only */
/* What a person calls a span. */
#ifndef EXPORT_SPAN_TEXT_H
#define EXPORT_SPAN_TEXT_H

#include "trace/span.h"

struct slice span_attr(const struct span *s, const char *key);	/* text; empty: it has none */
/* Where the request went, without its query: "/path" of a server, "host:80/path" of a client; empty: not known. */
struct slice span_where(const struct span *s);
/* "999 µs", "9.99 ms", "1.23 s", "2m 05s" */
void duration_text(char *text, size_t size, uint64_t ns);

#endif
