/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spans as OTLP: one export request as protobuf's bytes (otlp_write.h), or as a tree of messages, from which JSON is
 * made (json_message.c) and in the tests the same bytes. An encoder reuses its memory from request to request, so that
 * a span costs no malloc.
 * Not thread-safe: one encoder per exporter.
 */
#ifndef EXPORT_OTLP_H
#define EXPORT_OTLP_H

#include "base/cleanup.h"
#include "base/slice.h"
#include "otlp.pb-c.h"
#include "trace/log_line.h"
#include "trace/span.h"

#define OTLP_SCHEMA_URL "https://opentelemetry.io/schemas/1.44.0"

struct otlp;

struct otlp *otlp_new(const char *version);	/* of the scopes; borrowed. NULL: out of memory */
void otlp_free(struct otlp *o);			/* NULL ok */
/*
 * The bytes of the request for these spans, grouped by resource and by scope in order of their first appearance; they
 * live until the next call. p is NULL when out of memory.
 */
struct slice otlp_write(struct otlp *o, struct span *const *spans, size_t n);
/*
 * The same as a tree, grouped by resource and by scope in order of their first appearance. It borrows from
 * the spans and lives until the next call. NULL: out of memory.
 */
Otlp__ExportTraceServiceRequest *otlp_request(struct otlp *o, struct span *const *spans, size_t n);
/* The same of log lines, grouped by resource. */
Otlp__ExportLogsServiceRequest *otlp_log_request(struct otlp *o, struct log_line *const *lines, size_t n);
/* The bytes of the request that was made last, which live until the next call. p is NULL when out of memory. */
struct slice otlp_pack(struct otlp *o, const ProtobufCMessage *req);

uint32_t otlp_flags(uint8_t trace_flags, bool remote);	/* of a span's parent, or of what is linked */

DEFINE_FREEP(otlp_free, struct otlp)

#endif
