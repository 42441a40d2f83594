/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the last few hundred processes executed: a command that ends within milliseconds is gone
 * before /proc is read, and its requests must still be somebody's.
 */
#ifndef EXECS_H
#define EXECS_H

#include <stdint.h>

#include "abi/event.h"

#define EXECS_MAX 256 /* more in the few milliseconds that a record waits is rare */

struct execs {
	struct ev_exec v[EXECS_MAX]; /* a ring */
	unsigned n;
};

void execs_note(struct execs *e, const struct ev_exec *ev);
const struct ev_exec *execs_find(const struct execs *e, uint32_t tgid); /* the newest; NULL: none */

#endif
