/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LINKS_REPORT_H
#define LINKS_REPORT_H

#include <stdint.h>
#include <stdio.h>

/* Prints what a process runs on, how its calls will be linked and how sure that is: for doctor. */
void links_report(FILE *out, uint32_t pid);

#endif
