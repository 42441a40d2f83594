/* SPDX-License-Identifier: GPL-2.0-only */
#include <fnmatch.h>

#include "export/trace_filter.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool trace_filter_is_status(struct slice word)
{
	return slice_eq(word, SLICE("error")) ||
	       (word.n == 3 && word.p[0] >= '1' && word.p[0] <= '5' &&
		((is_digit(word.p[1]) && is_digit(word.p[2])) ||
		 slice_eq(slice_sub(word, 1, 2), SLICE("xx"))));
}

static bool has_status(const struct span *s, struct slice word)
{
	const struct attr *at = attrs_find(&s->attrs, "http.response.status_code");
	uint64_t code;

	if (slice_eq(word, SLICE("error")))
		return s->error;
	if (!at || at->type != ATTR_INT)
		return false;
	if (slice_u64(word, 10, &code))
		return (uint64_t)at->i == code;
	return at->i / 100 == word.p[0] - '0';
}

static bool status_passes(const struct trace_filter *f, const struct tree *t)
{
	struct slice rest = slice_str(f->status);
	size_t i;

	if (!rest.n)
		return true;
	while (rest.n) {
		struct slice word = slice_split(&rest, ',');

		for (i = 0; i < t->n; i++)
			if (has_status(t->nodes[i].span, word))
				return true;
	}
	return false;
}

static bool path_passes(const struct trace_filter *f, const struct tree *t)
{
	size_t i, j;

	if (!f->paths_cnt)
		return true;
	for (i = 0; i < t->n; i++) {
		const struct span *s = t->nodes[i].span;
		const struct attr *path = attrs_find(&s->attrs, "url.path");

		for (j = 0; path && j < f->paths_cnt; j++)
			if (!fnmatch(f->paths[j], attr_text(&s->attrs, path), 0))
				return true;
	}
	return false;
}

bool trace_filter_passes(const struct trace_filter *f, const struct tree *t)
{
	return t->end_ns - t->start_ns >= f->min_ns && status_passes(f, t) && path_passes(f, t);
}
