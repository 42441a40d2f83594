/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "abi/limits.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "environment.h"
#include "export/exporter.h"
#include "settings.h"
#include "trace/propagation.h"
#include "values.h"

#define TEXT_MAX      4096 /* one header, one exporter list */
#define MS_MAX        2147483647 /* OpenTelemetry's durations are 32-bit milliseconds in most SDKs */
#define SPANS_MAX     1048576 /* about 2 GB of queue: beyond it the number is a mistake */
#define FIELD(member) offsetof(struct config, member)

static int apply_config_file(struct config *cfg, const struct variable *var, const char *name,
			     const char *value, struct err *err)
{
	return err_set(err, -EINVAL,
		       "%s is set, but configuration files are not supported: unset it and use "
		       "options or the other OTEL_* variables",
		       name);
}

static int apply_exporters(struct config *cfg, const struct variable *var, const char *name,
			   const char *value, struct err *err)
{
	struct slice rest = slice_str(value);
	_cleanup_(buf_release) struct buf list = BUF_INIT(TEXT_MAX);

	while (rest.n) {
		struct slice word = slice_trim(slice_split(&rest, ','));
		const struct exporter *x = exporter_find(word);
		int ret;

		if (slice_ieq(word, SLICE("otlp/stdout"))) /* OpenTelemetry's name for it */
			x = exporter_find(SLICE("json"));
		if (x)
			ret = buf_printf(&list, "%s%s", list.n ? "," : "", x->name);
		else
			ret = config_warn(cfg, "%s: unknown exporter '" SLICE_FMT "', ignoring",
					  name, SLICE_ARG(word));
		if (ret)
			return ret;
	}
	if (!list.n)
		return 0;
	cfg->exporters = config_keep(cfg, buf_slice(&list));
	return cfg->exporters ? 0 : -ENOMEM;
}

static int apply_disabled(struct config *cfg, const struct variable *var, const char *name,
			  const char *value, struct err *err)
{
	if (slice_ieq(slice_str(value), SLICE("true"))) {
		cfg->exporters = "none";
		return config_warn(cfg, "%s is true: no spans are exported", name);
	}
	if (slice_ieq(slice_str(value), SLICE("false")))
		return 0;
	return err_set(err, -EINVAL, "%s='%s' is neither true nor false", name, value);
}

static bool has_no_scheme(struct slice url)
{
	return !memmem(url.p, url.n, "://", 3) && !slice_starts(url, SLICE("unix:"));
}

/* Only gRPC has endpoints without a scheme, and a variable that says whether they are encrypted. */
static int apply_endpoint(struct config *cfg, const struct variable *var, const char *name,
			  const char *value, struct err *err)
{
	enum url_form form = strcmp(name, var->traces) ? URL_BASE : URL_FULL;
	_cleanup_(buf_release) struct buf url = BUF_INIT(TEXT_MAX);
	struct slice text = slice_trim(slice_str(value));

	if (cfg->export.protocol != PROTOCOL_GRPC)
		return setting_endpoint(cfg, name, text, form, err);
	if (!has_no_scheme(text))
		return setting_endpoint(cfg, name, text, URL_GRPC, err);
	if (buf_printf(&url, "http%s://" SLICE_FMT, cfg->insecure ? "" : "s", SLICE_ARG(text)))
		return err_set(err, -EINVAL, "%s is too long", name);
	return setting_endpoint(cfg, name, buf_slice(&url), URL_GRPC, err);
}

/* The endpoint of a signal beside the spans, "logs" or "metrics". */
static int signal_endpoint(struct config *cfg, const char *name, const char *value,
			   const char *signal, const char **ret_url, struct err *err)
{
	_cleanup_(buf_release) struct buf url = BUF_INIT(TEXT_MAX), full = BUF_INIT(TEXT_MAX);
	bool grpc = cfg->export.protocol == PROTOCOL_GRPC;
	int ret = value_endpoint(name, slice_trim(slice_str(value)), grpc ? URL_GRPC : URL_FULL,
				 &url, err);

	if (!ret && grpc)
		ret = value_signal_endpoint(buf_slice(&url), signal, &full);
	if (ret)
		return ret == -E2BIG ? err_set(err, -EINVAL, "%s is too long", name) : ret;
	*ret_url = config_keep(cfg, buf_slice(grpc ? &full : &url));
	return *ret_url ? 0 : -ENOMEM;
}

