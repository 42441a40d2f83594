/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <string.h>

#include "export/line.h"
#include "export/lines_text.h"
#include "export/span_text.h"
#include "export/text.h"
#include "export/tree_text.h"

#define WIDTH_MIN      40
#define WIDTH_MAX      400
#define BAR_WIDTH_FROM 72 /* narrower terminals get no bars */
#define TIME_COLUMNS   9 /* "999.9 ms", "59m 59s" and a sign */
#define STATUS_COLUMNS 5 /* a mark and an HTTP status */
#define NAME_COLUMNS   28 /* of a service */
#define SERVICES_SHOWN 4
#define CERTAIN        0.9 /* links below it say how they were found */
#define DOUBT_METHOD   12 /* columns of the longest link.method there is */

/* What is the same for every line of a trace. */
struct layout {
	unsigned left, bar; /* columns */
	uint64_t start_ns, total_ns;
};

/* --- what a span is called --- */

static void put_name(struct line *l, const struct span *s, unsigned end)
{
	struct slice path = span_where(s), name = slice_str(s->name ? s->name : "");

	/* The path says more than the route that a name may carry after its method. */
	if (path.n)
		name = slice_split(&name, ' ');
	line_text(l, s->error ? SGR_RED : "0", name, end);
	if (!path.n || l->at + 2 > end)
		return;
	line_own(l, " ", 1);
	line_text(l, s->error ? SGR_RED : "0", path, end);
}

/* A link that is not certain says so; "": it is. */
static void format_doubt(char *text, size_t size, const struct span *s)
{
	const struct attr *confidence = attrs_find(&s->attrs, "link.confidence");
	struct slice method = span_attr(s, "link.method");

	*text = '\0';
	if (confidence && confidence->type == ATTR_DOUBLE && confidence->d < CERTAIN)
		snprintf(text, size, "  ~%.*s %.2g", (int)min(method.n, (size_t)DOUBT_METHOD),
			 method.p ? method.p : "", confidence->d);
}

static void put_error_type(struct line *l, const struct span *s, unsigned end)
{
	struct slice type = span_attr(s, "error.type");

	/* An HTTP status has its own column. */
	if (!type.n || (*type.p >= '0' && *type.p <= '9') || l->at + 3 > end)
		return;
	line_own(l, "  ", 2);
	line_text(l, SGR_RED, type, end);
}

static void put_status(struct line *l, const struct span *s)
{
	const struct attr *status = attrs_find(&s->attrs, "http.response.status_code");
	char text[16] = "";

	if (status && status->type == ATTR_INT)
		snprintf(text, sizeof(text), "%u", (unsigned)status->i % 1000);
	if (!s->error) {
		line_right(l, text, STATUS_COLUMNS);
		return;
	}
	line_sgr(l, SGR_RED);
	line_own(l, "✗", 1);
	line_right(l, text, STATUS_COLUMNS - 1);
	line_sgr(l, "0");
}

/* --- lines --- */

/* The branches above a span; deep below, only the last ones. */
static void put_branches(struct line *l, const struct tree_node *node, unsigned columns)
{
	const struct tree_node *up[WIDTH_MAX / 3];
	unsigned n = 0, most = min(columns / 3, (unsigned)ARRAY_SIZE(up)), i;

	for (; node->parent && n < most; node = node->parent)
		up[n++] = node;
	line_sgr(l, SGR_DIM);
	if (node->parent)
		line_own(l, "…", 1);
	for (i = n; i > 1; i--)
		line_own(l, up[i - 1]->next ? "│  " : "   ", 3);
	if (n)
		line_own(l, up[0]->next ? "├─ " : "└─ ", 3);
	line_sgr(l, "0");
}

static void put_bar(struct line *l, const struct span *s, const struct layout *lay)
{
	double scale = lay->total_ns ? (double)lay->bar / (double)lay->total_ns : 0;
	unsigned from = (unsigned)((double)(s->start_ns - lay->start_ns) * scale);
	unsigned n = (unsigned)((double)(s->end_ns - s->start_ns) * scale + 0.5);

	if (!lay->bar)
		return;
	from = min(from, lay->bar - 1);
	n = lay->total_ns ? max(1U, min(n, lay->bar - from)) : lay->bar;
	line_own(l, "  ", 2);
	line_pad_to(l, l->at + from);
	line_sgr(l, s->error ? SGR_RED : SGR_CYAN);
	while (n--)
		line_own(l, "━", 1);
	line_sgr(l, "0");
}

