/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs that run other programs: where in their arguments the name of what they run is found. */
#ifndef HOST_LAUNCHERS_H
#define HOST_LAUNCHERS_H

#include <stdbool.h>

#include "base/slice.h"

/* What the first argument that is not an option is. */
enum operand {
	OPERAND_SCRIPT,		/* a file with a program in it */
	OPERAND_MODULE,		/* package.module:object */
	OPERAND_CLASS,		/* com.acme.Main */
	OPERAND_COMMAND,	/* another program with its arguments */
	OPERAND_NONE,		/* nothing that names it: the working directory does */
};

enum option {
	OPTION_FLAG,		/* no value, or one that is attached */
	OPTION_VALUE,		/* a value that says nothing */
	OPTION_MODULE,		/* its value is a module */
	OPTION_SCRIPT,		/* its value is a file with a program in it */
	OPTION_NAME,		/* its value is the name */
	OPTION_INLINE,		/* the program is its value: nothing names it */
	OPTION__CNT,
};

struct launcher {
	const char *names;		/* words between spaces, as are all lists here */
	enum operand operand;
	unsigned skip;			/* operands that come before the one meant */
	const char *subs;		/* sub-commands that come before it */
	const char *options[OPTION__CNT]; /* NULL: none */
	const char *flags;		/* letters that may precede a short option: -um */
	bool whole_words;		/* -cp is one option, not -c with the value p */
};

const struct launcher *launcher_find(struct slice program); /* by the base name; NULL: not one */
/*
 * Which option `arg` is; *ret_value: what is attached to it (empty: nothing, its value is the next
 * argument).
 */
enum option launcher_option(const struct launcher *l, struct slice arg, struct slice *ret_value);

/* Java classes that run others. name NULL: the working directory names it. */
struct known_class {
	const char *class_name;
	const char *name;
};
const struct known_class *known_class_find(struct slice class_name);	/* NULL: not one */

#endif
