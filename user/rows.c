/* SPDX-License-Identifier: GPL-2.0-only */
#include <ctype.h>

#include "base/compiler.h"
#include "rows.h"

static const char *const stat_names[STAT__CNT] = {
#define STAT(id, text) [STAT_##id] = #id,
#include "abi/stats.def"
#undef STAT
};

static const char *const tally_names[TALLY__CNT] = {
#define TALLY(id, text) [TALLY_##id] = #id,
#include "trace/tally.def"
#undef TALLY
};

static void small(const char *name, char ret_name[ROW_NAME_SZ])
{
	size_t i;

	for (i = 0; name[i] && i + 1 < ROW_NAME_SZ; i++)
		ret_name[i] = (char)tolower((unsigned char)name[i]);
	ret_name[i] = '\0';
}

void row_name_of_stat(enum stat_id id, char ret_name[ROW_NAME_SZ])
{
	small(stat_names[id], ret_name);
}

void row_name_of_tally(enum tally_id id, char ret_name[ROW_NAME_SZ])
{
	small(tally_names[id], ret_name);
}
