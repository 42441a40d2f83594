/* SPDX-License-Identifier: GPL-2.0-only */
#include "export/line.h"
#include "export/text.h"

void line_put(struct line *l, const char *s)
{
	if (!l->err)
		l->err = buf_puts(l->out, s);
}

void line_sgr(struct line *l, const char *code)
{
	if (!l->colour)
		return;
	line_put(l, "\x1b[");
	line_put(l, code);
	line_put(l, "m");
}

/* Foreign text, at most up to the column `end`. */
void line_text(struct line *l, const char *code, struct slice s, unsigned end)
{
	if (l->at >= end)
		return;
	line_sgr(l, code);
	l->at += text_put(l->out, s, end - l->at);
	line_sgr(l, "0");
}

/* Text of our own that takes so many columns. */
void line_own(struct line *l, const char *s, unsigned columns)
{
	line_put(l, s);
	l->at += columns;
}

void line_pad_to(struct line *l, unsigned column)
{
	while (l->at < column)
		line_own(l, " ", 1);
}

void line_right(struct line *l, const char *s, unsigned columns)
{
	unsigned n = text_columns(slice_str(s));

	line_pad_to(l, l->at + (n < columns ? columns - n : 0));
	line_own(l, s, n);
}
