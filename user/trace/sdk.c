/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes that have a tracing SDK of their own: their spans and ours in one trace, and each request shown once.
 *
 * An SDK shows itself by what it writes into the requests that its process sends: a context that no request of ours has
 * brought. If nobody above named a trace, the whole local trace takes that one (sdk_trace_below). That the SDK's spans
 * go anywhere is known only when the process is seen to send spans, or was started with an agent that does. From then
 * on, with --with-sdk auto, what the SDK shows at the place where we would is left to it:
 *
 *   a server span   whose parent is the one that its header names, or which begins the trace here
 *   a client span   whose request carries the SDK's own context, which is then the parent of what it causes
 *
 * and what it does not show, or shows elsewhere because a service between did not hand the context on, is shown; in the
 * latter case with all that follows from it, so that the way from the first cause to the last effect is whole.
 * With join everything is shown and hangs below the SDK's spans; with skip nothing of such a process is.
 */
#include <string.h>

#include "trace/stages.h"

#define OTLP_GRPC_PORT 4317

static void found(struct pipeline *p, struct process *proc, uint32_t tgid, const char *why)
{
	if (!proc || proc->sdk)
		return;
	proc->sdk = true;
	if (p->sink.sdk)
		p->sink.sdk(p->sink.ctx, tgid, why);
}

static const char *facts_say(struct pipeline *p, uint32_t tgid)
{
	return p->sink.sdk_facts ? p->sink.sdk_facts(p->sink.ctx, tgid) : NULL;
}

static bool has_sdk(struct pipeline *p, uint32_t tgid)
{
	struct process *proc = process_find(&p->processes, tgid);
	const char *why;

	if (!proc)
		return facts_say(p, tgid); /* it has ended */
	if (!proc->sdk && !proc->sdk_asked) {
		proc->sdk_asked = true;
		why = facts_say(p, tgid);
		if (why)
			found(p, proc, tgid, why);
	}
	return proc->sdk;
}

void sdk_forget(struct pipeline *p, uint32_t tgid)
{
	struct process *proc = process_find(&p->processes, tgid);

	if (proc)
		proc->sdk = proc->sdk_asked = proc->collects = false;
}

/*
 * On a connection that was open before us paths are numbers. What asks in HTTP/2 for the service on that port is an
 * exporter.
 */
void sdk_midway(struct pipeline *p, const struct conn *c, uint32_t tgid)
{
	if (c->facts.transport != TRANSPORT_UNIX && c->facts.peer_port == OTLP_GRPC_PORT)
		found(p, process_get(&p->processes, tgid), tgid, "it speaks HTTP/2 to port 4317");
}

/* A collector is told of spans and hands them on: they are not its own. */
void sdk_conn_reports(struct pipeline *p, const struct conn *c, uint32_t tgid,
		      enum telemetry telemetry)
{
	struct process *proc = process_get(&p->processes, tgid);

	if (proc && conn_is_server(c))
		proc->collects = true;
	else if (proc && !proc->collects && telemetry == TELEMETRY_SPANS)
		found(p, proc, tgid, "it sends spans");
}

/* A proxy that hands on what another process reports does not report itself. */
void sdk_report(struct pipeline *p, struct exchange *x, enum telemetry telemetry)
{
	x->telemetry = telemetry != TELEMETRY_NONE;
	if (telemetry == TELEMETRY_SPANS && !x->server_side && !(x->parent && x->parent->telemetry))
		found(p, process_get(&p->processes, x->tgid), x->tgid, "it sends spans");
}

static bool same_span(const struct trace_ctx *a, const struct trace_ctx *b)
{
	return !memcmp(&a->span_id, &b->span_id, sizeof(a->span_id)) &&
	       !memcmp(&a->trace_id, &b->trace_id, sizeof(a->trace_id));
}

static bool in_trace(const struct trace_ctx *header, const struct exchange *x)
{
	return !memcmp(&header->trace_id, &x->ctx.trace_id, sizeof(header->trace_id));
}

/* Somebody above has received the context that this call carries. */
static bool handed_on(const struct exchange *call)
{
	const struct exchange *x;

	for (x = call->parent; x; x = x->parent)
		if (x->server_side && x->has_header && same_span(&x->header, &call->header))
			return true;
	return false;
}

