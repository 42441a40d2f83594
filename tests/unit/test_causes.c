/* SPDX-License-Identifier: GPL-2.0-only */
/* Who caused a call, in a process: loops, tasks, hand-overs between threads, and what is nobody's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <cmocka.h>

#include "found.h"

/* One thread serves two requests at once; each call belongs to the request last heard of. */
static void event_loop(void **state)
{
	struct end in1, in2, out1, out2;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out1, &out2);
	receive(&sc, &in1, 100, REQUEST("/1"));
	transmit(&sc, &out1, 100, REQUEST("/for1"));
	receive(&sc, &in2, 100, REQUEST("/2"));
	transmit(&sc, &out2, 100, REQUEST("/for2"));
	receive(&sc, &out1, 100, OK);
	receive(&sc, &out2, 100, OK);
	transmit(&sc, &out1, 100, REQUEST("/again2"));
	receive(&sc, &out1, 100, OK);
	transmit(&sc, &in2, 100, OK);
	transmit(&sc, &in1, 100, OK);
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 5);
	assert_true(made_for(&sc, "/for1", "/1"));
	assert_true(made_for(&sc, "/for2", "/2"));
	assert_true(made_for(&sc, "/again2", "/2"));
	assert_string_equal(how_linked(&sc, "/for2"), "answer");
	scene_end(&sc);
}

/*
 * Two requests read before any call is made: whose call it is can only be guessed, and that is
 * said.
 */
static void guess_is_said(void **state)
{
	struct end in1, in2, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in1, 100, REQUEST("/1"));
	receive(&sc, &in2, 100, REQUEST("/2"));
	transmit(&sc, &out, 100, REQUEST("/call"));
	receive(&sc, &out, 100, OK);
	transmit(&sc, &in2, 100, OK);
	transmit(&sc, &in1, 100, OK);
	pass_time(&sc, 200000);
	assert_string_equal(how_linked(&sc, "/call"), "order");
	scene_end(&sc);
}

/* Tasks of one thread: the one that made the call is the one that writes the response. */
static void task_that_answers(void **state)
{
	struct end in1, in2, out1, out2;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out1, &out2);
	sc.task = 0x10;
	receive(&sc, &in1, 100, REQUEST("/1"));
	receive(&sc, &in2, 100, REQUEST("/2"));
	sc.task = 0x22;
	transmit(&sc, &out2, 100, REQUEST("/for2"));
	sc.task = 0x11;
	transmit(&sc, &out1, 100, REQUEST("/for1"));
	receive(&sc, &out2, 100, OK);
	receive(&sc, &out1, 100, OK);
	sc.task = 0x22;
	transmit(&sc, &in2, 100, OK);
	sc.task = 0x11;
	transmit(&sc, &in1, 100, OK);
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 4);
	assert_true(made_for(&sc, "/for1", "/1"));
	assert_true(made_for(&sc, "/for2", "/2"));
	assert_string_equal(how_linked(&sc, "/for1"), "task");
	scene_end(&sc);
}

/* A call by a task that answers nobody: nothing tells whose it was. */
static void task_of_nobody(void **state)
{
	struct end in1, in2, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in1, 100, REQUEST("/1"));
	receive(&sc, &in2, 100, REQUEST("/2"));
	sc.task = 0x33;
	transmit(&sc, &out, 100, REQUEST("/call"));
	receive(&sc, &out, 100, OK);
	sc.task = 0x11;
	transmit(&sc, &in1, 100, OK);
	sc.task = 0x22;
	transmit(&sc, &in2, 100, OK);
	pass_time(&sc, 200000);
	assert_string_equal(how_linked(&sc, "/call"), "root");
	scene_end(&sc);
}

/* A pool's worker makes the call; whom it wakes with the result is whose call it was. */
static void hand_off(void **state)
{
	struct end in1, in2, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in1, 101, REQUEST("/1"));
	receive(&sc, &in2, 102, REQUEST("/2"));
	transmit(&sc, &out, 109, REQUEST("/call"));
	receive(&sc, &out, 109, OK);
	wake(&sc, 100, 109, 102, 0x7000);
	transmit(&sc, &in1, 101, OK);
	transmit(&sc, &in2, 102, OK);
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 3);
	assert_true(made_for(&sc, "/call", "/2"));
	assert_string_equal(how_linked(&sc, "/call"), "handoff");
	scene_end(&sc);
}

