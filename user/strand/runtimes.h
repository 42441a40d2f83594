/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef STRAND_RUNTIMES_H
#define STRAND_RUNTIMES_H

#include <stdbool.h>

#include "abi/config.h"
#include "host/facts.h"

#define RUNTIME(name) bool strand_##name(const struct proc_facts *facts, struct runtime *ret_rt);
#include "strand/strands.def"
#undef RUNTIME

#endif
