/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One clear sentence for the person at the terminal: what failed, on what, why, what to do.
 * The layer that knows these fills it, every layer above only passes it on; main prints it once.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "compiler.h"

struct err {
	char text[512];
};

/* Writes the sentence (never ends in a newline) and returns `code`, a negative errno. e may be NULL. */
int err_set(struct err *e, int code, const char *fmt, ...) __printf(3, 4);

#endif
