/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TRACE_ROUTE_H
#define TRACE_ROUTE_H

#include "base/slice.h"

/*
 * The first pattern that fits the whole path, segment by segment: "{name}" fits one segment, a last
 * "{name*}" the rest. NULL: none.
 */
const char *route_find(const char *const *patterns, size_t n, struct slice path);

#endif
