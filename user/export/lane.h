/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One exporter with the thread it runs on and the bounded queue before it:
 *
 *      lane_push() ──► queue ──► batch of at most batch_max, or what has come within batch_delay ──► exporter->send()
 *      (any thread)              (lane's thread)
 *
 * Spans and log lines have a queue each, so that neither crowds out the other.
 *
 * Pushing never waits for the exporter: a full queue drops the span at hand and counts it, so that what was accepted
 * keeps its order and a trace begun before a jam is whole. An idle lane does not wake.
 */
#ifndef EXPORT_LANE_H
#define EXPORT_LANE_H

#include "export/exporter.h"

struct lane;

/* What its full queue did not take. */
struct lane_drops {
	uint64_t all;
	uint64_t heavy;	/* of these, for the bytes in the queue and not for their number */
};

/* What a lane's thread does before anything else; lives longer than the lane. */
struct lane_entry {
	void (*enter)(void *ctx);
	void *ctx;
};

/* Opens the exporter on the caller's thread; opt must outlive the lane. */
int lane_new(const struct exporter *exporter, const char *target, const struct export_options *opt,
	     struct lane **ret_lane, struct err *err) __must_check;
/* Returns when the thread has entered. entry: NULL ok */
int lane_start(struct lane *l, const struct lane_entry *entry, struct err *err) __must_check;
bool lane_takes(const struct lane *l, enum signal signal);	/* its exporter has a use for them */
/* item: a span or a log line, if it takes such; takes one reference. */
void lane_push(struct lane *l, enum signal signal, void *item);
uint64_t lane_flush_begin(struct lane *l);			/* a ticket for lane_flush_wait() */
void lane_flush_wait(struct lane *l, uint64_t ticket, uint64_t until_ns);
void lane_counts(struct lane *l, enum signal signal, struct export_counts *ret_counts,
		 struct lane_drops *ret_dropped);
int lane_describe(const struct lane *l, struct buf *out) __must_check;
/* No more pushes; what is queued has until then to go out. */
void lane_end(struct lane *l, uint64_t end_ns);
void lane_join(struct lane *l);					/* after lane_end(): until the thread has ended */
void lane_free(struct lane *l);					/* without its thread; NULL ok */

DEFINE_FREEP(lane_free, struct lane)

#endif
