/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EXPORT_GZIP_H
#define EXPORT_GZIP_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/slice.h"

struct gzip;

struct gzip *gzip_new(void);		/* NULL: out of memory */
void gzip_free(struct gzip *g);		/* NULL ok */
/* The compressed bytes, which live until the next call. p is NULL when out of memory. */
struct slice gzip_pack(struct gzip *g, struct slice in);
/* Appends what was compressed. -EINVAL: that was not all of one gzip stream; -ENOMEM, -E2BIG. */
int gzip_unpack(struct slice in, struct buf *out) __must_check;

DEFINE_FREEP(gzip_free, struct gzip)

#endif
