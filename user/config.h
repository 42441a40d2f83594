/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the command line and the environment ask for, checked and resolved: whoever gets a struct config need not doubt
 * it. The command line beats the environment, the environment beats the defaults; the options are listed once, in
 * options.def, and the variables once, in environment.c.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "export/options.h"
#include "host/services.h"
#include "trace/sample.h"

enum config_action {
	ACTION_TRACE,	/* from the kernel or, with replay, from a recording */
	ACTION_HELP,
	ACTION_VERSION,
	ACTION_DOCTOR,	/* pids */
	ACTION_COMPLETION, /* shell */
	ACTION_MAN,
};

struct numbers {
	uint32_t *v;
	size_t n;
};

struct strings {
	const char **v;	/* each owned by the list */
	size_t n;
};

struct config {
	enum config_action action;
	const char *shell;		/* ACTION_COMPLETION: bash, zsh or fish */

	/* which processes: all that match any of these */
	struct numbers pids;		/* no doubles */
	struct numbers ports;		/* no doubles */
	struct strings comms, exes;	/* fnmatch() patterns */
	bool all;
	char *const *command;		/* NULL-terminated argument vector to start and trace; NULL: none */

	const char *exporters;		/* a checked --exporter list for batch_new(); NULL: none was named */
	struct export_options export;	/* complete: defaults filled in, endpoint resolved */

	struct service_rule *services;	/* --service-name; the rule for every process, if any, is the last */
	size_t services_cnt;
	const char *resource_attributes; /* OTEL_RESOURCE_ATTRIBUTES, checked, still encoded; NULL: none */
	struct strings routes, redact, captured;

	unsigned link;			/* enum config_link */
	uint64_t link_wait_ns;
	struct sampler sampler;
	struct attr_limits attr_limits;
	unsigned with_sdk;		/* enum sdk_mode */
	unsigned propagators_off;	/* of pipeline_cfg */

	bool logs;			/* what is written to stdout and stderr is wanted */
	struct strings log_files;	/* fnmatch() patterns of files that are wanted, too */

	unsigned capture;		/* enum capture_method */
	const char *btf;		/* NULL: the kernel's own */
	uint64_t ring_sz;		/* 0: automatic */
	double max_overhead;		/* percent of the traced processes' CPU; 0: no limit */
	const char *record, *replay;	/* NULL: not asked for */
	bool redact_payload;		/* of the recording */

	unsigned stats;			/* enum config_stats */
	bool times;			/* the kernel is to time its programs */
	bool json;			/* ACTION_DOCTOR: for a program to read */
	bool metrics;			/* export.metrics_endpoint then says where they go */

	unsigned log_level;		/* enum log_level */
	struct strings warnings;	/* what was ignored, one sentence each, for the log */

	/* only meaningful while the command line is parsed */
	bool help, version, verbose, quiet;
	unsigned colour;		/* enum config_colour; the outcome is export.colour */
	bool insecure;			/* OTEL_EXPORTER_OTLP_INSECURE */
	bool logs_not_sent;		/* OTEL_LOGS_EXPORTER=none */
	const char *endpoint;		/* as given; the outcome is export.endpoint */
	struct strings headers;		/* export.headers points here */
	struct strings paths;		/* export.filter.paths points here */
	struct strings kept;		/* strings that were made, not given */
	uint64_t bsp_timeout_ms;	/* OTEL_BSP_EXPORT_TIMEOUT; 0: not set; the outcome is export.timeout_ms */
};

enum config_link { LINK_EXACT, LINK_ALL };
enum config_stats { STATS_TEXT, STATS_JSON };
enum config_colour { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

struct config_input {
	const char *version;		/* of this program */
	int argc;
	char *const *argv;		/* borrowed for the life of the config */
	char *const *env;		/* the same */
	bool tty;			/* stdout is a terminal */
	unsigned width;			/* its columns; 0: unknown */
};

/*
 * 0; -EINVAL: wrong use, err holds the sentence; -ENOMEM. ret_cfg is complete on 0, and always to be released.
 */
int config_parse(const struct config_input *in, struct config *ret_cfg, struct err *err) __must_check;
bool config_wants_logs(const struct config *cfg);	/* --logs, or --log-file */
void config_release(struct config *cfg);

#endif
