/* SPDX-License-Identifier: GPL-2.0-only */
/* A set of 64-bit numbers other than 0, as many as fit; to look one up takes as long however many there are. */
#ifndef BASE_NUMBER_SET_H
#define BASE_NUMBER_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct number_set {
	uint64_t *slots;	/* a power of two, at most half of them taken; 0: free */
	size_t n, slots_cnt;
	size_t max;		/* set by the owner, who begins with zeros else */
};

void number_set_release(struct number_set *s);
bool number_set_have(const struct number_set *s, uint64_t v);
bool number_set_add(struct number_set *s, uint64_t v);	/* false: already there, or no room */

#endif
