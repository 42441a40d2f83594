/* SPDX-License-Identifier: GPL-2.0-only */
/* Owned bytes that grow up to a cap fixed at birth. The text is always followed by a NUL that does not count in n. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "compiler.h"
#include "slice.h"

struct buf {
	char *p;	/* NULL until the first append */
	size_t n;
	size_t alloc;
	size_t cap;
};

/* For a local that is freed on every way out: _cleanup_(buf_release) struct buf b = BUF_INIT(LINE_LEN); */
#define BUF_INIT(max_n)	((struct buf){ .cap = (max_n) })

void buf_init(struct buf *b, size_t cap);
void buf_release(struct buf *b);				/* frees; b is as after buf_init */
void buf_clear(struct buf *b);					/* n = 0, keeps the memory */
int buf_reserve(struct buf *b, size_t n) __must_check;		/* room for n more bytes and the NUL; the same errors */
int buf_append(struct buf *b, const void *p, size_t n) __must_check; /* 0, -ENOMEM, -E2BIG; all or nothing */
int buf_puts(struct buf *b, const char *s) __must_check;
int buf_printf(struct buf *b, const char *fmt, ...) __printf(2, 3) __must_check;
void buf_consume(struct buf *b, size_t n);			/* drops the first n bytes */
struct slice buf_slice(const struct buf *b);

#endif
