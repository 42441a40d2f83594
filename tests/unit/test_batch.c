/* SPDX-License-Identifier: GPL-2.0-only */
/* Queues, threads and exporters together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "abi/limits.h"
#include "base/clock.h"
#include "export/batch.h"
#include "unit/lib/collector.h"
#include "unit/lib/files.h"
#include "unit/lib/sample.h"

static const struct collector_step ok[] = {
	{ COLLECT_ANSWER, 200, "Content-Type: application/x-protobuf\r\n", NULL, 0 },
};
static const struct collector_step hang[] = { { COLLECT_HANG, 0, NULL, NULL, 0 } };

/* So long a batch waits for company, unless a test says otherwise: that nothing goes out before it is asked for. */
#define FOR_EVER_MS 600000

struct rig {
	struct collector *collector;
	struct export_options opt;
	struct batch *batch;
	struct resource *resource;
	char url[64];
	uint16_t port;
};

static void rig_collector(struct rig *r, const struct collector_step *step)
{
	r->collector = collector_start(step, 1, r->port);
	r->port = collector_port(r->collector);
	snprintf(r->url, sizeof(r->url), "http://127.0.0.1:%u/v1/traces", r->port);
	r->opt.endpoint = r->url;
}

/* A port at which nobody listens, but could. */
static void rig_nobody(struct rig *r)
{
	rig_collector(r, ok);
	collector_stop(r->collector);
	r->collector = NULL;
}

static void rig_open(struct rig *r, const char *spec)
{
	struct err err = { "" };

	r->opt.version = "1";
	if (!r->opt.timeout_ms)
		r->opt.timeout_ms = 10000;
	if (!r->opt.batch_delay_ms)
		r->opt.batch_delay_ms = FOR_EVER_MS;
	r->resource = sample_resource("a");
	if (batch_new(spec, &r->opt, &r->batch, &err) || batch_start(r->batch, NULL, &err))
		fail_msg("%s", err.text);
}

static void rig_push(struct rig *r, size_t n)
{
	while (n--)
		batch_push(r->batch, sample_span(r->resource, 1, (uint8_t)n, 0, n));
}

/* Ends everything; every span must have ended somewhere, and nobody still holds one. */
static struct batch_counts rig_close(struct rig *r, uint64_t timeout_ms, size_t exporters)
{
	struct batch_counts c;

	batch_end(r->batch, timeout_ms);
	batch_counts(r->batch, &c);
	batch_free(r->batch);
	collector_stop(r->collector);
	assert_int_equal(c.pushed * exporters, c.exporters.sent + c.exporters.rejected +
						       c.exporters.failed + c.dropped_full);
	assert_int_equal(r->resource->refs, 1);
	resource_put(r->resource);
	return c;
}

static uint64_t ms_since(uint64_t start_ns)
{
	return (clock_mono_ns() - start_ns) / NSEC_PER_MSEC;
}

static void every_exporter_gets_every_span(void **state)
{
	struct temp json = temp_new(), tree = temp_new();
	struct batch_counts c;
	struct rig r = { 0 };
	char spec[256], *text;

	rig_collector(&r, ok);
	snprintf(spec, sizeof(spec), "json:%s,console:%s,otlp,none", json.path, tree.path);
	rig_open(&r, spec);
	assert_non_null(strstr(batch_describe(r.batch), json.path));
	assert_non_null(strstr(batch_describe(r.batch), r.url));
	rig_push(&r, 30);
	batch_flush(r.batch, 10000);
	text = temp_read(&json);
	assert_int_equal(count_of(text, "\"spanId\""), 30);
	free(text);
	text = temp_read(&tree);
	assert_int_equal(count_of(text, "GET /work"), 30);
	free(text);
	assert_int_equal(collector_requests(r.collector), 1);
	/* What the console holds back when the end comes is shown too. */
	rig_push(&r, 5);
	c = rig_close(&r, 0, 4);
	assert_int_equal(c.pushed, 35);
	assert_int_equal(c.exporters.sent, 140);
	temp_remove(&json);
	temp_remove(&tree);
}

static void one_span_does_not_wait_for_company(void **state)
{
	struct rig r = { .opt = { .batch_delay_ms = BATCH_DELAY_MS } };
	uint64_t start, ms;

	rig_collector(&r, ok);
	rig_open(&r, "otlp");
	start = clock_mono_ns();
	rig_push(&r, 1);
	assert_true(collector_wait(r.collector, 1));
	ms = ms_since(start);
	assert_true(ms >= BATCH_DELAY_MS - 1 && ms < 1000);
	rig_close(&r, 0, 1);
}

