/* SPDX-License-Identifier: GPL-2.0-only */
/* OTLP/JSON on stdout or into a file: one export request per line, the OpenTelemetry file format. */
#include <errno.h>
#include <stdlib.h>

#include "export/json_message.h"
#include "export/otlp.h"
#include "export/out.h"

/* 512 spans of the largest kind, every byte escaped, take 30 MB. */
#define LINE_MAX_SZ ((size_t)256 << 20)

struct json_exporter {
	struct out out;
	struct otlp *otlp;
	struct buf line;
};

static void json_close(void *self)
{
	struct json_exporter *e = self;

	if (!e)
		return;
	out_close(&e->out);
	otlp_free(e->otlp);
	buf_release(&e->line);
	free(e);
}

DEFINE_FREEP(json_close, struct json_exporter)

static int json_open(const struct export_env *env, const char *target, void **ret_self,
		     struct err *err)
{
	_cleanup_(json_closep) struct json_exporter *e = calloc(1, sizeof(*e));
	int code;

	if (!e)
		return err_set(err, -ENOMEM, "out of memory");
	e->out.fd = -1;
	buf_init(&e->line, LINE_MAX_SZ);
	e->otlp = otlp_new(env->opt->version);
	if (!e->otlp)
		return err_set(err, -ENOMEM, "out of memory");
	code = out_open(&e->out, target, env->hurry, err);
	if (code)
		return code;
	*ret_self = take_ptr(e);
	return 0;
}

static int json_describe(const void *self, struct buf *out)
{
	const struct json_exporter *e = self;

	return buf_printf(out, "JSON %s %s", e->out.owned ? "in" : "on", e->out.name);
}

/* req: NULL: out of memory. */
static void put_line(struct json_exporter *e, const ProtobufCMessage *req, size_t n,
		     struct export_counts *counts)
{
	int err = req ? 0 : -ENOMEM;

	counts->requests++;
	buf_clear(&e->line);
	if (!err)
		err = json_message(&e->line, req);
	if (!err)
		err = buf_puts(&e->line, "\n");
	if (err)
		out_lost(&e->out, err, n, counts);
	else
		out_write(&e->out, buf_slice(&e->line), n, counts);
}

static void json_send(void *self, struct span *const *spans, size_t n, struct export_counts *counts)
{
	struct json_exporter *e = self;
	Otlp__ExportTraceServiceRequest *req = otlp_request(e->otlp, spans, n);

	put_line(e, req ? &req->base : NULL, n, counts);
}

static void json_send_logs(void *self, struct log_line *const *lines, size_t n,
			   struct export_counts *counts)
{
	struct json_exporter *e = self;
	Otlp__ExportLogsServiceRequest *req = otlp_log_request(e->otlp, lines, n);

	put_line(e, req ? &req->base : NULL, n, counts);
}

const struct exporter exporter_json = {
	.name = "json",
	.open = json_open,
	.describe = json_describe,
	.send = json_send,
	.send_logs = json_send_logs,
	.close = json_close,
	.stdout_by_default = true,
};
