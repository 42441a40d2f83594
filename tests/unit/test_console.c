/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "export/exporter.h"
#include "export/text.h"
#include "export/traces.h"
#include "export/tree_text.h"
#include "unit/lib/files.h"
#include "unit/lib/sample.h"

#define TEXT_CAP ((size_t)4 << 20)

/* --- foreign text --- */

struct text_row {
	const char *in;
	unsigned columns;
	const char *out;
	unsigned used;
};

static void text_is_harmless_and_fits(void **state)
{
	static const struct text_row rows[] = {
		{ "", 5, "", 0 },
		{ "hello", 5, "hello", 5 },
		{ "hello!", 5, "hell…", 5 },
		{ "hello", 1, "…", 1 },
		{ "hello", 0, "", 0 },
		{ "\x1b[31m", 20, "\\x1b[31m", 8 },
		{ "a\r\nb\tc\x7f", 20, "a\\x0d\\x0ab\\x09c\\x7f", 19 },
		{ "\xc2\x9b"
		  "31m",
		  20, "\\x9b31m", 7 },
		{ "x\xe2\x80\xaey", 20, "x\\u202ey", 8 },
		{ "x\xd8\x9cy", 20, "x\\u061cy", 8 },
		{ "x\xf3\xa0\x81\x81y", 20, "x\\ue0041y", 9 },
		{ "\xff\xfe", 20, "\xef\xbf\xbd\xef\xbf\xbd", 2 },
		{ "\xe6\x97\xa5\xe6\x9c\xac", 4, "\xe6\x97\xa5\xe6\x9c\xac", 4 },
		{ "\xe6\x97\xa5\xe6\x9c\xac", 3, "\xe6\x97\xa5…", 3 },
		{ "e\xcc\x81t\xc3\xa9", 3, "e\xcc\x81t\xc3\xa9", 3 },
		{ "\x1b\x1b", 7, "\\x1b…", 5 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(buf_release) struct buf b = { .cap = 256 };

		assert_int_equal(text_put(&b, slice_str(rows[i].in), rows[i].columns),
				 rows[i].used);
		assert_string_equal(b.n ? b.p : "", rows[i].out);
	}
}

/* --- drawing --- */

static struct span *add(struct span *s, const char *key, const char *value)
{
	attrs_set_str(&s->attrs, key, slice_str(value));
	return s;
}

static struct span *status(struct span *s, int code, uint64_t us)
{
	((struct attr *)attrs_find(&s->attrs, "http.response.status_code"))->i = code;
	s->end_ns = s->start_ns + us * NSEC_PER_USEC;
	s->error = code >= 500;
	return s;
}

/* service-a > its call > service-b, in the order in which they end. */
static size_t three_spans(struct span **out)
{
	struct resource *a = sample_resource("service-a"), *b = sample_resource("service-b");

	out[0] = status(sample_span(b, 1, 3, 2, 2), 500, 3000);
	out[1] = status(sample_span(a, 1, 2, 1, 1), 500, 5500);
	out[2] = status(sample_span(a, 1, 1, 0, 0), 200, 8000);
	out[1]->kind = SPAN_CLIENT;
	add(out[1], "url.path", "");
	add(out[1], "url.full", "http://u:p@localhost:5001/work?secret=1");
	add(out[1], "link.method", "handoff");
	attrs_double(&out[1]->attrs, "link.confidence", 0.85);
	attrs_double(&out[2]->attrs, "link.confidence", 1);
	add(out[2], "link.method", "root");
	resource_put(a);
	resource_put(b);
	return 3;
}

static void release(struct span **s, size_t n)
{
	while (n)
		span_free(s[--n]);
}

static char *draw(struct span *const *s, size_t n, const struct text_style *style, bool continued)
{
	struct buf b = { .cap = TEXT_CAP };
	struct tree t;

	assert_int_equal(tree_init(&t, s, n), 0);
	assert_int_equal(tree_text(&b, &t, continued, style), 0);
	tree_release(&t);
	return b.p;
}

static void trace_is_drawn(void **state)
{
	const struct text_style style = { .width = 100 };
	struct span *s[3];
	size_t n = three_spans(s);
	char *text = draw(s, n, &style, false);

	assert_string_equal(text, "ababababababababababababababab01  8.00 ms  3 spans  service-a, "
				  "service-b  2 errors\n"
				  "service-a  GET /work                                   200      "
				  "   0   8.00 ms  ━━━━━━━━━━━━━━━━━━━━\n"
				  "└─ service-a → GET localhost:5001/wo…  ~handoff 0.85 ✗ 500  "
				  "+1.00 ms   5.50 ms    ━━━━━━━━━━━━━━\n"
				  "   └─ service-b  GET /work                           ✗ 500  "
				  "+2.00 ms   3.00 ms       ━━━━━━━━\n"
				  "\n");
	free(text);
	release(s, n);
}

/* What comes late is a tree of its own, and says that it is not the whole. */
static void continuation_is_drawn(void **state)
{
	const struct text_style style = { .width = 60 };
	struct span *s[3];
	size_t n = three_spans(s);
	char *text = draw(s, 1, &style, true);

	assert_string_equal(
		text,
		"ababababababababababababababab01  continued  3.00 ms  1 span  service-b  1 error\n"
		"service-b  GET /work               ✗ 500         0   3.00 ms\n"
		"\n");
	free(text);
	release(s, n);
}

static void colours_are_switched_off_again(void **state)
{
	const struct text_style style = { .width = 100, .colour = true };
	struct span *s[3];
	size_t n = three_spans(s);
	char *text = draw(s, n, &style, false), *line, *rest = text;

	assert_non_null(strstr(text, "\x1b[31m"));
	while ((line = strsep(&rest, "\n")))
		if (*line)
			assert_memory_equal(strrchr(line, '\x1b'), "\x1b[0m", 4);
	free(text);
	release(s, n);
}

/* Whatever a stranger sends, only we write escapes, and no line is wider than the terminal. */
static void hostile_spans_are_drawn(void **state)
{
	static const unsigned widths[] = { 0, 40, 71, 72, 100, 1000 };
	static const char evil[] = "/\x1b]0;owned\x07\r\n\xff\xe6\x97\xa5\xe2\x80\xae"
				   "................................................";
	struct resource *r = sample_resource(evil);
	struct span *s[40];
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(s); i++) {
		/* A chain, so deep that its branches do not fit; the first one hangs below the last one. */
		s[i] = sample_span(r, 1, (uint8_t)(i + 1), i ? (uint8_t)i : ARRAY_SIZE(s), i);
		add(s[i], "url.path", i % 2 ? evil : "");
		add(s[i], "url.full", evil);
		add(s[i], "error.type", evil);
		add(s[i], "link.method", evil);
		attrs_double(&s[i]->attrs, "link.confidence", 0.5);
		free(s[i]->name);
		s[i]->name = i % 3 ? strdup(evil) : NULL;
		s[i]->error = true;
	}
	for (k = 0; k < ARRAY_SIZE(widths); k++) {
		const struct text_style style = { .width = widths[k] };
		char *text = draw(s, ARRAY_SIZE(s), &style, false), *line, *rest = text;
		size_t lines = 0;

		assert_null(strpbrk(text, "\x1b\x07\r"));
		assert_null(strstr(text, "\xe2\x80\xae"));
		while ((line = strsep(&rest, "\n"))) {
			if (lines++)
				assert_true(text_columns(slice_str(line)) <= max(widths[k], 40U));
		}
		assert_int_equal(lines, ARRAY_SIZE(s) + 3);
		free(text);
	}
	release(s, ARRAY_SIZE(s));
	resource_put(r);
}

