/* SPDX-License-Identifier: GPL-2.0-only */
/* Overload: which lanes keep less and when they keep more again, and what the pipeline makes of what was left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "script.h"
#include "shed.h"

#define SIZE 1000

static void fill(struct shed *s, uint32_t tgid, uint32_t bytes)
{
	const struct ev_hdr ev = { .kind = EV_DATA, .sz = bytes, .tgid = tgid };

	shed_note(s, &ev);
}

static void test_the_busiest_keeps_less(void **state)
{
	struct shed s = { 0 };

	fill(&s, 1, 100);
	fill(&s, 2, 300);
	assert_true(shed_look(&s, 600, SIZE, NSEC_PER_SEC));
	assert_int_equal(s.level[2], 1);
	assert_int_equal(s.level[1], 0);
	assert_int_equal(shed_most(&s), 1);
	fill(&s, 2, 300);
	assert_false(shed_look(&s, 550, SIZE, NSEC_PER_SEC)); /* it gets less: wait and see */
	fill(&s, 2, 10);
	assert_true(shed_look(&s, 700, SIZE, NSEC_PER_SEC));
	fill(&s, 2, 100);
	assert_false(shed_look(&s, 800, SIZE, NSEC_PER_SEC)); /* made before that */
	assert_int_equal(s.level[2], 2);
	assert_int_equal(s.level[1], 0);
}

static void test_it_ends_where_it_can(void **state)
{
	struct shed s = { 0 };
	int i;

	for (i = 0; i < 100; i++) {
		fill(&s, 2, 100);
		shed_look(&s, SIZE, SIZE, NSEC_PER_SEC);
	}
	assert_int_equal(s.level[2], SHED_MAX);
	assert_false(shed_look(&s, SIZE, SIZE, NSEC_PER_SEC)); /* nobody filled it */
}

static void test_recovers_by_itself(void **state)
{
	uint64_t now = 10 * NSEC_PER_SEC;
	struct shed s = { 0 };

	fill(&s, 2, 100);
	shed_look(&s, 600, SIZE, now);
	fill(&s, 2, 400);
	shed_look(&s, 900, SIZE, now);
	assert_int_equal(s.level[2], 2);
	assert_false(shed_look(&s, 10, SIZE, now));
	assert_false(shed_look(&s, 10, SIZE, now + 400 * NSEC_PER_MSEC));
	assert_true(shed_look(&s, 10, SIZE, now + 500 * NSEC_PER_MSEC));
	assert_int_equal(s.level[2], 1);
	assert_false(shed_look(&s, 300, SIZE, now + 600 * NSEC_PER_MSEC)); /* not calm: anew */
	assert_false(shed_look(&s, 10, SIZE, now + 1000 * NSEC_PER_MSEC));
	assert_true(shed_look(&s, 10, SIZE, now + 1500 * NSEC_PER_MSEC));
	assert_int_equal(shed_most(&s), 0);
	assert_false(shed_look(&s, 10, SIZE, now + 9000 * NSEC_PER_MSEC));
}

/* More was too much again: the next try waits twice as long. */
static void test_tries_less_often(void **state)
{
	uint64_t now = 10 * NSEC_PER_SEC;
	struct shed s = { 0 };
	int i;

	for (i = 0; i < 2; i++) {
		fill(&s, 2, 400);
		shed_look(&s, 600 + i, SIZE, now);
	}
	shed_look(&s, 10, SIZE, now);
	assert_true(shed_look(&s, 10, SIZE, now + 500 * NSEC_PER_MSEC));
	fill(&s, 2, 400);
	assert_true(shed_look(&s, 600, SIZE, now));
	shed_look(&s, 10, SIZE, now);
	assert_false(shed_look(&s, 10, SIZE, now + 500 * NSEC_PER_MSEC));
	assert_true(shed_look(&s, 10, SIZE, now + 1000 * NSEC_PER_MSEC));
}

/* Four times as dear as it may be: a quarter is kept, of the busiest first; more again only when that can be paid. */
static void test_what_is_too_dear(void **state)
{
	uint64_t now = 10 * NSEC_PER_SEC;
	struct shed s = { 0 };

	fill(&s, 1, 100);
	fill(&s, 2, 900);
	assert_true(shed_price(&s, 4));
	assert_int_equal(s.level[2], 3);
	assert_int_equal(s.level[1], 0);
	fill(&s, 2, 100);
	assert_false(shed_price(&s, 0.8));
	assert_false(shed_look(&s, 10, SIZE, now));
	assert_false(
		shed_look(&s, 10, SIZE, now + 9 * NSEC_PER_SEC)); /* twice as much is too dear */
	assert_false(shed_price(&s, 0.3));
	assert_true(shed_look(&s, 10, SIZE, now + 10 * NSEC_PER_SEC));
	assert_int_equal(s.level[2], 2);
	assert_false(shed_look(&s, 10, SIZE,
			       now + 20 * NSEC_PER_SEC)); /* what that costs is not known yet */
	assert_false(shed_price(&s, 0.4));
	assert_true(shed_look(&s, 10, SIZE, now + 21 * NSEC_PER_SEC));
	assert_int_equal(s.level[2], 1);
}

static void test_a_price_that_nobody_can_lower(void **state)
{
	struct shed s = { 0 };
	int i;

	assert_false(shed_price(&s, 50));
	for (i = 0; i < 30; i++) {
		fill(&s, 2, 100);
		shed_price(&s, 50);
	}
	assert_int_equal(s.level[2], SHED_MAX);
}

/* Exchanges were left out between two that were told: both are whole, and nothing had to be looked for. */
static void test_what_was_left_out_harms_nobody(void **state)
{
	const struct tally *t;
	struct scene sc;
	struct end server;

	scene_begin(&sc);
	server = open_end(&sc, 1, 10, 100, 200);
	receive(&sc, &server, 11, REQUEST("/a"));
	transmit(&sc, &server, 11, OK);
	server.pos[DIR_RX] += 500;
	server.seq[DIR_RX] += 500;
	server.pos[DIR_TX] += 900;
	server.seq[DIR_TX] += 900;
	sc.shed = 3;
	receive(&sc, &server, 11, REQUEST("/b"));
	transmit(&sc, &server, 11, OK);
	pipeline_flush(sc.p);
	t = pipeline_tally(sc.p);
	assert_int_equal(sc.n, 2);
	assert_null(sc.spans[0]->trace_state);
	assert_non_null(strstr(sc.spans[1]->trace_state, ";th:e"));
	assert_int_equal(t->v[TALLY_RX_SHED], 500);
	assert_int_equal(t->v[TALLY_TX_SHED], 900);
	assert_int_equal(t->v[TALLY_RX_LOST], 0);
	assert_int_equal(t->v[TALLY_RESYNCS], 0);
	assert_int_equal(t->v[TALLY_REQUESTS], 2);
	assert_false(sc.spans[0]->error);
	assert_false(sc.spans[1]->error);
	scene_end(&sc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_busiest_keeps_less),
		cmocka_unit_test(test_it_ends_where_it_can),
		cmocka_unit_test(test_recovers_by_itself),
		cmocka_unit_test(test_tries_less_often),
		cmocka_unit_test(test_what_is_too_dear),
		cmocka_unit_test(test_a_price_that_nobody_can_lower),
		cmocka_unit_test(test_what_was_left_out_harms_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
