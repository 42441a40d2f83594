/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

uint64_t clock_mono_ns(void);
uint64_t clock_wall_ns(void);
uint64_t clock_wall_offset_ns(void);	/* wall - mono, taken between two readings of mono */
uint64_t clock_cpu_ns(void);		/* CPU time of this process */
uint64_t clock_process_ns(uint32_t tgid);	/* of another, all its threads; 0: there is none */

#endif
