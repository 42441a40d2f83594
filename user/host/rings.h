/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HOST_RINGS_H
#define HOST_RINGS_H

#include <stdint.h>

/* How many io_uring instances the process has open, as far as its descriptors may be looked at. */
unsigned rings_of(uint32_t tgid);

#endif
