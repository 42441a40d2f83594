/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which of the files that traced processes write to are logs that somebody wants (--log-file). A file is looked up when
 * it is first written to, by the name it has then; of one that is no log the kernel side tells nothing more.
 */
#ifndef LOGFILES_H
#define LOGFILES_H

#include "abi/event.h"
#include "config.h"
#include "kern/capture.h"

#define LOGFILES_KNOWN 256 /* remembered; another in the same place is looked up again */

struct logfiles {
	const struct config *cfg;
	struct {
		uint64_t ino;
		uint32_t gen, dev;
		bool wanted;
	} known[LOGFILES_KNOWN];
};

/* Is what the record tells wanted? */
bool logfiles_wanted(struct logfiles *t, struct capture *c, const struct ev_log *ev);

#endif
