/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>

#include "base/hash.h"
#include "base/number_set.h"

#define SLOTS_MIN 16

void number_set_release(struct number_set *s)
{
	free(s->slots);
	*s = (struct number_set){ .max = s->max };
}

/* Where v is, or would be. */
static uint64_t *slot_of(const struct number_set *s, uint64_t v)
{
	size_t i = hash_mix(v, 0) & (s->slots_cnt - 1);

	while (s->slots[i] && s->slots[i] != v)
		i = (i + 1) & (s->slots_cnt - 1);
	return &s->slots[i];
}

bool number_set_have(const struct number_set *s, uint64_t v)
{
	return s->n && *slot_of(s, v) == v;
}

static bool grow(struct number_set *s)
{
	struct number_set larger = { .slots_cnt = s->slots_cnt ? 2 * s->slots_cnt : SLOTS_MIN };
	size_t i;

	larger.slots = calloc(larger.slots_cnt, sizeof(*larger.slots));
	if (!larger.slots)
		return false;
	for (i = 0; i < s->slots_cnt; i++)
		if (s->slots[i])
			*slot_of(&larger, s->slots[i]) = s->slots[i];
	free(s->slots);
	s->slots = larger.slots;
	s->slots_cnt = larger.slots_cnt;
	return true;
}

bool number_set_add(struct number_set *s, uint64_t v)
{
	if (!v || s->n == s->max || number_set_have(s, v))
		return false;
	if (2 * s->n >= s->slots_cnt && !grow(s))
		return false;
	*slot_of(s, v) = v;
	s->n++;
	return true;
}
