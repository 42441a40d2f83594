/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One finished operation as OpenTelemetry sees it: the value that the pipeline hands to the
 * exporters, which then own it.
 */
#ifndef TRACE_SPAN_H
#define TRACE_SPAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/cleanup.h"
#include "base/list.h"
#include "host/resource.h"

struct trace_id { uint8_t b[16]; };
struct span_id { uint8_t b[8]; };

enum span_kind { SPAN_SERVER = 2, SPAN_CLIENT = 3 };	/* OTLP's numbers */

#define TRACE_FLAG_SAMPLED	0x01
#define TRACE_FLAG_RANDOM	0x02

#define SPAN_LINKS_MAX	4	/* header against position, late evidence: two in practice */

struct span_link {
	struct trace_id trace_id;
	struct span_id span_id;
	uint8_t flags;			/* W3C trace flags */
	bool remote;
	const char *reason;		/* literal, becomes the attribute link.reason */
};

struct span {
	unsigned refs;			/* atomic: every queue of an exporter holds one */
	struct list node;		/* in whatever list of its first owner holds it */
	struct resource *resource;	/* a reference */
	struct trace_id trace_id;
	struct span_id span_id;
	struct span_id parent_id;	/* meaningful with has_parent */
	bool has_parent;
	bool parent_remote;		/* the parent came over the wire in a header */
	bool local_root;		/* the trace on this host begins here */
	bool error;			/* status ERROR */
	uint8_t trace_flags;
	uint8_t kind;			/* enum span_kind */
	uint8_t links_cnt;
	uint64_t start_ns, end_ns;	/* wall clock, end >= start */
	char *name;
	char *trace_state;		/* NULL: none */
	const char *scope;		/* literal: the decoder, "ebpf-tracer.http1" */
	struct attrs attrs;
	struct span_link links[SPAN_LINKS_MAX];
};

struct attr_limits {
	uint64_t count;			/* attributes of one span; 0: no limits but our own */
	uint64_t value_chars;		/* characters of one value */
};

void span_limit(struct span *s, const struct attr_limits *limits);	/* drops, and counts, what is more */
void span_attrs_init(struct attrs *a);	/* empty, with the limits of a span */
struct span *span_new(void);		/* zeroed, attrs initialised to the limits; NULL: out of memory */
struct span *span_get(struct span *s);	/* takes a reference; a shared span is never changed again */
size_t span_memory(const struct span *s);	/* bytes of memory that it takes */
void span_free(struct span *s);		/* gives one reference up; NULL ok */

DEFINE_FREEP(span_free, struct span)

#endif
