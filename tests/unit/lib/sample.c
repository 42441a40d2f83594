/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "base/compiler.h"
#include "unit/lib/sample.h"

#define EPOCH_NS 1700000000000000000ULL

struct resource *sample_resource(const char *service)
{
	struct resource *r = resource_new();

	attrs_str(&r->attrs, "service.name", slice_str(service));
	return r;
}

struct span *sample_span(struct resource *r, uint8_t trace, uint8_t id, uint8_t parent,
			 uint64_t start_ms)
{
	struct span *s = span_new();

	s->resource = resource_get(r);
	memset(s->trace_id.b, 0xab, sizeof(s->trace_id.b));
	s->trace_id.b[15] = trace;
	s->span_id.b[7] = id;
	s->parent_id.b[7] = parent;
	s->has_parent = parent != 0;
	s->local_root = !parent;
	s->kind = SPAN_SERVER;
	s->trace_flags = TRACE_FLAG_SAMPLED;
	s->start_ns = EPOCH_NS + start_ms * NSEC_PER_MSEC;
	s->end_ns = s->start_ns + NSEC_PER_MSEC;
	s->name = strdup("GET");
	s->scope = "ebpf-tracer.http1";
	attrs_str(&s->attrs, "url.path", SLICE("/work"));
	attrs_int(&s->attrs, "http.response.status_code", 200);
	return s;
}

struct span *sample_golden(void)
{
	static const uint8_t trace[] = { 0x5b, 0x8e, 0xff, 0xf7, 0x98, 0x03, 0x81, 0x03,
					 0xd2, 0x69, 0xb6, 0x33, 0x81, 0x3f, 0xc6, 0x0c };
	static const uint8_t parent[] = { 0xee, 0xe1, 0x9b, 0x7e, 0xc3, 0xc1, 0xb1, 0x73 };
	static const uint8_t id[] = { 0xee, 0xe1, 0x9b, 0x7e, 0xc3, 0xc1, 0xb1, 0x74 };
	struct span *s = span_new();

	s->resource = sample_resource("a");
	memcpy(s->trace_id.b, trace, sizeof(trace));
	memcpy(s->span_id.b, id, sizeof(id));
	memcpy(s->parent_id.b, parent, sizeof(parent));
	s->has_parent = s->parent_remote = s->local_root = s->error = true;
	s->trace_flags = TRACE_FLAG_SAMPLED;
	s->kind = SPAN_SERVER;
	s->start_ns = 1544712660000000000;
	s->end_ns = 1544712661000000000;
	s->name = strdup("GET");
	s->scope = "t";
	attrs_int(&s->attrs, "http.response.status_code", 500);
	return s;
}
