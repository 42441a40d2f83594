/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tree has a node for every attribute of every span, so it is laid out in one piece of memory: a first pass over
 * the spans finds the groups and adds up how much the tree will need, a second one builds it and cannot fail. The
 * texts stay where they are, in the spans. The first pass also bounds the packed size, because asking protobuf-c for
 * the exact one takes two thirds of the time that packing takes.
 */
#include <string.h>

#include "base/utf8.h"
#include "export/otlp.h"
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

struct region {
	char *p;
	size_t alloc, used;
};

struct otlp {
	const char *version;
	struct region groups; /* struct group[], then the group's number of each span */
	struct region tree;
	struct region wire;
	size_t wire_max; /* the request at hand takes no more bytes */
	size_t groups_cnt;
};

/* One attribute: the two messages it takes, side by side. */
struct pair {
	Otlp__KeyValue kv;
	Otlp__AnyValue value;
};

struct otlp *otlp_new(const char *version)
{
	struct otlp *o = calloc(1, sizeof(*o));

	if (o)
		o->version = version ? version : "";
	return o;
}

void otlp_free(struct otlp *o)
{
	if (!o)
		return;
	free(o->groups.p);
	free(o->tree.p);
	free(o->wire.p);
	free(o);
}

static int region_reset(struct region *r, size_t need)
{
	r->used = 0;
	if (need <= r->alloc)
		return 0;
	free(r->p);
	r->p = malloc(need);
	r->alloc = r->p ? need : 0;
	return r->p ? 0 : -1;
}

#define ALIGNED(n) (((n) + 15) & ~(size_t)15)

/* The first pass has counted: there is room. */
static void *region_take(struct region *r, size_t n)
{
	void *p = r->p + r->used;

	r->used += ALIGNED(n);
	return p;
}

#define take(o, type, n) ((type *)region_take(&(o)->tree, (n) * sizeof(type)))

static struct slice text_of(const char *s)
{
	return slice_str(s ? s : "");
}

/* A receiver may refuse the whole request for one bad byte, so names are looked at once more. */
static size_t repair_size(const char *s)
{
	struct slice t = text_of(s);

	return utf8_valid_prefix(t) == t.n ? 0 : ALIGNED(utf8_repaired_len(t) + 1);
}

static char *repaired(struct otlp *o, char *s)
{
	struct slice t = text_of(s);
	_cleanup_(buf_release) struct buf b = { 0 };
	char *copy;
	size_t len;

	if (utf8_valid_prefix(t) == t.n)
		return (char *)t.p;
	len = utf8_repaired_len(t);
	buf_init(&b, len);
	copy = take(o, char, len + 1);
	if (utf8_append(&b, t, len))
		len = 0;
	else
		memcpy(copy, b.p, len);
	copy[len] = '\0';
	return copy;
}

static size_t list_size(const struct attrs *a, const struct attr *at)
{
	uint32_t n = attr_list_cnt(a, at);

	return ALIGNED(sizeof(Otlp__ArrayValue)) + ALIGNED(n * sizeof(Otlp__AnyValue)) +
	       ALIGNED(n * sizeof(Otlp__AnyValue *));
}

static size_t attrs_size(const struct attrs *a)
{
	size_t n = ALIGNED(a->n * sizeof(struct pair)) + ALIGNED(a->n * sizeof(Otlp__KeyValue *));
	uint32_t i;

	for (i = 0; i < a->n; i++)
		n += a->v[i].type == ATTR_LIST ? list_size(a, &a->v[i]) : 0;
	return n;
}

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

	return ALIGNED(sizeof(Otlp__Span)) + sizeof(Otlp__Span *) + attrs_size(&s->attrs) +
	       s->links_cnt * link + (s->error ? ALIGNED(sizeof(Otlp__Status)) : 0) +
	       repair_size(s->name) + repair_size(s->trace_state);
}

/* --- first pass --- */

static size_t group_wire(const struct otlp *o, const struct group *g)
{
	return otlp_resource_bound(g->resource) + text_of(g->scope).n + strlen(o->version);
}

static bool same_group(const struct group *g, const struct span *s)
{
	return g->resource == s->resource &&
	       (g->scope == s->scope || !strcmp(text_of(g->scope).p, text_of(s->scope).p));
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
		need += group_size() + attrs_size(&groups[i].resource->attrs);
	for (i = 0; i < n; i++)
		need += span_size(spans[i]);
	return region_reset(&o->tree, need);
}

/* --- second pass --- */

