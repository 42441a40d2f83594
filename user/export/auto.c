/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happens when nobody said where spans go: OTLP if something listens there. Else the console, while we look every
 * few seconds, beside the printing, whether something has begun to; from then on OTLP.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "export/http.h"

#define FIRST_PROBE_MS 500 /* the start waits for it; on this machine it takes none */
#define PROBE_MS       2000
#define PROBE_EVERY_NS (2 * NSEC_PER_SEC)
#define PROBE_STEP_NS  (20 * NSEC_PER_MSEC) /* how often one under way is looked at */

struct auto_exporter {
	const struct exporter *to; /* OTLP, of spans or of log lines */
	void *otlp;
	bool answers;
	void *console; /* shows both meanwhile; NULL: OTLP answers, or this one is for log lines */
	struct http_probe *probe;
	bool probing;
	uint64_t probe_ns; /* when to look (again) */
};

static void auto_close(void *self)
{
	struct auto_exporter *e = self;

	if (!e)
		return;
	if (e->to)
		e->to->close(e->otlp);
	exporter_console.close(e->console);
	http_probe_free(e->probe);
	free(e);
}

DEFINE_FREEP(auto_close, struct auto_exporter)

static void say(const struct auto_exporter *e, const char *what)
{
	_cleanup_(buf_release) struct buf where;

	buf_init(&where, 1024);
	if (!e->to->describe(e->otlp, &where))
		log_info("export: %s %s", where.p, what);
}

/* Without the console. */
static int open_otlp(const struct export_env *env, const struct exporter *to,
		     struct auto_exporter **ret_e, struct err *err)
{
	_cleanup_(auto_closep) struct auto_exporter *e = calloc(1, sizeof(*e));
	int code;

	if (!e)
		return err_set(err, -ENOMEM, "out of memory");
	code = to->open(env, NULL, &e->otlp, err);
	if (code)
		return code;
	e->to = to;
	e->probe = http_probe_new(env->opt);
	if (!e->probe)
		return err_set(err, -ENOMEM, "out of memory");
	http_probe_begin(e->probe, FIRST_PROBE_MS);
	e->answers = http_probe_step(e->probe, 2 * FIRST_PROBE_MS) == PROBE_CONNECTED;
	*ret_e = take_ptr(e);
	return 0;
}

static int auto_open(const struct export_env *env, const char *target, void **ret_self,
		     struct err *err)
{
	_cleanup_(auto_closep) struct auto_exporter *e = NULL;
	int code;

	if (target)
		return err_set(err, -EINVAL, "exporter 'auto' takes no target");
	code = open_otlp(env, &exporter_otlp, &e, err);
	if (code)
		return code;
	if (!e->answers) {
		code = exporter_console.open(env, NULL, &e->console, err);
		if (code)
			return code;
	}
	*ret_self = take_ptr(e);
	return 0;
}

static int auto_logs_open(const struct export_env *env, const char *target, void **ret_self,
			  struct err *err)
{
	struct auto_exporter *e;
	int code = open_otlp(env, &exporter_otlp_logs, &e, err);

	if (!code)
		*ret_self = e;
	return code;
}

static int auto_describe(const void *self, struct buf *out)
{
	const struct auto_exporter *e = self;
	int code;

	if (!e->console)
		return exporter_otlp.describe(e->otlp, out);
	code = exporter_console.describe(e->console, out);
	if (!code)
		code = buf_puts(out, " until ");
	if (!code)
		code = exporter_otlp.describe(e->otlp, out);
	return code ? code : buf_puts(out, " answers, which it does not yet");
}

static void auto_send(void *self, struct span *const *spans, size_t n, struct export_counts *counts)
{
	struct auto_exporter *e = self;

	if (e->console)
		exporter_console.send(e->console, spans, n, counts);
	else
		exporter_otlp.send(e->otlp, spans, n, counts);
}

static void auto_send_logs(void *self, struct log_line *const *lines, size_t n,
			   struct export_counts *counts)
{
	struct auto_exporter *e = self;

	if (e->console)
		exporter_console.send_logs(e->console, lines, n, counts);
}

/* What comes before OTLP answers is the console's. */
static void auto_logs_send(void *self, struct log_line *const *lines, size_t n,
			   struct export_counts *counts)
{
	struct auto_exporter *e = self;

	if (e->answers)
		e->to->send_logs(e->otlp, lines, n, counts);
}

static void switch_over(struct auto_exporter *e, struct export_counts *counts)
{
	e->answers = true;
	if (!e->console)
		return;
	exporter_console.flush(e->console, counts);
	exporter_console.close(e->console);
	e->console = NULL;
	say(e, "answers: traces go there from now on");
}

/* Looks without waiting; true: it answers. */
static bool probe_answers(struct auto_exporter *e, uint64_t now_ns)
{
	enum http_probe_state state;

	if (now_ns < e->probe_ns)
		return false;
	if (!e->probing)
		http_probe_begin(e->probe, PROBE_MS);
	state = http_probe_step(e->probe, 0);
	e->probing = state == PROBE_GOES_ON;
	e->probe_ns = now_ns + (e->probing ? PROBE_STEP_NS : PROBE_EVERY_NS);
	return state == PROBE_CONNECTED;
}

static uint64_t auto_idle(void *self, uint64_t now_ns, struct export_counts *counts)
{
	struct auto_exporter *e = self;
	uint64_t next;

	if (e->answers)
		return UINT64_MAX;
	if (probe_answers(e, now_ns)) {
		switch_over(e, counts);
		return UINT64_MAX;
	}
	next = e->console ? exporter_console.idle(e->console, now_ns, counts) : UINT64_MAX;
	return min(next, e->probe_ns);
}

static void auto_flush(void *self, struct export_counts *counts)
{
	struct auto_exporter *e = self;

	if (e->console)
		exporter_console.flush(e->console, counts);
}

static const struct exporter auto_logs = {
	.name = "auto",
	.open = auto_logs_open,
	.describe = auto_describe,
	.send_logs = auto_logs_send,
	.idle = auto_idle,
	.close = auto_close,
};

const struct exporter exporter_auto = {
	.name = "auto",
	.open = auto_open,
	.describe = auto_describe,
	.send = auto_send,
	.send_logs = auto_send_logs,
	.logs = &auto_logs,
	.idle = auto_idle,
	.flush = auto_flush,
	.close = auto_close,
	.stdout_by_default = true,
};
