/* SPDX-License-Identifier: GPL-2.0-only */
/* What each file of a runtime defines: true if the process has it; ret_found->row is not its to fill. */
#ifndef STRAND_RUNTIMES_H
#define STRAND_RUNTIMES_H

#include "strand/strand.h"

#define RUNTIME(name, ...) \
	bool strand_##name(const struct proc_facts *facts, struct strand_found *ret_found);
#include "strand/strands.def"
#undef RUNTIME

#endif
