/* SPDX-License-Identifier: GPL-2.0-only */
/* Metrics as the message tree of one OTLP export request. */
#ifndef EXPORT_METRICS_MESSAGE_H
#define EXPORT_METRICS_MESSAGE_H

#include "export/metrics.h"
#include "otlp.pb-c.h"

struct metrics_tree;

/* Borrows what it is made of. NULL: out of memory. */
struct metrics_tree *metrics_tree_new(const struct metric *v, size_t n, const struct attrs *resource,
				      const char *version, uint64_t start_ns, uint64_t now_ns);
void metrics_tree_free(struct metrics_tree *t);	/* NULL ok */
const Otlp__ExportMetricsServiceRequest *metrics_tree_request(const struct metrics_tree *t);

DEFINE_FREEP(metrics_tree_free, struct metrics_tree)

#endif
