/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/compiler.h"
#include "summary.h"

#define MEGABYTE 1e6

typedef unsigned long long ull;

static const char *const stat_texts[STAT__CNT] = {
#define STAT(id, text) [STAT_##id] = text,
#include "abi/stats.def"
#undef STAT
};

static void print_counts(FILE *out, const struct summary *s)
{
	const uint64_t *v = s->tally->v;
	const struct export_counts *e = &s->export.exporters;

	fprintf(out, "ebpf-tracer: summary: %llu requests, %llu spans", (ull)v[TALLY_REQUESTS],
		(ull)v[TALLY_SPANS]);
	if (s->export.exporters_cnt > 1)
		fprintf(out, " to each of %zu exporters", s->export.exporters_cnt);
	fprintf(out,
		": %llu sent, %llu rejected by the backend, %llu failed, "
		"%llu dropped because the queue was full\n",
		(ull)e->sent, (ull)e->rejected, (ull)e->failed, (ull)s->export.dropped_full);
}

static void print_logs(FILE *out, const struct summary *s)
{
	const uint64_t *v = s->tally->v;
	const struct export_counts *e = &s->logs.exporters;

	if (!v[TALLY_LOG_LINES])
		return;
	fprintf(out,
		"ebpf-tracer: logs: %llu lines, %llu of them of a request: %llu sent, "
		"%llu rejected by the backend, %llu failed, "
		"%llu dropped because the queue was full\n",
		(ull)v[TALLY_LOG_LINES], (ull)v[TALLY_LOG_PLACED], (ull)e->sent, (ull)e->rejected,
		(ull)e->failed, (ull)s->logs.dropped_full);
}

/* Run time of our programs: as the kernel keeps it (--times), else that of socket calls, from a sample. */
uint64_t summary_kernel_ns(const struct summary *s)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; s->kern && i < s->kern->programs_cnt; i++)
		sum += s->kern->programs[i].ns;
	return !sum && s->kern ? s->kern->calls_ns : sum;
}

static void print_cost(FILE *out, const struct summary *s)
{
	uint64_t requests = s->tally->v[TALLY_REQUESTS], kernel_ns = summary_kernel_ns(s);
	uint64_t mapped = s->kern ? 2 * s->kern->ring_sz : 0;

	fprintf(out, "ebpf-tracer: cost: %.3f s of CPU in %.1f s", (double)s->cpu_ns / NSEC_PER_SEC,
		(double)s->wall_ns / NSEC_PER_SEC);
	if (requests)
		fprintf(out, ", %.1f us per request", (double)s->cpu_ns / NSEC_PER_USEC / requests);
	fprintf(out, "; %.3f s to start", (double)s->start_cpu_ns / NSEC_PER_SEC);
	if (kernel_ns)
		fprintf(out, "; in the kernel %.3f s", (double)kernel_ns / NSEC_PER_SEC);
	if (kernel_ns && requests)
		fprintf(out, ", %.0f ns per request", (double)kernel_ns / requests);
	fprintf(out, "; %.1f MB of memory, %.1f MB at most",
		(s->rss - min(s->rss, mapped)) / MEGABYTE,
		(s->rss_peak - min(s->rss_peak, mapped)) / MEGABYTE);
	if (mapped)
		fprintf(out, ", beside the ring of %.1f MB, mapped twice, filled to %.1f %%",
			s->kern->ring_sz / MEGABYTE, 100.0 * s->kern->ring_high / s->kern->ring_sz);
	fputc('\n', out);
}

/* What each program added to the traced processes, the clock that measures it included. */
static void print_programs(FILE *out, const struct summary *s)
{
	uint64_t requests = s->tally->v[TALLY_REQUESTS];
	size_t i;

	for (i = 0; s->kern && i < s->kern->programs_cnt; i++) {
		const struct program_figures *p = &s->kern->programs[i];

		if (!p->runs && !p->missed)
			continue;
		fprintf(out, "ebpf-tracer: program %s:", p->name);
		if (p->runs)
			fprintf(out, " %llu runs of %.0f ns", (ull)p->runs,
				(double)p->ns / p->runs);
		if (p->runs && requests)
			fprintf(out, ", %.0f ns per request", (double)p->ns / requests);
		if (p->missed)
			fprintf(out, "%s %llu missed: it stood still in a task that was preempted",
				p->runs ? ";" : "", (ull)p->missed);
		fputc('\n', out);
	}
}

