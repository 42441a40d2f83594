/* SPDX-License-Identifier: GPL-2.0-only */
#include "trace/tally.h"

static const char *const texts[TALLY__CNT] = {
#define TALLY(id, text) [TALLY_##id] = text,
#include "trace/tally.def"
#undef TALLY
};

const char *tally_text(enum tally_id id)
{
	return texts[id];
}
