/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>

#include "abi/limits.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "config.h"
#include "environment.h"
#include "export/exporter.h"
#include "settings.h"
#include "values.h"

#define LIST_TEXT 512 /* a few option names */
#define URL_TEXT  4096

struct parser {
	const struct config_input *in;
	struct config *cfg;
	struct err *err;
	int at; /* index of the argument at hand */
	bool given[OPT__CNT];
	const struct command *command; /* NULL: none yet */
};

static int set_defaults(struct config *cfg, struct err *err)
{
	*cfg = (struct config){
		.attr_limits = { .count = ATTRS_MAX, .value_chars = UINT32_MAX },
		.export = {
			.timeout_ms = EXPORT_TIMEOUT_MS,
			.zipkin_endpoint = "http://localhost:9411/api/v2/spans",
			.zipkin_timeout_ms = EXPORT_TIMEOUT_MS,
			.queue_max = QUEUE_MAX,
			.batch_max = BATCH_MAX,
			.batch_delay_ms = BATCH_DELAY_MS,
			.metrics_every_ms = METRICS_EVERY_MS,
		},
	};
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		bool has_value = options[i].kind == KIND_CHOICE ||
				 options[i].kind == KIND_DURATION ||
				 options[i].kind == KIND_SAMPLER || options[i].kind == KIND_RATIO;
		int ret = has_value ? setting_set(cfg, &options[i], options[i].fallback, err) : 0;

		if (ret)
			return ret;
	}
	return 0;
}

/* --- the command line --- */

static int set_option(struct parser *p, const struct option *opt, const char *value)
{
	if (opt->arg && !*value)
		return err_set(p->err, -EINVAL, "--%s needs an argument that is not empty",
			       opt->name);
	p->given[opt - options] = true;
	return setting_set(p->cfg, opt, value, p->err);
}

/* The argument after an option. What looks like a long option is one: an argument may also be joined with '='. */
static int set_from_next(struct parser *p, const struct option *opt)
{
	const char *next = p->at + 1 < p->in->argc ? p->in->argv[p->at + 1] : NULL;

	if (!next || slice_starts(slice_str(next), SLICE("--")))
		return err_set(p->err, -EINVAL, "--%s needs an argument: --%s %s", opt->name,
			       opt->name, opt->arg);
	p->at++;
	return set_option(p, opt, next);
}

static int parse_long(struct parser *p, const char *text)
{
	struct slice value = slice_str(text), name = slice_split(&value, '=');
	const struct option *opt = option_find(name);
	const char *nearest = option_nearest(name);
	bool joined = text[name.n] == '=';

	if (!opt && nearest)
		return err_set(p->err, -EINVAL,
			       "unknown option '--" SLICE_FMT "': did you mean '--%s'?",
			       SLICE_ARG(name), nearest);
	if (!opt)
		return err_set(p->err, -EINVAL,
			       "unknown option '--" SLICE_FMT "': see ebpf-tracer --help",
			       SLICE_ARG(name));
	if (joined && !opt->arg)
		return err_set(p->err, -EINVAL, "--%s takes no argument", opt->name);
	if (opt->arg && !joined)
		return set_from_next(p, opt);
	return set_option(p, opt, joined ? value.p : NULL);
}

/* "-vp12" is "-v -p 12". */
static int parse_short(struct parser *p, const char *text)
{
	for (; *text; text++) {
		const struct option *opt = option_find_key(*text);
		int ret;

		if (!opt)
			return err_set(p->err, -EINVAL,
				       "unknown option '-%c': see ebpf-tracer --help", *text);
		if (opt->arg)
			return text[1] ? set_option(p, opt, text + 1) : set_from_next(p, opt);
		ret = set_option(p, opt, NULL);
		if (ret)
			return ret;
	}
	return 0;
}

