/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a request's headers say of its cause, in every format that is in use. A request that carries several is believed
 * in the order of the table in propagation.c: W3C's own first, because the others are then kept for older receivers.
 */
#ifndef TRACE_PROPAGATION_H
#define TRACE_PROPAGATION_H

#include "proto/proto.h"
#include "trace/context.h"

/*
 * `off`: bits of the formats that are not read. -ENOENT: the headers name no cause, or none that is valid. *ret_w3c: it
 * is W3C's, which has a tracestate beside it.
 */
int propagation_extract(const struct trace_context *raw, unsigned off, struct trace_ctx *ret_ctx,
			bool *ret_w3c) __must_check;

/* The format's bit by OpenTelemetry's name for it (OTEL_PROPAGATORS). 0: none of ours. */
unsigned propagation_format(struct slice name);

#endif
