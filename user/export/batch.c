/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "export/batch.h"

#define EXPORTERS_MAX 8
#define LANES_MAX     (2 * EXPORTERS_MAX) /* each has a thread and its queues */
#define DESCRIBE_MAX  1024

struct batch {
	struct lane *lanes[LANES_MAX];
	size_t n;
	size_t named; /* exporters */
	bool on_stdout; /* one of them writes there */
	bool ended;
	_Atomic uint64_t pushed[SIGNAL__CNT];
	uint64_t timeout_ms;
	char *spec; /* the exporters' targets point into it */
	struct buf text;
};

static bool is_stdout(const struct exporter *e, const char *target)
{
	return e->stdout_by_default && (!target || !strcmp(target, "-"));
}

static int open_lane(struct batch *b, const struct exporter *e, const char *to,
		     const struct export_options *opt, struct err *err)
{
	int code = lane_new(e, to, opt, &b->lanes[b->n], err);

	if (!code)
		b->n++;
	return code;
}

/* item: "name" or "name:target", a piece of b->spec that ends in NUL. */
static int add_lane(struct batch *b, char *item, const struct export_options *opt, struct err *err)
{
	struct slice target = slice_str(item), name = slice_split(&target, ':');
	const struct exporter *e = exporter_find(name);
	const char *to = item[name.n] ? item + name.n + 1 : NULL;
	int code;

	if (!e)
		return err_set(err, -EINVAL, "unknown exporter '" SLICE_FMT "'; there are %s",
			       SLICE_ARG(name), exporter_names());
	if (to && !*to)
		return err_set(err, -EINVAL, "exporter '%s' lacks a file name after the colon",
			       item);
	if (b->named++ == EXPORTERS_MAX)
		return err_set(err, -E2BIG, "at most %d exporters can be named", EXPORTERS_MAX);
	if (is_stdout(e, to) && b->on_stdout)
		return err_set(err, -EINVAL,
			       "two exporters cannot share stdout; give one a file, "
			       "as in '" SLICE_FMT ":FILE'",
			       SLICE_ARG(name));
	b->on_stdout |= is_stdout(e, to);
	code = open_lane(b, e, to, opt, err);
	if (!code && e->logs && opt->logs_endpoint)
		code = open_lane(b, e->logs, to, opt, err);
	return code;
}

static int add_lanes(struct batch *b, const struct export_options *opt, struct err *err)
{
	char *item, *rest = b->spec;
	int code;

	while ((item = strsep(&rest, ","))) {
		code = add_lane(b, item, opt, err);
		if (code)
			return code;
	}
	return 0;
}

static int describe(struct batch *b)
{
	size_t i;
	int code;

	for (i = 0; i < b->n; i++) {
		if (!lane_takes(b->lanes[i], SIGNAL_SPANS))
			continue;
		code = i ? buf_puts(&b->text, ", ") : 0;
		if (!code)
			code = lane_describe(b->lanes[i], &b->text);
		if (code)
			return code;
	}
	return 0;
}

int batch_new(const char *spec, const struct export_options *opt, struct batch **ret_batch,
	      struct err *err)
{
	_cleanup_(batch_freep) struct batch *b = calloc(1, sizeof(*b));
	int code;

	if (!b)
		return err_set(err, -ENOMEM, "out of memory");
	buf_init(&b->text, DESCRIBE_MAX);
	b->timeout_ms = opt->timeout_ms;
	b->spec = strdup(spec ? spec : exporter_auto.name);
	if (!b->spec)
		return err_set(err, -ENOMEM, "out of memory");
	code = add_lanes(b, opt, err);
	if (code)
		return code;
	code = describe(b);
	if (code)
		return err_set(err, code, "cannot describe the exporters: %s", strerror(-code));
	*ret_batch = take_ptr(b);
	return 0;
}

int batch_start(struct batch *b, const struct lane_entry *entry, struct err *err)
{
	int code = 0;
	size_t i;

	for (i = 0; !code && i < b->n; i++)
		code = lane_start(b->lanes[i], entry, err);
	return code;
}

void batch_push(struct batch *b, struct span *s)
{
	size_t i;

	b->pushed[SIGNAL_SPANS]++;
	for (i = 0; i < b->n; i++)
		if (lane_takes(b->lanes[i], SIGNAL_SPANS))
			lane_push(b->lanes[i], SIGNAL_SPANS, span_get(s));
	span_free(s);
}

bool batch_takes_logs(const struct batch *b)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		if (lane_takes(b->lanes[i], SIGNAL_LOGS))
			return true;
	return false;
}

void batch_push_log(struct batch *b, struct log_line *l)
{
	size_t i;

	b->pushed[SIGNAL_LOGS]++;
	for (i = 0; i < b->n; i++)
		if (lane_takes(b->lanes[i], SIGNAL_LOGS))
			lane_push(b->lanes[i], SIGNAL_LOGS, log_line_get(l));
	log_line_free(l);
}

void batch_flush(struct batch *b, uint64_t timeout_ms)
{
	uint64_t until = clock_mono_ns() + min(timeout_ms, UINT32_MAX) * NSEC_PER_MSEC;
	uint64_t tickets[LANES_MAX];
	size_t i;

	if (b->ended)
		return;
	for (i = 0; i < b->n; i++)
		tickets[i] = lane_flush_begin(b->lanes[i]);
	for (i = 0; i < b->n; i++)
		lane_flush_wait(b->lanes[i], tickets[i], until);
}

static void counts_of(struct batch *b, enum signal signal, struct batch_counts *ret_counts)
{
	struct batch_counts c = { .exporters_cnt = b->n, .pushed = b->pushed[signal] };
	struct export_counts one;
	struct lane_drops dropped;
	size_t i;

	for (i = 0; i < b->n; i++) {
		lane_counts(b->lanes[i], signal, &one, &dropped);
		export_counts_add(&c.exporters, &one);
		c.dropped_full += dropped.all;
		c.dropped_heavy += dropped.heavy;
	}
	*ret_counts = c;
}

void batch_counts(struct batch *b, struct batch_counts *ret_counts)
{
	counts_of(b, SIGNAL_SPANS, ret_counts);
}

void batch_log_counts(struct batch *b, struct batch_counts *ret_counts)
{
	counts_of(b, SIGNAL_LOGS, ret_counts);
}

const char *batch_describe(const struct batch *b)
{
	return b->text.p;
}

void batch_end(struct batch *b, uint64_t timeout_ms)
{
	uint64_t ms = timeout_ms ? min(timeout_ms, UINT32_MAX) : EXPORT_TIMEOUT_MS;
	uint64_t end = clock_mono_ns() + ms * NSEC_PER_MSEC;
	size_t i;

	if (b->ended)
		return;
	b->ended = true;
	for (i = 0; i < b->n; i++)
		lane_end(b->lanes[i], end);
	for (i = 0; i < b->n; i++)
		lane_join(b->lanes[i]);
}

void batch_free(struct batch *b)
{
	size_t i;

	if (!b)
		return;
	batch_end(b, b->timeout_ms);
	for (i = 0; i < b->n; i++)
		lane_free(b->lanes[i]);
	buf_release(&b->text);
	free(b->spec);
	free(b);
}