static int unknown_word(struct parser *p, const char *word)
{
	const char *nearest = command_nearest(slice_str(word));
	uint64_t pid;

	if (p->command)
		return err_set(p->err, -EINVAL, "'%s' has no place after %s", word,
			       p->command->name);
	if (slice_u64(slice_str(word), 10, &pid))
		return err_set(p->err, -EINVAL,
			       "'%s' stands alone: did you mean --pid %s or --port %s?", word, word,
			       word);
	if (nearest)
		return err_set(p->err, -EINVAL, "unknown command '%s': did you mean '%s'?", word,
			       nearest);
	return err_set(
		p->err, -EINVAL,
		"'%s' stands alone: to start a command and trace it, write ebpf-tracer -- %s", word,
		word);
}

static int parse_word(struct parser *p, const char *word)
{
	const struct command *command = p->command ? NULL : command_find(slice_str(word));
	const char *next;

	if (!command)
		return unknown_word(p, word);
	p->command = command;
	p->cfg->action = command->action;
	if (!command->words)
		return 0;
	next = p->at + 1 < p->in->argc ? p->in->argv[++p->at] : "";
	if (slice_eq(slice_str(next), SLICE("--help")) || slice_eq(slice_str(next), SLICE("-h")))
		return parse_short(p, "h");
	if (words_index(command->words, slice_str(next)) < 0)
		return err_set(p->err, -EINVAL, "%s needs one of %s: ebpf-tracer %s %s",
			       command->name, command->words, command->name, command->arg);
	p->cfg->shell = next;
	return 0;
}

static int parse_arguments(struct parser *p)
{
	const struct config_input *in = p->in;
	struct config *cfg = p->cfg;

	for (p->at = 1; p->at < in->argc; p->at++) {
		const char *text = in->argv[p->at];
		int ret;

		if (slice_eq(slice_str(text), SLICE("--"))) {
			if (p->at + 1 >= in->argc)
				return err_set(p->err, -EINVAL, "no command after '--'");
			cfg->command = in->argv + p->at + 1;
			break;
		}
		if (slice_starts(slice_str(text), SLICE("--")))
			ret = parse_long(p, text + 2);
		else if (text[0] == '-' && text[1])
			ret = parse_short(p, text + 1);
		else
			ret = parse_word(p, text);
		if (ret)
			return ret;
		/* Who asks for help gets it, whatever else is wrong. */
		if (cfg->help || cfg->version) {
			cfg->action = cfg->help ? ACTION_HELP : ACTION_VERSION;
			break;
		}
	}
	return 0;
}

/* --- what fits together --- */

/* Appends "--a, --b or --c": the options with all of these flags. */
static int name_options(struct buf *b, unsigned char flags)
{
	size_t left = 0;
	int ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		left += (options[i].flags & flags) == flags;
	for (size_t i = 0; !ret && i < ARRAY_SIZE(options); i++) {
		if ((options[i].flags & flags) != flags)
			continue;
		left--;
		ret = buf_printf(b, "--%s%s", options[i].name,
				 left > 1 ? ", "
				 : left   ? " or "
					  : "");
	}
	return ret;
}

static int nothing_selected(struct parser *p)
{
	_cleanup_(buf_release) struct buf names = BUF_INIT(LIST_TEXT);
	int ret;

	ret = name_options(&names, OPTION_SELECTOR);
	if (ret)
		return ret;
	return err_set(
		p->err, -EINVAL,
		"nothing is selected to be traced: say what with %s, or start it with -- COMMAND",
		names.p);
}

/* The first option given that lacks any of the flags, NULL: none. */
static const struct option *first_given(const struct parser *p, unsigned char flags, bool with)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (p->given[i] && !!(options[i].flags & flags) == with)
			return &options[i];
	return NULL;
}

static int check_command(struct parser *p)
{
	bool doctor = p->command->action == ACTION_DOCTOR;
	const struct option *odd = first_given(p, doctor ? OPTION_DOCTOR : 0, false);

	if (odd)
		return err_set(p->err, -EINVAL, "%s does not take --%s", p->command->name,
			       odd->name);
	if (p->cfg->command)
		return err_set(p->err, -EINVAL, "%s does not take a command to start",
			       p->command->name);
	return 0;
}

