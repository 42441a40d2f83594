/* SPDX-License-Identifier: GPL-2.0-only */
/* Reports to tracing backends: where each kind of SDK posts them, and as what. */
#include "base/compiler.h"
#include "proto/http1.h"

static const struct {
	const char *path; /* its end: a gateway may put something before it */
	const char *type; /* of the content */
	enum telemetry says;
} reports[] = {
	{ "/v1/traces", "application/x-protobuf", TELEMETRY_SPANS }, /* OTLP */
	{ "/v1/traces", "application/json", TELEMETRY_SPANS },
	{ "/v1/logs", "application/x-protobuf", TELEMETRY_OTHER },
	{ "/v1/logs", "application/json", TELEMETRY_OTHER },
	{ "/v1/metrics", "application/x-protobuf", TELEMETRY_OTHER },
	{ "/v1/metrics", "application/json", TELEMETRY_OTHER },
	{ "/api/v2/spans", "application/json", TELEMETRY_SPANS }, /* Zipkin */
	{ "/api/v2/spans", "application/x-protobuf", TELEMETRY_SPANS },
	{ "/api/traces", "application/x-thrift", TELEMETRY_SPANS }, /* Jaeger's clients */
	{ "/api/traces", "application/vnd.apache.thrift.binary", TELEMETRY_SPANS },
	{ "/v0.3/traces", "application/msgpack", TELEMETRY_SPANS }, /* Datadog */
	{ "/v0.4/traces", "application/msgpack", TELEMETRY_SPANS },
	{ "/v0.5/traces", "application/msgpack", TELEMETRY_SPANS },
};

static bool ends_in(struct slice s, struct slice end)
{
	return s.n >= end.n && slice_eq(slice_sub(s, s.n - end.n, end.n), end);
}

static struct slice content_type(const struct h1_head *head)
{
	struct slice lines = head->fields, name, value;

	while (h1_field_next(&lines, &name, &value))
		if (slice_ieq(name, SLICE("content-type")))
			return h1_trim(slice_split(&value, ';'));
	return (struct slice){ 0 };
}

enum telemetry h1_telemetry(const struct h1_head *head)
{
	struct slice path, type;
	size_t i;

	if (!slice_eq(head->method, SLICE("POST")) && !slice_eq(head->method, SLICE("PUT")))
		return TELEMETRY_NONE;
	path = h1_url_split(head->method, head->target).path;
	type = content_type(head);
	for (i = 0; i < ARRAY_SIZE(reports); i++)
		if (ends_in(path, slice_str(reports[i].path)) &&
		    slice_ieq(type, slice_str(reports[i].type)))
			return reports[i].says;
	return TELEMETRY_NONE;
}
