/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs of hooks.bpf.c and who starts them tell each other. */
#ifndef TESTS_BENCH_HOOKS_H
#define TESTS_BENCH_HOOKS_H

struct pastime {
	__u64 ns; /* to pass in each socket call of the CPU; set before the programs are attached */
	__u64 calls; /* that were made there */
	__u32 cpu;
	__u32 on; /* else they return at once, as the others do */
};

#endif
