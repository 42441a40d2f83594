/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERN_INSPECT_H
#define KERN_INSPECT_H

#include <stdint.h>
#include <stdio.h>

/* Prints what of one process can be traced and what not: for doctor. */
void inspect_process(FILE *out, uint32_t pid);

#endif