static void full_batches_do_not_wait(void **state)
{
	struct rig r = { .opt = { .batch_max = 10 } };

	rig_collector(&r, ok);
	rig_open(&r, "otlp");
	rig_push(&r, 1);
	/* The thread has gone to sleep for long by then, mostly; where it has not, this is easier. */
	poll(NULL, 0, 50);
	rig_push(&r, 24);
	assert_true(collector_wait(r.collector, 2));
	assert_int_equal(collector_requests(r.collector), 2);
	/* The end takes the rest along. */
	assert_int_equal(rig_close(&r, 0, 1).exporters.requests, 3);
}

/* As many and as long attributes as a span may have. */
static struct span *largest_span(struct rig *r)
{
	struct span *s = sample_span(r->resource, 1, 1, 0, 0);
	char text[ATTR_VALUE_MAX], key[16];

	memset(text, 'x', sizeof(text));
	for (int i = 0; i < ATTRS_MAX; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		attrs_str_dup(&s->attrs, slice_str(key),
			      (struct slice){ text, i < 3 ? sizeof(text) : 20 });
	}
	return s;
}

/* Memory is bounded by bytes, too: of the largest spans fewer wait, and what is left out is counted apart. */
static void large_spans_fill_the_queue_before_it_is_full(void **state)
{
	struct rig r = { .opt = { .queue_max = 1000, .batch_max = 4 } };
	struct batch_counts c;
	size_t sz, fit;

	rig_collector(&r, hang);
	rig_open(&r, "otlp");
	rig_push(&r, 4);
	assert_true(collector_wait(r.collector, 1));
	for (int i = 0; i < 1000; i++) {
		struct span *s = largest_span(&r);

		sz = span_memory(s);
		batch_push(r.batch, s);
	}
	assert_true(sz > 2 * QUEUE_ITEM_BYTES);
	fit = 1000 * QUEUE_ITEM_BYTES / sz;
	batch_counts(r.batch, &c);
	assert_int_equal(c.dropped_heavy, 1000 - fit);
	assert_int_equal(c.dropped_full, c.dropped_heavy);
	rig_push(&r, 1000); /* small ones, until there is no room for those either */
	batch_counts(r.batch, &c);
	assert_true(c.dropped_full > 1000 - fit + 900);
	rig_close(&r, 200, 1);
}

static void full_queue_drops_and_counts(void **state)
{
	struct rig r = { .opt = { .queue_max = 8, .batch_max = 4 } };
	struct batch_counts c;
	uint64_t start;

	rig_collector(&r, hang);
	rig_open(&r, "otlp");
	rig_push(&r, 4);
	assert_true(collector_wait(r.collector, 1));
	rig_push(&r, 100);
	batch_counts(r.batch, &c);
	assert_int_equal(c.pushed, 104);
	assert_int_equal(c.dropped_full, 92);
	start = clock_mono_ns();
	c = rig_close(&r, 200, 1);
	assert_true(ms_since(start) < 3000);
	assert_int_equal(c.exporters.sent, 0);
	assert_int_equal(c.exporters.failed, 12);
}

/* Spans in the file, as soon as there are n: whoever writes them may have been kept from it. */
static size_t spans_written(const struct temp *json, size_t n)
{
	uint64_t until = clock_mono_ns() + 10 * NSEC_PER_SEC;
	size_t found;

	for (;;) {
		char *text = temp_read(json);

		found = count_of(text, "\"spanId\"");
		free(text);
		if (found >= n || clock_mono_ns() > until)
			return found;
		poll(NULL, 0, 10);
	}
}

static void slow_exporter_stops_no_other(void **state)
{
	struct temp json = temp_new();
	struct rig r = { .opt = { .batch_max = 5 } };
	char spec[128];
	uint64_t start;

	rig_collector(&r, hang);
	snprintf(spec, sizeof(spec), "otlp,json:%s", json.path);
	rig_open(&r, spec);
	rig_push(&r, 5);
	assert_true(collector_wait(r.collector, 1));
	rig_push(&r, 5);
	start = clock_mono_ns();
	batch_flush(r.batch, 300);
	assert_true(ms_since(start) < 2000);
	assert_int_equal(spans_written(&json, 10), 10);
	temp_remove(&json);
	rig_close(&r, 100, 2);
}

static void backend_comes_back(void **state)
{
	struct rig r = { 0 };
	struct batch_counts c;
	uint64_t start;

	rig_nobody(&r);
	rig_open(&r, "otlp");
	rig_push(&r, 5);
	/* It is tried in vain first: a flush that gives up after a while. */
	batch_flush(r.batch, 300);
	batch_counts(r.batch, &c);
	assert_int_equal(c.exporters.sent, 0);
	rig_collector(&r, ok);
	start = clock_mono_ns();
	batch_flush(r.batch, 8000);
	assert_true(ms_since(start) < 8000);
	c = rig_close(&r, 0, 1);
	assert_int_equal(c.exporters.sent, c.pushed);
}

