/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What services did, a line each, whoever has most of the time for itself first, with its calls below it:
 *
 *   40 traces                                 count  errors      p50      p95      p99   time
 *   service-b  GET /data                         40    20 %   301 ms   480 ms   493 ms   96 % of all
 *   service-a  GET /                             40    20 %   304 ms   483 ms   496 ms    2 % of all
 *     → service-b GET /data                      40    20 %   302 ms   481 ms   494 ms   98 % of it
 *   The bottleneck is service-b GET /data: 96 % of the time of all requests is its own.
 */
#ifndef EXPORT_OPERATIONS_TEXT_H
#define EXPORT_OPERATIONS_TEXT_H

#include "export/line.h"
#include "export/operations.h"

int operations_text(struct buf *out, const struct operations *o,
		    const struct text_style *style) __must_check; /* 0, -ENOMEM, -E2BIG */

#endif
