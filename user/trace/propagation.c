/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The formats that carry a trace context, each a function that reads its fields. They differ in how strictly ids are
 * written: B3 and Jaeger leave zeros out, Datadog writes decimals, X-Ray splits the trace id in two.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "base/compiler.h"
#include "trace/propagation.h"

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Hexadecimal digits, flush right, as many as are there. false: none, too many, or not hexadecimal. */
static bool hex_id(struct slice s, uint8_t *ret_id, size_t n)
{
	size_t i;

	if (!s.n || s.n > 2 * n)
		return false;
	memset(ret_id, 0, n);
	for (i = 0; i < s.n; i++) {
		int digit = digit_of(s.p[s.n - 1 - i]);

		if (digit < 0)
			return false;
		ret_id[n - 1 - i / 2] |= digit << (i % 2 ? 4 : 0);
	}
	return true;
}

static bool decimal_id(struct slice s, uint8_t ret_id[8])
{
	uint64_t v;

	if (!slice_u64(s, 10, &v))
		return false;
	v = htobe64(v);
	memcpy(ret_id, &v, sizeof(v));
	return true;
}

static bool is_set(const uint8_t *id, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (id[i])
			return true;
	return false;
}

static void decide(struct trace_ctx *ctx, bool sampled)
{
	ctx->flags = sampled ? TRACE_FLAG_SAMPLED : 0;
	ctx->undecided = false;
}

static bool read_w3c(const struct trace_context *raw, struct trace_ctx *ctx)
{
	return !trace_ctx_parse(raw->v[CARRIER_TRACEPARENT], ctx);
}

/* 16 or 32 digits and 16: others are not B3. */
static bool b3_ids(struct slice trace, struct slice span, struct trace_ctx *ctx)
{
	return (trace.n == 16 || trace.n == 32) && span.n == 16 &&
	       hex_id(trace, ctx->trace_id.b, sizeof(ctx->trace_id.b)) &&
	       hex_id(span, ctx->span_id.b, sizeof(ctx->span_id.b));
}

/* 1, d (debug) or true, 0 or false. Anything else: the decision is left to us. */
static void b3_sampled(struct slice s, struct trace_ctx *ctx)
{
	if (slice_eq(s, SLICE("1")) || slice_eq(s, SLICE("d")) || slice_ieq(s, SLICE("true")))
		decide(ctx, true);
	else if (slice_eq(s, SLICE("0")) || slice_ieq(s, SLICE("false")))
		decide(ctx, false);
}

/* trace-span, trace-span-sampled, trace-span-sampled-parent */
static bool read_b3(const struct trace_context *raw, struct trace_ctx *ctx)
{
	struct slice rest = raw->v[CARRIER_B3];
	struct slice trace = slice_split(&rest, '-'), span = slice_split(&rest, '-');

	if (!b3_ids(trace, span, ctx))
		return false;
	b3_sampled(slice_split(&rest, '-'), ctx);
	return true;
}

static bool read_b3_multi(const struct trace_context *raw, struct trace_ctx *ctx)
{
	if (!b3_ids(raw->v[CARRIER_B3_TRACE_ID], raw->v[CARRIER_B3_SPAN_ID], ctx))
		return false;
	b3_sampled(raw->v[CARRIER_B3_SAMPLED], ctx);
	if (slice_eq(raw->v[CARRIER_B3_FLAGS], SLICE("1"))) /* debug */
		decide(ctx, true);
	return true;
}

/* Cuts at a colon, which some clients write as in a URL. */
static struct slice jaeger_part(struct slice *rest)
{
	const char *encoded = memmem(rest->p, rest->n, "%3A", 3);
	ptrdiff_t colon = slice_chr(*rest, ':');
	struct slice part;

	if (colon >= 0 || !encoded)
		return slice_split(rest, ':');
	part = slice_sub(*rest, 0, encoded - rest->p);
	*rest = slice_sub(*rest, part.n + 3, rest->n);
	return part;
}

