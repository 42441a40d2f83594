/* SPDX-License-Identifier: GPL-2.0-only */
/* The summary as one line of JSON: every row of the books by its name in stats.def and tally.def, zeros included. */
#include "rows.h"
#include "summary.h"

typedef unsigned long long ull;

static void put_tally(FILE *out, const uint64_t *v)
{
	char name[ROW_NAME_SZ];
	int i;

	for (i = 0; i < TALLY__CNT; i++) {
		row_name_of_tally(i, name);
		fprintf(out, "%s\"%s\":%llu", i ? "," : ",\"user\":{", name, (ull)v[i]);
	}
	fputc('}', out);
}

static void put_stats(FILE *out, const uint64_t *v)
{
	char name[ROW_NAME_SZ];
	int i;

	for (i = 0; i < STAT__CNT; i++) {
		row_name_of_stat(i, name);
		fprintf(out, "%s\"%s\":%llu", i ? "," : ",\"kernel\":{", name, (ull)v[i]);
	}
	fputc('}', out);
}

static void put_programs(FILE *out, const struct kernel_figures *kern)
{
	size_t i;

	fputs(",\"programs\":[", out);
	for (i = 0; i < kern->programs_cnt; i++) {
		const struct program_figures *p = &kern->programs[i];

		fprintf(out, "%s{\"name\":\"%s\",\"runs\":%llu,\"ns\":%llu,\"missed\":%llu}",
			i ? "," : "", p->name, (ull)p->runs, (ull)p->ns, (ull)p->missed);
	}
	fprintf(out, "],\"calls_ns\":%llu,\"ring\":{\"size\":%llu,\"high\":%llu,\"read\":%llu}",
		(ull)kern->calls_ns, (ull)kern->ring_sz, (ull)kern->ring_high,
		(ull)kern->ring_read);
}

static void put_counts(FILE *out, const char *name, const struct batch_counts *c)
{
	const struct export_counts *e = &c->exporters;

	fprintf(out,
		",\"%s\":{\"sent\":%llu,\"rejected\":%llu,\"failed\":%llu,\"dropped\":%llu,"
		"\"dropped_heavy\":%llu}",
		name, (ull)e->sent, (ull)e->rejected, (ull)e->failed, (ull)c->dropped_full,
		(ull)c->dropped_heavy);
}

void summary_json(FILE *out, const struct summary *s)
{
	fprintf(out,
		"{\"wall_ns\":%llu,\"cpu_ns\":%llu,\"start_cpu_ns\":%llu,\"rss\":%llu,\"rss_peak\":"
		"%llu",
		(ull)s->wall_ns, (ull)s->cpu_ns, (ull)s->start_cpu_ns, (ull)s->rss,
		(ull)s->rss_peak);
	put_counts(out, "export", &s->export);
	put_counts(out, "logs", &s->logs);
	fprintf(out, ",\"closed\":{\"received\":%s,\"sent\":%s}",
		summary_closed(s, DIR_RX) ? "true" : "false",
		summary_closed(s, DIR_TX) ? "true" : "false");
	put_tally(out, s->tally->v);
	if (s->kern) {
		put_stats(out, s->kern->stats);
		put_programs(out, s->kern);
	}
	fputs("}\n", out);
	fflush(out);
}
