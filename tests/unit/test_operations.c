/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "export/list_text.h"
#include "export/operations_text.h"
#include "export/path_shape.h"
#include "export/trace_filter.h"
#include "unit/lib/sample.h"

#define TEXT_CAP ((size_t)1 << 20)

static void durations_are_six_percent_off_at_most(void **state)
{
	static struct durations d;
	uint64_t ns;

	assert_int_equal(durations_quantile_ns(&d, 0.5), 0);
	for (ns = 1; ns <= 1000; ns++)
		durations_add(&d, ns * NSEC_PER_MSEC);
	assert_in_range(durations_quantile_ns(&d, 0.5), 470 * NSEC_PER_MSEC, 530 * NSEC_PER_MSEC);
	assert_in_range(durations_quantile_ns(&d, 0.95), 893 * NSEC_PER_MSEC, 1007 * NSEC_PER_MSEC);
	assert_int_equal(durations_quantile_ns(&d, 1), 1000 * NSEC_PER_MSEC);
}

/* The longest is known, and of few the p99 is that. */
static void longest_duration_is_exact(void **state)
{
	static struct durations d;

	durations_add(&d, 300600 * NSEC_PER_USEC);
	assert_int_equal(durations_quantile_ns(&d, 0.5), 300600 * NSEC_PER_USEC);
	durations_add(&d, 300500 * NSEC_PER_USEC);
	assert_int_equal(durations_quantile_ns(&d, 0.99), 300600 * NSEC_PER_USEC);
}

static void durations_have_no_end(void **state)
{
	static struct durations d;

	durations_add(&d, 0);
	durations_add(&d, UINT64_MAX);
	assert_int_equal(d.all, 2);
	assert_true(durations_quantile_ns(&d, 0) < 2 * NSEC_PER_USEC);
	assert_true(durations_quantile_ns(&d, 1) > 3600 * NSEC_PER_SEC);
}

