/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EXPORT_LIST_TEXT_H
#define EXPORT_LIST_TEXT_H

#include "export/line.h"
#include "export/tree.h"

/* Appends one line for a whole trace: when, how long, with what result, what, and its id. 0, -ENOMEM, -E2BIG. */
int list_text(struct buf *out, const struct tree *t, const struct text_style *style) __must_check;

#endif