static int check_trace(struct parser *p)
{
	const struct option *live = first_given(p, OPTION_LIVE, true);
	const struct option *report = first_given(p, OPTION_REPORT, true);
	struct config *cfg = p->cfg;

	if (report)
		return err_set(p->err, -EINVAL, "--%s belongs to the doctor command", report->name);
	if (cfg->redact_payload && !cfg->record)
		return err_set(
			p->err, -EINVAL,
			"--redact-payload says what a recording holds: it needs --record FILE");
	if (cfg->replay && live)
		return err_set(p->err, -EINVAL,
			       "--replay reads what was recorded, so that --%s has no meaning: "
			       "leave out one of them",
			       live->name);
	if (cfg->replay && cfg->command)
		return err_set(p->err, -EINVAL,
			       "--replay reads what was recorded and starts no command");
	if (!cfg->replay && !cfg->command && !first_given(p, OPTION_SELECTOR, true))
		return nothing_selected(p);
	return 0;
}

/* Two writers on one file mix their lines. */
static int check_outputs(const struct config *cfg, struct err *err)
{
	struct slice rest = slice_str(cfg->exporters);

	while (rest.n) {
		struct slice target = slice_split(&rest, ','), name = slice_split(&target, ':'),
			     others = rest;

		while (others.n) {
			struct slice other_target = slice_split(&others, ',');
			struct slice other = slice_split(&other_target, ':');

			if (!exporter_find(name)->stdout_by_default ||
			    !exporter_find(other)->stdout_by_default ||
			    !slice_eq(target, other_target))
				continue;
			if (target.n)
				return err_set(err, -EINVAL,
					       "two exporters cannot both write to '" SLICE_FMT "'",
					       SLICE_ARG(target));
			return err_set(err, -EINVAL,
				       "the exporters " SLICE_FMT " and " SLICE_FMT
				       " cannot both write to standard "
				       "output: give one a file, such as json:spans.jsonl",
				       SLICE_ARG(name), SLICE_ARG(other));
		}
	}
	return 0;
}

/* --- what follows from it --- */

/* From the option, else what the environment left there, else the default. */
static int resolve_endpoint(struct config *cfg, struct err *err)
{
	bool grpc = cfg->export.protocol == PROTOCOL_GRPC;
	const char *url = cfg->endpoint ? cfg->endpoint
			  : grpc        ? "http://localhost:4317"
					: options[OPT_ENDPOINT].fallback;

	if (cfg->export.endpoint)
		return 0;
	return setting_endpoint(cfg, "--endpoint", slice_str(url),
				grpc ? URL_GRPC : URL_BASE_OR_FULL, err);
}

/* Where another signal goes, beside the spans. `asked`: the option that wants it. */
static int signal_endpoint(struct config *cfg, const char *asked, const char *signal,
			   const char **ret_url, struct err *err)
{
	_cleanup_(buf_release) struct buf url = BUF_INIT(URL_TEXT);
	int ret = value_signal_endpoint(slice_str(cfg->export.endpoint), signal, &url);

	if (ret == -EINVAL)
		return err_set(err, ret,
			       "%s: the endpoint '%s' does not end in /v1/traces, so where %s go "
			       "has to be "
			       "said by OTEL_EXPORTER_OTLP_%s_ENDPOINT",
			       asked, cfg->export.endpoint, signal,
			       *signal == 'l' ? "LOGS" : "METRICS");
	if (ret)
		return ret;
	*ret_url = config_keep(cfg, buf_slice(&url));
	return *ret_url ? 0 : -ENOMEM;
}

/* Without --metrics nobody is to find an endpoint for them. */
static int resolve_metrics(struct config *cfg, struct err *err)
{
	if (!cfg->metrics || cfg->export.metrics_endpoint) {
		cfg->export.metrics_endpoint = cfg->metrics ? cfg->export.metrics_endpoint : NULL;
		return 0;
	}
	return signal_endpoint(cfg, "--metrics", "metrics", &cfg->export.metrics_endpoint, err);
}

bool config_wants_logs(const struct config *cfg)
{
	return cfg->logs || cfg->log_files.n;
}

