/* SPDX-License-Identifier: GPL-2.0-only */
/* CPython: a call may be made by a task, or a thread, that the request's own task waits for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <cmocka.h>

#include "found.h"

#define LOOP   100 /* the process, and the thread of its event loop */
#define WORKER 101

#define READER       0x100 /* contexts: the loop reads in one of its own, */
#define FIRST        0x110 /* the tasks of two requests answer in theirs, */
#define SECOND       0x220
#define CHILD        0x330 /* and start others */
#define NTH_CHILD(n) (CHILD + (n)*0x10)
#define WAITER       0x770
#define HASH         0x778 /* no context: what stands there in a set of tasks */

/* The tasks that wait for what makes the call that comes next. */
static void waits(struct scene *sc, uint32_t tid, uint64_t context, uint64_t next)
{
	struct ev_awaiting ev = {
		.hdr = header(sc, EV_AWAITING, sizeof(ev), LOOP, tid),
		.thread = thread_of(tid),
		.contexts = { context, next },
		.cnt = next ? 2 : 1,
	};

	pipeline_feed(sc->p, &ev.hdr);
}

/* One request has been answered, two, /1 and /2, have come, and there is a connection to a backend. */
struct loop {
	struct scene sc;
	struct end in1, in2, out;
};

static void two_come(struct loop *l)
{
	l->sc.task = READER;
	receive(&l->sc, &l->in1, LOOP, REQUEST("/1"));
	receive(&l->sc, &l->in2, LOOP, REQUEST("/2"));
}

static void loop_begin(struct loop *l)
{
	scene_begin(&l->sc);
	l->in1 = open_end(&l->sc, 1, LOOP, 1, 2);
	l->in2 = open_end(&l->sc, 2, LOOP, 3, 4);
	l->out = open_end(&l->sc, 3, LOOP, 5, 6);
	l->sc.task = READER;
	receive(&l->sc, &l->in1, LOOP, REQUEST("/before"));
	l->sc.task = FIRST;
	transmit(&l->sc, &l->in1, LOOP, OK);
	two_come(l);
}

static void writes(struct loop *l, uint64_t task, struct end *e, const char *bytes)
{
	l->sc.task = task;
	transmit(&l->sc, e, LOOP, bytes);
}

/* The same while another waits for the task; 0: nobody. */
static void writes_awaited(struct loop *l, uint64_t task, uint64_t by, struct end *e,
			   const char *bytes)
{
	l->sc.task = task;
	if (by)
		waits(&l->sc, LOOP, by, 0);
	transmit(&l->sc, e, LOOP, bytes);
}

static void is_answered(struct loop *l)
{
	l->sc.task = READER;
	receive(&l->sc, &l->out, LOOP, OK);
}

static void calls(struct loop *l, uint64_t task, uint64_t awaited_by)
{
	writes_awaited(l, task, awaited_by, &l->out, REQUEST("/call"));
	is_answered(l);
}

static void answer(struct loop *l)
{
	writes(l, SECOND, &l->in2, OK);
	writes(l, FIRST, &l->in1, OK);
}

/* request NULL: /call is nobody's. */
static void loop_end(struct loop *l, const char *request)
{
	const struct span *call;

	answer(l);
	pass_time(&l->sc, 200000);
	assert_int_equal(l->sc.n, 4);
	call = span_of(&l->sc, SPAN_CLIENT, "/call");
	assert_string_equal(method_of(call), request ? "task" : "root");
	if (request)
		assert_true(is_child(call, span_of(&l->sc, SPAN_SERVER, request)));
	scene_end(&l->sc);
}

/* gather(): the request's task waits for the one that makes the call. */
static void of_a_child(void **state)
{
	struct loop l;

	loop_begin(&l);
	calls(&l, CHILD, SECOND);
	loop_end(&l, "/2");
}

/* It is in a set, whose method is to be called when it is done: that looks as if one waited for it. */
static void of_one_in_a_set(void **state)
{
	static const uint64_t looks[] = { 0, HASH };
	struct loop l;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(looks); i++) {
		loop_begin(&l);
		l.sc.task = SECOND;
		waits(&l.sc, LOOP, looks[i], 0);
		transmit(&l.sc, &l.out, LOOP, REQUEST("/call"));
		is_answered(&l);
		loop_end(&l, "/2");
	}
}