static int apply_metrics_endpoint(struct config *cfg, const struct variable *var, const char *name,
				  const char *value, struct err *err)
{
	return signal_endpoint(cfg, name, value, "metrics", &cfg->export.metrics_endpoint, err);
}

static int apply_logs_endpoint(struct config *cfg, const struct variable *var, const char *name,
			       const char *value, struct err *err)
{
	return signal_endpoint(cfg, name, value, "logs", &cfg->export.logs_endpoint, err);
}

/* Where spans go as OTLP lines go, too, unless that is not wanted; what goes to a file or the terminal is not meant. */
static int apply_logs_exporter(struct config *cfg, const struct variable *var, const char *name,
			       const char *value, struct err *err)
{
	struct slice word = slice_trim(slice_str(value));

	cfg->logs_not_sent = slice_ieq(word, SLICE("none"));
	if (cfg->logs_not_sent || slice_ieq(word, SLICE("otlp")))
		return 0;
	return config_warn(cfg, "%s: '" SLICE_FMT "' is neither otlp nor none, ignoring", name,
			   SLICE_ARG(word));
}

static int apply_zipkin(struct config *cfg, const struct variable *var, const char *name,
			const char *value, struct err *err)
{
	_cleanup_(buf_release) struct buf url = BUF_INIT(TEXT_MAX);
	int ret = value_endpoint(name, slice_trim(slice_str(value)), URL_FULL, &url, err);

	if (ret)
		return ret == -E2BIG ? err_set(err, -EINVAL, "%s is too long", name) : ret;
	cfg->export.zipkin_endpoint = config_keep(cfg, buf_slice(&url));
	return cfg->export.zipkin_endpoint ? 0 : -ENOMEM;
}

static int apply_insecure(struct config *cfg, const struct variable *var, const char *name,
			  const char *value, struct err *err)
{
	cfg->insecure = slice_ieq(slice_trim(slice_str(value)), SLICE("true"));
	if (cfg->insecure || slice_ieq(slice_trim(slice_str(value)), SLICE("false")))
		return 0;
	return err_set(err, -EINVAL, "%s='%s' is neither true nor false", name, value);
}

/* A variable that says one of an option's words. */
static int apply_choice(struct config *cfg, const struct variable *var, const char *name,
			const char *value, struct err *err)
{
	const struct option *opt = &options[var->option];
	struct slice words = slice_str(opt->arg);
	unsigned i;

	for (i = 0; words.n; i++) {
		if (!slice_ieq(slice_split(&words, '|'), slice_trim(slice_str(value))))
			continue;
		*(unsigned *)((char *)cfg + opt->field) = i;
		return 0;
	}
	return err_set(err, -EINVAL, "%s='%s' is not one of %s", name, value, opt->arg);
}

/* Names are as they are, values are percent-encoded. What is refused is never shown: it may be a password. */
static int add_header(struct config *cfg, const char *name, struct slice entry, size_t number)
{
	struct slice value = entry, key = slice_trim(slice_split(&value, '='));
	_cleanup_(buf_release) struct buf text = BUF_INIT(TEXT_MAX);
	int ret;

	if (setting_has_header(cfg, key)) /* from the command line */
		return 0;
	ret = value_percent_decode(slice_trim(value), &text);
	if (!ret)
		ret = setting_add_header(cfg, key, slice_trim(buf_slice(&text)));
	if (ret == -EINVAL || ret == -E2BIG)
		return config_warn(cfg, "%s: header %zu is not a valid name=value, ignoring", name,
				   number);
	return ret;
}

