/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>

#include "base/compiler.h"
#include "base/log.h"
#include "overload.h"

#define FREE_PART 100 /* of a CPU: what takes less is nobody's concern, whatever it is a part of */

int overload_init(struct overload *o, double max_percent, struct err *err)
{
	o->max_percent = max_percent;
	o->overhead = max_percent ? overhead_new() : NULL;
	return max_percent && !o->overhead ? err_set(err, -ENOMEM, "out of memory") : 0;
}

void overload_release(struct overload *o)
{
	overhead_free(o->overhead);
}

void overload_note(struct overload *o, const struct ev_hdr *ev)
{
	shed_note(&o->shed, ev);
	if (o->overhead)
		overhead_note(o->overhead, ev);
}

/* The levels have changed. why: NULL: the ring is too full. */
static void tell(struct overload *o, struct capture *c, const char *why)
{
	bool on = shed_most(&o->shed);

	capture_shed(c, o->shed.level);
	if (on && !o->said)
		log_warn(
			"overload: %s; whole exchanges of the busiest processes are left out until "
			"it is less, and counted",
			why ? why : "more happens than can be traced");
	else if (!on)
		log_warn("overload is over: every exchange is traced again");
	o->said = on;
}

static void look_at_price(struct overload *o, struct capture *c, uint64_t now_ns)
{
	struct overhead_bill bill;
	double percent;
	char why[128];

	if (!overhead_look(o->overhead, capture_calls_ns(c), now_ns, &bill))
		return;
	percent = 100.0 * (double)bill.cost_ns / (double)max(bill.work_ns, 1ULL);
	if (bill.cost_ns < bill.wall_ns / FREE_PART)
		percent = 0;
	log_debug("overhead: %.1f %% of %.3f s", percent, (double)bill.work_ns / NSEC_PER_SEC);
	snprintf(why, sizeof(why),
		 "tracing takes %.0f %% of the CPU of what is traced, and may take %g "
		 "(--max-overhead)",
		 percent, o->max_percent);
	if (shed_price(&o->shed, percent / o->max_percent))
		tell(o, c, why);
}

bool overload_look(struct overload *o, struct capture *c, uint64_t now_ns)
{
	size_t sz, waiting = capture_waiting(c, &sz);

	if (shed_look(&o->shed, waiting, sz, now_ns))
		tell(o, c, NULL);
	if (o->overhead)
		look_at_price(o, c, now_ns);
	return waiting > sz / 8;
}