/* By then the set has grown, and looks so no more; or the other way round. */
static void answered_by_one_in_a_set(void **state)
{
	struct loop l;

	loop_begin(&l);
	calls(&l, SECOND, 0);
	writes_awaited(&l, SECOND, HASH, &l.in2, OK);
	loop_end(&l, "/2");
}

/* gather(), by such a one. */
static void of_a_child_of_one_in_a_set(void **state)
{
	struct loop l;

	loop_begin(&l);
	l.sc.task = CHILD;
	waits(&l.sc, LOOP, SECOND, HASH);
	transmit(&l.sc, &l.out, LOOP, REQUEST("/call"));
	is_answered(&l);
	loop_end(&l, "/2");
}

/* Another task stands between. */
static void of_a_grandchild(void **state)
{
	struct loop l;

	loop_begin(&l);
	l.sc.task = CHILD;
	waits(&l.sc, LOOP, NTH_CHILD(1), FIRST);
	transmit(&l.sc, &l.out, LOOP, REQUEST("/call"));
	is_answered(&l);
	loop_end(&l, "/1");
}

/* run_in_executor(): a thread of a pool makes it, in no context at all. */
static void of_a_worker(void **state)
{
	struct loop l;

	loop_begin(&l);
	l.sc.task = 0;
	waits(&l.sc, WORKER, SECOND, 0);
	transmit(&l.sc, &l.out, WORKER, REQUEST("/call"));
	receive(&l.sc, &l.out, WORKER, OK);
	loop_end(&l, "/2");
}

/* The worker was quicker than the task that then waits for it. */
static void of_a_quick_worker(void **state)
{
	struct loop l;

	loop_begin(&l);
	l.sc.task = 0;
	transmit(&l.sc, &l.out, WORKER, REQUEST("/call"));
	waits(&l.sc, WORKER, SECOND, 0);
	receive(&l.sc, &l.out, WORKER, OK);
	loop_end(&l, "/2");
}

/* Who waited for a call before this one says nothing about this one. */
static void of_nobody_after_a_child(void **state)
{
	struct loop l;

	loop_begin(&l);
	writes_awaited(&l, CHILD, WAITER, &l.out, REQUEST("/other"));
	receive(&l.sc, &l.out, LOOP, OK);
	calls(&l, NTH_CHILD(1), 0);
	answer(&l);
	pass_time(&l.sc, 200000);
	assert_string_equal(how_linked(&l.sc, "/other"), "root");
	assert_string_equal(how_linked(&l.sc, "/call"), "root");
	scene_end(&l.sc);
}

/* Whoever waits for it writes the response to a request that came later. */
static void before_the_request(void **state)
{
	struct loop l;

	loop_begin(&l);
	answer(&l);
	writes_awaited(&l, CHILD, FIRST, &l.out, REQUEST("/call"));
	l.sc.task = READER;
	receive(&l.sc, &l.in1, LOOP, REQUEST("/3"));
	receive(&l.sc, &l.in2, LOOP, REQUEST("/4"));
	receive(&l.sc, &l.out, LOOP, OK);
	answer(&l);
	pass_time(&l.sc, 200000);
	assert_string_equal(how_linked(&l.sc, "/call"), "root");
	scene_end(&l.sc);
}

/* wait_for(): a task made for nothing else writes the response, and the request's own task waits for it. */
static void answered_by_a_child(void **state)
{
	struct loop l;

	loop_begin(&l);
	calls(&l, SECOND, 0);
	writes(&l, FIRST, &l.in1, OK);
	writes_awaited(&l, CHILD, SECOND, &l.in2, OK);
	pass_time(&l.sc, 200000);
	assert_true(made_for(&l.sc, "/call", "/2"));
	assert_string_equal(how_linked(&l.sc, "/call"), "task");
	scene_end(&l.sc);
}

/* Such a task is made at the address of one that made a call for another request, and that another task waited for. */
static void answered_at_the_address_of_another(void **state)
{
	struct loop l;

	loop_begin(&l);
	calls(&l, CHILD, SECOND);
	writes_awaited(&l, CHILD, FIRST, &l.in1, OK);
	writes(&l, SECOND, &l.in2, OK);
	pass_time(&l.sc, 200000);
	assert_true(made_for(&l.sc, "/call", "/2"));
	scene_end(&l.sc);
}

