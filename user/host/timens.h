/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HOST_TIMENS_H
#define HOST_TIMENS_H

#include <stdint.h>

/* How far a time namespace sets our monotonic clock ahead of the kernel's own, which its records carry; may be < 0. */
int64_t timens_ahead_ns(void);

#endif