/* A lock that wakes everybody is no hand-over. */
static void lock_is_no_hand_off(void **state)
{
	struct end in1, in2, out;
	struct scene sc;
	uint32_t tid;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in1, 101, REQUEST("/1"));
	receive(&sc, &in2, 102, REQUEST("/2"));
	for (tid = 110; tid < 120; tid++)
		wake(&sc, 100, 109, tid, 0x9000);
	transmit(&sc, &out, 109, REQUEST("/call"));
	receive(&sc, &out, 109, OK);
	wake(&sc, 100, 109, 101, 0x9000);
	wake(&sc, 100, 109, 102, 0x7000);
	transmit(&sc, &in1, 101, OK);
	transmit(&sc, &in2, 102, OK);
	pass_time(&sc, 200000);
	assert_true(made_for(&sc, "/call", "/2"));
	scene_end(&sc);
}

/* A loop reads for many and wakes a worker, which wakes the one that waits. */
static void hand_off_through_a_worker(void **state)
{
	struct end in1, in2, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in1, 101, REQUEST("/1"));
	receive(&sc, &in2, 102, REQUEST("/2"));
	transmit(&sc, &out, 109, REQUEST("/call"));
	receive(&sc, &out, 120, OK);
	wake(&sc, 100, 120, 108, 0x7000);
	wake(&sc, 100, 108, 102, 0x7100);
	pass_time(&sc, 1000);
	wake(&sc, 100, 108, 101,
	     0x7200); /* with the worker's next, for which nobody had to wake it */
	transmit(&sc, &in1, 101, OK);
	transmit(&sc, &in2, 102, OK);
	pass_time(&sc, 200000);
	assert_true(made_for(&sc, "/call", "/2"));
	scene_end(&sc);
}

/* An answer in two pieces: who was told of the first alone may long work for another. */
static void hand_off_comes_with_the_whole_answer(void **state)
{
	struct end in1, in2, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in1, 101, REQUEST("/1"));
	receive(&sc, &in2, 102, REQUEST("/2"));
	transmit(&sc, &out, 109, REQUEST("/call"));
	receive(&sc, &out, 120, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
	wake(&sc, 100, 120, 107, 0x7000);
	wake(&sc, 100, 107, 101, 0x7200);
	receive(&sc, &out, 120, "hi");
	wake(&sc, 100, 120, 108, 0x7100);
	wake(&sc, 100, 108, 102, 0x7300);
	transmit(&sc, &in1, 101, OK);
	transmit(&sc, &in2, 102, OK);
	pass_time(&sc, 200000);
	assert_true(made_for(&sc, "/call", "/2"));
	scene_end(&sc);
}

/* Who read the answer wakes a worker, and that writes the response. */
static void callback_writes_the_response(void **state)
{
	struct end in1, in2, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in1, 101, REQUEST("/1"));
	receive(&sc, &in2, 102, REQUEST("/2"));
	transmit(&sc, &out, 109, REQUEST("/call"));
	receive(&sc, &out, 120, OK);
	wake(&sc, 100, 120, 108, 0x7000);
	transmit(&sc, &in2, 108, OK);
	transmit(&sc, &in1, 101, OK);
	pass_time(&sc, 200000);
	assert_true(made_for(&sc, "/call", "/2"));
	scene_end(&sc);
}

/* A lock on the way to where it waits, in notify_one() say: the worker had begun already. */
static void who_came_late_to_wait(void **state)
{
	struct end in1, out;
	struct scene sc;
	uint64_t up_ns;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &out);
	receive(&sc, &in1, 101, REQUEST("/1"));
	transmit(&sc, &out, 109, REQUEST("/call"));
	sc.now_us += 100;
	up_ns = sc.now_us * NSEC_PER_USEC;
	sc.now_us += 1000;
	receive(&sc, &out, 109, OK);
	wake_at(&sc, 100, 109, 101, 0x7000, up_ns);
	transmit(&sc, &in1, 101, OK);
	pass_time(&sc, 200000);
	assert_true(made_for(&sc, "/call", "/1"));
	assert_string_equal(how_linked(&sc, "/call"), "handoff");
	assert_true(confidence_of(span_of(&sc, SPAN_CLIENT, "/call")) < 0.9);
	scene_end(&sc);
}

/*
 * The result was there before anybody waited for it, so nobody was woken. The worker waits for the next job, and what
 * it wakes when it has that waits for no result.
 */
