/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "export/text.h"
#include "export/tree.h"
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

#define SGR_BOLD "1"
#define SGR_DIM  "2"
#define SGR_RED  "31"
#define SGR_CYAN "36"

/* One line while it is written: the columns are counted, errors of the buffer are kept for the end. */
struct line {
	struct buf *out;
	const struct tree_style *style;
	unsigned at;
	int err;
};

/* What is the same for every line of a trace. */
struct layout {
	unsigned left, bar; /* columns */
	uint64_t start_ns, total_ns;
};

static void put(struct line *l, const char *s)
{
	if (!l->err)
		l->err = buf_puts(l->out, s);
}

static void sgr(struct line *l, const char *code)
{
	if (!l->style->colour)
		return;
	put(l, "\x1b[");
	put(l, code);
	put(l, "m");
}

/* Foreign text, at most up to the column `end`. */
static void put_text(struct line *l, const char *code, struct slice s, unsigned end)
{
	if (l->at >= end)
		return;
	sgr(l, code);
	l->at += text_put(l->out, s, end - l->at);
	sgr(l, "0");
}

/* Text of our own that takes so many columns. */
static void put_own(struct line *l, const char *s, unsigned columns)
{
	put(l, s);
	l->at += columns;
}

static void pad_to(struct line *l, unsigned column)
{
	while (l->at < column)
		put_own(l, " ", 1);
}

static void put_right(struct line *l, const char *s, unsigned columns)
{
	unsigned n = text_columns(slice_str(s));

	pad_to(l, l->at + (n < columns ? columns - n : 0));
	put_own(l, s, n);
}

static void format_ns(char *text, size_t size, uint64_t ns)
{
	double ms = (double)ns / 1e6;

	if (ns < 1000000)
		snprintf(text, size, "%" PRIu64 " µs", (ns + 500) / 1000);
	else if (ms < 9.995)
		snprintf(text, size, "%.2f ms", ms);
	else if (ms < 999.95)
		snprintf(text, size, "%.1f ms", ms);
	else if (ms < 59995)
		snprintf(text, size, "%.2f s", ms / 1e3);
	else if (ms < 3.6e6)
		snprintf(text, size, "%um %02us", (unsigned)(ms / 6e4), (unsigned)(ms / 1e3) % 60);
	else
		snprintf(text, size, "%" PRIu64 "h %02um", ns / 3600000000000,
			 (unsigned)(ms / 6e4) % 60);
}

/* --- what a span is called --- */

static struct slice attr_str(const struct span *s, const char *key)
{
	const struct attr *at = attrs_find(&s->attrs, key);

	if (!at || at->type != ATTR_STR)
		return (struct slice){ NULL, 0 };
	return (struct slice){ attr_text(&s->attrs, at), at->s.len };
}

/* "http://user@host:80/path?query" -> "host:80/path" */
static struct slice host_and_path(struct slice url)
{
	const char *authority = url.n ? memmem(url.p, url.n, "://", 3) : NULL;
	struct slice host;

	if (authority)
		url = slice_sub(url, (size_t)(authority - url.p) + 3, url.n);
	host = slice_split(&(struct slice){ url.p, url.n }, '/');
	if (slice_chr(host, '@') >= 0)
		url = slice_sub(url, (size_t)slice_chr(host, '@') + 1, url.n);
	return slice_split(&url, '?');
}

static void put_name(struct line *l, const struct span *s, unsigned end)
{
	struct slice path = attr_str(s, "url.path"), name = slice_str(s->name ? s->name : "");

	if (!path.n)
		path = host_and_path(attr_str(s, "url.full"));
	/* The path says more than the route that a name may carry after its method. */
	if (path.n)
		name = slice_split(&name, ' ');
	put_text(l, s->error ? SGR_RED : "0", name, end);
	if (!path.n || l->at + 2 > end)
		return;
	put_own(l, " ", 1);
	put_text(l, s->error ? SGR_RED : "0", path, end);
}

/* A link that is not certain says so; "": it is. */
static void format_doubt(char *text, size_t size, const struct span *s)
{
	const struct attr *confidence = attrs_find(&s->attrs, "link.confidence");
	struct slice method = attr_str(s, "link.method");

	*text = '\0';
	if (confidence && confidence->type == ATTR_DOUBLE && confidence->d < CERTAIN)
		snprintf(text, size, "  ~%.*s %.2g", (int)min(method.n, (size_t)DOUBT_METHOD),
			 method.p ? method.p : "", confidence->d);
}

static void put_error_type(struct line *l, const struct span *s, unsigned end)
{
	struct slice type = attr_str(s, "error.type");

	/* An HTTP status has its own column. */
	if (!type.n || (*type.p >= '0' && *type.p <= '9') || l->at + 3 > end)
		return;
	put_own(l, "  ", 2);
	put_text(l, SGR_RED, type, end);
}

