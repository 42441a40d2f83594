/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls whose cause may still come out, and the requests that wait for it: patience.c. */
#ifndef TRACE_PATIENCE_H
#define TRACE_PATIENCE_H

#include <stdint.h>

#include "base/list.h"

struct patience {
	struct list calls;	/* done, without a cause; by exchange->by_process */
	struct list requests;	/* done; by exchange->by_grace */
	uint64_t next_ns;	/* when they are looked at again; valid while there are any */
};

#endif
