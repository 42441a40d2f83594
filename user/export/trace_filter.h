/* SPDX-License-Identifier: GPL-2.0-only */
/* Which traces are worth a person's look: those that pass all of what is asked. Only what is shown is chosen by it. */
#ifndef EXPORT_TRACE_FILTER_H
#define EXPORT_TRACE_FILTER_H

#include "export/tree.h"

struct trace_filter {
	uint64_t min_ns;		/* it took at least so long */
	const char *status;		/* some span has one of these; NULL: any */
	const char *const *paths;	/* fnmatch() patterns, one of which some request's path matches */
	size_t paths_cnt;		/* 0: any */
};

bool trace_filter_passes(const struct trace_filter *f, const struct tree *t);
bool trace_filter_is_status(struct slice word);	/* "error", "404" or "5xx" */

#endif