/* --- gathering --- */

struct shown {
	char log[512];
};

static void note(void *ctx, const struct gathered *g)
{
	struct shown *sh = ctx;
	size_t at = strlen(sh->log), i;

	at += (size_t)snprintf(sh->log + at, sizeof(sh->log) - at, "%s%u:", g->continued ? "+" : "",
			       g->n ? g->spans[0]->trace_id.b[15] : g->lines[0]->trace_id.b[15]);
	for (i = 0; i < g->lines_n && i < 8; i++)
		at += (size_t)snprintf(sh->log + at, sizeof(sh->log) - at, "%s", g->lines[i]->body);
	for (i = 0; i < g->n && i < 8; i++)
		at += (size_t)snprintf(sh->log + at, sizeof(sh->log) - at, "%u",
				       g->spans[i]->span_id.b[7]);
	snprintf(sh->log + at, sizeof(sh->log) - at, " ");
}

struct gathering {
	struct shown shown;
	struct traces *traces;
	struct resource *resource;
};

static void begin(struct gathering *g)
{
	memset(g, 0, sizeof(*g));
	g->traces = traces_new(&(struct traces_sink){ note, &g->shown });
	g->resource = sample_resource("a");
}

static void end(struct gathering *g)
{
	traces_free(g->traces);
	assert_int_equal(g->resource->refs, 1);
	resource_put(g->resource);
}

static void come(struct gathering *g, uint8_t trace, uint8_t id, uint8_t parent, uint64_t ms)
{
	_cleanup_(span_freep) struct span *s = sample_span(g->resource, trace, id, parent, ms);

	assert_int_equal(traces_add(g->traces, s, ms * NSEC_PER_MSEC), 0);
}

