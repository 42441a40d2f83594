/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/compiler.h"
#include "own_metrics.h"
#include "rows.h"

_Static_assert(ROW_NAME_SZ <= METRIC_LABEL_SZ, "a row's name is a label");

struct list_of {
	struct metric *v;
	size_t n;
};

static struct metric *add(struct list_of *l, const char *name, const char *unit,
			  enum metric_kind kind, uint64_t value)
{
	struct metric *m = &l->v[l->n < OWN_METRICS_MAX ? l->n++ : 0];

	*m = (struct metric){ .name = name, .unit = unit, .kind = kind, .i = (int64_t)value };
	return m;
}

static void label(struct metric *m, size_t nth, const char *key, const char *text)
{
	m->labels[nth].key = key;
	snprintf(m->labels[nth].text, sizeof(m->labels[nth].text), "%s", text);
}

static void count(struct list_of *l, const char *name, const char *unit, const char *outcome,
		  uint64_t value)
{
	label(add(l, name, unit, METRIC_COUNTER, value), 0, "outcome", outcome);
}

static void add_spans(struct list_of *l, const struct summary *s)
{
	static const char name[] = "ebpf_tracer.spans", unit[] = "{span}";
	const struct export_counts *e = &s->export.exporters;

	add(l, "ebpf_tracer.requests", "{request}", METRIC_COUNTER, s->tally->v[TALLY_REQUESTS]);
	count(l, name, unit, "sent", e->sent);
	count(l, name, unit, "rejected", e->rejected);
	count(l, name, unit, "failed", e->failed);
	count(l, name, unit, "queue_full", s->export.dropped_full - s->export.dropped_heavy);
	count(l, name, unit, "queue_heavy", s->export.dropped_heavy);
}

/* Every row, zeros too: who watches a rate must have seen where it began. */
static void add_rows(struct list_of *l, const struct summary *s)
{
	static const char user[] = "ebpf_tracer.counts", kernel[] = "ebpf_tracer.kernel.counts";
	char name[ROW_NAME_SZ];
	int i;

	for (i = 0; i < TALLY__CNT; i++) {
		row_name_of_tally(i, name);
		label(add(l, user, "1", METRIC_COUNTER, s->tally->v[i]), 0, "what", name);
	}
	for (i = 0; s->kern && i < STAT__CNT; i++) {
		row_name_of_stat(i, name);
		label(add(l, kernel, "1", METRIC_COUNTER, s->kern->stats[i]), 0, "what", name);
	}
}

static void add_seconds(struct list_of *l, const char *name, uint64_t ns)
{
	struct metric *m = add(l, name, "s", METRIC_COUNTER, 0);

	m->real = true;
	m->d = (double)ns / NSEC_PER_SEC;
}

static void add_cost(struct list_of *l, const struct summary *s)
{
	uint64_t requests = s->tally->v[TALLY_REQUESTS], kernel_ns = summary_kernel_ns(s);

	add_seconds(l, "process.cpu.time", s->cpu_ns + s->start_cpu_ns);
	add(l, "process.memory.usage", "By", METRIC_LEVEL, s->rss);
	if (!s->kern)
		return;
	add_seconds(l, "ebpf_tracer.kernel.time", kernel_ns);
	add(l, "ebpf_tracer.kernel.time_per_request", "ns", METRIC_GAUGE,
	    requests ? kernel_ns / requests : 0);
	add(l, "ebpf_tracer.ring.size", "By", METRIC_GAUGE, s->kern->ring_sz);
	add(l, "ebpf_tracer.ring.high", "By", METRIC_GAUGE, s->kern->ring_high);
}

static void add_programs(struct list_of *l, const struct summary *s)
{
	size_t i;

	for (i = 0; s->kern && i < s->kern->programs_cnt; i++) {
		const struct program_figures *p = &s->kern->programs[i];

		label(add(l, "ebpf_tracer.kernel.missed", "{run}", METRIC_COUNTER, p->missed), 0,
		      "program", p->name);
	}
	for (i = 0; s->kern && i < s->kern->programs_cnt; i++) {
		const struct program_figures *p = &s->kern->programs[i];

		if (p->runs) /* the kernel keeps it: --times */
			label(add(l, "ebpf_tracer.kernel.program_time", "ns", METRIC_COUNTER,
				  p->ns),
			      0, "program", p->name);
	}
}

size_t own_metrics(const struct summary *s, struct metric ret_metrics[OWN_METRICS_MAX])
{
	struct list_of l = { .v = ret_metrics };

	add_spans(&l, s);
	add_rows(&l, s);
	add_cost(&l, s);
	add_programs(&l, s);
	return l.n;
}
