/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "attrs.h"
#include "utf8.h"

#define ALLOC_MIN 16 /* an HTTP server span has about so many */
#define TEXT_MIN  256 /* and so much text, its NULs included */

void attrs_init(struct attrs *a, uint32_t max, size_t text_max)
{
	*a = (struct attrs){ .max = max, .value_max = text_max };
	/* Offsets and lengths of the text are 32 bits wide. */
	buf_init(&a->text, min(text_max, (size_t)UINT32_MAX));
}

void attrs_release(struct attrs *a)
{
	free(a->v);
	buf_release(&a->text);
	a->v = NULL;
	a->n = a->alloc = a->dropped = 0;
}

size_t attrs_memory(const struct attrs *a)
{
	return a->alloc * sizeof(*a->v) + a->text.alloc;
}

const char *attr_key(const struct attrs *a, const struct attr *at)
{
	return at->key ? at->key : a->text.p + at->key_off;
}

const char *attr_text(const struct attrs *a, const struct attr *at)
{
	return a->text.p + at->s.off;
}

static struct attr *find(const struct attrs *a, struct slice key)
{
	for (uint32_t i = 0; i < a->n; i++) {
		struct attr *at = &a->v[i];

		if (at->key_len == key.n && !memcmp(attr_key(a, at), key.p, key.n))
			return at;
	}
	return NULL;
}

const struct attr *attrs_find(const struct attrs *a, const char *key)
{
	return find(a, slice_str(key));
}

/* The place of the next attribute, not yet counted in n. NULL: no room. */
static struct attr *next_slot(struct attrs *a)
{
	uint32_t alloc = min(a->alloc ? 2 * a->alloc : ALLOC_MIN, a->max);
	struct attr *v;

	if (a->n < a->alloc)
		return &a->v[a->n];
	if (a->n >= alloc)
		return NULL;
	v = reallocarray(a->v, alloc, sizeof(*v));
	if (!v)
		return NULL;
	a->v = v;
	a->alloc = alloc;
	return &v[a->n];
}

/* A text that is valid and fits, as nearly all do. */
static bool store_whole(struct attrs *a, struct slice s)
{
	if (buf_reserve(&a->text, s.n + 1))
		return false;
	memcpy(a->text.p + a->text.n, s.p, s.n);
	a->text.n += s.n + 1;
	a->text.p[a->text.n - 1] = a->text.p[a->text.n] = '\0';
	return true;
}

/*
 * Puts s and a NUL at the end of the text. What is longer than the room is cut, and counted; without room for even one
 * character of it nothing is stored.
 */
static bool store(struct attrs *a, struct slice s, uint32_t *ret_off, uint32_t *ret_len)
{
	size_t off = a->text.n, need;
	size_t room = min(a->text.cap - off, a->value_max);

	if (!a->text.p && buf_reserve(&a->text, min(a->text.cap, (size_t)TEXT_MIN)))
		return false;
	if (s.n && s.n < room && utf8_valid_prefix(s) == s.n) {
		*ret_off = (uint32_t)off;
		*ret_len = (uint32_t)s.n;
		return store_whole(a, s);
	}
	need = utf8_repaired_len(s);
	if (!room || utf8_append(&a->text, s, room - 1))
		return false;
	if (need && a->text.n == off)
		return false;
	if (buf_append(&a->text, "", 1)) {
		a->text.n = off;
		return false;
	}
	if (need > room - 1)
		a->dropped++;
	*ret_off = (uint32_t)off;
	*ret_len = (uint32_t)(a->text.n - off - 1);
	return true;
}

static void add(struct attrs *a, const char *key, struct attr value)
{
	size_t len = strlen(key);
	struct attr *at;

	if (find(a, (struct slice){ key, len }))
		return;
	at = next_slot(a);
	if (!at) {
		a->dropped++;
		return;
	}
	value.key = key;
	value.key_len = len;
	*at = value;
	a->n++;
}

void attrs_int(struct attrs *a, const char *key, int64_t v)
{
	add(a, key, (struct attr){ .type = ATTR_INT, .i = v });
}

void attrs_double(struct attrs *a, const char *key, double v)
{
	add(a, key, (struct attr){ .type = ATTR_DOUBLE, .d = v });
}

