/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LIVE_H
#define LIVE_H

#include "base/err.h"
#include "config.h"

/*
 * Traces until told to stop or until there is nothing left to trace. *ret_status: that of the
 * command, or 0.
 */
int live_run(const struct config *cfg, int *ret_status, struct err *err) __must_check;

#endif
