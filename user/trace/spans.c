/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An exchange whose trace is known becomes a span: resource, name, times on the wall clock, what is
 * said of its link.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/route.h"
#include "trace/stages.h"

/*
 * A call's end is stamped when the call returns, which on loopback may be after the other end has
 * read the bytes. Such a time is moved into the parent's, as far as the call's beginning allows;
 * beyond that it would be a lie, so it is said.
 */
static void clamp_times(struct exchange *x, struct attrs *attrs)
{
	bool clamped = false;

	if (x->bound_start_ns > x->start_ns) {
		clamped = x->start_exact;
		x->start_ns = x->bound_start_ns;
	}
	if (x->bound_end_ns && x->bound_end_ns < x->end_ns && x->server_side) {
		clamped = clamped || x->end_min_ns > x->bound_end_ns;
		x->end_ns = x->bound_end_ns;
	}
	x->end_ns = max(x->end_ns, x->start_ns);
	if (clamped)
		attrs_bool(attrs, "time.clamped", true);
}

/*
 * Without a stamp at the start of the send, a call began no later than its other end received it.
 */
static void start_before_children(struct exchange *x, struct attrs *attrs)
{
	const struct exchange *child;

	if (x->start_exact || x->server_side)
		return;
	list_for_each (child, &x->children, sibling) {
		if (child->start_ns >= x->start_ns)
			continue;
		x->start_ns = child->start_ns;
		attrs_bool(attrs, "time.clamped", true);
	}
}

/* NULL: out of memory. */
static char *name_of(const struct pipeline *p, struct exchange *x, struct attrs *attrs)
{
	const struct attr *path = x->server_side ? attrs_find(attrs, "url.path") : NULL;
	const char *route = NULL;
	char *name = NULL;

	if (path)
		route = route_find(p->cfg.routes, p->cfg.routes_cnt,
				   (struct slice){ attr_text(attrs, path), path->s.len });
	if (!route || !x->name)
		return take_ptr(x->name);
	attrs_str(attrs, "http.route", slice_str(route));
	return asprintf(&name, "%s %s", x->name, route) < 0 ? NULL : name;
}

static void add_link_facts(const struct exchange *x, struct span *s)
{
	attrs_str(&s->attrs, "link.method", slice_str(link_method_name(x->method)));
	attrs_double(&s->attrs, "link.confidence", x->confidence);
	if (x->incomplete)
		attrs_bool(&s->attrs, "exchange.incomplete", true);
	if (x->has_link)
		s->links[s->links_cnt++] = x->link;
}

/* NULL: out of memory. */
static struct span *make_span(struct pipeline *p, struct exchange *x)
{
	_cleanup_(span_freep) struct span *s = span_new();

	if (!s)
		return NULL;
	attrs_release(&s->attrs);
	s->attrs = x->attrs;
	span_attrs_init(&x->attrs);
	start_before_children(x, &s->attrs);
	clamp_times(x, &s->attrs);
	s->name = name_of(p, x, &s->attrs);
	if (!s->name)
		return NULL;
	s->resource = resource_get(
		p->sink.resource(p->sink.ctx, x->tgid, x->server_side ? x->local_port : 0));
	s->trace_id = x->ctx.trace_id;
	s->span_id = x->ctx.span_id;
	s->parent_id = x->parent_ctx.span_id;
	s->has_parent = x->has_parent && span_id_set(&x->parent_ctx.span_id);
	s->parent_remote = x->parent_remote;
	s->local_root = !s->has_parent || x->parent_remote;
	s->error = x->error;
	s->trace_flags = x->ctx.flags;
	s->kind = x->server_side ? SPAN_SERVER : SPAN_CLIENT;
	s->start_ns = x->start_ns + x->wall_offset_ns;
	s->end_ns = x->end_ns + x->wall_offset_ns;
	s->trace_state = x->trace_state ? strdup(x->trace_state) : NULL;
	s->scope = x->scope;
	add_link_facts(x, s);
	if (p->cfg.attr_limits.count)
		span_limit(s, &p->cfg.attr_limits);
	return take_ptr(s);
}

void spans_emit(struct pipeline *p, struct exchange *x)
{
	struct span *s;

	if (x->left_to_sdk) {
		p->tally.v[x->telemetry ? TALLY_TELEMETRY : TALLY_LEFT_TO_SDK]++;
		return;
	}
	if (!x->sampled) {
		p->tally.v[TALLY_NOT_SAMPLED]++;
		return;
	}
	s = make_span(p, x);
	if (!s) {
		p->tally.v[TALLY_SPANS_LOST]++;
		return;
	}
	p->tally.v[TALLY_SPANS]++;
	p->sink.span(p->sink.ctx, s);
}
