/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traces for a person, on the terminal or (without colours) in a file: traces.c gathers, tree_text.c or list_text.c
 * draws, and at the end operations_text.c sums up.
 */
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "export/lines_text.h"
#include "export/list_text.h"
#include "export/operations_text.h"
#include "export/out.h"
#include "export/traces.h"
#include "export/tree_text.h"

#define WIDTH_DEFAULT 100
/* Of one trace: TRACE_SPANS_MAX wide lines with colours are 4 MB. */
#define TEXT_MAX ((size_t)16 << 20)

struct console_exporter {
	struct out out;
	struct traces *traces;
	struct operations operations;
	struct text_style style;
	const struct export_options *opt;
	struct buf text;
	locale_t utf8; /* 0: none on this machine; wide characters then count as one column */
	struct export_counts *counts; /* of the call that is under way */
};

static void put(struct console_exporter *e, int err, size_t n)
{
	if (err)
		out_lost(&e->out, err, n, e->counts);
	else
		out_write(&e->out, buf_slice(&e->text), n, e->counts);
}

/* What is not to be shown has gone where it should, too. */
static void show_tree(struct console_exporter *e, const struct tree *t, bool continued)
{
	int err = 0;

	buf_clear(&e->text);
	if (!trace_filter_passes(&e->opt->filter, t))
		;
	else if (e->opt->show == SHOW_TRACES)
		err = tree_text(&e->text, t, continued, &e->style);
	else if (e->opt->show == SHOW_LIST)
		err = list_text(&e->text, t, &e->style);
	put(e, err, t->n);
}

static void show_alone(struct console_exporter *e, const struct log_line *line)
{
	if (e->opt->show != SHOW_TRACES)
		return;
	buf_clear(&e->text);
	put(e, lines_alone(&e->text, line, &e->style), 0);
}

static bool is_of(const struct tree *t, const struct log_line *line)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (!memcmp(t->nodes[i].span->span_id.b, line->span_id.b, sizeof(line->span_id.b)))
			return true;
	return false;
}

static void show(void *ctx, const struct gathered *g)
{
	struct console_exporter *e = ctx;
	struct tree t = { 0 };
	int err = g->n ? tree_init(&t, g->spans, g->n) : 0;
	size_t i;

	if (err) {
		out_lost(&e->out, err, g->n, e->counts);
		return;
	}
	t.lines = g->lines;
	t.lines_n = g->lines_n;
	if (g->n) {
		operations_add(&e->operations, &t);
		show_tree(e, &t, g->continued);
	}
	for (i = 0; i < g->lines_n; i++)
		if (!is_of(&t, g->lines[i]))
			show_alone(e, g->lines[i]);
	tree_release(&t);
}

/* Every way in: show() needs the call's counts, and wcwidth() a UTF-8 locale. Returns what leave() wants back. */
static locale_t enter(struct console_exporter *e, struct export_counts *counts)
{
	e->counts = counts;
	return uselocale(e->utf8);
}

static void leave(struct console_exporter *e, locale_t old)
{
	uselocale(old);
	e->counts = NULL;
}

static void console_close(void *self)
{
	struct console_exporter *e = self;

	if (!e)
		return;
	traces_free(e->traces);
	operations_release(&e->operations);
	out_close(&e->out);
	buf_release(&e->text);
	if (e->utf8)
		freelocale(e->utf8);
	free(e);
}

DEFINE_FREEP(console_close, struct console_exporter)

static int console_open(const struct export_env *env, const char *target, void **ret_self,
			struct err *err)
{
	_cleanup_(console_closep) struct console_exporter *e = calloc(1, sizeof(*e));
	int code;

	if (!e)
		return err_set(err, -ENOMEM, "out of memory");
	e->opt = env->opt;
	e->out.fd = -1;
	buf_init(&e->text, TEXT_MAX);
	e->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	e->traces = traces_new(&(struct traces_sink){ show, e });
	if (operations_init(&e->operations) || !e->traces)
		return err_set(err, -ENOMEM, "out of memory");
	code = out_open(&e->out, target, env->hurry, err);
	if (code)
		return code;
	e->style.colour = e->opt->colour && !e->out.owned;
	e->style.width = e->opt->width ? e->opt->width : WIDTH_DEFAULT;
	*ret_self = take_ptr(e);
	return 0;
}

static int console_describe(const void *self, struct buf *out)
{
	const struct console_exporter *e = self;

	return e->out.owned ? buf_printf(out, "the console's view in %s", e->out.name)
			    : buf_puts(out, "the console");
}

static void console_send(void *self, struct span *const *spans, size_t n,
			 struct export_counts *counts)
{
	struct console_exporter *e = self;
	locale_t old = enter(e, counts);
	uint64_t now = clock_mono_ns();
	size_t i;

	for (i = 0; i < n; i++)
		if (traces_add(e->traces, spans[i], now))
			out_lost(&e->out, -ENOMEM, 1, counts);
	leave(e, old);
}

static void console_send_logs(void *self, struct log_line *const *lines, size_t n,
			      struct export_counts *counts)
{
	struct console_exporter *e = self;
	locale_t old = enter(e, counts);
	uint64_t now = clock_mono_ns();
	size_t i;

	for (i = 0; i < n; i++) {
		counts->sent++;
		if (!lines[i]->has_span || traces_add_line(e->traces, lines[i], now))
			show_alone(e, lines[i]);
	}
	leave(e, old);
}

static uint64_t console_idle(void *self, uint64_t now_ns, struct export_counts *counts)
{
	struct console_exporter *e = self;
	locale_t old = enter(e, counts);
	uint64_t next = traces_due(e->traces, now_ns);

	leave(e, old);
	return next;
}

/* One trace says it all itself. */
static bool worth_a_table(const struct console_exporter *e)
{
	return e->operations.traces > (e->opt->show == SHOW_OPERATIONS ? 0 : 1);
}

static void console_flush(void *self, struct export_counts *counts)
{
	struct console_exporter *e = self;
	locale_t old = enter(e, counts);

	traces_flush(e->traces);
	if (hurry_closing(e->out.hurry) && worth_a_table(e)) {
		buf_clear(&e->text);
		put(e, operations_text(&e->text, &e->operations, &e->style), 0);
	}
	leave(e, old);
}

const struct exporter exporter_console = {
	.name = "console",
	.open = console_open,
	.describe = console_describe,
	.send = console_send,
	.send_logs = console_send_logs,
	.idle = console_idle,
	.flush = console_flush,
	.close = console_close,
	.stdout_by_default = true,
};
