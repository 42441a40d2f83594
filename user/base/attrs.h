/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bounded set of named values with the text they own. Keys are literals (borrowed for ever) or, with the _dup form,
 * copied. Adding never fails towards the caller: what does not fit is cut or dropped, and `dropped` counts it.
 * Strings are made valid UTF-8 when they are added; a key that is already there is not added again, but by attrs_set_*.
 */
#ifndef BASE_ATTRS_H
#define BASE_ATTRS_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

enum attr_type { ATTR_STR, ATTR_INT, ATTR_DOUBLE, ATTR_BOOL, ATTR_LIST };

struct attr {
	const char *key;	/* NULL: the key is at key_off of the text */
	uint32_t key_off;
	uint32_t type : 4;	/* enum attr_type */
	uint32_t key_len : 28;	/* so that most keys need no second look */
	union {
		int64_t i;
		double d;
		bool b;
		struct { uint32_t off, len; } s;	/* ATTR_LIST: its strings, a NUL between two */
	};
};

struct attrs {
	struct attr *v;
	uint32_t n, alloc;
	uint32_t dropped;
	uint32_t max;		/* of n */
	size_t value_max;	/* bytes of one value, so that a long one leaves room for others */
	struct buf text;
};

void attrs_init(struct attrs *a, uint32_t max, size_t text_max);
void attrs_release(struct attrs *a);
size_t attrs_memory(const struct attrs *a);	/* bytes of memory that it takes beside itself */
void attrs_str(struct attrs *a, const char *key, struct slice v);	/* empty values are added too */
void attrs_int(struct attrs *a, const char *key, int64_t v);
void attrs_double(struct attrs *a, const char *key, double v);
void attrs_bool(struct attrs *a, const char *key, bool v);
void attrs_str_dup(struct attrs *a, struct slice key, struct slice v);
/* Adds to the list of that name, or begins it; nothing else is added to `a` before a list is complete. */
void attrs_list_dup(struct attrs *a, struct slice key, struct slice v);
void attrs_set_str(struct attrs *a, const char *key, struct slice v);	/* replaces */
void attr_cut(struct attrs *a, struct attr *at, uint64_t chars);	/* a longer text; of a list each part */
const struct attr *attrs_find(const struct attrs *a, const char *key);	/* NULL: none */
const char *attr_key(const struct attrs *a, const struct attr *at);	/* NUL-terminated */
const char *attr_text(const struct attrs *a, const struct attr *at);	/* ATTR_STR; NUL-terminated, at->s.len long */
uint32_t attr_list_cnt(const struct attrs *a, const struct attr *at);
/* The next string of a list, NUL-terminated; prev NULL: the first. */
const char *attr_list_next(const struct attrs *a, const struct attr *at, const char *prev);

#endif
