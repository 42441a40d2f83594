/* SPDX-License-Identifier: GPL-2.0-only */
/* Spans as the message tree of one request (otlp_tree.h), and as bytes without one. */
#include <string.h>

#include "export/otlp_tree.h"
#include "export/otlp_write.h"

#define FLAG_HAS_IS_REMOTE 0x100
#define FLAG_IS_REMOTE     0x200

/* The spans of one resource and one scope. */
struct group {
	struct resource *resource;
	const char *scope;
	size_t n;
	Otlp__ScopeSpans *out;
	bool placed; /* its resource has been built */
};

static size_t group_size(void)
{
	return ALIGNED(sizeof(Otlp__ResourceSpans)) + ALIGNED(sizeof(Otlp__ResourceSpans *)) +
	       ALIGNED(sizeof(Otlp__Resource)) + ALIGNED(sizeof(Otlp__ScopeSpans)) +
	       ALIGNED(sizeof(Otlp__ScopeSpans *)) + ALIGNED(sizeof(Otlp__InstrumentationScope)) +
	       ALIGNED(sizeof(Otlp__Span *));
}

static size_t span_size(const struct span *s)
{
	size_t link = ALIGNED(sizeof(Otlp__Link)) + ALIGNED(sizeof(Otlp__Link *)) +
		      ALIGNED(sizeof(struct pair)) + ALIGNED(sizeof(Otlp__KeyValue *));

	return ALIGNED(sizeof(Otlp__Span)) + sizeof(Otlp__Span *) + otlp_attrs_size(&s->attrs) +
	       s->links_cnt * link + (s->error ? ALIGNED(sizeof(Otlp__Status)) : 0) +
	       otlp_repair_size(s->name) + otlp_repair_size(s->trace_state);
}

/* --- first pass --- */

static size_t group_wire(const struct otlp *o, const struct group *g)
{
	return otlp_resource_bound(g->resource) + otlp_text(g->scope).n + strlen(o->version);
}

static bool same_group(const struct group *g, const struct span *s)
{
	return g->resource == s->resource &&
	       (g->scope == s->scope || !strcmp(otlp_text(g->scope).p, otlp_text(s->scope).p));
}

static size_t group_find(struct group *groups, size_t n, size_t last, const struct span *s)
{
	size_t i;

	if (n && same_group(&groups[last], s))
		return last;
	for (i = 0; i < n; i++)
		if (same_group(&groups[i], s))
			break;
	return i;
}

/* Behind the groups: of each of n spans which it is in. */
static size_t group_numbers_at(size_t n)
{
	return ALIGNED(n * sizeof(struct group));
}

/* Finds the groups, and how many bytes the request takes at most. */
static int plan(struct otlp *o, struct span *const *spans, size_t n)
{
	struct group *groups;
	uint32_t *group_of;
	size_t last = 0, i;

	o->groups_cnt = 0;
	o->wire_max = 0;
	if (region_reset(&o->groups, ALIGNED(n * sizeof(*groups)) + ALIGNED(n * sizeof(*group_of))))
		return -1;
	groups = region_take(&o->groups, n * sizeof(*groups));
	group_of = region_take(&o->groups, n * sizeof(*group_of));
	for (i = 0; i < n; i++) {
		last = group_find(groups, o->groups_cnt, last, spans[i]);
		if (last == o->groups_cnt) {
			groups[last] = (struct group){ .resource = spans[i]->resource,
						       .scope = spans[i]->scope };
			o->wire_max += group_wire(o, &groups[last]);
			o->groups_cnt++;
		}
		groups[last].n++;
		group_of[i] = (uint32_t)last;
		o->wire_max += otlp_span_bound(spans[i]);
	}
	return 0;
}

/* Room for the tree of what was planned. */
static int plan_tree(struct otlp *o, struct span *const *spans, size_t n)
{
	const struct group *groups = (const struct group *)o->groups.p;
	size_t need = ALIGNED(sizeof(Otlp__ExportTraceServiceRequest)), i;

	for (i = 0; i < o->groups_cnt; i++)
		need += group_size() + otlp_attrs_size(&groups[i].resource->attrs);
	for (i = 0; i < n; i++)
		need += span_size(spans[i]);
	return region_reset(&o->tree, need);
}

/* --- second pass --- */

uint32_t otlp_flags(uint8_t trace_flags, bool remote)
{
	return FLAG_HAS_IS_REMOTE | (remote ? FLAG_IS_REMOTE : 0) | trace_flags;
}

static Otlp__Link *build_link(struct otlp *o, const struct span_link *l)
{
	Otlp__Link *out = take(o, Otlp__Link, 1);
	struct pair *reason;

	otlp__link__init(out);
	out->trace_id = (ProtobufCBinaryData){ sizeof(l->trace_id.b), (uint8_t *)l->trace_id.b };
	out->span_id = (ProtobufCBinaryData){ sizeof(l->span_id.b), (uint8_t *)l->span_id.b };
	out->flags = otlp_flags(l->flags, l->remote);
	if (!l->reason)
		return out;
	reason = take(o, struct pair, 1);
	out->n_attributes = 1;
	out->attributes = take(o, Otlp__KeyValue *, 1);
	out->attributes[0] = otlp_pair(reason, "link.reason");
	reason->value.value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
	reason->value.string_value = (char *)l->reason;
	return out;
}

static Otlp__Status *build_error(struct otlp *o)
{
	Otlp__Status *st = take(o, Otlp__Status, 1);

	otlp__status__init(st);
	st->code = OTLP__STATUS_CODE__STATUS_CODE_ERROR;
	return st;
}