static void paths_get_their_shape(void **state)
{
	static const struct {
		const char *path, *shape;
	} rows[] = {
		{ "", "" },
		{ "/", "/" },
		{ "/users/42", "/users/{id}" },
		{ "/users/42/", "/users/{id}/" },
		{ "/api/v2/users", "/api/v2/users" },
		{ "/o/3f2a9c10-8d4e-4b6f-9a3c-2f1e0d9c8b7a/x", "/o/{id}/x" },
		{ "/facade/decade", "/facade/decade" },
		{ "/t/abc123456", "/t/{id}" },
		{ "127.0.0.1:5001/data/7", "127.0.0.1:5001/data/{id}" },
		{ "/s/abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrst", "/s/{id}" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(buf_release) struct buf b = BUF_INIT(256);

		assert_int_equal(path_shape(&b, slice_str(rows[i].path)), 0);
		assert_string_equal(b.n ? b.p : "", rows[i].shape);
	}
}

/* A trace: a request of 10 ms to `front`, which calls `back` for 8 of them, which takes 7. */
struct scene {
	struct resource *front, *back;
	struct span *s[3];
	struct tree tree;
};

static void set_times(struct span *s, uint64_t start_ms, uint64_t ms)
{
	s->start_ns = start_ms * NSEC_PER_MSEC;
	s->end_ns = s->start_ns + ms * NSEC_PER_MSEC;
}

static void scene_begin(struct scene *sc, uint8_t trace, const char *path, bool error)
{
	sc->front = sample_resource("front");
	sc->back = sample_resource("back");
	sc->s[0] = sample_span(sc->front, trace, 1, 0, 0);
	sc->s[1] = sample_span(sc->front, trace, 2, 1, 1);
	sc->s[2] = sample_span(sc->back, trace, 3, 2, 1);
	sc->s[1]->kind = SPAN_CLIENT;
	set_times(sc->s[0], 0, 10);
	set_times(sc->s[1], 1, 8);
	set_times(sc->s[2], 1, 7);
	attrs_release(&sc->s[0]->attrs);
	span_attrs_init(&sc->s[0]->attrs);
	attrs_str(&sc->s[0]->attrs, "url.path", slice_str(path));
	attrs_int(&sc->s[0]->attrs, "http.response.status_code", error ? 503 : 200);
	sc->s[0]->error = error;
	assert_int_equal(tree_init(&sc->tree, sc->s, 3), 0);
}

static void scene_end(struct scene *sc)
{
	size_t i;

	tree_release(&sc->tree);
	for (i = 0; i < ARRAY_SIZE(sc->s); i++)
		span_free(sc->s[i]);
	resource_put(sc->front);
	resource_put(sc->back);
}

static void add(struct operations *o, uint8_t trace, const char *path, bool error)
{
	struct scene sc;

	scene_begin(&sc, trace, path, error);
	operations_add(o, &sc.tree);
	scene_end(&sc);
}

static void own_time_is_what_calls_leave(void **state)
{
	const struct operation *op;
	struct operations o;

	assert_int_equal(operations_init(&o), 0);
	add(&o, 1, "/users/1", false);
	add(&o, 2, "/users/2", true);
	assert_int_equal(o.traces, 2);
	assert_int_equal(o.total_ns, 20 * NSEC_PER_MSEC);
	assert_int_equal(o.by_name.n, 3);
	op = list_first(&o.all, struct operation, node);
	assert_string_equal(op->service, "front");
	assert_string_equal(op->label, "GET /users/{id}");
	assert_int_equal(op->errors, 1);
	assert_int_equal(op->own_ns, 4 * NSEC_PER_MSEC);
	op = list_last(&o.all, struct operation, node);
	assert_string_equal(op->service, "back");
	assert_int_equal(op->own_ns, 14 * NSEC_PER_MSEC);
	operations_release(&o);
}

static void bottleneck_is_named(void **state)
{
	const struct text_style style = { .width = 120 };
	struct buf text = { .cap = TEXT_CAP };
	struct operations o;

	assert_int_equal(operations_init(&o), 0);
	add(&o, 1, "/users/1", true);
	add(&o, 2, "/users/2", false);
	assert_int_equal(operations_text(&text, &o, &style), 0);
	assert_non_null(strstr(text.p, "The bottleneck is back GET"));
	assert_non_null(strstr(text.p, ": 70 % of the time of all requests is its own.\n"));
	assert_non_null(strstr(text.p, "50 %"));
	assert_non_null(strstr(text.p, "80 % of it\n"));
	buf_release(&text);
	operations_release(&o);
}

static void operations_are_bounded(void **state)
{
	struct operations o;
	char path[32];
	int i;

	assert_int_equal(operations_init(&o), 0);
	for (i = 0; i < 2 * OPERATIONS_MAX; i++) {
		snprintf(path, sizeof(path), "/%c%c%c%c", 'a' + i / 1000 % 10, 'a' + i / 100 % 10,
			 'a' + i / 10 % 10, 'a' + i % 10);
		add(&o, 1, path, false);
	}
	assert_in_range(o.by_name.n, OPERATIONS_MAX, OPERATIONS_MAX + 4);
	assert_int_equal(o.traces, 2 * OPERATIONS_MAX);
	operations_release(&o);
}

static void filter_looks_at_the_whole_trace(void **state)
{
	static const char *const paths[] = { "/no", "/users/*" };
	static const struct {
		struct trace_filter f;
		bool passes;
	} rows[] = {
		{ {}, true },
		{ { .min_ns = 10 * NSEC_PER_MSEC }, true },
		{ { .min_ns = 10 * NSEC_PER_MSEC + 1 }, false },
		{ { .status = "error" }, true },
		{ { .status = "404,5xx" }, true },
		{ { .status = "503" }, true },
		{ { .status = "404,501" }, false },
		{ { .paths = paths, .paths_cnt = 2 }, true },
		{ { .paths = paths, .paths_cnt = 1 }, false },
	};
	struct scene sc;
	size_t i;

	scene_begin(&sc, 1, "/users/7", true);
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(trace_filter_passes(&rows[i].f, &sc.tree), rows[i].passes);
	scene_end(&sc);
}

static void statuses_are_words_or_numbers(void **state)
{
	static const char *const good[] = { "error", "404", "5xx", "100" };
	static const char *const bad[] = { "", "4x", "6xx", "errors", "40x", "4044", "abc" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(trace_filter_is_status(slice_str(good[i])));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(trace_filter_is_status(slice_str(bad[i])));
}

static void list_has_a_line_for_a_trace(void **state)
{
	static const unsigned widths[] = { 10, 80, 120, 1000 };
	struct buf text = { .cap = TEXT_CAP };
	struct scene sc;
	size_t i;

	scene_begin(&sc, 1, "/users/7", true);
	for (i = 0; i < ARRAY_SIZE(widths); i++) {
		const struct text_style style = { .width = widths[i] };

		buf_clear(&text);
		assert_int_equal(list_text(&text, &sc.tree, &style), 0);
		assert_ptr_equal(strchr(text.p, '\n'), text.p + text.n - 1);
		assert_non_null(strstr(text.p, "10.0 ms"));
		assert_non_null(strstr(text.p, "503"));
		assert_non_null(strstr(text.p, "3 spans"));
	}
	buf_release(&text);
	scene_end(&sc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_six_percent_off_at_most),
		cmocka_unit_test(longest_duration_is_exact),
		cmocka_unit_test(durations_have_no_end),
		cmocka_unit_test(paths_get_their_shape),
		cmocka_unit_test(own_time_is_what_calls_leave),
		cmocka_unit_test(bottleneck_is_named),
		cmocka_unit_test(operations_are_bounded),
		cmocka_unit_test(filter_looks_at_the_whole_trace),
		cmocka_unit_test(statuses_are_words_or_numbers),
		cmocka_unit_test(list_has_a_line_for_a_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
