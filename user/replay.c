/* SPDX-License-Identifier: GPL-2.0-only */
/* The records of a file, through what a live capture has behind the ring: the output depends on the file alone. */
#include "replay.h"
#include "wiring.h"

static int replay_records(struct wiring *w, struct replayer *r, struct kernel_figures *kern,
			  bool *ret_books, struct err *err)
{
	const struct ev_hdr *ev;
	int code;

	while ((code = replayer_next(r, &ev, err)) > 0) {
		wiring_feed(w, ev);
		if (ev->kind != EV_BOOKS)
			continue;
		memcpy(kern->stats, ((const struct ev_books *)ev)->stats,
		       min(sizeof(kern->stats), ev->sz - sizeof(*ev)));
		*ret_books = true;
	}
	return code;
}

int replay_run(const struct config *cfg, struct err *err)
{
	_cleanup_(replayer_freep) struct replayer *r = NULL;
	/* Full batches and nothing dropped: the output then depends on the recording alone. */
	struct export_options export = cfg->export;
	_cleanup_(wiring_release) struct wiring w = { 0 };
	struct recording_facts facts;
	struct kernel_figures kern = { 0 };
	bool books = false;
	int code = replayer_new(cfg->replay, &facts, &r, err);

	if (code)
		return code;
	export.patient = true;
	export.batch_delay_ms = UINT32_MAX;
	code = wiring_init(&w, cfg, &export, &facts, NULL, err);
	if (!code)
		code = wiring_start(&w, cfg, &(struct guard){ .live = false }, err);
	if (code)
		return code;
	code = replay_records(&w, r, &kern, &books, err);
	wiring_finish(&w, cfg, books ? &kern : NULL);
	return code;
}
