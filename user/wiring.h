/* SPDX-License-Identifier: GPL-2.0-only */
/* What a live capture and a replay have in common: everything to the right of the records. */
#ifndef WIRING_H
#define WIRING_H

#include <string.h>

#include "config.h"
#include "guard/guard.h"
#include "export/batch.h"
#include "export/metrics.h"
#include "host/services.h"
#include "recording.h"
#include "summary.h"
#include "trace/pipeline.h"

struct wiring {
	struct services *services;
	struct pipeline *pipeline;
	struct batch *batch;
	struct metrics *metrics;	/* NULL: they are not sent */
	struct attrs self;		/* what they say of whose they are */
	enum sdk_mode with_sdk;
	uint64_t started_ns, started_cpu_ns;
	struct guard guard;
	const char *tls_files[3];
	struct lane_entry entry;
};

/* What the pipeline asks of who feeds it, which is a live capture. */
struct wiring_asks {
	void (*verdict)(void *w, uint64_t conn, const struct verdict *v);
	uint64_t (*moved)(void *w, const struct heap_ask *ask);
	uint64_t (*held)(void *w, const struct ev_awaiting *ask);
};

/* asks: NULL: of nobody. */
int wiring_init(struct wiring *w, const struct config *cfg, const struct export_options *export,
		const struct recording_facts *facts,
		const struct wiring_asks *asks, struct err *err) __must_check;
/*
 * Everything is open: gives up what is not needed from here on, and starts the exporters. g is
 * copied, its files are filled in.
 */
int wiring_start(struct wiring *w, const struct config *cfg, const struct guard *g,
		 struct err *err) __must_check;
void wiring_release(struct wiring *w);
void wiring_started(struct wiring *w); /* the cost of starting is stated apart */
void wiring_feed(struct wiring *w, const struct ev_hdr *ev);
/* The same, and writes the record into the recording without what it says: no content, no command line. */
void wiring_feed_redacting(struct wiring *w, const struct ev_hdr *ev, struct recorder *recorder);
/*
 * Everything in flight goes out, within the export timeout, and the summary is printed. kern: NULL: none known (an old
 * recording).
 */
void wiring_finish(struct wiring *w, const struct config *cfg, const struct kernel_figures *kern);
void wiring_summary(const struct wiring *w, const struct config *cfg, const struct kernel_figures *kern);
void wiring_metrics(struct wiring *w, const struct kernel_figures *kern); /* the figures of now; only with --metrics */

#endif
