/* SPDX-License-Identifier: GPL-2.0-only */
/* Random numbers for ids: xoshiro256**, so that a recorded seed gives the same ids again. */
#ifndef BASE_RAND_H
#define BASE_RAND_H

#include <stdint.h>

#include "compiler.h"

struct rand_seed {
	uint64_t s[4];
};
struct rand {
	uint64_t s[4];
};

int rand_seed_new(struct rand_seed *ret_seed) __must_check;	/* from the kernel; -errno */
void rand_init(struct rand *r, const struct rand_seed *seed);
uint64_t rand_u64(struct rand *r);				/* may be 0 */

#endif
