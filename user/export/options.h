/* SPDX-License-Identifier: GPL-2.0-only */
/* What the command line and OTEL_* say about where spans go. Strings are borrowed for the life of the process. */
#ifndef EXPORT_OPTIONS_H
#define EXPORT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "export/trace_filter.h"

enum console_show { SHOW_TRACES, SHOW_LIST, SHOW_OPERATIONS };	/* --show's words, in this order */

enum otlp_protocol { PROTOCOL_HTTP, PROTOCOL_GRPC, PROTOCOL_JSON };	/* --protocol's words, in this order */

struct export_options {
	const char *version;		/* of this program: User-Agent, version of the scopes */
	const char *endpoint;		/* the full URL of the traces endpoint, already resolved */
	const char *metrics_endpoint;	/* the same for the tracer's own metrics; NULL: they are not sent */
	uint64_t metrics_every_ms;
	const char *logs_endpoint;	/* the same of the logs endpoint; NULL: no log lines are wanted */
	const char *unix_socket;	/* path of the socket that listens there; NULL: it is reached by its address */
	const char *zipkin_endpoint;	/* the full URL */
	uint64_t zipkin_timeout_ms;	/* as timeout_ms */
	unsigned protocol;		/* enum otlp_protocol */
	const char *const *headers;	/* "Name: value" lines */
	size_t headers_cnt;
	bool gzip;
	uint64_t timeout_ms;		/* whole export with its retries; 0: no limit */
	const char *ca_file, *cert_file, *key_file;	/* NULL: none */
	size_t queue_max;		/* spans; 0: QUEUE_MAX */
	size_t batch_max;		/* spans in one request; 0: BATCH_MAX */
	bool patient;			/* replay: a full queue waits for room instead of dropping */
	uint64_t batch_delay_ms;	/* a span waits at most so long for company */
	bool colour;			/* console: the terminal understands colours */
	unsigned width;			/* console: columns; 0: 100 */
	unsigned show;			/* console: enum console_show */
	struct trace_filter filter;	/* console: of what is shown */
};

#define BATCH_MAX	512	/* OTEL_BSP_MAX_EXPORT_BATCH_SIZE's default */
#define BATCH_DELAY_MS	200	/* not OTEL_BSP_SCHEDULE_DELAY's 5 s: a span is to be seen within a second */
#define METRICS_EVERY_MS 60000	/* OTEL_METRIC_EXPORT_INTERVAL's default */
#define EXPORT_TIMEOUT_MS 10000	/* OTEL_EXPORTER_OTLP_TIMEOUT's default */

#endif
