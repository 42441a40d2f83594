/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "buf.h"

/*
 * Length of the longest valid UTF-8 prefix of s (no surrogates, no overlong forms, at most U+10FFFF). NUL counts as
 * invalid: what is made valid ends up in C strings.
 */
size_t utf8_valid_prefix(struct slice s);
/* Bytes of s once every invalid byte has become U+FFFD. */
size_t utf8_repaired_len(struct slice s);
/*
 * Appends s with every invalid byte replaced by U+FFFD; cut at a character boundary so that at most max bytes are
 * added. 0; -ENOMEM, -E2BIG: nothing was added.
 */
int utf8_append(struct buf *b, struct slice s, size_t max) __must_check;

#endif