bool summary_closed(const struct summary *s, enum dir dir)
{
	const uint64_t *v = s->tally->v + dir, *k = s->kern ? s->kern->stats + dir : NULL;
	uint64_t user = v[TALLY_RX_DECODED] + v[TALLY_RX_BODY] + v[TALLY_RX_FOREIGN] +
			v[TALLY_RX_RESYNC] + v[TALLY_RX_UNUSED] + v[TALLY_RX_NO_CONN];

	if (user != v[TALLY_RX_REPORTED])
		return false;
	return !k || (k[STAT_RX_BYTES] == k[STAT_RX_REPORTED] + k[STAT_RX_IGNORED] +
						  k[STAT_RX_LOST] + k[STAT_RX_SHED] &&
		      k[STAT_RX_REPORTED] == v[TALLY_RX_REPORTED]);
}

/* received = reported + ignored + lost + left out in the kernel; reported = decoded + skipped + lost here. */
static void print_books(FILE *out, const struct summary *s, enum dir dir)
{
	const uint64_t *v = s->tally->v + dir;

	fprintf(out, "ebpf-tracer: books: %s", dir == DIR_RX ? "received" : "sent");
	if (s->kern) {
		const uint64_t *k = s->kern->stats + dir;

		fprintf(out, " %llu = %llu reported + %llu ignored + %llu lost + %llu left out;",
			(ull)k[STAT_RX_BYTES], (ull)k[STAT_RX_REPORTED], (ull)k[STAT_RX_IGNORED],
			(ull)k[STAT_RX_LOST], (ull)k[STAT_RX_SHED]);
	}
	fprintf(out,
		" %llu = %llu decoded + %llu bodies + %llu foreign + %llu resynchronising + %llu "
		"unfinished + "
		"%llu without a connection: %s\n",
		(ull)v[TALLY_RX_REPORTED], (ull)v[TALLY_RX_DECODED], (ull)v[TALLY_RX_BODY],
		(ull)v[TALLY_RX_FOREIGN], (ull)v[TALLY_RX_RESYNC], (ull)v[TALLY_RX_UNUSED],
		(ull)v[TALLY_RX_NO_CONN], summary_closed(s, dir) ? "closed" : "OPEN");
}

static void print_count(FILE *out, uint64_t n, const char *text)
{
	if (n)
		fprintf(out, "ebpf-tracer: %llu %s\n", (ull)n, text);
}

/* What became of spans on their way out, and what can be done about it. */
static void print_unsent(FILE *out, const struct summary *s)
{
	const struct export_counts *e = &s->export.exporters;

	print_count(out, e->rejected,
		    "spans lost: the backend refused them, for the reason that was said above");
	print_count(out, e->failed,
		    "spans lost: they could not be delivered, for the reason that was said above; "
		    "OTEL_EXPORTER_OTLP_TIMEOUT is how long a backend is tried");
	print_count(out, s->export.dropped_full,
		    "spans lost: the backend was away, or slower than they came; "
		    "OTEL_BSP_MAX_QUEUE_SIZE is how many wait for it");
	print_count(out, s->export.dropped_heavy,
		    "of these for the memory of those that waited: a queue has 2 KB for each of "
		    "OTEL_BSP_MAX_QUEUE_SIZE spans");
}

/* Of the bytes that the kernel side tells of, the books above say what it lost and left out. */
static bool in_books(const struct summary *s, int row)
{
	return row == TALLY_REQUESTS || row == TALLY_SPANS || row == TALLY_LOG_LINES ||
	       row == TALLY_LOG_PLACED || (s->kern && row >= TALLY_RX_LOST && row <= TALLY_TX_SHED);
}

/* Everything that is not zero and not said above. */
static void print_rest(FILE *out, const struct summary *s)
{
	int i;

	print_unsent(out, s);
	for (i = TALLY_RX_LOST; i < TALLY__CNT; i++) {
		if (!in_books(s, i))
			print_count(out, s->tally->v[i], tally_text(i));
	}
	for (i = STAT_RING_FULL; s->kern && i < STAT__CNT; i++) {
		if (i != STAT_RX_SHED && i != STAT_TX_SHED)
			print_count(out, s->kern->stats[i], stat_texts[i]);
	}
}

void summary_print(FILE *out, const struct summary *s)
{
	print_counts(out, s);
	print_logs(out, s);
	print_cost(out, s);
	print_programs(out, s);
	print_books(out, s, DIR_RX);
	print_books(out, s, DIR_TX);
	print_rest(out, s);
	fflush(out);
}
