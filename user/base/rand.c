/* SPDX-License-Identifier: GPL-2.0-only */
/* xoshiro256** by Blackman and Vigna: 2^256 - 1 numbers, no weak bits, a few cycles each. Not for secrets. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "rand.h"

int rand_seed_new(struct rand_seed *ret_seed)
{
	struct rand_seed seed;
	ssize_t n;

	/* Up to 256 bytes come whole; only the wait for the pool at boot can be interrupted. */
	do
		n = getrandom(&seed, sizeof(seed), 0);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(seed))
		return n < 0 ? -errno : -EIO;
	*ret_seed = seed;
	return 0;
}

void rand_init(struct rand *r, const struct rand_seed *seed)
{
	memcpy(r->s, seed->s, sizeof(r->s));
	/* All zeros is the one state that never leaves itself; a recording may claim it. */
	if (!(r->s[0] | r->s[1] | r->s[2] | r->s[3]))
		r->s[0] = 1;
}

static uint64_t rotl(uint64_t x, unsigned k)
{
	return (x << k) | (x >> (64 - k));
}

uint64_t rand_u64(struct rand *r)
{
	uint64_t *s = r->s;
	uint64_t result = rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}
