/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one thing that the loop thread and the export threads share: every span pushed goes to every exporter named.
 * Each exporter has a lane of its own (lane.h: a bounded queue and a thread), so that a slow one never stops another;
 * the lanes share a span by reference. Pushing never blocks on an exporter: a full queue drops the span and counts it.
 */
#ifndef EXPORT_BATCH_H
#define EXPORT_BATCH_H

#include "export/exporter.h"
#include "export/lane.h"

struct batch;

/* Of one signal; "spans" stands for log lines, too. */
struct batch_counts {
	size_t exporters_cnt;
	uint64_t pushed;		/* spans, each once */
	uint64_t dropped_full;		/* by full queues, summed over the exporters */
	uint64_t dropped_heavy;		/* of these, for the bytes in the queue and not for their number */
	struct export_counts exporters;	/* summed over the exporters */
};

/*
 * spec: "otlp", "console", "json:FILE,otlp", ...; NULL: OTLP if it answers, else the console until it does.
 * Opens the exporters. opt is borrowed until batch_free().
 */
int batch_new(const char *spec, const struct export_options *opt, struct batch **ret_batch,
	      struct err *err) __must_check;
/* Starts their threads, before the first batch_push(); entry may be NULL. */
int batch_start(struct batch *b, const struct lane_entry *entry, struct err *err) __must_check;
void batch_push(struct batch *b, struct span *s);	/* takes s; from one thread only */
bool batch_takes_logs(const struct batch *b);		/* one of the exporters has a use for log lines */
void batch_push_log(struct batch *b, struct log_line *l);	/* takes l; from the same thread */
/* Waits until all that was pushed has gone out or been given up. */
void batch_flush(struct batch *b, uint64_t timeout_ms);
void batch_counts(struct batch *b, struct batch_counts *ret_counts);	/* of spans */
void batch_log_counts(struct batch *b, struct batch_counts *ret_counts);
const char *batch_describe(const struct batch *b);	/* "OTLP at http://localhost:4318", for the ready line */
/*
 * Flushes within the time (0, "no limit": within the default one) and ends the threads. After it nothing is pushed, but
 * the counts can still be read: what did not go out in time is among the failed.
 */
void batch_end(struct batch *b, uint64_t timeout_ms);
void batch_free(struct batch *b);			/* batch_end() within the export timeout; NULL ok */

DEFINE_FREEP(batch_free, struct batch)

#endif