static Otlp__ArrayValue *build_list(struct otlp *o, const struct attrs *a, const struct attr *at)
{
	uint32_t n = attr_list_cnt(a, at), i;
	Otlp__ArrayValue *out = take(o, Otlp__ArrayValue, 1);
	Otlp__AnyValue *values = take(o, Otlp__AnyValue, n);
	const char *text = NULL;

	otlp__array_value__init(out);
	out->n_values = n;
	out->values = take(o, Otlp__AnyValue *, n);
	for (i = 0; i < n; i++) {
		text = attr_list_next(a, at, text);
		otlp__any_value__init(&values[i]);
		values[i].value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
		values[i].string_value = (char *)text;
		out->values[i] = &values[i];
	}
	return out;
}

static void value_set(struct otlp *o, Otlp__AnyValue *v, const struct attrs *a,
		      const struct attr *at)
{
	switch ((enum attr_type)at->type) {
	case ATTR_STR:
		v->value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
		v->string_value = (char *)attr_text(a, at);
		break;
	case ATTR_INT:
		v->value_case = OTLP__ANY_VALUE__VALUE_INT_VALUE;
		v->int_value = at->i;
		break;
	case ATTR_DOUBLE:
		v->value_case = OTLP__ANY_VALUE__VALUE_DOUBLE_VALUE;
		v->double_value = at->d;
		break;
	case ATTR_BOOL:
		v->value_case = OTLP__ANY_VALUE__VALUE_BOOL_VALUE;
		v->bool_value = at->b;
		break;
	case ATTR_LIST:
		v->value_case = OTLP__ANY_VALUE__VALUE_ARRAY_VALUE;
		v->array_value = build_list(o, a, at);
		break;
	}
}

static Otlp__KeyValue *pair_init(struct pair *p, const char *key)
{
	otlp__key_value__init(&p->kv);
	otlp__any_value__init(&p->value);
	p->kv.key = (char *)key;
	p->kv.value = &p->value;
	return &p->kv;
}

static Otlp__KeyValue **build_attrs(struct otlp *o, const struct attrs *a)
{
	Otlp__KeyValue **out = take(o, Otlp__KeyValue *, a->n);
	struct pair *pairs = take(o, struct pair, a->n);
	uint32_t i;

	for (i = 0; i < a->n; i++) {
		out[i] = pair_init(&pairs[i], attr_key(a, &a->v[i]));
		value_set(o, &pairs[i].value, a, &a->v[i]);
	}
	return out;
}

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
	out->attributes[0] = pair_init(reason, "link.reason");
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
	out->trace_state = repaired(o, s->trace_state);
	out->name = repaired(o, s->name);
	out->kind = (Otlp__SpanKind)s->kind;
	out->start_time_unix_nano = s->start_ns;
	out->end_time_unix_nano = s->end_ns;
	out->n_attributes = s->attrs.n;
	out->attributes = build_attrs(o, &s->attrs);
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
	g->out->scope = take(o, Otlp__InstrumentationScope, 1);
	otlp__instrumentation_scope__init(g->out->scope);
	g->out->scope->name = (char *)text_of(g->scope).p;
	g->out->scope->version = (char *)o->version;
	g->out->spans = take(o, Otlp__Span *, g->n);
	g->out->schema_url = (char *)OTLP_SCHEMA_URL;
	g->placed = true;
	return g->out;
}

/* The resource of *first with every scope that it shares with later groups. */
static Otlp__ResourceSpans *build_resource(struct otlp *o, struct group *first, struct group *end)
{
	Otlp__ResourceSpans *out = take(o, Otlp__ResourceSpans, 1);
	const struct attrs *a = &first->resource->attrs;
	struct group *g;
	size_t n = 0;

	otlp__resource_spans__init(out);
	out->schema_url = (char *)OTLP_SCHEMA_URL;
	out->resource = take(o, Otlp__Resource, 1);
	otlp__resource__init(out->resource);
	out->resource->n_attributes = a->n;
	out->resource->attributes = build_attrs(o, a);
	out->resource->dropped_attributes_count = a->dropped;
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

struct slice otlp_pack(struct otlp *o, const Otlp__ExportTraceServiceRequest *req)
{
	size_t n;

	if (region_reset(&o->wire, o->wire_max))
		return (struct slice){ NULL, 0 };
	n = otlp__export_trace_service_request__pack(req, (uint8_t *)o->wire.p);
	return (struct slice){ o->wire.p, n };
}