/* It is made at the address of one that nobody waited for: that one went on for a request that is over. */
static void answered_at_the_address_of_nobodys(void **state)
{
	struct loop l;

	loop_begin(&l);
	calls(&l, CHILD, 0);
	writes_awaited(&l, CHILD, FIRST, &l.in1, OK);
	writes(&l, SECOND, &l.in2, OK);
	pass_time(&l.sc, 200000);
	assert_string_equal(how_linked(&l.sc, "/call"), "root");
	scene_end(&l.sc);
}

/* The task that called was waited for; nobody waits for the one that is at its address when a response is written. */
static void answered_at_the_address_of_an_awaited(void **state)
{
	struct loop l;

	loop_begin(&l);
	calls(&l, FIRST, CHILD);
	answer(&l);
	pass_time(&l.sc, 200000);
	assert_string_equal(how_linked(&l.sc, "/call"), "root");
	scene_end(&l.sc);
}

/* Calls of tasks that are gone when the requests are answered; `by` waited for them, or nobody did. */
static void calls_of_the_gone(struct loop *l, unsigned cnt, uint64_t by)
{
	unsigned i;

	loop_begin(l);
	for (i = 0; i < cnt; i++) {
		calls(l, NTH_CHILD(i), by);
		answer(l);
		pass_time(&l->sc, 200000);
		scene_forget(&l->sc);
		two_come(l);
	}
}

static const char *how_the_next_is_linked(struct loop *l, uint64_t task, uint64_t by)
{
	calls(l, task, by);
	answer(l);
	pass_time(&l->sc, 200000);
	return how_linked(&l->sc, "/call");
}

/* Who answers at the place of one that is gone is another. */
static void answered_where_most_are_gone(void **state)
{
	struct loop l;

	calls_of_the_gone(&l, 16, 0);
	assert_string_equal(how_the_next_is_linked(&l, FIRST, 0), "root");
	scene_end(&l.sc);
	calls_of_the_gone(&l, 16, WAITER);
	assert_string_equal(how_the_next_is_linked(&l, CHILD, FIRST), "root");
	scene_end(&l.sc);
}

/* Of the first request's calls little is known: that no task claims them says nothing. */
static void answered_where_few_are_gone(void **state)
{
	struct loop l;

	calls_of_the_gone(&l, 3, WAITER);
	assert_string_equal(how_the_next_is_linked(&l, CHILD, FIRST), "task");
	scene_end(&l.sc);
}

/* Requests are answered by tasks of which none has called, and one by a task at the place of one that had. */
static void first_to_claim(void **state)
{
	const struct span *call;
	struct loop l;

	loop_begin(&l);
	calls(&l, CHILD, 0);
	writes(&l, FIRST, &l.in1, OK);
	writes(&l, CHILD, &l.in2, OK);
	pass_time(&l.sc, 200000);
	call = span_of(&l.sc, SPAN_CLIENT, "/call");
	assert_true(is_child(call, span_of(&l.sc, SPAN_SERVER, "/2")));
	assert_true(attrs_find(&call->attrs, "link.confidence")->d < 0.9);
	scene_end(&l.sc);
}

#define HEAD "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#define PART "2\r\nok\r\n"
#define LAST "0\r\n\r\n"

/* A stream: the response has begun when the call is made, and goes on with what comes of it. */
static void between_the_parts_of_a_response(void **state)
{
	struct loop l;

	loop_begin(&l);
	writes(&l, SECOND, &l.in2, HEAD);
	calls(&l, CHILD, SECOND);
	writes(&l, SECOND, &l.in2, PART);
	transmit(&l.sc, &l.in2, LOOP, LAST);
	writes(&l, FIRST, &l.in1, OK);
	pass_time(&l.sc, 200000);
	assert_true(made_for(&l.sc, "/call", "/2"));
	assert_string_equal(how_linked(&l.sc, "/call"), "task");
	scene_end(&l.sc);
}

/* What the loop writes of a response when there is room again, it writes as nobody. */
static void parts_that_another_writes(void **state)
{
	struct loop l;

	loop_begin(&l);
	writes(&l, SECOND, &l.in2, HEAD);
	calls(&l, CHILD, 0);
	writes(&l, CHILD, &l.in2, PART);
	transmit(&l.sc, &l.in2, LOOP, LAST);
	writes(&l, FIRST, &l.in1, OK);
	pass_time(&l.sc, 200000);
	assert_string_equal(how_linked(&l.sc, "/call"), "root");
	scene_end(&l.sc);
}

