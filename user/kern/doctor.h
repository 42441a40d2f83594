/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERN_DOCTOR_H
#define KERN_DOCTOR_H

#include <stdio.h>

/*
 * Prints what this kernel allows, what will be traced and what not, and why. 0: tracing is possible.
 */
int doctor_report(FILE *out);

#endif
