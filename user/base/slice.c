/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "compiler.h"
#include "slice.h"

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

struct slice slice_trim(struct slice s)
{
	while (s.n && blank(s.p[0]))
		s = slice_sub(s, 1, s.n);
	while (s.n && blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* Not strncasecmp(): it stops at a NUL and follows the locale. */
static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

bool slice_ieq_bytes(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

bool slice_starts(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n && slice_eq(slice_sub(s, 0, prefix.n), prefix);
}

ptrdiff_t slice_chr(struct slice s, char c)
{
	const char *at = s.n ? memchr(s.p, c, s.n) : NULL;

	return at ? at - s.p : -1;
}

struct slice slice_split(struct slice *s, char sep)
{
	ptrdiff_t at = slice_chr(*s, sep);
	struct slice head = at < 0 ? *s : slice_sub(*s, 0, (size_t)at);

	*s = slice_sub(*s, at < 0 ? s->n : (size_t)at + 1, s->n);
	return head;
}

struct slice slice_split_last(struct slice *s, char sep)
{
	const char *found = s->n ? memrchr(s->p, sep, s->n) : NULL;
	size_t at = found ? (size_t)(found - s->p) : 0;
	struct slice last = slice_sub(*s, found ? at + 1 : 0, s->n);

	s->n = at;
	return last;
}

static unsigned digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c = lower(c);
	return c >= 'a' && c <= 'z' ? (unsigned)(c - 'a') + 10 : ~0u;
}

bool slice_u64(struct slice s, unsigned base, uint64_t *ret_v)
{
	uint64_t v = 0;

	if (!s.n)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned d = digit(s.p[i]);

		if (d >= base || __builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)d, &v))
			return false;
	}
	*ret_v = v;
	return true;
}

char *slice_dup(struct slice s)
{
	char *copy = malloc(s.n + 1);

	if (!copy)
		return NULL;
	if (s.n)
		memcpy(copy, s.p, s.n);
	copy[s.n] = '\0';
	return copy;
}