static int apply_headers(struct config *cfg, const struct variable *var, const char *name,
			 const char *value, struct err *err)
{
	struct slice rest = slice_str(value);

	for (size_t number = 1; rest.n; number++) {
		struct slice entry = slice_trim(slice_split(&rest, ','));
		int ret = entry.n ? add_header(cfg, name, entry, number) : 0;

		if (ret)
			return ret;
	}
	return 0;
}

static int apply_compression(struct config *cfg, const struct variable *var, const char *name,
			     const char *value, struct err *err)
{
	bool gzip = slice_ieq(slice_str(value), SLICE("gzip"));

	if (!gzip && !slice_ieq(slice_str(value), SLICE("none")))
		return err_set(err, -EINVAL, "%s='%s' is neither gzip nor none", name, value);
	cfg->export.gzip = gzip;
	return 0;
}

static int apply_number(struct config *cfg, const struct variable *var, const char *name,
			const char *value, struct err *err)
{
	uint64_t v;

	if (!value_number(slice_trim(slice_str(value)), var->low, var->high, &v))
		return err_set(err, -EINVAL, "%s='%s' is not a number from %llu to %llu", name,
			       value, (unsigned long long)var->low, (unsigned long long)var->high);
	*(uint64_t *)((char *)cfg + var->field) = v;
	return 0;
}

static int apply_file(struct config *cfg, const struct variable *var, const char *name,
		      const char *value, struct err *err)
{
	if (access(value, R_OK))
		return err_set(err, -EINVAL, "%s: cannot read '%s': %s", name, value,
			       strerror(errno));
	*(const char **)((char *)cfg + var->field) = value;
	return 0;
}

static int apply_service(struct config *cfg, const struct variable *var, const char *name,
			 const char *value, struct err *err)
{
	for (size_t i = 0; i < cfg->services_cnt; i++)
		if (!cfg->services[i].port)
			return 0;
	return setting_add_service(cfg, 0, value);
}

static int apply_resource(struct config *cfg, const struct variable *var, const char *name,
			  const char *value, struct err *err)
{
	if (!value_is_pairs(slice_str(value)))
		return err_set(err, -EINVAL, "%s is not a list of percent-encoded key=value", name);
	cfg->resource_attributes = value;
	return 0;
}

static int apply_sampler(struct config *cfg, const struct variable *var, const char *name,
			 const char *value, struct err *err)
{
	if (sampler_set(&cfg->sampler, slice_trim(slice_str(value))))
		return err_set(err, -EINVAL, "%s='%s' is not one of %s", name, value,
			       sampler_names());
	return 0;
}

/* Only a sampler that has a ratio will look at it. */
static int apply_ratio(struct config *cfg, const struct variable *var, const char *name,
		       const char *value, struct err *err)
{
	if (!value_decimal(slice_trim(slice_str(value)), 0, 1, &cfg->sampler.ratio))
		return err_set(err, -EINVAL, "%s='%s' is not a number from 0 to 1", name, value);
	return 0;
}

/* Formats that are written and never name a cause are none that a reader could leave out. */
static bool is_only_written(struct slice name)
{
	return slice_ieq(name, SLICE("baggage")) || slice_ieq(name, SLICE("none"));
}

/* Which of the caller's headers are believed: those named, and no others. */
static int apply_propagators(struct config *cfg, const struct variable *var, const char *name,
			     const char *value, struct err *err)
{
	struct slice rest = slice_str(value);
	unsigned on = 0;

	while (rest.n) {
		struct slice word = slice_trim(slice_split(&rest, ','));
		unsigned format = propagation_format(word);
		int ret = 0;

		on |= format;
		if (!format && !is_only_written(word))
			ret = config_warn(cfg, "%s: unknown propagator '" SLICE_FMT "', ignoring",
					  name, SLICE_ARG(word));
		if (ret)
			return ret;
	}
	cfg->propagators_off = ~on;
	return 0;
}