static void put_status(struct line *l, const struct span *s)
{
	const struct attr *status = attrs_find(&s->attrs, "http.response.status_code");
	char text[16] = "";

	if (status && status->type == ATTR_INT)
		snprintf(text, sizeof(text), "%u", (unsigned)status->i % 1000);
	if (!s->error) {
		put_right(l, text, STATUS_COLUMNS);
		return;
	}
	sgr(l, SGR_RED);
	put_own(l, "✗", 1);
	put_right(l, text, STATUS_COLUMNS - 1);
	sgr(l, "0");
}

/* --- lines --- */

/* The branches above a span; deep below, only the last ones. */
static void put_branches(struct line *l, const struct tree_node *node, unsigned columns)
{
	const struct tree_node *up[WIDTH_MAX / 3];
	unsigned n = 0, most = min(columns / 3, (unsigned)ARRAY_SIZE(up)), i;

	for (; node->parent && n < most; node = node->parent)
		up[n++] = node;
	sgr(l, SGR_DIM);
	if (node->parent)
		put_own(l, "…", 1);
	for (i = n; i > 1; i--)
		put_own(l, up[i - 1]->next ? "│  " : "   ", 3);
	if (n)
		put_own(l, up[0]->next ? "├─ " : "└─ ", 3);
	sgr(l, "0");
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
	put_own(l, "  ", 2);
	pad_to(l, l->at + from);
	sgr(l, s->error ? SGR_RED : SGR_CYAN);
	while (n--)
		put_own(l, "━", 1);
	sgr(l, "0");
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
	put_text(l, SGR_CYAN, slice_str(resource_service(s->resource)),
		 min(l->at + NAME_COLUMNS, end));
	put_text(l, "0", s->kind == SPAN_CLIENT ? SLICE(" → ") : SLICE("  "), end);
	put_name(l, s, end);
	put_error_type(l, s, end);
	put_text(l, SGR_DIM, slice_str(doubt), lay->left);
	pad_to(l, lay->left + 1);
	put_status(l, s);
	format_ns(text + 1, sizeof(text) - 1, s->start_ns - lay->start_ns);
	put_own(l, " ", 1);
	put_right(l, s->start_ns == lay->start_ns ? "0" : text, TIME_COLUMNS);
	format_ns(text, sizeof(text), s->end_ns - s->start_ns);
	put_own(l, " ", 1);
	put_right(l, text, TIME_COLUMNS);
	put_bar(l, s, lay);
	put(l, "\n");
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
		put_own(l, shown ? ", " : "  ", 2);
		if (shown++ == SERVICES_SHOWN)
			put_own(l, "…", 1);
		else
			put_text(l, SGR_CYAN, slice_str(resource_service(node->span->resource)),
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
	sgr(l, SGR_BOLD);
	for (i = 0; i < sizeof(id->b); i++) {
		snprintf(text, sizeof(text), "%02x", id->b[i]);
		put(l, text);
	}
	sgr(l, "0");
	if (continued)
		put(l, "  continued");
	put(l, "  ");
	format_ns(text, sizeof(text), t->end_ns - t->start_ns);
	put(l, text);
	snprintf(text, sizeof(text), "  %zu span%s", t->n, t->n == 1 ? "" : "s");
	put(l, text);
	put_services(l, t);
	if (errors) {
		snprintf(text, sizeof(text), "  %zu error%s", errors, errors == 1 ? "" : "s");
		sgr(l, SGR_RED);
		put(l, text);
		sgr(l, "0");
	}
	put(l, "\n");
}

static struct layout layout_of(const struct tree *t, unsigned width)
{
	struct layout lay = { .start_ns = t->start_ns, .total_ns = t->end_ns - t->start_ns };
	unsigned fixed = 1 + STATUS_COLUMNS + 1 + TIME_COLUMNS + 1 + TIME_COLUMNS;

	width = max(min(width, (unsigned)WIDTH_MAX), (unsigned)WIDTH_MIN);
	if (width >= BAR_WIDTH_FROM)
		lay.bar = width / 5;
	lay.left = width - fixed - (lay.bar ? lay.bar + 2 : 0);
	return lay;
}

int tree_text(struct buf *out, struct span *const *spans, size_t n, bool continued,
	      const struct tree_style *style)
{
	struct line l = { .out = out, .style = style };
	const struct tree_node *node;
	struct layout lay;
	struct tree t;
	int err = tree_init(&t, spans, n);

	if (err)
		return err;
	lay = layout_of(&t, style->width);
	put_header(&l, &t, continued);
	for (node = t.root; node; node = tree_next(node))
		put_span(&l, node, &lay);
	put(&l, "\n");
	tree_release(&t);
	return l.err;
}
