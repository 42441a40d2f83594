/* SPDX-License-Identifier: GPL-2.0-only */
/* The summary as one line of JSON: every row of the books by its name in stats.def and tally.def, zeros included. */
#include <ctype.h>

#include "base/compiler.h"
#include "summary.h"

typedef unsigned long long ull;

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

static void put_rows(FILE *out, const char *what, const char *const *names, const uint64_t *v,
		     size_t n)
{
	const char *c;
	size_t i;

	fprintf(out, ",\"%s\":{", what);
	for (i = 0; i < n; i++) {
		fputs(i ? ",\"" : "\"", out);
		for (c = names[i]; *c; c++)
			fputc(tolower((unsigned char)*c), out);
		fprintf(out, "\":%llu", (ull)v[i]);
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

void summary_json(FILE *out, const struct summary *s)
{
	const struct export_counts *e = &s->export.exporters;

	fprintf(out,
		"{\"wall_ns\":%llu,\"cpu_ns\":%llu,\"start_cpu_ns\":%llu,\"rss\":%llu,\"rss_peak\":"
		"%llu",
		(ull)s->wall_ns, (ull)s->cpu_ns, (ull)s->start_cpu_ns, (ull)s->rss,
		(ull)s->rss_peak);
	fprintf(out,
		",\"export\":{\"sent\":%llu,\"rejected\":%llu,\"failed\":%llu,\"dropped\":%llu}",
		(ull)e->sent, (ull)e->rejected, (ull)e->failed, (ull)s->export.dropped_full);
	fprintf(out, ",\"closed\":{\"received\":%s,\"sent\":%s}",
		summary_closed(s, DIR_RX) ? "true" : "false",
		summary_closed(s, DIR_TX) ? "true" : "false");
	put_rows(out, "user", tally_names, s->tally->v, TALLY__CNT);
	if (s->kern) {
		put_rows(out, "kernel", stat_names, s->kern->stats, STAT__CNT);
		put_programs(out, s->kern);
	}
	fputs("}\n", out);
	fflush(out);
}