static int apply_log_level(struct config *cfg, const struct variable *var, const char *name,
			   const char *value, struct err *err)
{
	static const struct {
		const char *word;
		enum log_level level;
	} levels[] = {
		{ "none", LOG_ERROR }, { "error", LOG_ERROR }, { "warn", LOG_WARN },
		{ "info", LOG_INFO },  { "debug", LOG_DEBUG }, { "trace", LOG_DEBUG },
	};

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		if (!slice_ieq(slice_str(levels[i].word), slice_str(value)))
			continue;
		cfg->log_level = levels[i].level;
		return 0;
	}
	return err_set(err, -EINVAL, "%s='%s' is not one of none, error, warn, info, debug, trace",
		       name, value);
}

static int apply_no_color(struct config *cfg, const struct variable *var, const char *name,
			  const char *value, struct err *err)
{
	cfg->colour = COLOUR_NEVER;
	return 0;
}

static int apply_term(struct config *cfg, const struct variable *var, const char *name,
		      const char *value, struct err *err)
{
	if (!strcmp(value, "dumb"))
		cfg->colour = COLOUR_NEVER;
	return 0;
}

/* Two spellings of one name, so that they cannot drift apart. */
#define OTLP(suffix)                                                                         \
	.name = "OTEL_EXPORTER_OTLP_" suffix, .traces = "OTEL_EXPORTER_OTLP_TRACES_" suffix, \
	.otlp = true

