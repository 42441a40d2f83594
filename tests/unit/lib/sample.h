/* SPDX-License-Identifier: GPL-2.0-only */
/* Spans for tests, the same ones every time. */
#ifndef TESTS_UNIT_LIB_SAMPLE_H
#define TESTS_UNIT_LIB_SAMPLE_H

#include "trace/span.h"

struct resource *sample_resource(const char *service);
/*
 * A server span "GET" of 1 ms from start_ms on, with the trace id 0x..trace and the span id 0x..id; parent 0: none.
 * It takes a reference of the resource.
 */
struct span *sample_span(struct resource *r, uint8_t trace, uint8_t id, uint8_t parent, uint64_t start_ms);
/* The span of OTLP's own example, whose bytes are known (test_otlp.c). */
struct span *sample_golden(void);

#endif
