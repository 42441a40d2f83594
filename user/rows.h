/* SPDX-License-Identifier: GPL-2.0-only */
/* The rows of the books by their names in stats.def and tally.def, for machines: in small letters. */
#ifndef ROWS_H
#define ROWS_H

#include "abi/event.h"
#include "trace/tally.h"

#define ROW_NAME_SZ 32

void row_name_of_stat(enum stat_id id, char ret_name[ROW_NAME_SZ]);
void row_name_of_tally(enum tally_id id, char ret_name[ROW_NAME_SZ]);

#endif
