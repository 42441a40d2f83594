/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of options.def and of the commands, for whoever parses or describes them. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "base/buf.h"
#include "config.h"

enum option_id {
#define OPTION(id, ...) OPT_##id,
#include "options.def"
#undef OPTION
	OPT__CNT,
};

/* How an argument is read and stored, and what a shell may offer for it. */
enum option_kind {
	KIND_FLAG,	/* bool; no argument */
	KIND_TEXT,	/* const char *, or struct strings with OPTION_REPEAT */
	KIND_FILE,	/* const char * */
	KIND_CHOICE,	/* unsigned: index into the words of .arg */
	KIND_PID,	/* struct numbers, separated by commas */
	KIND_PORT,	/* the same */
	KIND_COMM,	/* struct strings */
	KIND_ROUTE,	/* struct strings */
	KIND_FIELD,	/* struct strings of names of headers */
	KIND_HEADER,	/* struct strings of "Name: value" */
	KIND_SERVICE,	/* services, services_cnt */
	KIND_EXPORTERS,	/* const char *, joined by commas */
	KIND_DURATION,	/* uint64_t nanoseconds */
	KIND_SIZE,	/* uint64_t bytes */
	KIND_SAMPLER,	/* struct sampler */
	KIND_RATIO,	/* double, 0 to 1 */
	KIND_PERCENT,	/* double, more than 0 */
	KIND_STATUS,	/* const char *, a list for struct trace_filter */
	KIND__CNT,
};

enum option_group { GROUP_SELECT, GROUP_EXPORT, GROUP_CONSOLE, GROUP_SPANS, GROUP_CAPTURE, GROUP_GENERAL, GROUP__CNT };

#define OPTION_REPEAT	(1 << 0)	/* adds to what was given before; otherwise the last one counts */
#define OPTION_LIVE	(1 << 1)	/* speaks of the running kernel: senseless in a replay */
#define OPTION_SELECTOR	(1 << 2)	/* selects processes */
#define OPTION_DOCTOR	(1 << 3)	/* allowed with the doctor command */
#define OPTION_RARE	(1 << 4)	/* --help has its name only */
#define OPTION_REPORT	(1 << 5)	/* allowed with the doctor command only */

struct option {
	const char *name;
	char key;		/* 0: no short form */
	unsigned char kind;	/* enum option_kind */
	unsigned char group;	/* enum option_group */
	unsigned char flags;	/* OPTION_* */
	size_t field;		/* offset in struct config */
	const char *arg;	/* NULL: none */
	const char *env;	/* NULL: none */
	const char *fallback;	/* NULL: nothing */
	const char *help;
	const char *detail;
};

struct command {
	const char *name;
	enum config_action action;
	const char *arg;	/* as --help shows it */
	const char *words;	/* the one word that must follow, "a|b|c"; NULL: none */
	const char *help;
};

extern const struct option options[OPT__CNT];
extern const char *const option_groups[GROUP__CNT];
extern const struct command commands[];
extern const size_t commands_cnt;

const struct option *option_find(struct slice name);	/* long form; NULL: unknown */
const struct option *option_find_key(char key);		/* NULL: unknown */
const struct command *command_find(struct slice name);	/* NULL: unknown */

/* The known word nearest to a mistyped one, NULL: nothing is near. */
const char *option_nearest(struct slice name);
const char *command_nearest(struct slice name);

/* Index of word in "a|b|c", -1: it is not there. */
int words_index(const char *words, struct slice word);

#endif
