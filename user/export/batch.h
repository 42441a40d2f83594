/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one thing two threads share: a bounded queue of spans between the loop thread (push) and the export thread, which
 * it owns. Pushing never blocks on an exporter: a full queue drops the span and counts it.
 */
#ifndef EXPORT_BATCH_H
#define EXPORT_BATCH_H

#include "export/exporter.h"

struct batch;

struct batch_counts {
	uint64_t pushed, dropped_full;
	struct export_counts exporters;	/* summed over the exporters */
};

/*
 * spec: "otlp", "console", "json:FILE,otlp", ...; NULL: OTLP if it answers, else the console until it does.
 * Opens the exporters and starts the thread.
 */
int batch_new(const char *spec, const struct export_options *opt, struct batch **ret_batch, struct err *err) __must_check;
void batch_push(struct batch *b, struct span *s);	/* takes s */
void batch_flush(struct batch *b, uint64_t timeout_ms);	/* waits until all that was pushed has gone out or been given up */
void batch_counts(struct batch *b, struct batch_counts *ret_counts);
const char *batch_describe(const struct batch *b);	/* "OTLP at http://localhost:4318", for the ready line */
void batch_free(struct batch *b);			/* flushes within the export timeout, ends the thread; NULL ok */

#endif
