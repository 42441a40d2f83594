/* SPDX-License-Identifier: GPL-2.0-only */
/* One line of text while it is written: the columns are counted, errors of the buffer are kept for the end. */
#ifndef EXPORT_LINE_H
#define EXPORT_LINE_H

#include <stdbool.h>

#include "base/buf.h"

#define SGR_PLAIN "0"
#define SGR_BOLD  "1"
#define SGR_DIM	  "2"
#define SGR_RED	  "31"
#define SGR_CYAN  "36"

struct text_style {
	bool colour;
	unsigned width;		/* columns */
};

struct line {
	struct buf *out;
	bool colour;
	unsigned at;		/* column */
	int err;
};

void line_put(struct line *l, const char *s);				/* takes no columns */
void line_sgr(struct line *l, const char *code);
void line_text(struct line *l, const char *code, struct slice s, unsigned end);	/* foreign; up to column end */
void line_own(struct line *l, const char *s, unsigned columns);		/* our own */
void line_pad_to(struct line *l, unsigned column);
void line_right(struct line *l, const char *s, unsigned columns);

#endif
