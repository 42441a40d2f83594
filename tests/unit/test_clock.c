/* SPDX-License-Identifier: GPL-2.0-only */
/* The wall clock is set while requests are under way: durations and the order within a trace do not know it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "found.h"

#define HOUR_NS (3600 * NSEC_PER_SEC)
#define NOW_NS  (1700000000 * NSEC_PER_SEC)

static void set_clock(struct scene *sc, uint64_t offset_ns)
{
	struct ev_clock ev = {
		.hdr = header(sc, EV_CLOCK, sizeof(ev), 0, 0),
		.wall_offset_ns = offset_ns,
	};

	pipeline_feed(sc->p, &ev.hdr);
}

/*
 * One request that makes a call; the clock is set to `then_ns` when the call has gone out and the
 * request has not ended.
 */
static void play(struct scene *sc, uint64_t then_ns)
{
	struct end in = open_end(sc, 1, 100, 1, 2), out = open_end(sc, 2, 100, 20, 10);

	set_clock(sc, NOW_NS);
	receive(sc, &in, 101, REQUEST("/outer"));
	transmit(sc, &out, 101, REQUEST("/inner"));
	receive(sc, &out, 101, OK);
	pass_time(sc, 11 * 1000 * 1000); /* longer than a call waits for its cause to end */
	set_clock(sc, then_ns);
	transmit(sc, &in, 101, OK);
	pass_time(sc, 200000);
}

static void the_clock_is_set(void **state)
{
	static const uint64_t then[] = { NOW_NS - HOUR_NS, NOW_NS + HOUR_NS, 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(then); i++) {
		const struct span *outer, *inner;
		struct scene sc;

		scene_begin(&sc);
		play(&sc, then[i]);
		outer = span_of(&sc, SPAN_SERVER, "/outer");
		inner = span_of(&sc, SPAN_CLIENT, "/inner");
		assert_non_null(outer);
		assert_non_null(inner);
		assert_true(outer->start_ns <= inner->start_ns && inner->end_ns <= outer->end_ns);
		assert_true(outer->end_ns - outer->start_ns < 20 * NSEC_PER_SEC);
		assert_true(inner->end_ns > inner->start_ns);
		scene_end(&sc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_clock_is_set) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
