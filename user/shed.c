/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "base/compiler.h"
#include "shed.h"

#define CALM_NS (NSEC_PER_SEC / 2)
/* When more was too much again, the next try waits twice as long. */
#define CALM_MAX_NS (32 * NSEC_PER_SEC)

void shed_note(struct shed *s, const struct ev_hdr *ev)
{
	s->bytes[ev->tgid % SHED_LANES] += ev->sz;
	s->paid[ev->tgid % SHED_LANES] += ev->sz;
	s->due -= min(s->due, (uint64_t)ev->sz);
}

unsigned shed_most(const struct shed *s)
{
	unsigned most = 0;
	size_t i;

	for (i = 0; i < SHED_LANES; i++)
		most = max(most, (unsigned)s->level[i]);
	return most;
}

/*
 * The lane that told most and still keeps something keeps half as much; SHED_LANES: there is none. softirq's records
 * are in the lane of nobody.
 */
static size_t keep_less(struct shed *s, const uint64_t told[SHED_LANES])
{
	size_t i, worst = SHED_LANES;

	for (i = 0; i < SHED_LANES; i++) {
		if (s->level[i] < SHED_MAX && told[i] &&
		    (worst == SHED_LANES || told[i] > told[worst]))
			worst = i;
	}
	if (worst != SHED_LANES)
		s->level[worst]++;
	return worst;
}

static void keep_more(struct shed *s)
{
	size_t i;

	for (i = 0; i < SHED_LANES; i++)
		s->level[i] -= s->level[i] > 0;
}

static bool look_full(struct shed *s)
{
	if (!s->calm_ns)
		s->calm_ns = CALM_NS;
	else if (s->tried)
		s->calm_ns = min(2 * s->calm_ns, CALM_MAX_NS);
	s->tried = false;
	s->calm_since_ns = 0;
	return keep_less(s, s->bytes) != SHED_LANES;
}

static bool look_empty(struct shed *s, uint64_t now_ns)
{
	if (!shed_most(s)) {
		s->calm_ns = 0;
		return false;
	}
	if (s->dear) {
		s->calm_since_ns = 0;
		return false;
	}
	if (!s->calm_since_ns)
		s->calm_since_ns = now_ns;
	if (now_ns - s->calm_since_ns < s->calm_ns)
		return false;
	s->calm_since_ns = now_ns;
	s->tried = true;
	s->dear = s->priced;
	keep_more(s);
	return true;
}

bool shed_look(struct shed *s, size_t waiting, size_t size, uint64_t now_ns)
{
	bool changed = false;

	if (waiting > size / 2 && waiting >= s->waited && !s->due) {
		changed = look_full(s);
		s->due = waiting / 2;
	} else if (waiting > size / 8) {
		s->calm_since_ns = 0;
	} else {
		changed = look_empty(s, now_ns);
	}
	s->waited = waiting;
	memset(s->bytes, 0, sizeof(s->bytes));
	return changed;
}

bool shed_price(struct shed *s, double part)
{
	uint64_t sum = 0;
	bool changed = false;
	size_t i;

	s->priced = true;
	s->dear = part > 0.5;
	for (i = 0; i < SHED_LANES; i++)
		sum += s->paid[i];
	/* What is told is what is paid for: as much less of it as it was too dear. */
	while (part > 1 && (i = keep_less(s, s->paid)) != SHED_LANES) {
		part *= 1 - (double)(s->paid[i] / 2) / sum;
		sum -= s->paid[i] / 2;
		s->paid[i] -= s->paid[i] / 2;
		changed = true;
	}
	memset(s->paid, 0, sizeof(s->paid));
	return changed;
}
