/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One line that a traced process wrote to its output, as a log record of OpenTelemetry: the value that the pipeline
 * hands to the exporters, which then own it.
 */
#ifndef TRACE_LOG_LINE_H
#define TRACE_LOG_LINE_H

#include "trace/span.h"

/* OTLP's numbers. */
enum severity {
	SEVERITY_UNKNOWN = 0,
	SEVERITY_TRACE = 1,
	SEVERITY_DEBUG = 5,
	SEVERITY_INFO = 9,
	SEVERITY_NOTICE = 10,
	SEVERITY_WARN = 13,
	SEVERITY_ERROR = 17,
	SEVERITY_FATAL = 21,
};

struct log_line {
	unsigned refs;			/* atomic: every queue of an exporter holds one */
	struct list node;		/* in whatever list of its first owner holds it */
	struct resource *resource;	/* a reference */
	uint64_t time_ns;		/* wall clock: when the write that completed it returned */
	struct trace_id trace_id;	/* valid with has_span, as the next two */
	struct span_id span_id;
	uint8_t trace_flags;
	bool has_span;			/* it was written for a request */
	uint8_t severity;		/* enum severity */
	char *severity_text;		/* the line's own word; NULL: none */
	char *body;			/* valid UTF-8 without control characters but tabs */
	struct attrs attrs;
};

/* A line without its end, as it was written. NULL: out of memory. */
struct log_line *log_line_new(struct slice text);
struct log_line *log_line_get(struct log_line *l);	/* takes a reference; a shared line is never changed again */
size_t log_line_memory(const struct log_line *l);		/* bytes of memory that it takes */
void log_line_free(struct log_line *l);			/* gives one reference up; NULL ok */
void log_line_place(struct log_line *l, const struct trace_id *trace, const struct span_id *span, uint8_t flags);

/* What a line says of its severity itself, in a word before its message; UNKNOWN: nothing that is plain. */
enum severity log_severity(struct slice line, struct slice *ret_word);

DEFINE_FREEP(log_line_free, struct log_line)

#endif
