/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A traceparent line, then a tracestate. What is accepted is written back as it was, but for flags
 * nobody defined. The lines are also taken as the values of all formats' fields, from each field on.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/context.h"
#include "trace/propagation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void all_formats(struct slice text)
{
	struct trace_context raw;
	struct trace_ctx ctx;
	size_t first, i;
	bool w3c;

	for (first = 0; first < CARRIER__CNT; first++) {
		struct slice lines = text;

		raw = (struct trace_context){ 0 };
		for (i = first; i < CARRIER__CNT; i++)
			raw.v[i] = slice_split(&lines, '\n');
		if (!propagation_extract(&raw, 0, &ctx, &w3c) && w3c && !span_id_set(&ctx.span_id))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice state = { (const char *)data, size };
	struct slice parent = slice_split(&state, '\n');
	char text[TRACEPARENT_LEN + 1];
	struct trace_ctx ctx, again;

	all_formats((struct slice){ (const char *)data, size });
	if (tracestate_check(state) && !tracestate_check(slice_trim(state)))
		abort();
	if (trace_ctx_parse(parent, &ctx))
		return 0;
	trace_ctx_format(&ctx, text);
	if (strlen(text) != TRACEPARENT_LEN || memcmp(text + 2, parent.p + 2, 51))
		abort();
	if (trace_ctx_parse(slice_str(text), &again) ||
	    memcmp(&again.trace_id, &ctx.trace_id, sizeof(ctx.trace_id)) ||
	    memcmp(&again.span_id, &ctx.span_id, sizeof(ctx.span_id)))
		abort();
	return 0;
}
