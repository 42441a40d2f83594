/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A traceparent line, then a tracestate. What is accepted is written back as it was, but for flags
 * nobody defined.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/context.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice state = { (const char *)data, size };
	struct slice parent = slice_split(&state, '\n');
	char text[TRACEPARENT_LEN + 1];
	struct trace_ctx ctx, again;

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
