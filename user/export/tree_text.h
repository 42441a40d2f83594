/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A trace the way a person reads it: a line that sums it up, then one line per span.
 *
 *   5b8efff798038103d269b633813fc60c  12.3 ms  3 spans  service-a, service-b  1 error
 *   service-a  GET /checkout                   200         0   12.3 ms  ━━━━━━━━━━━━━━━━━━━━
 *   └─ service-a → GET localhost:5001/work   ✗ 500   +1.2 ms   9.80 ms    ━━━━━━━━━━━━━━━━
 *      └─ service-b  GET /work               ✗ 500   +2.0 ms   8.10 ms     ━━━━━━━━━━━━━━
 */
#ifndef EXPORT_TREE_TEXT_H
#define EXPORT_TREE_TEXT_H

#include "export/line.h"
#include "export/tree.h"

/* Appends one trace; continued: it comes after the rest of it was shown. 0, -ENOMEM, -E2BIG. */
int tree_text(struct buf *out, const struct tree *t, bool continued,
	      const struct text_style *style) __must_check;

#endif