static Otlp__Span *build_span(struct otlp *o, struct span *s)
{
	Otlp__Span *out = take(o, Otlp__Span, 1);
	uint8_t i;

	otlp__span__init(out);
	out->trace_id = (ProtobufCBinaryData){ sizeof(s->trace_id.b), s->trace_id.b };
	out->span_id = (ProtobufCBinaryData){ sizeof(s->span_id.b), s->span_id.b };
	if (s->has_parent)
		out->parent_span_id =
			(ProtobufCBinaryData){ sizeof(s->parent_id.b), s->parent_id.b };
	out->trace_state = otlp_repaired(o, s->trace_state);
	out->name = otlp_repaired(o, s->name);
	out->kind = (Otlp__SpanKind)s->kind;
	out->start_time_unix_nano = s->start_ns;
	out->end_time_unix_nano = s->end_ns;
	out->n_attributes = s->attrs.n;
	out->attributes = otlp_build_attrs(o, &s->attrs);
	out->dropped_attributes_count = s->attrs.dropped;
	out->flags = otlp_flags(s->trace_flags, s->parent_remote);
	if (s->error)
		out->status = build_error(o);
	if (!s->links_cnt)
		return out;
	out->links = take(o, Otlp__Link *, s->links_cnt);
	out->n_links = s->links_cnt;
	for (i = 0; i < s->links_cnt; i++)
		out->links[i] = build_link(o, &s->links[i]);
	return out;
}

static Otlp__ScopeSpans *build_scope(struct otlp *o, struct group *g)
{
	g->out = take(o, Otlp__ScopeSpans, 1);
	otlp__scope_spans__init(g->out);
	g->out->scope = otlp_build_scope(o, g->scope);
	g->out->spans = take(o, Otlp__Span *, g->n);
	g->out->schema_url = (char *)OTLP_SCHEMA_URL;
	g->placed = true;
	return g->out;
}

/* The resource of *first with every scope that it shares with later groups. */
static Otlp__ResourceSpans *build_resource(struct otlp *o, struct group *first, struct group *end)
{
	Otlp__ResourceSpans *out = take(o, Otlp__ResourceSpans, 1);
	struct group *g;
	size_t n = 0;

	otlp__resource_spans__init(out);
	out->schema_url = (char *)OTLP_SCHEMA_URL;
	out->resource = otlp_build_resource(o, first->resource);
	for (g = first; g < end; g++)
		n += g->resource == first->resource;
	out->scope_spans = take(o, Otlp__ScopeSpans *, n);
	for (g = first; g < end; g++)
		if (g->resource == first->resource)
			out->scope_spans[out->n_scope_spans++] = build_scope(o, g);
	return out;
}

Otlp__ExportTraceServiceRequest *otlp_request(struct otlp *o, struct span *const *spans, size_t n)
{
	Otlp__ExportTraceServiceRequest *req;
	struct group *groups;
	uint32_t *group_of;
	size_t i;

	if (plan(o, spans, n) || plan_tree(o, spans, n))
		return NULL;
	groups = (struct group *)o->groups.p;
	group_of = (uint32_t *)(o->groups.p + group_numbers_at(n));
	req = take(o, Otlp__ExportTraceServiceRequest, 1);
	otlp__export_trace_service_request__init(req);
	req->resource_spans = take(o, Otlp__ResourceSpans *, o->groups_cnt);
	for (i = 0; i < o->groups_cnt; i++)
		if (!groups[i].placed)
			req->resource_spans[req->n_resource_spans++] =
				build_resource(o, &groups[i], groups + o->groups_cnt);
	for (i = 0; i < n; i++) {
		Otlp__ScopeSpans *scope = groups[group_of[i]].out;

		scope->spans[scope->n_spans++] = build_span(o, spans[i]);
	}
	return req;
}

/* --- the same without a tree --- */

/* The spans of one group, from the last to the first. */
static void write_group(struct otlp *o, struct writer *w, size_t number, struct span *const *spans,
			size_t n)
{
	const struct group *groups = (const struct group *)o->groups.p;
	const uint32_t *group_of = (const uint32_t *)(o->groups.p + group_numbers_at(n));
	const char *end = w->p;

	otlp_write_schema(w);
	while (n--)
		if (group_of[n] == number)
			otlp_write_span(w, spans[n]);
	otlp_write_scope(w, end, groups[number].scope, o->version);
}

static bool is_first_of_resource(const struct group *groups, size_t number)
{
	size_t i;

	for (i = 0; i < number; i++)
		if (groups[i].resource == groups[number].resource)
			return false;
	return true;
}

struct slice otlp_write(struct otlp *o, struct span *const *spans, size_t n)
{
	const struct group *groups;
	struct writer w;
	size_t i, k;
	char *end;

	if (plan(o, spans, n) || region_reset(&o->wire, o->wire_max))
		return (struct slice){ NULL, 0 };
	groups = (const struct group *)o->groups.p;
	end = w.p = o->wire.p + o->wire_max;
	for (i = o->groups_cnt; i--;) {
		const char *resource_end = w.p;

		if (!is_first_of_resource(groups, i))
			continue;
		otlp_write_schema(&w);
		for (k = o->groups_cnt; k-- > i;)
			if (groups[k].resource == groups[i].resource)
				write_group(o, &w, k, spans, n);
		otlp_write_resource(&w, resource_end, groups[i].resource);
	}
	return (struct slice){ w.p, (size_t)(end - w.p) };
}
