/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/slice.h"
#include "export/span_text.h"

struct slice span_attr(const struct span *s, const char *key)
{
	const struct attr *at = attrs_find(&s->attrs, key);

	if (!at || at->type != ATTR_STR)
		return (struct slice){ NULL, 0 };
	return (struct slice){ attr_text(&s->attrs, at), at->s.len };
}

/* "http://user@host:80/path?query" -> "host:80/path" */
static struct slice host_and_path(struct slice url)
{
	const char *authority = url.n ? memmem(url.p, url.n, "://", 3) : NULL;
	struct slice host;

	if (authority)
		url = slice_sub(url, (size_t)(authority - url.p) + 3, url.n);
	host = slice_split(&(struct slice){ url.p, url.n }, '/');
	if (slice_chr(host, '@') >= 0)
		url = slice_sub(url, (size_t)slice_chr(host, '@') + 1, url.n);
	return slice_split(&url, '?');
}

struct slice span_where(const struct span *s)
{
	struct slice path = span_attr(s, "url.path");

	return path.n ? path : host_and_path(span_attr(s, "url.full"));
}

void duration_text(char *text, size_t size, uint64_t ns)
{
	double ms = (double)ns / 1e6;

	if (ns < 1000000)
		snprintf(text, size, "%" PRIu64 " µs", (ns + 500) / 1000);
	else if (ms < 9.995)
		snprintf(text, size, "%.2f ms", ms);
	else if (ms < 999.95)
		snprintf(text, size, "%.1f ms", ms);
	else if (ms < 59995)
		snprintf(text, size, "%.2f s", ms / 1e3);
	else if (ms < 3.6e6)
		snprintf(text, size, "%um %02us", (unsigned)(ms / 6e4), (unsigned)(ms / 1e3) % 60);
	else
		snprintf(text, size, "%" PRIu64 "h %02um", ns / 3600000000000,
			 (unsigned)(ms / 6e4) % 60);
}
