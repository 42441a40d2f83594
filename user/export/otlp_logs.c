/* SPDX-License-Identifier: GPL-2.0-only */
/* Log lines as the message tree of one request: otlp_tree.h. */
#include <string.h>

#include "export/otlp_tree.h"

#define SCOPE "ebpf-tracer.logs"

/* The lines of one resource. */
struct group {
	struct resource *resource;
	size_t n;
	Otlp__ScopeLogs *out;
};

static size_t group_size(const struct resource *r)
{
	return ALIGNED(sizeof(Otlp__ResourceLogs)) + ALIGNED(sizeof(Otlp__ResourceLogs *)) +
	       ALIGNED(sizeof(Otlp__Resource)) + ALIGNED(sizeof(Otlp__ScopeLogs)) +
	       ALIGNED(sizeof(Otlp__ScopeLogs *)) + ALIGNED(sizeof(Otlp__InstrumentationScope)) +
	       ALIGNED(sizeof(Otlp__LogRecord *)) + otlp_attrs_size(&r->attrs);
}

static size_t line_size(const struct log_line *l)
{
	return ALIGNED(sizeof(Otlp__LogRecord)) + sizeof(Otlp__LogRecord *) +
	       ALIGNED(sizeof(Otlp__AnyValue)) + otlp_attrs_size(&l->attrs);
}

/* The group of the line: the one of the line before it, most likely. */
static size_t group_find(const struct group *groups, size_t n, size_t last,
			 const struct log_line *l)
{
	size_t i;

	if (n && groups[last].resource == l->resource)
		return last;
	for (i = 0; i < n; i++)
		if (groups[i].resource == l->resource)
			break;
	return i;
}

static int plan(struct otlp *o, struct log_line *const *lines, size_t n)
{
	size_t need = ALIGNED(sizeof(Otlp__ExportLogsServiceRequest)), last = 0, i;
	struct group *groups;
	uint32_t *group_of;

	o->groups_cnt = 0;
	if (region_reset(&o->groups, ALIGNED(n * sizeof(*groups)) + ALIGNED(n * sizeof(*group_of))))
		return -1;
	groups = region_take(&o->groups, n * sizeof(*groups));
	group_of = region_take(&o->groups, n * sizeof(*group_of));
	for (i = 0; i < n; i++) {
		last = group_find(groups, o->groups_cnt, last, lines[i]);
		if (last == o->groups_cnt) {
			groups[last] = (struct group){ .resource = lines[i]->resource };
			need += group_size(lines[i]->resource);
			o->groups_cnt++;
		}
		groups[last].n++;
		group_of[i] = (uint32_t)last;
		need += line_size(lines[i]);
	}
	/* A pointer for each resource. */
	return region_reset(&o->tree, need + ALIGNED(o->groups_cnt * sizeof(void *)));
}

static Otlp__LogRecord *build_line(struct otlp *o, struct log_line *l)
{
	Otlp__LogRecord *out = take(o, Otlp__LogRecord, 1);

	otlp__log_record__init(out);
	out->time_unix_nano = out->observed_time_unix_nano = l->time_ns;
	out->severity_number = (Otlp__SeverityNumber)l->severity;
	out->severity_text = (char *)otlp_text(l->severity_text).p;
	out->body = take(o, Otlp__AnyValue, 1);
	otlp__any_value__init(out->body);
	out->body->value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
	out->body->string_value = l->body;
	out->n_attributes = l->attrs.n;
	out->attributes = otlp_build_attrs(o, &l->attrs);
	out->dropped_attributes_count = l->attrs.dropped;
	if (!l->has_span)
		return out;
	out->flags = l->trace_flags;
	out->trace_id = (ProtobufCBinaryData){ sizeof(l->trace_id.b), l->trace_id.b };
	out->span_id = (ProtobufCBinaryData){ sizeof(l->span_id.b), l->span_id.b };
	return out;
}

static Otlp__ResourceLogs *build_group(struct otlp *o, struct group *g)
{
	Otlp__ResourceLogs *out = take(o, Otlp__ResourceLogs, 1);

	otlp__resource_logs__init(out);
	out->schema_url = (char *)OTLP_SCHEMA_URL;
	out->resource = otlp_build_resource(o, g->resource);
	out->n_scope_logs = 1;
	out->scope_logs = take(o, Otlp__ScopeLogs *, 1);
	g->out = out->scope_logs[0] = take(o, Otlp__ScopeLogs, 1);
	otlp__scope_logs__init(g->out);
	g->out->scope = otlp_build_scope(o, SCOPE);
	g->out->schema_url = (char *)OTLP_SCHEMA_URL;
	g->out->log_records = take(o, Otlp__LogRecord *, g->n);
	return out;
}

Otlp__ExportLogsServiceRequest *otlp_log_request(struct otlp *o, struct log_line *const *lines,
						 size_t n)
{
	Otlp__ExportLogsServiceRequest *req;
	struct group *groups;
	uint32_t *group_of;
	size_t i;

	if (plan(o, lines, n))
		return NULL;
	groups = (struct group *)o->groups.p;
	group_of = (uint32_t *)(o->groups.p + ALIGNED(n * sizeof(*groups)));
	req = take(o, Otlp__ExportLogsServiceRequest, 1);
	otlp__export_logs_service_request__init(req);
	req->resource_logs = take(o, Otlp__ResourceLogs *, o->groups_cnt);
	for (i = 0; i < o->groups_cnt; i++)
		req->resource_logs[req->n_resource_logs++] = build_group(o, &groups[i]);
	for (i = 0; i < n; i++) {
		Otlp__ScopeLogs *scope = groups[group_of[i]].out;

		scope->log_records[scope->n_log_records++] = build_line(o, lines[i]);
	}
	return req;
}