/* The call carries a context that its own process has made, in the trace that it now belongs to. */
static bool carries_own(const struct exchange *call)
{
	return !call->server_side && call->has_header && span_id_set(&call->header.span_id) &&
	       in_trace(&call->header, call) && !handed_on(call);
}

static bool is_recorded(const struct trace_ctx *header)
{
	return header->undecided || header->flags & TRACE_FLAG_SAMPLED;
}

const struct exchange *sdk_trace_below(const struct exchange *x)
{
	const struct exchange *child, *deeper;

	list_for_each (child, &x->children, sibling) {
		if (!link_method_evidence(child->method))
			continue;
		if (child->has_header)
			return child;
		deeper = sdk_trace_below(child);
		if (deeper)
			return deeper;
	}
	return NULL;
}

/* Every call made for x is one that the SDK shows; then nobody needs x as a parent. */
static bool shows_all_below(const struct exchange *x)
{
	const struct exchange *call;

	list_for_each (call, &x->children, sibling)
		if (!call->telemetry && !(call->has_header && in_trace(&call->header, x)))
			return false;
	return true;
}

/* A call made for x is in another trace: the SDK knows of the call and not of x. */
static bool begins_other_trace(const struct exchange *x)
{
	const struct exchange *call;

	list_for_each (call, &x->children, sibling)
		if (call->has_header && !in_trace(&call->header, x))
			return true;
	return false;
}

/* The SDK's own span of the request x stands where ours would, as far as can be known. */
static bool shows_server(const struct exchange *x)
{
	if (x->has_header)
		return is_recorded(&x->header) && same_span(&x->parent_ctx, &x->header) &&
		       !begins_other_trace(x);
	return !(x->has_parent && span_id_set(&x->parent_ctx.span_id)) && shows_all_below(x);
}

/*
 * The SDK's own spans of the request x hang below nothing that caused x: its caller is known, and handed no context on,
 * or one of spans that are cut off themselves. Then the whole way down is shown here, and the SDK's spans beside it.
 */
static bool is_cut_off(const struct exchange *x)
{
	if (!x || x->left_to_sdk || !x->has_parent || !span_id_set(&x->parent_ctx.span_id))
		return false;
	return !x->has_header || (x->parent && carries_own(x->parent));
}

static bool shows_call(const struct exchange *x)
{
	return carries_own(x) && is_recorded(&x->header) && !is_cut_off(x->parent);
}

/* Both are shown; but of a trace that begins here the SDK has the root already. */
static bool is_second_root(const struct exchange *x)
{
	return x->server_side && !x->has_header && !x->has_parent && !list_empty(&x->children) &&
	       shows_all_below(x);
}

static bool is_left_to_sdk(struct pipeline *p, struct exchange *x)
{
	if (x->telemetry)
		return p->cfg.with_sdk != SDK_JOIN;
	if (!has_sdk(p, x->tgid))
		return false;
	if (p->cfg.with_sdk == SDK_SKIP)
		return true;
	if (p->cfg.with_sdk == SDK_JOIN)
		return is_second_root(x);
	return x->server_side ? shows_server(x) : shows_call(x);
}

/* A report hangs below no span that is known of: it is no second root of that trace, but one of its own. */
bool sdk_reports_apart(const struct exchange *x, const struct trace_ctx *above)
{
	return x->telemetry && !x->server_side && (x->parent || x->has_parent) &&
	       !span_id_set(&above->span_id);
}

/* What stands for x in the trace: the SDK's span of the call, else what x itself would hang below. */
static void stand_in(struct exchange *x)
{
	if (carries_own(x))
		x->ctx.span_id = x->header.span_id;
	else
		x->ctx.span_id = x->has_parent ? x->parent_ctx.span_id : (struct span_id){ { 0 } };
}

void sdk_place(struct pipeline *p, struct exchange *x)
{
	x->left_to_sdk = is_left_to_sdk(p, x);
	if (x->left_to_sdk) {
		stand_in(x);
		return;
	}
	if (p->cfg.with_sdk != SDK_JOIN || !carries_own(x) || !has_sdk(p, x->tgid))
		return;
	x->parent_ctx.span_id = x->header.span_id;
	x->parent_ctx.trace_id = x->header.trace_id;
	x->has_parent = x->parent_remote = true;
}
