/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines of logs for a terminal: below the span they were written for, or by themselves. */
#ifndef EXPORT_LINES_TEXT_H
#define EXPORT_LINES_TEXT_H

#include "export/line.h"
#include "trace/log_line.h"

/* Those of the n lines that belong to the span, indented. */
void lines_of_span(struct line *l, const struct span *s, struct log_line *const *lines, size_t n,
		   unsigned indent, unsigned width);
/* One that belongs to no span that is shown, with the name of its service. */
int lines_alone(struct buf *out, const struct log_line *line, const struct text_style *style) __must_check;

#endif
