/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"

#define ALLOC_MIN 64 /* a short attribute or header line without a second allocation */

void buf_init(struct buf *b, size_t cap)
{
	/* Room for the NUL and for doubling must not overflow. */
	*b = (struct buf){ .cap = min(cap, SIZE_MAX / 4) };
}

void buf_release(struct buf *b)
{
	free(b->p);
	buf_init(b, b->cap);
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	if (b->p)
		b->p[0] = '\0';
}

int buf_reserve(struct buf *b, size_t n)
{
	size_t need, alloc;
	char *p;

	if (n > b->cap - b->n)
		return -E2BIG;
	need = b->n + n + 1;
	if (need <= b->alloc)
		return 0;
	alloc = max(max(need, 2 * b->alloc), (size_t)ALLOC_MIN);
	alloc = min(alloc, b->cap + 1);
	p = realloc(b->p, alloc);
	if (!p)
		return -ENOMEM;
	b->p = p;
	b->alloc = alloc;
	return 0;
}

int buf_append(struct buf *b, const void *p, size_t n)
{
	int err = buf_reserve(b, n);

	if (err)
		return err;
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = '\0';
	return 0;
}

int buf_puts(struct buf *b, const char *s)
{
	return buf_append(b, s, strlen(s));
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args;
	int n, err;

	va_start(args, fmt);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (n < 0)
		return -EINVAL;
	err = buf_reserve(b, (size_t)n);
	if (err)
		return err;
	va_start(args, fmt);
	vsnprintf(b->p + b->n, (size_t)n + 1, fmt, args);
	va_end(args);
	b->n += (size_t)n;
	return 0;
}

void buf_consume(struct buf *b, size_t n)
{
	n = min(n, b->n);
	if (!n)
		return;
	memmove(b->p, b->p + n, b->n - n + 1);
	b->n -= n;
}

struct slice buf_slice(const struct buf *b)
{
	return (struct slice){ b->p, b->n };
}
