/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BASE_JSON_TEXT_H
#define BASE_JSON_TEXT_H

#include "buf.h"

/* Appends one string of JSON, in quotes. What a terminal would obey is escaped, too. */
int json_text(struct buf *out, const char *text) __must_check;

#endif
