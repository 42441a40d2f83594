/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LINKS_REPORT_H
#define LINKS_REPORT_H

#include <stdint.h>

#include "base/report.h"

/* Tells what a process runs on, how its calls will be linked and how sure that is: for doctor. */
void links_report(struct report *r, uint32_t pid);

#endif