/* What all tasks wait for, or seem to, says nothing. */
static void one_waits_for_all(void **state)
{
	struct loop l;

	loop_begin(&l);
	calls(&l, CHILD, WAITER);
	writes_awaited(&l, FIRST, WAITER, &l.in1, OK);
	writes_awaited(&l, SECOND, WAITER, &l.in2, OK);
	pass_time(&l.sc, 200000);
	assert_string_equal(how_linked(&l.sc, "/call"), "root");
	scene_end(&l.sc);
}

/* Tasks that others wait for write both responses, and two requests more come. */
static void answer_by_children(struct loop *l, uint64_t waits1, uint64_t waits2, const char *next)
{
	writes_awaited(l, CHILD, waits2, &l->in2, OK);
	writes_awaited(l, NTH_CHILD(1), waits1, &l->in1, OK);
	l->sc.task = READER;
	receive(&l->sc, &l->in1, LOOP, next);
	receive(&l->sc, &l->in2, LOOP, REQUEST("/4"));
	pass_time(&l->sc, 1);
}

/* Of two tasks that /mine's own has started one makes a call, then the other writes the response. */
static void call_and_answer_by_siblings(struct loop *l, uint64_t waits1, uint64_t waits2)
{
	unsigned i;

	for (i = 0; i < 8; i++)
		answer_by_children(l, waits1, waits2, REQUEST("/3"));
	answer_by_children(l, waits1, waits2, REQUEST("/mine"));
	calls(l, NTH_CHILD(2), waits1);
	answer_by_children(l, waits1, waits2, REQUEST("/3"));
	pass_time(&l->sc, 200000);
}

static void by_siblings(void **state)
{
	struct loop l;

	loop_begin(&l);
	call_and_answer_by_siblings(&l, FIRST, SECOND);
	assert_true(made_for(&l.sc, "/call", "/mine"));
	assert_string_equal(how_linked(&l.sc, "/call"), "task");
	scene_end(&l.sc);
}

/* A third of the responses seem to have a waiter of another's: it stands at the address of one that has ended. */
static void by_siblings_at_places_of_others(void **state)
{
	struct loop l;
	unsigned i;

	loop_begin(&l);
	for (i = 0; i < 30; i++)
		answer_by_children(&l, FIRST, i % 3 ? SECOND : FIRST, REQUEST("/3"));
	answer_by_children(&l, FIRST, SECOND, REQUEST("/mine"));
	calls(&l, NTH_CHILD(2), FIRST);
	answer_by_children(&l, FIRST, SECOND, REQUEST("/3"));
	pass_time(&l.sc, 200000);
	assert_true(made_for(&l.sc, "/call", "/mine"));
	scene_end(&l.sc);
}

/* They are siblings because one task waits for everything that the server does. */
static void by_what_one_waits_for(void **state)
{
	struct loop l;

	loop_begin(&l);
	call_and_answer_by_siblings(&l, WAITER, WAITER);
	assert_string_equal(how_linked(&l.sc, "/call"), "root");
	scene_end(&l.sc);
}

/* What a task leaves behind when it has answered is not for the next request, which the same task waits for. */
static void left_behind_by_who_answered(void **state)
{
	struct loop l;
	unsigned i;

	loop_begin(&l);
	for (i = 0; i < 8; i++)
		answer_by_children(&l, FIRST, SECOND, REQUEST("/3"));
	answer_by_children(&l, FIRST, SECOND, REQUEST("/next"));
	calls(&l, NTH_CHILD(1), FIRST);
	writes_awaited(&l, NTH_CHILD(2), FIRST, &l.in1, OK);
	writes_awaited(&l, CHILD, SECOND, &l.in2, OK);
	pass_time(&l.sc, 200000);
	assert_string_equal(how_linked(&l.sc, "/call"), "root");
	scene_end(&l.sc);
}

#define TASK       0x7000 /* where the one is that nobody waits for */
#define LOOKING_NS (HELD_READ_NS / 4)

static uint64_t hears_ask(void *ctx, const struct ev_awaiting *ask)
{
	struct scene *sc = ctx;

	assert_int_equal(ask->contexts[0], TASK);
	sc->verdicts++;
	return LOOKING_NS;
}

static void nobody_waits(struct loop *l)
{
	struct ev_awaiting ev = {
		.hdr = header(&l->sc, EV_AWAITING, sizeof(ev), LOOP, LOOP),
		.thread = thread_of(LOOP),
		.contexts = { TASK },
	};

	pipeline_feed(l->sc.p, &ev.hdr);
}

