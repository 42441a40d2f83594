/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The variables the tracer knows, and OpenTelemetry's rules for them: an empty one counts as not set, a value that
 * cannot be read is ignored with a warning, the form for traces wins over the general one. An endpoint or a file that
 * cannot be used ends the program instead: to ignore it would send spans elsewhere.
 */
#ifndef ENVIRONMENT_H
#define ENVIRONMENT_H

#include "options.h"

struct variable;
typedef int variable_apply(struct config *cfg, const struct variable *var, const char *name, const char *value,
			   struct err *err);

struct variable {
	const char *name;
	const char *traces;	/* the form that is for traces only; NULL: none */
	variable_apply *apply;	/* -EINVAL: the sentence in err tells why the value is not used */
	bool fatal;		/* -EINVAL ends the program */
	bool otlp;		/* only looked at when spans may go to an OTLP endpoint */
	int option;		/* enum option_id that beats it; -1: none */
	size_t field;		/* apply_number, apply_file: where the value goes, in struct config */
	uint64_t low, high;	/* apply_number */
	const char *help;
};

extern const struct variable variables[];
extern const size_t variables_cnt;

/* given: the options that were on the command line. */
int environment_apply(struct config *cfg, char *const *env, const bool given[OPT__CNT], struct err *err) __must_check;

#endif
