/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The name a person would give to a running program, from its command line, working directory and
 * executable.
 */
#ifndef HOST_COMMAND_H
#define HOST_COMMAND_H

#include "host/facts.h"

/* Empty: nothing names it. Points into f or to a literal. */
struct slice command_name(const struct proc_facts *f);

#endif
