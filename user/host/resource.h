/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who a span belongs to: one service instance as OpenTelemetry resource attributes. Shared by its
 * spans, never changed after birth.
 */
#ifndef HOST_RESOURCE_H
#define HOST_RESOURCE_H

#include "base/attrs.h"
#include "base/cleanup.h"

struct resource {
	unsigned refs;		/* atomic: the export thread drops references too */
	struct attrs attrs;	/* service.name is always among them */
};

struct resource *resource_new(void);		/* one reference, empty; NULL: out of memory */
struct resource *resource_get(struct resource *r);	/* takes a reference; returns r */
void resource_put(struct resource *r);			/* NULL ok */
const char *resource_service(const struct resource *r);	/* service.name */

DEFINE_FREEP(resource_put, struct resource)

#endif
