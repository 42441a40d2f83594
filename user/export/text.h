/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text from strangers on a terminal: nothing in it may steer the terminal (control characters, escape sequences,
 * changes of the writing direction), and it takes the columns it says. Wide characters are known when the thread's
 * locale is UTF-8.
 */
#ifndef EXPORT_TEXT_H
#define EXPORT_TEXT_H

#include "base/buf.h"

/* Appends s, what is not harmless as \x1b or \u202e; cut with an ellipsis to so many columns. Returns those it took. */
unsigned text_put(struct buf *out, struct slice s, unsigned columns);
unsigned text_columns(struct slice s);	/* of the whole of s */

#endif
