/* SPDX-License-Identifier: GPL-2.0-only */
/* Borrowed bytes, passed by value. Never owns, need not end in NUL. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *p;
	size_t n;
};

#define SLICE(lit)	((struct slice){ (lit), sizeof(lit) - 1 })
#define SLICE_FMT	"%.*s"
#define SLICE_ARG(s)	(int)(s).n, (s).p

/* NULL gives the empty slice. The three that the decoders live on are here, so that a literal's length is no call. */
static inline struct slice slice_str(const char *s)
{
	return (struct slice){ s, s ? strlen(s) : 0 };
}

/* Clamped to s. An empty slice may have no address, and NULL + 0 is the only arithmetic NULL allows. */
static inline struct slice slice_sub(struct slice s, size_t from, size_t n)
{
	from = from < s.n ? from : s.n;
	return (struct slice){ s.p ? s.p + from : NULL, n < s.n - from ? n : s.n - from };
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n));
}

struct slice slice_trim(struct slice s);			/* without leading and trailing spaces and tabs */
bool slice_ieq_bytes(const char *a, const char *b, size_t n);
/* ASCII case ignored. Most names that are compared differ in length: that is seen without a call. */
static inline bool slice_ieq(struct slice a, struct slice b)
{
	return a.n == b.n && slice_ieq_bytes(a.p, b.p, a.n);
}

bool slice_starts(struct slice s, struct slice prefix);
ptrdiff_t slice_chr(struct slice s, char c);			/* index of the first c, -1: none */
/* Cuts s at the first `sep`: returns what is before it, leaves in *s what is after it (empty when there is none). */
struct slice slice_split(struct slice *s, char sep);
/* The same at the last one: returns what is after it, or all of s, leaves in *s what is before it. */
struct slice slice_split_last(struct slice *s, char sep);
bool slice_u64(struct slice s, unsigned base, uint64_t *ret_v);	/* whole slice, digits only, no overflow */
char *slice_dup(struct slice s);				/* NUL-terminated copy; NULL: out of memory */

#endif