/* Says what is shown at that time, and when the next look is due. */
static void assert_shown(struct gathering *g, uint64_t ms, const char *want, uint64_t next_ms)
{
	uint64_t next = traces_due(g->traces, ms * NSEC_PER_MSEC);

	assert_string_equal(g->shown.log, want);
	assert_true(next == (next_ms ? next_ms * NSEC_PER_MSEC : UINT64_MAX));
	*g->shown.log = '\0';
}

static void rooted_trace_waits_for_quiet(void **state)
{
	struct gathering g;

	begin(&g);
	assert_shown(&g, 0, "", 0);
	come(&g, 1, 2, 1, 1000);
	assert_shown(&g, 1300, "", 6000); /* its root is missing: 5 s */
	come(&g, 1, 1, 0, 1400);
	assert_shown(&g, 1500, "", 1650);
	come(&g, 1, 3, 1, 1600);
	assert_shown(&g, 1649, "", 1850);
	assert_shown(&g, 1850, "1:213 ", 0);
	come(&g, 1, 4, 1, 3000); /* late */
	assert_shown(&g, 3100, "", 3250);
	assert_shown(&g, 3250, "+1:4 ", 0);
	end(&g);
}

static void rootless_and_restless_traces_come_after_5_s(void **state)
{
	struct gathering g;
	uint64_t ms;

	begin(&g);
	come(&g, 1, 2, 1, 0);
	for (ms = 0; ms < 5000; ms += 200) {
		come(&g, 2, 1, 0, ms);
		traces_due(g.traces, ms * NSEC_PER_MSEC);
	}
	assert_shown(&g, 4999, "", 5000);
	assert_shown(&g, 5000, "1:2 2:11111111 ", 0);
	end(&g);
}

static void flush_shows_all_in_order(void **state)
{
	struct gathering g;

	begin(&g);
	come(&g, 3, 1, 0, 0);
	come(&g, 1, 2, 1, 0);
	come(&g, 2, 1, 0, 0);
	traces_flush(g.traces);
	assert_string_equal(g.shown.log, "3:1 1:2 2:1 ");
	come(&g, 1, 1, 0, 10);
	end(&g); /* and gives back what it still holds */
}

static void tables_are_bounded(void **state)
{
	struct gathering g;
	size_t i;

	begin(&g);
	/* As many traces as there may be, then one more: the oldest is shown. */
	for (i = 0; i < TRACES_MAX; i++) {
		_cleanup_(span_freep) struct span *s = sample_span(g.resource, 0, 1, 0, 0);

		memcpy(s->trace_id.b, &i, sizeof(i));
		assert_int_equal(traces_add(g.traces, s, 0), 0);
	}
	assert_string_equal(g.shown.log, "");
	come(&g, 7, 1, 0, 0);
	assert_string_equal(g.shown.log, "0:1 ");
	end(&g);
	/* A trace too large to be read at once comes in parts. */
	begin(&g);
	for (i = 0; i < TRACE_SPANS_MAX; i++)
		come(&g, 5, 1, 0, 0);
	assert_string_equal(g.shown.log, "5:11111111 ");
	end(&g);
}

/* --- the exporter --- */

static void file_gets_no_colours(void **state)
{
	const struct export_options opt = { .colour = true };
	struct hurry hurry;
	const struct export_env env = { .opt = &opt, .hurry = &hurry };
	struct export_counts counts = { 0 };
	struct temp t = temp_new();
	struct span *s[3];
	size_t n = three_spans(s);
	struct err err;
	char *text;
	void *self;

	assert_int_equal(hurry_init(&hurry), 0);
	assert_int_equal(exporter_console.open(&env, t.path, &self, &err), 0);
	exporter_console.send(self, s, n, &counts);
	assert_int_equal(counts.sent, 0);
	exporter_console.flush(self, &counts);
	assert_int_equal(counts.sent, 3);
	exporter_console.close(self);
	text = temp_read(&t);
	assert_int_equal(count_of(text, "\n"), 5);
	assert_null(strchr(text, '\x1b'));
	free(text);
	temp_remove(&t);
	release(s, n);
	hurry_release(&hurry);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_harmless_and_fits),
		cmocka_unit_test(trace_is_drawn),
		cmocka_unit_test(continuation_is_drawn),
		cmocka_unit_test(colours_are_switched_off_again),
		cmocka_unit_test(hostile_spans_are_drawn),
		cmocka_unit_test(rooted_trace_waits_for_quiet),
		cmocka_unit_test(rootless_and_restless_traces_come_after_5_s),
		cmocka_unit_test(flush_shows_all_in_order),
		cmocka_unit_test(tables_are_bounded),
		cmocka_unit_test(file_gets_no_colours),
	};
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	int failed;

	uselocale(utf8);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	uselocale(LC_GLOBAL_LOCALE);
	freelocale(utf8);
	return failed;
}