static void put_span(struct line *l, const struct tree_node *node, const struct layout *lay)
{
	const struct span *s = node->span;
	char text[32] = "+", doubt[48];
	unsigned end;

	format_doubt(doubt, sizeof(doubt), s);
	end = lay->left - min(text_columns(slice_str(doubt)), lay->left / 2);
	l->at = 0;
	put_branches(l, node, lay->left / 2);
	line_text(l, SGR_CYAN, slice_str(resource_service(s->resource)),
		  min(l->at + NAME_COLUMNS, end));
	line_text(l, "0", s->kind == SPAN_CLIENT ? SLICE(" → ") : SLICE("  "), end);
	put_name(l, s, end);
	put_error_type(l, s, end);
	line_text(l, SGR_DIM, slice_str(doubt), lay->left);
	line_pad_to(l, lay->left + 1);
	put_status(l, s);
	duration_text(text + 1, sizeof(text) - 1, s->start_ns - lay->start_ns);
	line_own(l, " ", 1);
	line_right(l, s->start_ns == lay->start_ns ? "0" : text, TIME_COLUMNS);
	duration_text(text, sizeof(text), s->end_ns - s->start_ns);
	line_own(l, " ", 1);
	line_right(l, text, TIME_COLUMNS);
	put_bar(l, s, lay);
	line_put(l, "\n");
}

/* The service is named above already if an earlier span has it. */
static bool service_is_new(const struct tree_node *node, const struct tree *t)
{
	const char *service = resource_service(node->span->resource);
	const struct tree_node *other;

	for (other = t->root; other != node; other = tree_next(other))
		if (!strcmp(resource_service(other->span->resource), service))
			return false;
	return true;
}

static void put_services(struct line *l, const struct tree *t)
{
	const struct tree_node *node;
	unsigned shown = 0;

	for (node = t->root; node && shown <= SERVICES_SHOWN; node = tree_next(node)) {
		if (!service_is_new(node, t))
			continue;
		line_own(l, shown ? ", " : "  ", 2);
		if (shown++ == SERVICES_SHOWN)
			line_own(l, "…", 1);
		else
			line_text(l, SGR_CYAN, slice_str(resource_service(node->span->resource)),
				  l->at + NAME_COLUMNS);
	}
}

static void put_header(struct line *l, const struct tree *t, bool continued)
{
	const struct trace_id *id = &t->root->span->trace_id;
	char text[64];
	size_t errors = 0, i;

	for (i = 0; i < t->n; i++)
		errors += t->nodes[i].span->error;
	line_sgr(l, SGR_BOLD);
	for (i = 0; i < sizeof(id->b); i++) {
		snprintf(text, sizeof(text), "%02x", id->b[i]);
		line_put(l, text);
	}
	line_sgr(l, "0");
	if (continued)
		line_put(l, "  continued");
	line_put(l, "  ");
	duration_text(text, sizeof(text), t->end_ns - t->start_ns);
	line_put(l, text);
	snprintf(text, sizeof(text), "  %zu span%s", t->n, t->n == 1 ? "" : "s");
	line_put(l, text);
	put_services(l, t);
	if (errors) {
		snprintf(text, sizeof(text), "  %zu error%s", errors, errors == 1 ? "" : "s");
		line_sgr(l, SGR_RED);
		line_put(l, text);
		line_sgr(l, "0");
	}
	line_put(l, "\n");
}

static unsigned width_of(unsigned width)
{
	return max(min(width, (unsigned)WIDTH_MAX), (unsigned)WIDTH_MIN);
}

static struct layout layout_of(const struct tree *t, unsigned width)
{
	struct layout lay = { .start_ns = t->start_ns, .total_ns = t->end_ns - t->start_ns };
	unsigned fixed = 1 + STATUS_COLUMNS + 1 + TIME_COLUMNS + 1 + TIME_COLUMNS;

	width = width_of(width);
	if (width >= BAR_WIDTH_FROM)
		lay.bar = width / 5;
	lay.left = width - fixed - (lay.bar ? lay.bar + 2 : 0);
	return lay;
}

int tree_text(struct buf *out, const struct tree *t, bool continued, const struct text_style *style)
{
	struct line l = { .out = out, .colour = style->colour };
	struct layout lay = layout_of(t, style->width);
	const struct tree_node *node;

	put_header(&l, t, continued);
	for (node = t->root; node; node = tree_next(node)) {
		put_span(&l, node, &lay);
		lines_of_span(&l, node->span, t->lines, t->lines_n,
			      min(3 * (node->depth + 1), lay.left / 2), width_of(style->width));
	}
	line_put(&l, "\n");
	return l.err;
}
