/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/compiler.h"
#include "strand/runtimes.h"

typedef bool recognise_fn(const struct proc_facts *facts, struct strand_found *ret_found);

static recognise_fn *const runtimes[] = {
#define RUNTIME(name, ...) [STRAND_ROW_##name] = strand_##name,
#include "strand/strands.def"
#undef RUNTIME
};

bool strand_recognise(const struct proc_facts *facts, struct strand_found *ret_found)
{
	enum strand_row row;

	for (row = 0; row < STRAND_ROW__CNT; row++) {
		if (!runtimes[row](facts, ret_found))
			continue;
		ret_found->row = row;
		return true;
	}
	return false;
}
