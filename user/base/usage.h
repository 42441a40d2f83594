/* SPDX-License-Identifier: GPL-2.0-only */
/* What this process takes of the machine. */
#ifndef BASE_USAGE_H
#define BASE_USAGE_H

#include <stdint.h>

/* Bytes of physical memory, shared pages and every mapping of the ring included; 0: unknown. */
void usage_memory(uint64_t *ret_now, uint64_t *ret_peak);

#endif
