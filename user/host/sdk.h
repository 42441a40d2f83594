/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a process was started with a tracing SDK in it that sends spans of its own, as far as /proc shows that. */
#ifndef HOST_SDK_H
#define HOST_SDK_H

#include "base/slice.h"

/*
 * args: as of struct proc_facts; environ: as /proc has it. What shows it, in a few words (a literal); NULL: nothing
 * does, or the environment switches it off.
 */
const char *sdk_evidence(char *const *args, size_t args_cnt, struct slice environ);

#endif