/* trace:span:parent:flags */
static bool read_jaeger(const struct trace_context *raw, struct trace_ctx *ctx)
{
	struct slice rest = raw->v[CARRIER_JAEGER];
	struct slice trace = jaeger_part(&rest), span = jaeger_part(&rest);
	uint64_t flags;

	jaeger_part(&rest); /* the parent: deprecated */
	if (!slice_u64(rest, 16, &flags) || flags > UINT8_MAX)
		return false;
	decide(ctx, flags & 1);
	return hex_id(trace, ctx->trace_id.b, sizeof(ctx->trace_id.b)) &&
	       hex_id(span, ctx->span_id.b, sizeof(ctx->span_id.b)) &&
	       is_set(ctx->span_id.b, sizeof(ctx->span_id.b));
}

/* 1-<8 digits: seconds>-<24 digits>, which together are the id. */
static bool xray_trace_id(struct slice root, struct trace_id *ret_id)
{
	struct slice version = slice_split(&root, '-'), seconds = slice_split(&root, '-');

	return slice_eq(version, SLICE("1")) && seconds.n == 8 && root.n == 24 &&
	       hex_id(seconds, ret_id->b, 4) && hex_id(root, ret_id->b + 4, 12);
}

/* Root=...;Parent=...;Sampled=... in any order. A load balancer that only begins a trace names no parent. */
static bool read_xray(const struct trace_context *raw, struct trace_ctx *ctx)
{
	struct slice rest = raw->v[CARRIER_XRAY];
	bool has_root = false;

	while (rest.n) {
		struct slice value = slice_trim(slice_split(&rest, ';'));
		struct slice key = slice_split(&value, '=');

		if (slice_ieq(key, SLICE("Root")))
			has_root = xray_trace_id(value, &ctx->trace_id);
		else if (slice_ieq(key, SLICE("Parent")) &&
			 (value.n != 16 || !hex_id(value, ctx->span_id.b, sizeof(ctx->span_id.b))))
			return false;
		else if (slice_ieq(key, SLICE("Sampled")) && !slice_eq(value, SLICE("?")))
			decide(ctx, slice_eq(value, SLICE("1")));
	}
	return has_root;
}

/* The upper half of the trace id is one of the tags, where it is known at all. */
static bool datadog_upper(struct slice tags, uint8_t ret_id[8])
{
	while (tags.n) {
		struct slice value = slice_trim(slice_split(&tags, ','));

		if (slice_eq(slice_split(&value, '='), SLICE("_dd.p.tid")))
			return value.n == 16 && hex_id(value, ret_id, 8);
	}
	return true;
}

static bool read_datadog(const struct trace_context *raw, struct trace_ctx *ctx)
{
	struct slice priority = raw->v[CARRIER_DATADOG_PRIORITY];

	if (!decimal_id(raw->v[CARRIER_DATADOG_TRACE_ID], ctx->trace_id.b + 8) ||
	    !decimal_id(raw->v[CARRIER_DATADOG_PARENT_ID], ctx->span_id.b) ||
	    !datadog_upper(raw->v[CARRIER_DATADOG_TAGS], ctx->trace_id.b))
		return false;
	if (priority.n)
		decide(ctx, slice_eq(priority, SLICE("1")) || slice_eq(priority, SLICE("2")));
	return true;
}

static const struct {
	const char *name; /* OpenTelemetry's */
	enum carrier first; /* it is there when this field is */
	bool (*read)(const struct trace_context *raw, struct trace_ctx *ctx);
} formats[] = {
	{ "tracecontext", CARRIER_TRACEPARENT, read_w3c },
	{ "b3", CARRIER_B3, read_b3 },
	{ "b3multi", CARRIER_B3_TRACE_ID, read_b3_multi },
	{ "jaeger", CARRIER_JAEGER, read_jaeger },
	{ "xray", CARRIER_XRAY, read_xray },
	{ "datadog", CARRIER_DATADOG_TRACE_ID, read_datadog },
};

int propagation_extract(const struct trace_context *raw, unsigned off, struct trace_ctx *ret_ctx,
			bool *ret_w3c)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(formats); i++) {
		struct trace_ctx ctx = { .undecided = true };

		if (off & 1u << i || !raw->v[formats[i].first].n || !formats[i].read(raw, &ctx) ||
		    !is_set(ctx.trace_id.b, sizeof(ctx.trace_id.b)))
			continue;
		*ret_ctx = ctx;
		*ret_w3c = !i;
		return 0;
	}
	return -ENOENT;
}

unsigned propagation_format(struct slice name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(formats); i++)
		if (slice_ieq(name, slice_str(formats[i].name)))
			return 1u << i;
	return 0;
}
