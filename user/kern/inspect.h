/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERN_INSPECT_H
#define KERN_INSPECT_H

#include <stdint.h>

#include "base/report.h"

/* Tells what of one process can be traced and what not; false: nothing, and why. */
bool inspect_process(struct report *r, uint32_t pid);

#endif
