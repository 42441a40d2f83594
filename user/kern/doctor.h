/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERN_DOCTOR_H
#define KERN_DOCTOR_H

#include <stdint.h>
#include <stdio.h>

/*
 * Prints what this kernel and, with pids, these processes allow, what will be traced and what not,
 * and why. 0: tracing is possible.
 */
int doctor_report(FILE *out, const uint32_t *pids, size_t pids_cnt);

#endif
