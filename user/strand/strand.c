/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/compiler.h"
#include "strand/runtimes.h"

typedef bool recognise_fn(const struct proc_facts *facts, struct strand_found *ret_found);

static recognise_fn *const runtimes[] = {
#define RUNTIME(name, ...) [STRAND_ROW_##name] = strand_##name,
#include "strand/strands.def"
#undef RUNTIME
};

/* Offsets, and the registers to begin at, are known of x86_64. */
const char *strand_off(void)
{
#ifdef __x86_64__
	return NULL;
#else
	return "its memory is read on x86_64 only";
#endif
}

bool strand_recognise(const struct proc_facts *facts, struct strand_found *ret_found)
{
	enum strand_row row;

	for (row = 0; !strand_off() && row < STRAND_ROW__CNT; row++) {
		if (!runtimes[row](facts, ret_found))
			continue;
		ret_found->row = row;
		return true;
	}
	return false;
}
