/* SPDX-License-Identifier: GPL-2.0-only */
/* The summary as metrics (--metrics): the same figures, for whoever watches many tracers. */
#ifndef OWN_METRICS_H
#define OWN_METRICS_H

#include "export/metrics.h"
#include "summary.h"

#define OWN_METRICS_MAX (TALLY__CNT + STAT__CNT + 2 * PROGRAMS_MAX + 16)

/* Returns how many there are. */
size_t own_metrics(const struct summary *s, struct metric ret_metrics[OWN_METRICS_MAX]);

#endif
