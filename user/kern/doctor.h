/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERN_DOCTOR_H
#define KERN_DOCTOR_H

#include <stdbool.h>

#include "base/report.h"

/*
 * Tells what this kernel allows, what will be traced and what not, and why; true: tracing is possible. btf_path: NULL:
 * the kernel's own types.
 */
bool doctor_report(struct report *r, const char *btf_path);

#endif