static void who_gave_the_next_job(void **state)
{
	struct end in1, in2, out;
	struct ev_wake ev;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in2, 102, REQUEST("/2"));
	receive(&sc, &in1, 101, REQUEST("/1"));
	transmit(&sc, &out, 109, REQUEST("/call"));
	receive(&sc, &out, 109, OK);
	sc.now_us += 1000;
	wake(&sc, 100, 102, 110, 0x6000);
	wake(&sc, 100, 102, 109, 0x6000);
	ev = (struct ev_wake){
		.hdr = header(&sc, EV_WAKE, sizeof(ev), 100, 109),
		.waker = thread_of(109),
		.wakee = thread_of(102),
		.futex = 0x7000,
		.waker_up_ns = sc.now_us * NSEC_PER_USEC,
		.waker_up_futex = 0x6000,
	};
	pipeline_feed(sc.p, &ev.hdr);
	transmit(&sc, &in1, 101, OK);
	transmit(&sc, &in2, 102, OK);
	pass_time(&sc, 200000);
	assert_false(made_for(&sc, "/call", "/2"));
	scene_end(&sc);
}

/* Who has been up since the answer was read does not wait for that, but for a lock. */
static void who_was_awake_did_not_wait(void **state)
{
	struct end in1, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &out);
	receive(&sc, &in1, 101, REQUEST("/1"));
	transmit(&sc, &out, 109, REQUEST("/call"));
	receive(&sc, &out, 109, OK);
	wake_again(&sc, 100, 109, 101, 0x7000);
	transmit(&sc, &in1, 101, OK);
	pass_time(&sc, 200000);
	assert_false(span_of(&sc, SPAN_CLIENT, "/call")->has_parent);
	scene_end(&sc);
}

/* Two calls by one worker, of which the first woke nobody: it may have been for somebody else. */
static void silent_call_is_nobodys(void **state)
{
	struct end in1, in2, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in1, 101, REQUEST("/1"));
	receive(&sc, &in2, 102, REQUEST("/2"));
	transmit(&sc, &out, 109, REQUEST("/silent"));
	receive(&sc, &out, 109, OK);
	transmit(&sc, &out, 109, REQUEST("/call"));
	receive(&sc, &out, 109, OK);
	wake(&sc, 100, 109, 102, 0x7000);
	transmit(&sc, &in1, 101, OK);
	transmit(&sc, &in2, 102, OK);
	pass_time(&sc, 200000);
	assert_true(made_for(&sc, "/call", "/2"));
	assert_false(span_of(&sc, SPAN_CLIENT, "/silent")->has_parent);
	scene_end(&sc);
}

/* The calls of a thread made during a request are that request's, when nothing better is known. */
static void thread_made_by_a_request(void **state)
{
	struct end in, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in, &out);
	receive(&sc, &in, 101, REQUEST("/1"));
	fork_thread(&sc, 100, 101, 150);
	transmit(&sc, &out, 150, REQUEST("/call"));
	receive(&sc, &out, 150, OK);
	transmit(&sc, &in, 101, OK);
	pass_time(&sc, 200000);
	assert_true(made_for(&sc, "/call", "/1"));
	assert_string_equal(how_linked(&sc, "/call"), "fork");
	scene_end(&sc);
}

static void exact_links_only(void **state)
{
	const struct span *call;
	struct end in, out;
	struct scene sc;

	scene_begin_with(&sc, true);
	open_ends(&sc, 100, &in, &out);
	receive(&sc, &in, 101, REQUEST("/1"));
	fork_thread(&sc, 100, 101, 150);
	transmit(&sc, &out, 150, REQUEST("/call"));
	receive(&sc, &out, 150, OK);
	transmit(&sc, &in, 101, OK);
	pass_time(&sc, 200000);
	call = span_of(&sc, SPAN_CLIENT, "/call");
	assert_false(call->has_parent);
	assert_string_equal(method_of(call), "root");
	assert_int_equal(call->links_cnt, 1);
	assert_memory_equal(&call->links[0].span_id, &span_of(&sc, SPAN_SERVER, "/1")->span_id, 8);
	scene_end(&sc);
}

