/* SPDX-License-Identifier: GPL-2.0-only */
#include "trace/route.h"

static bool is_variable(struct slice seg)
{
	return seg.n >= 2 && seg.p[0] == '{' && seg.p[seg.n - 1] == '}';
}

static bool takes_rest(struct slice seg)
{
	return is_variable(seg) && seg.n >= 3 && seg.p[seg.n - 2] == '*';
}

static bool fits(struct slice pattern, struct slice path)
{
	while (pattern.n && path.n) {
		struct slice want, have;

		if (path.p[0] != '/' || pattern.p[0] != '/')
			return false;
		path = slice_sub(path, 1, path.n);
		pattern = slice_sub(pattern, 1, pattern.n);
		have = slice_sub(path, 0,
				 slice_chr(path, '/') < 0 ? path.n : (size_t)slice_chr(path, '/'));
		want = slice_sub(pattern, 0,
				 slice_chr(pattern, '/') < 0 ? pattern.n
							     : (size_t)slice_chr(pattern, '/'));
		if (takes_rest(want))
			return true;
		if (is_variable(want) ? !have.n : !slice_eq(want, have))
			return false;
		path = slice_sub(path, have.n, path.n);
		pattern = slice_sub(pattern, want.n, pattern.n);
	}
	return !pattern.n && !path.n;
}

const char *route_find(const char *const *patterns, size_t n, struct slice path)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (fits(slice_str(patterns[i]), path))
			return patterns[i];
	}
	return NULL;
}
