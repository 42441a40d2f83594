/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How one export request and its answer travel: one row per protocol that OTLP has. Whatever is the same for all of
 * them (batches, trying again, what the person is told) is in otlp_exporter.c.
 */
#ifndef EXPORT_OTLP_WIRE_H
#define EXPORT_OTLP_WIRE_H

#include "export/http.h"
#include "export/otlp.h"

#define OTLP_MESSAGE_MAX 1024	/* of what the backend says, in bytes */

/* What an answer says. */
struct otlp_answer {
	struct attempt attempt;
	const char *why;		/* how it ended, for a person: "status 503" */
	bool unreadable;		/* it accepts, but not as OTLP does */
	uint64_t rejected;		/* partial success: spans */
	struct buf message;		/* of the backend; empty: none. Cut, and not to be trusted */
};

struct otlp_wire {
	const char *name;		/* "OTLP/gRPC", for a person */
	struct http_kind http;
	/* The body for these spans, in o's memory or in the buffer, which is empty. Empty: no memory, or too large. */
	struct slice (*encode)(struct otlp *o, struct buf *text, struct span *const *spans, size_t n);
	/* The same of log lines. NULL: it has none. */
	struct slice (*encode_logs)(struct otlp *o, struct buf *text, struct log_line *const *lines, size_t n);
	bool grpc;			/* the message stands behind gRPC's prefix, and the path says nothing */
	/* h: what the reply came over, for its headers. `ret` is initialised, and cleared. */
	void (*read)(const struct http *h, const struct http_reply *reply, struct otlp_answer *ret);
};

extern const struct otlp_wire otlp_wire_http, otlp_wire_json, otlp_wire_grpc;
const struct otlp_wire *otlp_wire_of(const struct export_options *opt);	/* as its protocol says */

/* What exporters of one signal over such a wire are made of. opt: in place of env's, copied; NULL: env's. */
int wire_open(const struct export_env *env, const struct otlp_wire *wire, const struct export_options *opt,
	      enum signal signal, void **ret_self, struct err *err) __must_check;
int wire_describe(const void *self, struct buf *out);
void wire_send(void *self, struct span *const *spans, size_t n, struct export_counts *counts);
void wire_send_logs(void *self, struct log_line *const *lines, size_t n, struct export_counts *counts);
void wire_close(void *self);

struct slice otlp_encode(struct otlp *o, struct buf *text, struct span *const *spans, size_t n);	/* protobuf */
struct slice otlp_encode_logs(struct otlp *o, struct buf *text, struct log_line *const *lines, size_t n);

/* Reads ExportTraceServiceResponse. */
void otlp_read_response(struct slice msg, struct otlp_answer *ret);

#endif
