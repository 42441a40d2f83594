/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Words of another process's memory, read by pages: what lies side by side costs one system call. What was read is
 * believed until pages_renew(), and how much is looked at until then has a bound, wherever the process's pointers lead.
 */
#ifndef HOST_PAGES_H
#define HOST_PAGES_H

#include <stdbool.h>

#include "host/memory.h"

#define PAGES_SZ  1024 /* as long as it takes to read a word; four times that take twice as long */
#define PAGES_CNT 2048

struct page {
	uint64_t at, round;
	uint64_t words[PAGES_SZ / sizeof(uint64_t)];
	size_t n; /* of these words are known */
};

struct pages {
	const struct memory *mem; /* borrowed */
	uint64_t round; /* pages of earlier ones are out of date */
	unsigned left; /* words that may still be looked at */
	bool cut; /* more were wanted */
	bool missing; /* something could not be read: it is not there, or not as far as mem knows */
	struct page v[PAGES_CNT];
};

/* Nothing of what was read before is believed any more; `most`: words that may be looked at. */
void pages_renew(struct pages *p, const struct memory *mem, unsigned most);
void pages_forget(struct pages *p); /* the same, and as many are left */
uint64_t pages_word(struct pages *p, uint64_t at); /* 0: cannot be read */

#endif
