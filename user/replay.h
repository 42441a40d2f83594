/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef REPLAY_H
#define REPLAY_H

#include "base/err.h"
#include "config.h"

int replay_run(const struct config *cfg, struct err *err) __must_check;

#endif
