/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The user side's books: for each direction, reported = decoded + skipped (by reason) + lost (by
 * reason).
 */
#ifndef TRACE_TALLY_H
#define TRACE_TALLY_H

#include <stdint.h>

enum tally_id {
#define TALLY(id, text) TALLY_##id,
#include "trace/tally.def"
#undef TALLY
	TALLY__CNT,
};

struct tally {
	uint64_t v[TALLY__CNT];
};

const char *tally_text(enum tally_id id);

#endif
