/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERN_PRIVILEGE_H
#define KERN_PRIVILEGE_H

#include "base/err.h"

/*
 * 0, or -EPERM with a sentence that names the capabilities this process lacks for loading and
 * attaching programs.
 */
int privilege_check(struct err *err) __must_check;

#endif
