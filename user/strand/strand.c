/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/compiler.h"
#include "strand/runtimes.h"
#include "strand/strand.h"

typedef bool recognise_fn(const struct proc_facts *facts, struct runtime *ret_rt);

static recognise_fn *const runtimes[] = {
#define RUNTIME(name) strand_##name,
#include "strand/strands.def"
#undef RUNTIME
};

bool strand_recognise(const struct proc_facts *facts, struct runtime *ret_rt)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(runtimes); i++) {
		if (runtimes[i](facts, ret_rt))
			return true;
	}
	return false;
}