static int resolve_logs(struct config *cfg, struct err *err)
{
	if (!config_wants_logs(cfg) || cfg->logs_not_sent) {
		cfg->export.logs_endpoint = NULL;
		return 0;
	}
	if (cfg->export.logs_endpoint || !config_wants_otlp(cfg))
		return 0;
	return signal_endpoint(cfg, "--logs", "logs", &cfg->export.logs_endpoint, err);
}

static int resolve_batch(struct config *cfg)
{
	struct export_options *x = &cfg->export;

	if (cfg->bsp_timeout_ms && (!x->timeout_ms || cfg->bsp_timeout_ms < x->timeout_ms))
		x->timeout_ms = cfg->bsp_timeout_ms;
	if (x->batch_max <= x->queue_max)
		return 0;
	x->batch_max = x->queue_max;
	return config_warn(cfg, "a batch cannot be larger than the queue, using %zu spans for both",
			   x->queue_max);
}

/* Who names a ratio means it, whatever sampler the environment is set to. */
static void resolve_sampler(struct parser *p)
{
	if (!p->given[OPT_SAMPLE_RATIO] || p->given[OPT_SAMPLER])
		return;
	p->cfg->sampler.kind = SAMPLER_RATIO;
	p->cfg->sampler.ignore_parent = false;
}

static void resolve_terminal(struct config *cfg, const struct config_input *in)
{
	cfg->export.width = in->width;
	cfg->export.colour =
		cfg->colour == COLOUR_ALWAYS || (cfg->colour == COLOUR_AUTO && in->tty);
}

static int resolve(struct parser *p)
{
	struct config *cfg = p->cfg;
	int ret;

	ret = environment_apply(cfg, p->in->env, p->given, p->err);
	if (!ret)
		ret = check_outputs(cfg, p->err);
	if (!ret)
		ret = resolve_endpoint(cfg, p->err);
	if (!ret)
		ret = resolve_metrics(cfg, p->err);
	if (!ret)
		ret = resolve_logs(cfg, p->err);
	if (!ret)
		ret = resolve_batch(cfg);
	if (ret)
		return ret;
	cfg->export.version = p->in->version;
	cfg->export.headers = cfg->headers.v;
	cfg->export.headers_cnt = cfg->headers.n;
	cfg->export.filter.paths = cfg->paths.v;
	cfg->export.filter.paths_cnt = cfg->paths.n;
	resolve_terminal(cfg, p->in);
	resolve_sampler(p);
	return 0;
}

static void resolve_log_level(struct config *cfg)
{
	if (cfg->quiet)
		cfg->log_level = LOG_ERROR;
	if (cfg->verbose)
		cfg->log_level = LOG_DEBUG;
}

static int parse(struct parser *p)
{
	int ret = set_defaults(p->cfg, p->err);

	if (!ret)
		ret = parse_arguments(p);
	if (ret || p->cfg->action == ACTION_HELP || p->cfg->action == ACTION_VERSION)
		return ret;
	ret = p->command ? check_command(p) : check_trace(p);
	/* The commands send no spans: a variable about spans cannot be in their way. */
	if (!ret && !p->command)
		ret = resolve(p);
	resolve_log_level(p->cfg);
	return ret;
}

int config_parse(const struct config_input *in, struct config *ret_cfg, struct err *err)
{
	struct parser p = { .in = in, .cfg = ret_cfg, .err = err };
	int ret = parse(&p);

	return ret == -ENOMEM ? err_set(err, ret, "out of memory") : ret;
}

void config_release(struct config *cfg)
{
	free(cfg->pids.v);
	free(cfg->ports.v);
	free(cfg->services);
	strings_release(&cfg->comms);
	strings_release(&cfg->exes);
	strings_release(&cfg->routes);
	strings_release(&cfg->redact);
	strings_release(&cfg->captured);
	strings_release(&cfg->log_files);
	strings_release(&cfg->headers);
	strings_release(&cfg->paths);
	strings_release(&cfg->warnings);
	strings_release(&cfg->kept);
	*cfg = (struct config){};
}
