/* SPDX-License-Identifier: GPL-2.0-only */
/* The text of OTEL_RESOURCE_ATTRIBUTES: key=value,key=value with percent-encoding. */
#ifndef HOST_ATTR_LIST_H
#define HOST_ATTR_LIST_H

#include "base/attrs.h"

/*
 * Adds what is not there yet. -EINVAL: malformed, nothing was added (the specification wants all or
 * nothing).
 */
int attr_list_parse(struct slice text, struct attrs *out) __must_check;
/* The decoded value of one key as an owned text; NULL: malformed, not there, or out of memory. */
char *attr_list_get(struct slice text, struct slice key);

#endif