/* Ctrl-C with a dead backend ends soon: it was away before, so it gets one attempt per batch and no waiting. */
static void end_with_nobody_there(void **state)
{
	struct rig r = { .opt = { .batch_max = 10 } };
	struct batch_counts c;
	uint64_t start;

	rig_nobody(&r);
	rig_open(&r, "otlp");
	rig_push(&r, 500);
	start = clock_mono_ns();
	c = rig_close(&r, 10000, 1);
	assert_true(ms_since(start) < 5000);
	assert_int_equal(c.exporters.failed, 500);
}

/* --- nobody said where to --- */

static int stdout_to(const struct temp *t)
{
	int old = dup(STDOUT_FILENO);

	fflush(stdout);
	assert_non_null(freopen(t->path, "w", stdout));
	return old;
}

static void stdout_back(int old)
{
	fflush(stdout);
	dup2(old, STDOUT_FILENO);
	close(old);
}

static void otlp_if_it_answers(void **state)
{
	struct rig r = { 0 };

	rig_collector(&r, ok);
	rig_open(&r, NULL);
	assert_string_equal(strstr(batch_describe(r.batch), "OTLP at"), batch_describe(r.batch));
	rig_push(&r, 3);
	batch_flush(r.batch, 10000);
	assert_int_equal(collector_requests(r.collector), 1);
	assert_int_equal(rig_close(&r, 0, 1).exporters.sent, 3);
}

static void console_until_otlp_answers(void **state)
{
	struct temp t = temp_new();
	struct rig r = { 0 };
	int old = stdout_to(&t), i;
	bool arrived = false;
	size_t shown, posted;
	char *text;

	rig_nobody(&r);
	rig_open(&r, NULL);
	rig_push(&r, 3);
	batch_flush(r.batch, 10000);
	rig_collector(&r, ok);
	/* It looks every 2 s; each span goes to the one or to the other. */
	for (i = 0; i < 100 && !arrived; i++) {
		rig_push(&r, 1);
		batch_flush(r.batch, 10000);
		poll(NULL, 0, 100);
		arrived = collector_requests(r.collector) > 0;
	}
	stdout_back(old);
	text = temp_read(&t);
	temp_remove(&t);
	assert_true(arrived);
	assert_non_null(strstr(batch_describe(r.batch), "the console until OTLP at http://"));
	shown = count_of(text, "GET /work");
	posted = collector_requests(r.collector);
	free(text);
	assert_true(shown >= 3);
	assert_int_equal(rig_close(&r, 0, 1).exporters.sent, shown + posted);
}

/* --- wrong use --- */

struct wrong {
	const char *spec, *says;
};

static void wrong_use_gets_a_sentence(void **state)
{
	static const struct wrong rows[] = {
		{ "jaeger",
		  "unknown exporter 'jaeger'; there are otlp, zipkin, json, console, none" },
		{ "", "unknown exporter ''" },
		{ "otlp,", "unknown exporter ''" },
		{ "json,console", "stdout" },
		{ "console,json:-", "stdout" },
		{ "json:", "file name" },
		{ "json:/nonexistent/f", "'/nonexistent/f'" },
		{ "console:/", "'/'" },
		{ "none:x", "'x'" },
		{ "otlp:x", "--endpoint" },
		{ "zipkin:x", "OTEL_EXPORTER_ZIPKIN_ENDPOINT" },
		{ "none,none,none,none,none,none,none,none,none", "at most 8" },
	};
	const struct export_options opt = { .endpoint = "http://localhost:1/v1/traces" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = { "" };
		struct batch *b = NULL;

		assert_true(batch_new(rows[i].spec, &opt, &b, &err) < 0);
		assert_null(b);
		if (!strstr(err.text, rows[i].says) || strchr(err.text, '\n'))
			fail_msg("'%s': '%s'", rows[i].spec, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_exporter_gets_every_span),
		cmocka_unit_test(one_span_does_not_wait_for_company),
		cmocka_unit_test(full_batches_do_not_wait),
		cmocka_unit_test(large_spans_fill_the_queue_before_it_is_full),
		cmocka_unit_test(full_queue_drops_and_counts),
		cmocka_unit_test(slow_exporter_stops_no_other),
		cmocka_unit_test(backend_comes_back),
		cmocka_unit_test(end_with_nobody_there),
		cmocka_unit_test(otlp_if_it_answers),
		cmocka_unit_test(console_until_otlp_answers),
		cmocka_unit_test(wrong_use_gets_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
