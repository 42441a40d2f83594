/* SPDX-License-Identifier: GPL-2.0-only */
/* The capabilities of the calling thread, as bits of CAP_BIT(). */
#ifndef BASE_CAPS_H
#define BASE_CAPS_H

#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>

#include "compiler.h"

#define CAP_BIT(cap)	(1ull << (cap))

uint64_t caps_effective(void);
bool caps_has(int cap);
/*
 * Leaves `effective` in force and `permitted` to be taken back, of what is held now; the rest is gone for good.
 * -errno.
 */
int caps_limit(uint64_t effective, uint64_t permitted) __must_check;

#endif