void attrs_bool(struct attrs *a, const char *key, bool v)
{
	add(a, key, (struct attr){ .type = ATTR_BOOL, .b = v });
}

void attrs_str(struct attrs *a, const char *key, struct slice v)
{
	size_t len = strlen(key);
	struct attr *at;

	if (find(a, (struct slice){ key, len }))
		return;
	at = next_slot(a);
	if (!at || !store(a, v, &at->s.off, &at->s.len)) {
		a->dropped++;
		return;
	}
	at->key = key;
	at->key_len = len;
	at->type = ATTR_STR;
	a->n++;
}

/* A key that would have to be cut is another key: such an attribute is dropped as a whole. */
static bool store_key(struct attrs *a, struct slice key, uint32_t *ret_off, uint32_t *ret_len)
{
	return utf8_repaired_len(key) < a->text.cap - a->text.n && store(a, key, ret_off, ret_len);
}

void attrs_str_dup(struct attrs *a, struct slice key, struct slice v)
{
	struct attr *at = next_slot(a);
	size_t before = a->text.n;
	uint32_t len = 0;

	/* Compared as stored: two keys may differ only in what repairing takes away. */
	if (at && store_key(a, key, &at->key_off, &len) &&
	    !find(a, (struct slice){ a->text.p + at->key_off, len }) &&
	    store(a, v, &at->s.off, &at->s.len)) {
		at->key = NULL;
		at->key_len = len;
		at->type = ATTR_STR;
		a->n++;
		return;
	}
	a->text.n = before;
	if (!find(a, key))
		a->dropped++;
}

void attrs_list_dup(struct attrs *a, struct slice key, struct slice v)
{
	struct attr *last = a->n ? &a->v[a->n - 1] : NULL;
	uint32_t off, len;

	if (!last || last->type != ATTR_LIST || !slice_eq(slice_str(attr_key(a, last)), key)) {
		uint32_t before = a->n;

		attrs_str_dup(a, key, v);
		if (a->n > before)
			a->v[before].type = ATTR_LIST;
		return;
	}
	if (store(a, v, &off, &len))
		last->s.len = off + len - last->s.off;
	else
		a->dropped++;
}

uint32_t attr_list_cnt(const struct attrs *a, const struct attr *at)
{
	const char *p = attr_text(a, at), *end = p + at->s.len;
	uint32_t n = 1;

	while ((p = memchr(p, '\0', (size_t)(end - p)))) {
		n++;
		p++;
	}
	return n;
}

const char *attr_list_next(const struct attrs *a, const struct attr *at, const char *prev)
{
	return prev ? prev + strlen(prev) + 1 : attr_text(a, at);
}

/* The old text stays in the arena until the whole is released: replacing is rare, and so no other offset moves. */
void attrs_set_str(struct attrs *a, const char *key, struct slice v)
{
	struct attr *at = find(a, slice_str(key));
	uint32_t off, len;

	if (!at) {
		attrs_str(a, key, v);
		return;
	}
	if (!store(a, v, &off, &len)) {
		a->dropped++;
		return;
	}
	at->type = ATTR_STR;
	at->s.off = off;
	at->s.len = len;
}

/* Bytes of the first `chars` characters; a byte that continues a character begins none. */
static size_t chars_len(struct slice s, uint64_t chars)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] & 0xc0) != 0x80 && !chars--)
			break;
	return i;
}

void attr_cut(struct attrs *a, struct attr *at, uint64_t chars)
{
	char *to = a->text.p + at->s.off;
	struct slice rest = { to, at->s.len }, part;
	bool cut = false, more;
	size_t n;

	if ((at->type != ATTR_STR && at->type != ATTR_LIST) || at->s.len <= chars)
		return;
	do {
		more = at->type == ATTR_LIST && slice_chr(rest, '\0') >= 0;
		part = at->type == ATTR_LIST ? slice_split(&rest, '\0') : rest;
		n = chars_len(part, chars);
		cut |= n < part.n;
		memmove(to, part.p, n);
		to += n;
		*to++ = '\0';
	} while (more);
	at->s.len = (uint32_t)(to - 1 - (a->text.p + at->s.off));
	a->dropped += cut;
}
