/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "export/operations_text.h"
#include "export/span_text.h"
#include "export/text.h"

#define ROWS_MAX      20 /* operations; a person reads no more */
#define CALLS_MAX     5 /* of one operation */
#define COUNT_COLUMNS 8
#define ERROR_COLUMNS 8
#define TIME_COLUMNS  10
#define SHARE_COLUMNS 16
#define FIXED_COLUMNS (COUNT_COLUMNS + ERROR_COLUMNS + 3 * TIME_COLUMNS + SHARE_COLUMNS)
#define WIDTH_MIN     (FIXED_COLUMNS + 20)
#define WIDTH_MAX     160
#define NAME_COLUMNS  28 /* of a service */
#define SAID_COLUMNS  200 /* of a name in a sentence */

static unsigned percent(uint64_t part, uint64_t whole)
{
	return whole ? (unsigned)(min(part, whole) * 100.0 / (double)whole + 0.5) : 0;
}

static void put_time(struct line *l, const struct operation *op, double q)
{
	char text[32];

	duration_text(text, sizeof(text), durations_quantile_ns(&op->durations, q));
	line_right(l, text, TIME_COLUMNS);
}

static void put_errors(struct line *l, const struct operation *op)
{
	char text[16];

	snprintf(text, sizeof(text), "%u %%", percent(op->errors, op->durations.all));
	line_sgr(l, op->errors ? SGR_RED : SGR_PLAIN);
	line_right(l, op->errors ? text : "-", ERROR_COLUMNS);
	line_sgr(l, SGR_PLAIN);
}

static void put_figures(struct line *l, const struct operation *op, const struct operations *o)
{
	const struct operation *caller = op->caller;
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, op->durations.all);
	line_right(l, text, COUNT_COLUMNS);
	put_errors(l, op);
	put_time(l, op, 0.5);
	put_time(l, op, 0.95);
	put_time(l, op, 0.99);
	snprintf(text, sizeof(text), "%u %% of %s",
		 caller ? percent(op->total_ns, caller->total_ns)
			: percent(op->own_ns, o->total_ns),
		 caller ? "it" : "all");
	line_right(l, text, SHARE_COLUMNS);
	line_put(l, "\n");
}

static void put_operation(struct line *l, const struct operation *op, const struct operations *o,
			  unsigned left)
{
	l->at = 0;
	if (op->caller) {
		line_own(l, "  → ", 4);
	} else {
		line_text(l, SGR_CYAN, slice_str(op->service), min(NAME_COLUMNS, left));
		line_own(l, op->call ? " → " : "  ", op->call ? 3 : 2);
	}
	line_text(l, SGR_PLAIN, slice_str(op->label), left);
	line_pad_to(l, left);
	put_figures(l, op, o);
}

static void put_header(struct line *l, const struct operations *o, unsigned left)
{
	char text[64];

	snprintf(text, sizeof(text), "%" PRIu64 " trace%s", o->traces, o->traces == 1 ? "" : "s");
	l->at = 0;
	line_sgr(l, SGR_BOLD);
	line_own(l, text, text_columns(slice_str(text)));
	line_pad_to(l, left);
	line_right(l, "count", COUNT_COLUMNS);
	line_right(l, "errors", ERROR_COLUMNS);
	line_right(l, "p50", TIME_COLUMNS);
	line_right(l, "p95", TIME_COLUMNS);
	line_right(l, "p99", TIME_COLUMNS);
	line_right(l, "time", SHARE_COLUMNS);
	line_sgr(l, SGR_PLAIN);
	line_put(l, "\n");
}

/* --- which, and in which order --- */

static int by_own_time(const void *a, const void *b)
{
	const struct operation *x = *(const struct operation *const *)a;
	const struct operation *y = *(const struct operation *const *)b;

	return x->own_ns == y->own_ns ? 0 : x->own_ns < y->own_ns ? 1 : -1;
}

/* All of them, whoever has most of the time for itself first; NULL: out of memory. */
static const struct operation **sorted(const struct operations *o)
{
	const struct operation **v = calloc(o->by_name.n + 1, sizeof(*v));
	const struct operation *op;
	size_t n = 0;

	if (!v)
		return NULL;
	list_for_each (op, &o->all, node)
		v[n++] = op;
	qsort(v, n, sizeof(*v), by_own_time);
	return v;
}

static void put_calls(struct line *l, const struct operation *caller,
		      const struct operation *const *v, const struct operations *o, unsigned left)
{
	unsigned shown = 0;

	for (; *v && shown < CALLS_MAX; v++) {
		if ((*v)->caller != caller)
			continue;
		put_operation(l, *v, o, left);
		shown++;
	}
}

static void put_bottleneck(struct line *l, const struct operation *op, const struct operations *o)
{
	char text[128];

	l->at = 0;
	line_put(l, "The bottleneck is ");
	line_text(l, SGR_BOLD, slice_str(op->service), SAID_COLUMNS);
	line_put(l, op->call ? " waiting for " : " ");
	line_text(l, SGR_BOLD, slice_str(op->label), 2 * SAID_COLUMNS);
	snprintf(text, sizeof(text), ": %u %% of the time of all requests is its own.\n\n",
		 percent(op->own_ns, o->total_ns));
	line_put(l, text);
}

int operations_text(struct buf *out, const struct operations *o, const struct text_style *style)
{
	const struct operation **v = sorted(o), *const * op;
	struct line l = { .out = out, .colour = style->colour };
	unsigned width = max(min(style->width, (unsigned)WIDTH_MAX), (unsigned)WIDTH_MIN);
	unsigned left = width - FIXED_COLUMNS, shown = 0;

	if (!v)
		return -ENOMEM;
	put_header(&l, o, left);
	for (op = v; *op && shown < ROWS_MAX; op++) {
		if ((*op)->caller)
			continue;
		put_operation(&l, *op, o, left);
		put_calls(&l, *op, v, o, left);
		shown++;
	}
	if (*v)
		put_bottleneck(&l, *v, o);
	free(v);
	return l.err;
}
