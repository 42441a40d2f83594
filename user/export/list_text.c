/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "export/list_text.h"
#include "export/span_text.h"

#define TIME_COLUMNS   9
#define STATUS_COLUMNS 6
#define SPANS_COLUMNS  11
#define ID_COLUMNS     34
#define WIDTH_MIN      60
#define WIDTH_MAX      200

static void put_clock(struct line *l, uint64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / NSEC_PER_SEC);
	char text[16] = "", ms[8];
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%H:%M:%S", &tm);
	snprintf(ms, sizeof(ms), ".%03u", (unsigned)(wall_ns % NSEC_PER_SEC / NSEC_PER_MSEC));
	line_sgr(l, SGR_DIM);
	line_own(l, text, 8);
	line_own(l, ms, 4);
	line_sgr(l, SGR_PLAIN);
}

static void put_status(struct line *l, const struct span *s)
{
	const struct attr *status = attrs_find(&s->attrs, "http.response.status_code");
	char text[16] = "";

	if (status && status->type == ATTR_INT)
		snprintf(text, sizeof(text), "%u", (unsigned)status->i % 1000);
	line_sgr(l, s->error ? SGR_RED : SGR_PLAIN);
	line_right(l, *text || !s->error ? text : "✗", STATUS_COLUMNS);
	line_sgr(l, SGR_PLAIN);
}

static void put_what(struct line *l, const struct span *s, unsigned end)
{
	struct slice where = span_where(s), name = slice_str(s->name ? s->name : "");

	line_own(l, "  ", 2);
	line_text(l, SGR_CYAN, slice_str(resource_service(s->resource)), l->at + (end - l->at) / 2);
	line_own(l, s->kind == SPAN_CLIENT ? " → " : "  ", s->kind == SPAN_CLIENT ? 3 : 2);
	line_text(l, SGR_PLAIN, where.n ? slice_split(&name, ' ') : name, end);
	if (where.n && l->at + 2 < end) {
		line_own(l, " ", 1);
		line_text(l, SGR_PLAIN, where, end);
	}
	line_pad_to(l, end);
}

static void put_id(struct line *l, const struct trace_id *id)
{
	char text[4];
	size_t i;

	line_sgr(l, SGR_DIM);
	line_own(l, "  ", 2);
	for (i = 0; i < sizeof(id->b); i++) {
		snprintf(text, sizeof(text), "%02x", id->b[i]);
		line_own(l, text, 2);
	}
	line_sgr(l, SGR_PLAIN);
}

int list_text(struct buf *out, const struct tree *t, const struct text_style *style)
{
	unsigned width = max(min(style->width, (unsigned)WIDTH_MAX), (unsigned)WIDTH_MIN);
	struct line l = { .out = out, .colour = style->colour };
	const struct span *root = t->root->span;
	bool wide = width >= 2 * ID_COLUMNS + WIDTH_MIN / 2; /* room for the id */
	char text[32];

	put_clock(&l, root->start_ns);
	duration_text(text, sizeof(text), t->end_ns - t->start_ns);
	line_right(&l, text, TIME_COLUMNS + 2);
	put_status(&l, root);
	put_what(&l, root, width - SPANS_COLUMNS - (wide ? ID_COLUMNS : 0));
	snprintf(text, sizeof(text), "%zu span%s", t->n, t->n == 1 ? "" : "s");
	line_right(&l, text, SPANS_COLUMNS);
	if (wide)
		put_id(&l, &root->trace_id);
	line_put(&l, "\n");
	return l.err;
}
