/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TRACE_RECORD_H
#define TRACE_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "abi/event.h"

/*
 * Whether a record of at most `room` bytes is what its kind says; nothing may look into one that is
 * not.
 */
bool ev_valid(const struct ev_hdr *ev, size_t room);

#endif
