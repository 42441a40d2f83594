/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text for stdout or a file. A full disk or a reader that has gone costs the spans at hand, is told once, counted, and
 * tried again with the next ones; a reader that does not read holds the lane up no longer than its hurry allows.
 */
#ifndef EXPORT_OUT_H
#define EXPORT_OUT_H

#include "base/slice.h"
#include "export/exporter.h"

struct out {
	int fd;
	bool owned;		/* a file that we opened, not stdout */
	bool seekable;		/* a regular file: write() never waits for a reader */
	bool torn;		/* the last thing written is half a text */
	bool failing;
	uint64_t lost;		/* spans since it began to fail */
	const char *name;	/* of the file, borrowed; "stdout" */
	struct hurry *hurry;
};

/* path NULL or "-": stdout */
int out_open(struct out *o, const char *path, struct hurry *hurry, struct err *err) __must_check;
void out_close(struct out *o);
/* Writes the text of n spans and counts them as sent or failed. */
void out_write(struct out *o, struct slice text, size_t n, struct export_counts *counts);
/* The same when there is no text because of err. */
void out_lost(struct out *o, int err, size_t n, struct export_counts *counts);

#endif
