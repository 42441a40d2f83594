/* SPDX-License-Identifier: GPL-2.0-only */
/* Which processes listen on which TCP ports, in any network namespace that a process is in. */
#ifndef HOST_LISTENERS_H
#define HOST_LISTENERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/* Calls fn once for each process that holds a listening socket on one of the ports. 0 or -errno. */
int listeners_each(const uint32_t *ports, size_t ports_cnt, void (*fn)(void *ctx, uint32_t tgid),
		   void *ctx) __must_check;
/* On which TCP ports a process listens: how many, at most max; -E2BIG: none of its first 4096 descriptors tells. */
int listeners_ports(uint32_t tgid, uint16_t *ret_ports, size_t max);

#endif
