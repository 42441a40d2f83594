/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tracer's own metrics on their way to an OTLP backend (--metrics): the loop thread hands over what it has counted
 * so far, a thread posts it. All of it is sums since the start or values of now, so that a message which cannot be
 * delivered is not tried again: the next one says the same and more. The backend's refusal is told once.
 */
#ifndef EXPORT_METRICS_H
#define EXPORT_METRICS_H

#include "base/attrs.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "export/lane.h"
#include "export/options.h"

#define METRIC_LABELS	2
#define METRIC_LABEL_SZ	32

enum metric_kind {
	METRIC_COUNTER,	/* grows for ever */
	METRIC_LEVEL,	/* a sum that goes up and down */
	METRIC_GAUGE,	/* the last value is what matters */
};

/* One value. Neighbours of the same name are one metric with several labels. */
struct metric {
	const char *name, *unit;	/* literals */
	enum metric_kind kind;
	bool real;			/* d, not i */
	int64_t i;
	double d;
	struct { const char *key; char text[METRIC_LABEL_SZ]; } labels[METRIC_LABELS];	/* key NULL: no more */
};

struct metrics;

/* opt has a metrics_endpoint; it and the attributes of the resource are borrowed. */
int metrics_new(const struct export_options *opt, const struct attrs *resource, uint64_t start_wall_ns,
		struct metrics **ret_metrics, struct err *err) __must_check;
int metrics_start(struct metrics *m, const struct lane_entry *entry, struct err *err) __must_check;
/* Replaces what has not left yet. */
void metrics_put(struct metrics *m, const struct metric *v, size_t n, uint64_t wall_ns);
void metrics_end(struct metrics *m, uint64_t timeout_ms);	/* what was put last has so long to leave; idempotent */
void metrics_free(struct metrics *m);	/* after metrics_end(), or without its thread; NULL ok */

DEFINE_FREEP(metrics_free, struct metrics)

#endif
