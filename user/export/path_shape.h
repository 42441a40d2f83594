/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EXPORT_PATH_SHAPE_H
#define EXPORT_PATH_SHAPE_H

#include "base/buf.h"

/*
 * Appends the path with what looks like the name of one thing among many as {id}: "/users/{id}/cart".
 * A guess, for a table on the console only: no span is named by it. 0, -ENOMEM, -E2BIG.
 */
int path_shape(struct buf *out, struct slice path) __must_check;

#endif
