/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A way out for spans, and for log lines if it has a use for them: one file and one row of exporters.def each. Each
 * exporter runs on a lane (lane.h) of its own: after open() all functions are called on the lane's thread, so an
 * exporter needs no lock and may take its time, up to the export timeout; whoever waits for it says so through `hurry`.
 * It logs its own changes of state (backend away, back again), once each.
 */
#ifndef EXPORT_EXPORTER_H
#define EXPORT_EXPORTER_H

#include "base/err.h"
#include "base/list.h"
#include "export/hurry.h"
#include "export/options.h"
#include "trace/log_line.h"
#include "trace/span.h"

enum signal { SIGNAL_SPANS, SIGNAL_LOGS, SIGNAL__CNT };

/* Of one signal: "spans" stands for log lines, too. */
struct export_counts {
	uint64_t sent;		/* spans accepted */
	uint64_t rejected;	/* spans the backend refused (partial success, non-retryable status) */
	uint64_t failed;	/* spans given up after the retry budget, or that could not be written */
	uint64_t requests, retries;
};

/* What an exporter knows of the world; lives longer than it. */
struct export_env {
	const struct export_options *opt;
	struct hurry *hurry;
	const _Atomic uint64_t *dropped;	/* by enum signal: what found the lane's queue full, so far */
};

struct exporter {
	const char *name;
	/* target: what followed the colon in --exporter name:target, or NULL. Runs on the caller's thread. */
	int (*open)(const struct export_env *env, const char *target, void **ret_self, struct err *err);
	/* Where the spans go, for a person ("OTLP at http://localhost:4318"); called after open(). */
	int (*describe)(const void *self, struct buf *out);
	/* Spans are borrowed until send() returns; who keeps one takes a reference. n > 0. */
	void (*send)(void *self, struct span *const *spans, size_t n, struct export_counts *counts);
	/* The same of log lines, with counts of their own. What is NULL is not queued for it. */
	void (*send_logs)(void *self, struct log_line *const *lines, size_t n, struct export_counts *counts);
	/*
	 * Called after each send() and when it asked for it: returns the monotonic time at which it wants to be called
	 * again, UINT64_MAX: not before the next send(). NULL: nothing to do.
	 */
	uint64_t (*idle)(void *self, uint64_t now_ns, struct export_counts *counts);
	/* What is held back goes out now; always called before close(). NULL: nothing is ever held back. */
	void (*flush)(void *self, struct export_counts *counts);
	void (*close)(void *self);	/* NULL self ok */
	/* Takes the log lines, on a lane of its own: who is slow to take them must not stop the spans. NULL: none. */
	const struct exporter *logs;
	bool stdout_by_default;		/* without a target it writes to stdout */
};

const struct exporter *exporter_find(struct slice name);	/* in any case of letters; NULL: unknown */
void export_counts_add(struct export_counts *sum, const struct export_counts *c);
const char *exporter_names(void);				/* "otlp, json, ..." */

extern const struct exporter exporter_otlp_logs;
#define EXPORTER(name) extern const struct exporter exporter_##name;
#include "export/exporters.def"
#undef EXPORTER

#endif
