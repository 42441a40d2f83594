/* SPDX-License-Identifier: GPL-2.0-only */
/* As much of JSON as it takes to find a few values in a small answer: pure, without memory of its own. */
#ifndef EXPORT_JSON_READ_H
#define EXPORT_JSON_READ_H

#include "base/buf.h"

/* The value of a member of the object that `object` is, as it is written. False: no such member, or no such object. */
bool json_member(struct slice object, struct slice name, struct slice *ret_value);
/* Appends what a string's value says. -EINVAL: it is not a string. */
int json_string(struct slice value, struct buf *out) __must_check;
/* A 64-bit integer, which OTLP writes as a string and reads as a number, too. False: it is no such number. */
bool json_u64(struct slice value, uint64_t *ret_v);

#endif