/* In this order: who exports, and how, is settled before the endpoint is looked at. */
const struct variable variables[] = {
	{ .name = "OTEL_CONFIG_FILE",
	  .apply = apply_config_file,
	  .fatal = true,
	  .option = -1,
	  .help = "Refused: configuration files are not supported." },
	{ .name = "OTEL_EXPERIMENTAL_CONFIG_FILE",
	  .apply = apply_config_file,
	  .fatal = true,
	  .option = -1,
	  .help = "Refused, the same." },
	{ .name = "OTEL_TRACES_EXPORTER",
	  .apply = apply_exporters,
	  .option = OPT_EXPORTER,
	  .help = "List of otlp, zipkin, console, json (or otlp/stdout), none." },
	{ .name = "OTEL_SDK_DISABLED",
	  .apply = apply_disabled,
	  .option = OPT_EXPORTER,
	  .help = "true: no spans are exported." },
	{ OTLP("PROTOCOL"), .apply = apply_choice, .option = OPT_PROTOCOL,
	  .help = "grpc, http/protobuf, which is the default, or http/json." },
	{ OTLP("INSECURE"), .apply = apply_insecure, .option = -1,
	  .help = "true: a gRPC endpoint without http:// or https:// is spoken to without TLS." },
	{ OTLP("ENDPOINT"), .apply = apply_endpoint, .fatal = true, .option = OPT_ENDPOINT,
	  .help = "URL of the backend. v1/traces is appended to the general form; the one for "
		  "traces is used as is." },
	{ .name = "OTEL_LOGS_EXPORTER",
	  .apply = apply_logs_exporter,
	  .option = -1,
	  .help = "none: the log lines of --logs are not sent as OTLP, but by other exporters." },
	{ .name = "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
	  .apply = apply_logs_endpoint,
	  .fatal = true,
	  .otlp = true,
	  .option = -1,
	  .help = "URL for the log lines of --logs, used as is." },
	{ OTLP("HEADERS"), .apply = apply_headers, .option = -1,
	  .help = "name=value,name=value; values are percent-encoded." },
	{ OTLP("COMPRESSION"), .apply = apply_compression, .option = -1,
	  .help = "gzip or none, which is the default." },
	{ OTLP("TIMEOUT"), .apply = apply_number, .option = -1, .field = FIELD(export.timeout_ms),
	  .high = MS_MAX,
	  .help = "Milliseconds for one export with its retries, 0 for no limit; default 10000." },
	{ OTLP("CERTIFICATE"), .apply = apply_file, .fatal = true, .option = -1,
	  .field = FIELD(export.ca_file), .help = "PEM file of the authorities to trust." },
	{ OTLP("CLIENT_CERTIFICATE"), .apply = apply_file, .fatal = true, .option = -1,
	  .field = FIELD(export.cert_file), .help = "PEM file of the tracer's own certificate." },
	{ OTLP("CLIENT_KEY"), .apply = apply_file, .fatal = true, .option = -1,
	  .field = FIELD(export.key_file), .help = "PEM file of its key." },
	{ .name = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
	  .apply = apply_metrics_endpoint,
	  .fatal = true,
	  .option = -1,
	  .help = "URL for --metrics, used as is; default: that for traces with v1/metrics at its "
		  "end." },
	{ .name = "OTEL_METRIC_EXPORT_INTERVAL",
	  .apply = apply_number,
	  .option = -1,
	  .field = FIELD(export.metrics_every_ms),
	  .low = 100,
	  .high = MS_MAX,
	  .help = "Milliseconds from one sending of --metrics to the next; default 60000." },
	{ .name = "OTEL_EXPORTER_ZIPKIN_ENDPOINT",
	  .apply = apply_zipkin,
	  .fatal = true,
	  .option = -1,
	  .help = "URL for --exporter zipkin; default http://localhost:9411/api/v2/spans." },
	{ .name = "OTEL_EXPORTER_ZIPKIN_TIMEOUT",
	  .apply = apply_number,
	  .option = -1,
	  .field = FIELD(export.zipkin_timeout_ms),
	  .high = MS_MAX,
	  .help = "Milliseconds for one export to it with its retries; default 10000." },
	{ .name = "OTEL_BSP_SCHEDULE_DELAY",
	  .apply = apply_number,
	  .option = -1,
	  .field = FIELD(export.batch_delay_ms),
	  .high = MS_MAX,
	  .help = "Milliseconds a span waits for company; default 200." },
	{ .name = "OTEL_BSP_EXPORT_TIMEOUT",
	  .apply = apply_number,
	  .option = -1,
	  .field = FIELD(bsp_timeout_ms),
	  .high = MS_MAX,
	  .help = "Milliseconds; the shorter of this and OTEL_EXPORTER_OTLP_TIMEOUT holds." },
	{ .name = "OTEL_BSP_MAX_QUEUE_SIZE",
	  .apply = apply_number,
	  .option = -1,
	  .field = FIELD(export.queue_max),
	  .low = 1,
	  .high = SPANS_MAX,
	  .help = "Spans that wait to be exported; default 16384." },
	{ .name = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
	  .apply = apply_number,
	  .option = -1,
	  .field = FIELD(export.batch_max),
	  .low = 1,
	  .high = SPANS_MAX,
	  .help = "Spans in one request, at most the queue's size; default 512." },
	{ .name = "OTEL_ATTRIBUTE_COUNT_LIMIT",
	  .apply = apply_number,
	  .option = -1,
	  .field = FIELD(attr_limits.count),
	  .low = 1,
	  .high = UINT32_MAX,
	  .help = "Attributes of a span, at most and by default 64; more are left out, and "
		  "counted." },
	{ .name = "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
	  .apply = apply_number,
	  .option = -1,
	  .field = FIELD(attr_limits.count),
	  .low = 1,
	  .high = UINT32_MAX,
	  .help = "The same, and beats it." },
	{ .name = "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
	  .apply = apply_number,
	  .option = -1,
	  .field = FIELD(attr_limits.value_chars),
	  .high = UINT32_MAX,
	  .help = "Characters of an attribute's text; longer ones are cut. Default: no limit but "
		  "that "
		  "of 2 KiB." },
	{ .name = "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
	  .apply = apply_number,
	  .option = -1,
	  .field = FIELD(attr_limits.value_chars),
	  .high = UINT32_MAX,
	  .help = "The same, and beats it." },
	{ .name = "OTEL_SERVICE_NAME",
	  .apply = apply_service,
	  .option = -1,
	  .help = "Name of the traced service, like --service-name NAME." },
	{ .name = "OTEL_RESOURCE_ATTRIBUTES",
	  .apply = apply_resource,
	  .option = -1,
	  .help = "key=value,key=value, percent-encoded: added to every resource." },
	{ .name = "OTEL_TRACES_SAMPLER",
	  .apply = apply_sampler,
	  .option = OPT_SAMPLER,
	  .help = "always_on, always_off, traceidratio, or parentbased_ before one of them." },
	{ .name = "OTEL_TRACES_SAMPLER_ARG",
	  .apply = apply_ratio,
	  .option = OPT_SAMPLE_RATIO,
	  .help = "The ratio of traceidratio, 0 to 1; default 1." },
	{ .name = "OTEL_PROPAGATORS",
	  .apply = apply_propagators,
	  .option = -1,
	  .help = "Of tracecontext, b3, b3multi, jaeger, xray, datadog: the callers' headers that "
		  "are believed; default all, in this order." },
	{ .name = "OTEL_LOG_LEVEL",
	  .apply = apply_log_level,
	  .option = OPT_LOG_LEVEL,
	  .help = "none, error, warn, info, debug or trace." },
	{ .name = "NO_COLOR",
	  .apply = apply_no_color,
	  .option = OPT_COLOUR,
	  .help = "Not empty: no colours." },
	{ .name = "TERM", .apply = apply_term, .option = OPT_COLOUR, .help = "dumb: no colours." },
};
const size_t variables_cnt = ARRAY_SIZE(variables);

