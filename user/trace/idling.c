/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A loop that serves one request and calls after a sleep calls for that request (it waited for a timer, a database), or
 * for nobody (a refresh, a ping). Nothing tells one from the other, but what is for nobody goes on when no request is
 * served: as often in the same time.
 */
#include "trace/idling.h"

#define CALLS_ENOUGH 2 /* one may announce the service */
#define CALLS_LATELY 1024 /* after which the older ones count half */

void idling_ends(struct idling *t, uint64_t now_ns)
{
	if (t->since_ns)
		t->idle_ns += now_ns - t->since_ns;
	t->since_ns = now_ns;
}

void idling_begins(struct idling *t, uint64_t now_ns)
{
	if (t->since_ns)
		t->busy_ns += now_ns - t->since_ns;
	t->since_ns = now_ns;
}

static void age(struct idling *t)
{
	if (t->calls + t->untold < CALLS_LATELY)
		return;
	t->calls /= 2;
	t->untold /= 2;
	t->idle_ns /= 2;
	t->busy_ns /= 2;
}

void idling_call(struct idling *t, uint64_t now_ns)
{
	if (!t->since_ns)
		t->since_ns = now_ns;
	t->calls++;
	age(t);
}

void idling_untold(struct idling *t)
{
	t->untold++;
	age(t);
}

bool idling_explains(const struct idling *t)
{
	double for_nobody;

	if (t->calls < CALLS_ENOUGH || !t->idle_ns)
		return false;
	for_nobody = (double)t->calls * (double)t->busy_ns / (double)t->idle_ns;
	return 2 * for_nobody > t->untold;
}