/* The one of the second request has it, which is seen so much later. */
static void is_held(struct loop *l, uint64_t after_us)
{
	struct ev_held ev = {
		.hdr = header(&l->sc, EV_HELD, sizeof(ev), LOOP, LOOP),
		.thread = thread_of(LOOP),
		.contexts = { SECOND },
		.cnt = 1,
		.seen_ns = (l->sc.now_us + after_us) * NSEC_PER_USEC,
	};

	nobody_waits(l);
	pipeline_feed(l->sc.p, &ev.hdr);
}

static void calls_held(struct loop *l, uint64_t after_us)
{
	is_held(l, after_us);
	writes(l, CHILD, &l->out, REQUEST("/call"));
	pass_time(&l->sc, 1000);
	is_answered(l);
}

/* create_task(), and it is in a variable of the request's task. */
static void of_one_that_is_held(void **state)
{
	struct loop l;

	loop_begin(&l);
	calls_held(&l, 500);
	loop_end(&l, "/2");
}

/* By then the answer had been read: at the task's address could be another. */
static void of_one_that_was_held_too_late(void **state)
{
	struct loop l;

	loop_begin(&l);
	calls_held(&l, 5000);
	loop_end(&l, NULL);
}

/* The record of a call is lost, and what was told of it is not of the one that is answered next. */
static void held_for_a_lost_call(void **state)
{
	struct loop l;

	loop_begin(&l);
	nobody_waits(&l);
	writes(&l, CHILD, &l.out, REQUEST("/call"));
	is_held(&l, 0);
	is_answered(&l);
	loop_end(&l, NULL);
}

/* The request is over before the answer, and before anybody looked. */
static void held_when_it_was_over(void **state)
{
	struct loop l;

	loop_begin(&l);
	l.sc.task = CHILD;
	calls_held(&l, 100000);
	answer(&l);
	pass_time(&l.sc, 200000);
	assert_string_equal(how_linked(&l.sc, "/call"), "root");
	scene_end(&l.sc);
}

/* Where requests are served, and as long as that takes. */
static void asks_who_holds_it(void **state)
{
	struct loop l;
	unsigned i;

	loop_begin(&l);
	l.sc.held = hears_ask;
	l.sc.verdicts = 0;
	for (i = 0; i < 6; i++)
		nobody_waits(&l);
	assert_int_equal(l.sc.verdicts, 4);
	assert_int_equal(pipeline_tally(l.sc.p)->v[TALLY_HELD_LEFT], 2);
	pass_time(&l.sc, 1000000);
	nobody_waits(&l);
	assert_int_equal(l.sc.verdicts, 5);
	answer(&l);
	pass_time(&l.sc, 1000000);
	nobody_waits(&l);
	assert_int_equal(l.sc.verdicts, 5);
	scene_end(&l.sc);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_child),
		cmocka_unit_test(of_one_in_a_set),
		cmocka_unit_test(answered_by_one_in_a_set),
		cmocka_unit_test(of_a_child_of_one_in_a_set),
		cmocka_unit_test(of_a_grandchild),
		cmocka_unit_test(of_a_worker),
		cmocka_unit_test(of_a_quick_worker),
		cmocka_unit_test(of_nobody_after_a_child),
		cmocka_unit_test(before_the_request),
		cmocka_unit_test(answered_by_a_child),
		cmocka_unit_test(answered_at_the_address_of_another),
		cmocka_unit_test(answered_at_the_address_of_nobodys),
		cmocka_unit_test(answered_at_the_address_of_an_awaited),
		cmocka_unit_test(answered_where_most_are_gone),
		cmocka_unit_test(answered_where_few_are_gone),
		cmocka_unit_test(first_to_claim),
		cmocka_unit_test(between_the_parts_of_a_response),
		cmocka_unit_test(parts_that_another_writes),
		cmocka_unit_test(one_waits_for_all),
		cmocka_unit_test(by_siblings),
		cmocka_unit_test(by_siblings_at_places_of_others),
		cmocka_unit_test(by_what_one_waits_for),
		cmocka_unit_test(left_behind_by_who_answered),
		cmocka_unit_test(of_one_that_is_held),
		cmocka_unit_test(of_one_that_was_held_too_late),
		cmocka_unit_test(held_for_a_lost_call),
		cmocka_unit_test(held_when_it_was_over),
		cmocka_unit_test(asks_who_holds_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