/* NULL: not set, or empty, which counts as the same. */
static const char *lookup(char *const *env, const char *name)
{
	size_t n = name ? strlen(name) : 0;

	for (; n && *env; env++)
		if (!strncmp(*env, name, n) && (*env)[n] == '=')
			return (*env)[n + 1] ? *env + n + 1 : NULL;
	return NULL;
}

/* Returns 1 if the variable was set and taken, 0 if not. */
static int apply(struct config *cfg, const struct variable *var, const char *name, char *const *env,
		 struct err *err)
{
	const char *value = lookup(env, name);
	struct err why = {};
	int ret;

	if (!value)
		return 0;
	ret = var->apply(cfg, var, name, value, &why);
	if (!ret)
		return 1;
	if (ret != -EINVAL || var->fatal)
		return err_set(err, ret, "%s", why.text);
	return config_warn(cfg, "%s, ignoring", why.text);
}

static bool is_known(struct slice name)
{
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		if (slice_eq(name, slice_str(variables[i].name)) ||
		    (variables[i].traces && slice_eq(name, slice_str(variables[i].traces))))
			return true;
	return false;
}

/* What somebody has set and we have no use for, in one sentence. */
static int warn_of_unknown(struct config *cfg, char *const *env)
{
	_cleanup_(buf_release) struct buf names = BUF_INIT(TEXT_MAX);
	int ret = 0;

	for (; *env && !ret; env++) {
		struct slice rest = slice_str(*env), name = slice_split(&rest, '=');

		if (slice_starts(name, SLICE("OTEL_")) && rest.n && !is_known(name))
			ret = buf_printf(&names, "%s" SLICE_FMT, names.n ? ", " : "",
					 SLICE_ARG(name));
	}
	if (ret == -ENOMEM || !names.n)
		return ret == -ENOMEM ? ret : 0; /* of very many the last are left out */
	return config_warn(cfg, "not supported, ignoring: %s", names.p);
}

int environment_apply(struct config *cfg, char *const *env, const bool given[OPT__CNT],
		      struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		const struct variable *var = &variables[i];
		int ret;

		if ((var->option >= 0 && given[var->option]) ||
		    (var->otlp && !config_wants_otlp(cfg)))
			continue;
		ret = apply(cfg, var, var->traces, env, err);
		if (!ret)
			ret = apply(cfg, var, var->name, env, err);
		if (ret < 0)
			return ret;
	}
	return warn_of_unknown(cfg, env);
}
