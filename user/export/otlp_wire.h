/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How one export request and its answer travel: one row per protocol that OTLP has. Whatever is the same for all of
 * them (batches, trying again, what the person is told) is in otlp_exporter.c.
 */
#ifndef EXPORT_OTLP_WIRE_H
#define EXPORT_OTLP_WIRE_H

#include "export/http.h"

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
	bool json;
	bool grpc;			/* the message stands behind gRPC's prefix, and the path says nothing */
	/* h: what the reply came over, for its headers. `ret` is initialised, and cleared. */
	void (*read)(const struct http *h, const struct http_reply *reply, struct otlp_answer *ret);
};

extern const struct otlp_wire otlp_wire_http, otlp_wire_json, otlp_wire_grpc;

/* Reads ExportTraceServiceResponse. */
void otlp_read_response(struct slice msg, struct otlp_answer *ret);

#endif
