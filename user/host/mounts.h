/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HOST_MOUNTS_H
#define HOST_MOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * Is what this device holds read without another process (FUSE) or host having to answer? A device as in struct
 * mapping; of those on no disk it is known from the mounts that the process sees.
 */
bool mounts_answer(uint32_t tgid, uint64_t device);
bool mounts_parse(struct slice mountinfo, uint64_t device); /* the part of that which is pure */

#endif
