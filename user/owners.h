/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose the tasks of CPython are that nobody waits for: what the pipeline asks, and the record that answers it. */
#ifndef OWNERS_H
#define OWNERS_H

#include "base/clock.h"
#include "host/memory.h"
#include "strand/held.h"

#define OWNERS_PROCESSES 16 /* 240 KB each. The longest unused one is read anew when it asks again */

struct owners_process {
	uint32_t tgid;
	uint64_t opened_ns, mapped_ns, used_ns;
	uint64_t began_ns; /* what was looked at is of after that, by the kernel's clock */
	bool readable;
	bool stale; /* what it has mapped since it was looked at may be missed */
	struct memory mem;
	struct held held;
};

struct owners {
	struct owners_process *v[OWNERS_PROCESSES]; /* NULL: none */
	struct pages *pages; /* of the process that is read; NULL: none was yet */
	struct ev_held answer;
	bool answered; /* it is to be told */
	uint64_t found_ns; /* when one was last found, by that clock */
};

/* ahead_ns: our clock is, of the kernel's. */
void owners_find(struct owners *o, const struct ev_awaiting *ask, int64_t ahead_ns);
/* What was asked of late was found: the sooner the next is looked for, the more of it still stands in memory. */
bool owners_hurry(const struct owners *o, uint64_t now_ns);
/* Borrowed until the next call; NULL: all is told. */
const struct ev_hdr *owners_next(struct owners *o);
void owners_release(struct owners *o);

#endif