/* One thread reads the request, another works for it and writes the response. */
static void response_writer_settles_it(void **state)
{
	struct end in, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in, &out);
	receive(&sc, &in, 101, REQUEST("/1"));
	transmit(&sc, &out, 150, REQUEST("/call"));
	receive(&sc, &out, 150, OK);
	transmit(&sc, &in, 150, OK);
	pass_time(&sc, 200000);
	assert_true(made_for(&sc, "/call", "/1"));
	scene_end(&sc);
}

/* 101 reads the head of a request, and 150 its body, for which it makes a call. */
static void helper_calls(struct scene *sc, struct end *in, struct end *out)
{
	open_ends(sc, 100, in, out);
	receive(sc, in, 101, "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
	receive(sc, in, 150, "body");
	transmit(sc, out, 150, REQUEST("/call"));
	receive(sc, out, 150, OK);
}

/* A pool's thread reads a body and is through with its request, which another answers, when it calls for the next. */
static void helper_goes_on(void **state)
{
	struct end in, out;
	struct scene sc;

	scene_begin(&sc);
	helper_calls(&sc, &in, &out);
	wake(&sc, 100, 150, 101, 0x7000);
	transmit(&sc, &out, 150, REQUEST("/next"));
	receive(&sc, &out, 150, OK);
	transmit(&sc, &in, 101, OK);
	pass_time(&sc, 200000);
	assert_true(made_for(&sc, "/call", "/1"));
	assert_string_equal(how_linked(&sc, "/call"), "handoff");
	assert_string_equal(how_linked(&sc, "/next"), "order");
	scene_end(&sc);
}

/* Who reads the body, calls and writes the response has served the request, whoever read its head. */
static void helper_answers(void **state)
{
	struct end in, out;
	struct scene sc;

	scene_begin(&sc);
	helper_calls(&sc, &in, &out);
	transmit(&sc, &in, 150, OK);
	pass_time(&sc, 200000);
	assert_true(made_for(&sc, "/call", "/1"));
	assert_string_equal(how_linked(&sc, "/call"), "thread");
	scene_end(&sc);
}

/* Apache's worker answers what came together when all of it is done. */
static void responses_kept_back(void **state)
{
	struct end in, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in, &out);
	receive(&sc, &in, 101, REQUEST("/1") REQUEST("/2"));
	transmit(&sc, &out, 101, REQUEST("/for1"));
	receive(&sc, &out, 101, OK);
	transmit(&sc, &out, 101, REQUEST("/for2"));
	receive(&sc, &out, 101, OK);
	transmit(&sc, &in, 101, OK OK);
	pass_time(&sc, 200000);
	assert_true(made_for(&sc, "/for1", "/1"));
	assert_true(made_for(&sc, "/for2", "/2") || !strcmp(how_linked(&sc, "/for2"), "order"));
	scene_end(&sc);
}

static void call_by_nobody_is_a_root(void **state)
{
	struct end in, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in, &out);
	receive(&sc, &in, 101, REQUEST("/1"));
	transmit(&sc, &out, 150, REQUEST("/cron"));
	receive(&sc, &out, 150, OK);
	transmit(&sc, &in, 101, OK);
	transmit(&sc, &out, 101, REQUEST("/after")); /* the request is over: nobody works for it */
	receive(&sc, &out, 101, OK);
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 3);
	assert_string_equal(how_linked(&sc, "/cron"), "root");
	assert_string_equal(how_linked(&sc, "/after"), "root");
	scene_end(&sc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(event_loop),
		cmocka_unit_test(guess_is_said),
		cmocka_unit_test(task_that_answers),
		cmocka_unit_test(task_of_nobody),
		cmocka_unit_test(hand_off),
		cmocka_unit_test(lock_is_no_hand_off),
		cmocka_unit_test(hand_off_through_a_worker),
		cmocka_unit_test(hand_off_comes_with_the_whole_answer),
		cmocka_unit_test(callback_writes_the_response),
		cmocka_unit_test(who_was_awake_did_not_wait),
		cmocka_unit_test(who_came_late_to_wait),
		cmocka_unit_test(who_gave_the_next_job),
		cmocka_unit_test(silent_call_is_nobodys),
		cmocka_unit_test(thread_made_by_a_request),
		cmocka_unit_test(exact_links_only),
		cmocka_unit_test(response_writer_settles_it),
		cmocka_unit_test(helper_goes_on),
		cmocka_unit_test(helper_answers),
		cmocka_unit_test(responses_kept_back),
		cmocka_unit_test(call_by_nobody_is_a_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
