/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "export/lines_text.h"

#define SERVICE_COLUMNS 28

static void put_text(struct line *l, const struct log_line *line, unsigned width)
{
	line_sgr(l, SGR_DIM);
	line_own(l, "┊ ", 2);
	line_sgr(l, SGR_PLAIN);
	line_text(l, line->severity >= SEVERITY_ERROR ? SGR_RED : SGR_PLAIN, slice_str(line->body),
		  width);
	line_put(l, "\n");
}

void lines_of_span(struct line *l, const struct span *s, struct log_line *const *lines, size_t n,
		   unsigned indent, unsigned width)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (memcmp(lines[i]->span_id.b, s->span_id.b, sizeof(s->span_id.b)))
			continue;
		l->at = 0;
		line_pad_to(l, indent);
		put_text(l, lines[i], width);
	}
}

int lines_alone(struct buf *out, const struct log_line *line, const struct text_style *style)
{
	struct line l = { .out = out, .colour = style->colour };

	line_text(&l, SGR_CYAN, slice_str(resource_service(line->resource)), SERVICE_COLUMNS);
	line_own(&l, " ", 1);
	put_text(&l, line, style->width);
	return l.err;
}
