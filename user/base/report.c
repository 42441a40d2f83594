/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "base/json_text.h"
#include "base/report.h"

#define TEXT_MAX 16384 /* of one word, escaped */

void report_begin(struct report *r, FILE *out, bool json)
{
	*r = (struct report){ .out = out, .json = json };
	if (json)
		fputs("{\"sections\":[", out);
}

static void put_string(const struct report *r, const char *text)
{
	struct buf quoted = BUF_INIT(TEXT_MAX);

	fputs(json_text(&quoted, text) ? "\"\"" : quoted.p, r->out);
	buf_release(&quoted);
}

static void end_section(struct report *r)
{
	if (r->json && r->in_section)
		fputs("]}", r->out);
}

void report_section(struct report *r, const char *title)
{
	end_section(r);
	if (r->in_section)
		fputs(r->json ? "," : "\n", r->out);
	if (r->json) {
		fputs("{\"title\":", r->out);
		put_string(r, title);
		fputs(",\"rows\":[", r->out);
	} else {
		fprintf(r->out, "%s\n", title);
	}
	r->in_section = true;
	r->in_row = false;
	r->last[0] = '\0';
}

static void put_member(const struct report *r, const char *name, const char *text)
{
	if (!text)
		return;
	fprintf(r->out, ",\"%s\":", name);
	put_string(r, text);
}

static void row_json(const struct report *r, const struct report_row *row)
{
	fputs(r->in_row ? ",{\"name\":" : "{\"name\":", r->out);
	put_string(r, row->name);
	put_member(r, "detail", row->detail);
	put_member(r, "is", row->is);
	put_member(r, "why", row->why);
	fputc('}', r->out);
}

static void row_text(struct report *r, const struct report_row *row)
{
	bool same = !strcmp(r->last, row->name);

	fprintf(r->out, "  %-34s ", same ? "" : row->name);
	if (row->detail)
		fprintf(r->out, "%-34s ", row->detail);
	fputs(row->is, r->out);
	if (row->why)
		fprintf(r->out, ", %s", row->why);
	fputc('\n', r->out);
	snprintf(r->last, sizeof(r->last), "%s", row->name);
}

void report_row(struct report *r, const struct report_row *row)
{
	if (r->json)
		row_json(r, row);
	else
		row_text(r, row);
	r->in_row = true;
}

void report_end(struct report *r, bool possible)
{
	end_section(r);
	if (r->json)
		fprintf(r->out, "],\"possible\":%s}\n", possible ? "true" : "false");
}
