/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>

#include "base/compiler.h"
#include "export/metrics_message.h"

#define SCOPE "ebpf-tracer"

struct pair {
	Otlp__KeyValue kv;
	Otlp__AnyValue value;
};

/* One value and everything it may need; the metric is used by the first of its name. */
struct node {
	Otlp__Metric metric;
	Otlp__Sum sum;
	Otlp__Gauge gauge;
	Otlp__NumberDataPoint point;
	struct pair labels[METRIC_LABELS];
	Otlp__KeyValue *label_ptrs[METRIC_LABELS];
};

struct metrics_tree {
	struct node *nodes;
	Otlp__Metric **metrics;
	Otlp__NumberDataPoint **points;
	struct pair *pairs; /* of the resource */
	Otlp__KeyValue **pair_ptrs;
	Otlp__Resource resource;
	Otlp__InstrumentationScope scope;
	Otlp__ScopeMetrics scope_metrics, *scope_ptr;
	Otlp__ResourceMetrics resource_metrics, *resource_ptr;
	Otlp__ExportMetricsServiceRequest request;
};

static Otlp__KeyValue *text_pair(struct pair *p, const char *key, const char *text)
{
	otlp__key_value__init(&p->kv);
	otlp__any_value__init(&p->value);
	p->kv.key = (char *)key;
	p->kv.value = &p->value;
	p->value.value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
	p->value.string_value = (char *)text;
	return &p->kv;
}

static void build_point(struct node *node, const struct metric *m, uint64_t start_ns,
			uint64_t now_ns)
{
	Otlp__NumberDataPoint *p = &node->point;
	size_t i;

	otlp__number_data_point__init(p);
	p->start_time_unix_nano = m->kind == METRIC_GAUGE ? 0 : start_ns;
	p->time_unix_nano = now_ns;
	p->value_case = m->real ? OTLP__NUMBER_DATA_POINT__VALUE_AS_DOUBLE
				: OTLP__NUMBER_DATA_POINT__VALUE_AS_INT;
	if (m->real)
		p->as_double = m->d;
	else
		p->as_int = m->i;
	p->attributes = node->label_ptrs;
	for (i = 0; i < METRIC_LABELS && m->labels[i].key; i++)
		p->attributes[p->n_attributes++] =
			text_pair(&node->labels[i], m->labels[i].key, m->labels[i].text);
}

/* Its data points are the n at `points`. */
static Otlp__Metric *build_metric(struct node *node, const struct metric *m,
				  Otlp__NumberDataPoint **points, size_t n)
{
	Otlp__Metric *out = &node->metric;

	otlp__metric__init(out);
	out->name = (char *)m->name;
	out->unit = (char *)m->unit;
	if (m->kind == METRIC_GAUGE) {
		otlp__gauge__init(&node->gauge);
		node->gauge.data_points = points;
		node->gauge.n_data_points = n;
		out->data_case = OTLP__METRIC__DATA_GAUGE;
		out->gauge = &node->gauge;
		return out;
	}
	otlp__sum__init(&node->sum);
	node->sum.data_points = points;
	node->sum.n_data_points = n;
	node->sum.aggregation_temporality =
		OTLP__AGGREGATION_TEMPORALITY__AGGREGATION_TEMPORALITY_CUMULATIVE;
	node->sum.is_monotonic = m->kind == METRIC_COUNTER;
	out->data_case = OTLP__METRIC__DATA_SUM;
	out->sum = &node->sum;
	return out;
}

static void build_resource(struct metrics_tree *t, const struct attrs *a)
{
	uint32_t i;

	otlp__resource__init(&t->resource);
	t->resource.attributes = t->pair_ptrs;
	for (i = 0; i < a->n; i++) {
		if (a->v[i].type == ATTR_STR)
			t->pair_ptrs[t->resource.n_attributes++] = text_pair(
				&t->pairs[i], attr_key(a, &a->v[i]), attr_text(a, &a->v[i]));
	}
}

static void build_envelope(struct metrics_tree *t, const char *version)
{
	otlp__instrumentation_scope__init(&t->scope);
	t->scope.name = (char *)SCOPE;
	t->scope.version = (char *)(version ? version : "");
	t->scope_ptr = &t->scope_metrics;
	t->scope_metrics.scope = &t->scope;
	otlp__resource_metrics__init(&t->resource_metrics);
	t->resource_metrics.resource = &t->resource;
	t->resource_metrics.scope_metrics = &t->scope_ptr;
	t->resource_metrics.n_scope_metrics = 1;
	t->resource_ptr = &t->resource_metrics;
	otlp__export_metrics_service_request__init(&t->request);
	t->request.resource_metrics = &t->resource_ptr;
	t->request.n_resource_metrics = 1;
}

struct metrics_tree *metrics_tree_new(const struct metric *v, size_t n,
				      const struct attrs *resource, const char *version,
				      uint64_t start_ns, uint64_t now_ns)
{
	_cleanup_(metrics_tree_freep) struct metrics_tree *t = calloc(1, sizeof(*t));
	size_t i, same;

	if (!t)
		return NULL;
	t->nodes = calloc(n + 1, sizeof(*t->nodes));
	t->metrics = calloc(n + 1, sizeof(*t->metrics));
	t->points = calloc(n + 1, sizeof(*t->points));
	t->pairs = calloc(resource->n + 1, sizeof(*t->pairs));
	t->pair_ptrs = calloc(resource->n + 1, sizeof(*t->pair_ptrs));
	if (!t->nodes || !t->metrics || !t->points || !t->pairs || !t->pair_ptrs)
		return NULL;
	otlp__scope_metrics__init(&t->scope_metrics);
	t->scope_metrics.metrics = t->metrics;
	for (i = 0; i < n; i += same) {
		for (same = 0; i + same < n && !strcmp(v[i + same].name, v[i].name); same++) {
			build_point(&t->nodes[i + same], &v[i + same], start_ns, now_ns);
			t->points[i + same] = &t->nodes[i + same].point;
		}
		t->metrics[t->scope_metrics.n_metrics++] =
			build_metric(&t->nodes[i], &v[i], &t->points[i], same);
	}
	build_resource(t, resource);
	build_envelope(t, version);
	return take_ptr(t);
}

void metrics_tree_free(struct metrics_tree *t)
{
	if (!t)
		return;
	free(t->nodes);
	free(t->metrics);
	free(t->points);
	free(t->pairs);
	free(t->pair_ptrs);
	free(t);
}

const Otlp__ExportMetricsServiceRequest *metrics_tree_request(const struct metrics_tree *t)
{
	return &t->request;
}
