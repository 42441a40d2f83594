/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads that wait for a lock each at a place of its own (Ruby's): who is woken by it waits for no result. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <cmocka.h>

#include "found.h"

#define ROUNDS 12

/* Thread 101 serves in, and thread 109 works for it. */
struct pool_scene {
	struct scene sc;
	struct end in, out;
};

static void pool_begin(struct pool_scene *t)
{
	scene_begin(&t->sc);
	open_ends(&t->sc, 100, &t->in, &t->out);
}

/* The worker has waited for the lock between the answer and its reading. */
static void wake_after_lock(struct scene *sc, uint32_t wakee, uint64_t wakee_up_ns,
			    uint64_t waker_up_ns)
{
	struct ev_wake ev = {
		.hdr = header(sc, EV_WAKE, sizeof(ev), 100, 109),
		.waker = thread_of(109),
		.wakee = thread_of(wakee),
		.futex = 0x7000,
		.wakee_up_ns = wakee_up_ns,
		.waker_up_ns = waker_up_ns,
		.waker_up_futex = 0x6000,
	};

	pipeline_feed(sc->p, &ev.hdr);
}

/* ago_us: before the wake by the worker its wakee was woken by another; 0: never */
static void work(struct pool_scene *t, const char *call, uint64_t ago_us)
{
	uint64_t lock_ns, up_ns;

	transmit(&t->sc, &t->out, 109, call);
	t->sc.now_us += 5000;
	lock_ns = t->sc.now_us * NSEC_PER_USEC;
	receive(&t->sc, &t->out, 109, OK);
	up_ns = ago_us ? (t->sc.now_us - ago_us) * NSEC_PER_USEC : 0;
	wake_after_lock(&t->sc, 101, up_ns, lock_ns);
}

static void stand_in_line(struct pool_scene *t)
{
	unsigned i;

	for (i = 0; i < ROUNDS; i++) {
		receive(&t->sc, &t->in, 101, REQUEST("/1"));
		work(t, REQUEST("/call"), 0);
		transmit(&t->sc, &t->in, 101, OK);
	}
}

static double confidence(const struct scene *sc, const char *call)
{
	return attrs_find(&span_of(sc, SPAN_CLIENT, call)->attrs, "link.confidence")->d;
}

/* It comes back from where it waits for its own answer, and has to have the lock before it can read that. */
static void lock_before_its_own_answer(void **state)
{
	struct end in1, in2, out, own;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out, &own);
	receive(&sc, &in1, 101, REQUEST("/1"));
	receive(&sc, &in2, 102, REQUEST("/2"));
	transmit(&sc, &own, 102, REQUEST("/own"));
	transmit(&sc, &out, 109, REQUEST("/call"));
	receive(&sc, &out, 109, OK);
	wake(&sc, 100, 109, 102, 0x7000);
	receive(&sc, &own, 102, OK);
	wake(&sc, 100, 109, 101, 0x7100);
	transmit(&sc, &in1, 101, OK);
	transmit(&sc, &in2, 102, OK);
	pass_time(&sc, 200000);
	assert_true(made_for(&sc, "/own", "/2"));
	assert_true(made_for(&sc, "/call", "/1"));
	scene_end(&sc);
}

/* Who has slept since before the call was made is woken with the result: likely, where threads stand in line. */
static void result_is_likely(void **state)
{
	struct pool_scene t;

	pool_begin(&t);
	stand_in_line(&t);
	receive(&t.sc, &t.in, 101, REQUEST("/last"));
	work(&t, REQUEST("/for-last"), 0);
	transmit(&t.sc, &t.in, 101, OK);
	pass_time(&t.sc, 200000);
	assert_true(made_for(&t.sc, "/for-last", "/last"));
	assert_true(confidence(&t.sc, "/for-last") < 0.9);
	scene_end(&t.sc);
}

/* It has its result, another's, and waits for the lock: whoever lets that go has worked for somebody else. */
static void second_wake_is_the_locks(void **state)
{
	struct pool_scene t;

	pool_begin(&t);
	stand_in_line(&t);
	receive(&t.sc, &t.in, 101, REQUEST("/last"));
	work(&t, REQUEST("/for-another"), 100);
	transmit(&t.sc, &t.in, 101, OK);
	pass_time(&t.sc, 200000);
	assert_false(span_of(&t.sc, SPAN_CLIENT, "/for-another")->has_parent);
	scene_end(&t.sc);
}

/* The wake of a lock hands nothing over, so what the worker called before is not of the same job. */
static void job_is_not_told_by_a_lock(void **state)
{
	struct pool_scene t;
	unsigned i;

	pool_begin(&t);
	stand_in_line(&t);
	for (i = 0; i < 40; i++) { /* that end with a wake, and with the worker's sleep */
		receive(&t.sc, &t.in, 101, REQUEST("/1"));
		wake_after_lock(&t.sc, 120, 0, t.sc.now_us * NSEC_PER_USEC);
		work(&t, REQUEST("/call"), 0);
		transmit(&t.sc, &t.in, 101, OK);
	}
	receive(&t.sc, &t.in, 101, REQUEST("/last"));
	transmit(&t.sc, &t.out, 109, REQUEST("/before"));
	receive(&t.sc, &t.out, 109, OK);
	work(&t, REQUEST("/for-last"), 0);
	transmit(&t.sc, &t.in, 101, OK);
	pass_time(&t.sc, 200000);
	assert_true(made_for(&t.sc, "/for-last", "/last"));
	assert_false(span_of(&t.sc, SPAN_CLIENT, "/before")->has_parent);
	scene_end(&t.sc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lock_before_its_own_answer),
		cmocka_unit_test(result_is_likely),
		cmocka_unit_test(second_wake_is_the_locks),
		cmocka_unit_test(job_is_not_told_by_a_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
