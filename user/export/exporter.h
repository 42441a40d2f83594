/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A way out for spans: one file and one row of exporters.def each. All functions run on the export thread only, so an
 * exporter needs no lock; it may block in send() up to the export timeout. It logs its own state changes (backend away,
 * back again), once each.
 */
#ifndef EXPORT_EXPORTER_H
#define EXPORT_EXPORTER_H

#include "base/err.h"
#include "base/list.h"
#include "export/options.h"
#include "trace/span.h"

struct export_counts {		/* read by the summary after the thread has ended, or by SIGUSR1 through batch_counts() */
	uint64_t sent;		/* spans accepted */
	uint64_t rejected;	/* spans the backend refused (partial success, non-retryable status) */
	uint64_t failed;	/* spans given up after the retry budget, or dropped while the backend was away */
	uint64_t requests, retries;
};

struct exporter {
	const char *name;
	/* target: what followed the colon in --exporter name:target, NULL if nothing did. */
	int (*open)(const struct export_options *opt, const char *target, void **ret_self, struct err *err);
	/* Spans are borrowed: they may be read until send() returns. n > 0. */
	void (*send)(void *self, struct span *const *spans, size_t n, struct export_counts *counts);
	/* Called when nothing was sent for a while (at least every 250 ms): console prints traces that have settled. NULL ok. */
	void (*idle)(void *self, struct export_counts *counts);
	void (*close)(void *self);	/* flushes; NULL self ok */
	bool uses_stdout_by_default;
};

const struct exporter *exporter_find(struct slice name);	/* NULL: unknown */

#endif
