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
	void *otlp;
	void *console; /* NULL: OTLP answers */
	struct http_probe *probe;
	bool probing;
	uint64_t probe_ns; /* when to look (again) */
};

static void auto_close(void *self)
{
	struct auto_exporter *e = self;

	if (!e)
		return;
	exporter_otlp.close(e->otlp);
	exporter_console.close(e->console);
	http_probe_free(e->probe);
	free(e);
}

DEFINE_FREEP(auto_close, struct auto_exporter)

static void say(const struct auto_exporter *e, const char *what)
{
	_cleanup_(buf_release) struct buf where;

	buf_init(&where, 1024);
	if (!exporter_otlp.describe(e->otlp, &where))
		log_info("export: %s %s", where.p, what);
}

static int auto_open(const struct export_env *env, const char *target, void **ret_self,
		     struct err *err)
{
	_cleanup_(auto_closep) struct auto_exporter *e = NULL;
	int code;

	if (target)
		return err_set(err, -EINVAL, "exporter 'auto' takes no target");
	e = calloc(1, sizeof(*e));
	if (!e)
		return err_set(err, -ENOMEM, "out of memory");
	code = exporter_otlp.open(env, NULL, &e->otlp, err);
	if (code)
		return code;
	e->probe = http_probe_new(env->opt);
	if (!e->probe)
		return err_set(err, -ENOMEM, "out of memory");
	http_probe_begin(e->probe, FIRST_PROBE_MS);
	if (http_probe_step(e->probe, 2 * FIRST_PROBE_MS) != PROBE_CONNECTED) {
		code = exporter_console.open(env, NULL, &e->console, err);
		if (code)
			return code;
		say(e, "does not answer: traces are shown on the console until it does");
	}
	*ret_self = take_ptr(e);
	return 0;
}

static int auto_describe(const void *self, struct buf *out)
{
	const struct auto_exporter *e = self;
	int code;

	if (!e->console)
		return exporter_otlp.describe(e->otlp, out);
	code = exporter_console.describe(e->console, out);
	return code ? code : buf_puts(out, " until OTLP answers");
}

static void auto_send(void *self, struct span *const *spans, size_t n, struct export_counts *counts)
{
	struct auto_exporter *e = self;

	if (e->console)
		exporter_console.send(e->console, spans, n, counts);
	else
		exporter_otlp.send(e->otlp, spans, n, counts);
}

static void switch_over(struct auto_exporter *e, struct export_counts *counts)
{
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

	if (!e->console)
		return UINT64_MAX;
	if (probe_answers(e, now_ns)) {
		switch_over(e, counts);
		return UINT64_MAX;
	}
	next = exporter_console.idle(e->console, now_ns, counts);
	return min(next, e->probe_ns);
}

static void auto_flush(void *self, struct export_counts *counts)
{
	struct auto_exporter *e = self;

	if (e->console)
		exporter_console.flush(e->console, counts);
}

const struct exporter exporter_auto = {
	.name = "auto",
	.open = auto_open,
	.describe = auto_describe,
	.send = auto_send,
	.idle = auto_idle,
	.flush = auto_flush,
	.close = auto_close,
	.stdout_by_default = true,
};
