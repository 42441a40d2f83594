/* SPDX-License-Identifier: GPL-2.0-only */
/* A command line with its environment, and what the program makes of both. */
#ifndef TESTS_UNIT_LIB_PARSED_H
#define TESTS_UNIT_LIB_PARSED_H

#include <stdbool.h>

#include "config.h"

#define ARGS_MAX 32

struct outcome {
	struct config cfg; /* to be released */
	struct err err;
	int ret;
};

/* Written as a shell would read it: words separated by blanks, without quotes. Must live as long as its outcome. */
struct line {
	char args_text[512], env_text[512];
	char *args[ARGS_MAX], *env[ARGS_MAX];
};

struct outcome parse(struct line *l, const char *args, const char *env, bool tty);
struct outcome good(struct line *l, const char *args, const char *env);	    /* of what must be right */
struct outcome good_all(struct line *l, const char *args, const char *env); /* the same, behind --all */
void check_wrong(const char *args, const char *env, const char *sentence);  /* of what must be refused, and how */

#endif
