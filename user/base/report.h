/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What was found out, told to a person or to a program: sections of rows. As text a row is a line in columns; as
 * JSON the same words stand in the same order under names, so that both tell one story:
 *
 *   {"sections":[{"title":"capture methods","rows":[{"name":"socket tracepoints","is":"works","why":"preferred"}]}],
 *    "possible":true}
 */
#ifndef BASE_REPORT_H
#define BASE_REPORT_H

#include <stdbool.h>
#include <stdio.h>

struct report {
	FILE *out;
	bool json;
	bool in_section, in_row;	/* something stands before the next */
	char last[64];			/* name of the row before: as text it is not repeated */
};

struct report_row {
	const char *name;
	const char *detail;		/* NULL: none, as below */
	const char *is;
	const char *why;
};

void report_begin(struct report *r, FILE *out, bool json);
void report_section(struct report *r, const char *title);
void report_row(struct report *r, const struct report_row *row);
void report_end(struct report *r, bool possible);	/* whether what the report is about can be done */

#endif
