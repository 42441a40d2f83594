/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose call it was, by the response that its answer went into: each test is a loop in one thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <cmocka.h>

#include "found.h"

#define ROUNDS 40 /* more than it takes to trust a loop */

static bool right(struct scene *sc, const char *call, const char *request)
{
	return is_child(span_of(sc, SPAN_CLIENT, call), span_of(sc, SPAN_SERVER, request));
}

static bool by_answer(struct scene *sc, const char *call)
{
	return !strcmp(method_of(span_of(sc, SPAN_CLIENT, call)), "answer");
}

static unsigned count_linked(const struct scene *sc, const char *how)
{
	unsigned cnt = 0;
	size_t i;

	for (i = 0; i < sc->n; i++)
		cnt += !strcmp(method_of(sc->spans[i]), how);
	return cnt;
}

/* The second request waits for the only connection, and is called for before the first is answered. */
static void queue_for_a_connection(void **state)
{
	struct end in1, in2, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in1, 100, REQUEST("/1"));
	transmit(&sc, &out, 100, REQUEST("/for1"));
	receive(&sc, &in2, 100, REQUEST("/2"));
	receive(&sc, &out, 100, OK);
	transmit(&sc, &out, 100, REQUEST("/for2"));
	transmit(&sc, &in1, 100, OK);
	receive(&sc, &out, 100, OK);
	transmit(&sc, &in2, 100, OK);
	pass_time(&sc, 200000);
	assert_true(right(&sc, "/for1", "/1"));
	assert_true(right(&sc, "/for2", "/2") && by_answer(&sc, "/for2"));
	scene_end(&sc);
}

/* Three calls, one after the other: the last answer is the one that is passed on. */
static void one_after_the_other(void **state)
{
	struct end in1, in2, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in2, 100, REQUEST("/2"));
	transmit(&sc, &in2, 100, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	receive(&sc, &in1, 100, REQUEST("/1"));
	transmit(&sc, &out, 100, REQUEST("/a"));
	receive(&sc, &out, 100, OK);
	transmit(&sc, &out, 100, REQUEST("/b"));
	receive(&sc, &out, 100, OK);
	transmit(&sc, &in1, 100, OK);
	pass_time(&sc, 200000);
	assert_true(right(&sc, "/a", "/1") && by_answer(&sc, "/a"));
	assert_true(right(&sc, "/b", "/1") && by_answer(&sc, "/b"));
	scene_end(&sc);
}

struct loop {
	struct scene sc;
	struct end in[2], out[2];
};

static void loop_begin(struct loop *l)
{
	uint64_t i;

	scene_begin(&l->sc);
	for (i = 0; i < 2; i++) {
		l->in[i] = open_end(&l->sc, 1 + i, 100, 10 + 2 * i, 11 + 2 * i);
		l->out[i] = open_end(&l->sc, 3 + i, 100, 20 + 2 * i, 21 + 2 * i);
	}
}

/* Reads all that is ready, then works it off; crossed: the answers go the other way round. */
static void work_off_two(struct loop *l, bool crossed)
{
	receive(&l->sc, &l->in[0], 100, REQUEST("/1"));
	receive(&l->sc, &l->in[1], 100, REQUEST("/2"));
	transmit(&l->sc, &l->out[0], 100, REQUEST("/for1"));
	transmit(&l->sc, &l->out[1], 100, REQUEST("/for2"));
	receive(&l->sc, &l->out[0], 100, OK);
	receive(&l->sc, &l->out[1], 100, OK);
	transmit(&l->sc, &l->in[crossed], 100, OK);
	transmit(&l->sc, &l->in[!crossed], 100, OK);
}

static void round_of_two(struct loop *l, bool crossed)
{
	work_off_two(l, crossed);
	pass_time(&l->sc, 200000);
}

/* A loop that writes for its tasks, in no order: that two guesses agree once is no evidence. */
static void work_of_tasks(void **state)
{
	struct loop l;

	loop_begin(&l);
	l.sc.task = 0x10;
	round_of_two(&l, false);
	scene_forget(&l.sc);
	receive(&l.sc, &l.in[0], 100, REQUEST("/1"));
	transmit(&l.sc, &l.out[0], 100, REQUEST("/for1"));
	receive(&l.sc, &l.in[1], 100, REQUEST("/2"));
	receive(&l.sc, &l.out[0], 100, OK);
	transmit(&l.sc, &l.out[0], 100, REQUEST("/for2"));
	transmit(&l.sc, &l.in[0], 100, OK);
	receive(&l.sc, &l.out[0], 100, OK);
	transmit(&l.sc, &l.in[1], 100, OK);
	pass_time(&l.sc, 200000);
	assert_false(by_answer(&l.sc, "/for1") || by_answer(&l.sc, "/for2"));
	scene_end(&l.sc);
}

static void last_round(struct loop *l, bool crossed)
{
	unsigned i;

	for (i = 0; i < ROUNDS; i++)
		round_of_two(l, crossed);
	scene_forget(&l->sc);
	round_of_two(l, false);
}

static void work_in_order(void **state)
{
	struct loop l;

	loop_begin(&l);
	round_of_two(&l, false);
	assert_false(by_answer(&l.sc, "/for1") || by_answer(&l.sc, "/for2"));
	last_round(&l, false);
	assert_true(right(&l.sc, "/for1", "/1") && by_answer(&l.sc, "/for1"));
	assert_true(right(&l.sc, "/for2", "/2") && by_answer(&l.sc, "/for2"));
	assert_true(confidence_of(span_of(&l.sc, SPAN_CLIENT, "/for2")) > 0.9);
	scene_end(&l.sc);
}

/* Two orders that differ now and then agree in what is wrong now and then, too. */
static void work_mostly_in_order(void **state)
{
	struct loop l;

	loop_begin(&l);
	round_of_two(&l, true);
	last_round(&l, false);
	assert_true(right(&l.sc, "/for1", "/1") && by_answer(&l.sc, "/for1"));
	assert_true(confidence_of(span_of(&l.sc, SPAN_CLIENT, "/for1")) < 0.9);
	scene_end(&l.sc);
}

/* As long as another request may be the cause of the first calls, what the loop shows later counts for them, too. */
static void trusted_before_it_is_settled(struct loop *l, bool crossed)
{
	struct end other = open_end(&l->sc, 9, 100, 31, 32);
	unsigned i;

	receive(&l->sc, &other, 101, REQUEST("/other"));
	work_off_two(l, false);
	for (i = 0; i < ROUNDS; i++)
		work_off_two(l, crossed);
	transmit(&l->sc, &other, 101, OK);
	pass_time(&l->sc, 200000);
}

static void order_shown_later(void **state)
{
	struct loop l;

	loop_begin(&l);
	trusted_before_it_is_settled(&l, false);
	assert_int_equal(count_linked(&l.sc, "answer"), 2 + 2 * ROUNDS);
	scene_end(&l.sc);
}

static void no_order_shown_later(void **state)
{
	struct loop l;

	loop_begin(&l);
	trusted_before_it_is_settled(&l, true);
	assert_int_equal(count_linked(&l.sc, "answer"), 0);
	scene_end(&l.sc);
}

/* The two orders have mostly differed: that they agree once is no evidence. */
static void work_in_no_order(void **state)
{
	struct loop l;

	loop_begin(&l);
	last_round(&l, true);
	assert_false(by_answer(&l.sc, "/for1") || by_answer(&l.sc, "/for2"));
	scene_end(&l.sc);
}

/* It reads two requests and calls for the first: the one that it heard of last is the other. */
static void call_for_the_first(struct loop *l)
{
	receive(&l->sc, &l->in[0], 100, REQUEST("/1"));
	receive(&l->sc, &l->in[1], 100, REQUEST("/2"));
	transmit(&l->sc, &l->out[0], 100, REQUEST("/for1"));
}

/* Its answers have told that what was guessed of it is mostly wrong: where no answer tells, nothing is known. */
static void guesses_that_fail(void **state)
{
	struct loop l;
	unsigned i;

	loop_begin(&l);
	for (i = 0; i < ROUNDS; i++) {
		scene_forget(&l.sc);
		call_for_the_first(&l);
		receive(&l.sc, &l.out[0], 100, OK);
		transmit(&l.sc, &l.in[0], 100, OK);
		transmit(&l.sc, &l.in[1], 100, OK);
		pass_time(&l.sc, 200000);
	}
	assert_true(right(&l.sc, "/for1", "/1") && by_answer(&l.sc, "/for1"));
	scene_forget(&l.sc);
	call_for_the_first(&l);
	transmit(&l.sc, &l.in[1], 100, OK);
	transmit(&l.sc, &l.in[0], 100, OK);
	receive(&l.sc, &l.out[0], 100, OK);
	pass_time(&l.sc, 200000);
	assert_false(span_of(&l.sc, SPAN_CLIENT, "/for1")->has_parent);
	scene_end(&l.sc);
}

static void respond_without_waiting(struct loop *l)
{
	receive(&l->sc, &l->in[1], 101, REQUEST("/2"));
	receive(&l->sc, &l->in[0], 100, REQUEST("/1"));
	transmit(&l->sc, &l->out[0], 100, REQUEST("/whose"));
	transmit(&l->sc, &l->in[0], 100, OK);
	receive(&l->sc, &l->out[0], 100, OK);
	transmit(&l->sc, &l->in[1], 101, OK);
	pass_time(&l->sc, 200000);
}

/* What a loop answers without waiting for what it called: the calls are for requests of another loop, mostly. */
static void responses_that_do_not_wait(void **state)
{
	struct loop l;
	unsigned i;

	loop_begin(&l);
	l.sc.polls = true;
	respond_without_waiting(&l);
	assert_true(right(&l.sc, "/whose", "/1"));
	for (i = 0; i < ROUNDS; i++) {
		scene_forget(&l.sc);
		respond_without_waiting(&l);
	}
	assert_false(span_of(&l.sc, SPAN_CLIENT, "/whose")->has_parent);
	scene_end(&l.sc);
}

/* chance: the answer has come when the response is begun, but the loop has slept since it read that. */
static void respond_by_chance(struct loop *l, bool chance)
{
	receive(&l->sc, &l->in[1], 101, REQUEST("/2"));
	receive(&l->sc, &l->in[0], 100, REQUEST("/1"));
	transmit(&l->sc, &l->out[0], 100, REQUEST("/whose"));
	if (chance)
		receive(&l->sc, &l->out[0], 100, OK);
	l->sc.sleeps++;
	transmit(&l->sc, &l->in[0], 100, OK);
	if (!chance)
		receive(&l->sc, &l->out[0], 100, OK);
	transmit(&l->sc, &l->in[1], 101, OK);
	pass_time(&l->sc, 200000);
}

/* Of several loops: one answer in six has not come when the response is begun, so about as many more have by chance. */
static void responses_after_an_answer_by_chance(void **state)
{
	struct loop l;
	unsigned i;

	loop_begin(&l);
	l.sc.polls = true;
	for (i = 0; i < 12; i++) { /* too few to show an order */
		scene_forget(&l.sc);
		respond_by_chance(&l, i % 6);
	}
	assert_false(span_of(&l.sc, SPAN_CLIENT, "/whose")->has_parent);
	scene_end(&l.sc);
}

/* A loop's guesses have come out to be wrong: so are those of another one, that runs the same program. */
static void guesses_of_another_loop(void **state)
{
	struct loop l;
	unsigned i;

	loop_begin(&l);
	l.sc.polls = true;
	for (i = 0; i < ROUNDS; i++)
		respond_without_waiting(&l);
	scene_forget(&l.sc);
	receive(&l.sc, &l.in[0], 100, REQUEST("/1"));
	receive(&l.sc, &l.in[1], 101, REQUEST("/2"));
	transmit(&l.sc, &l.out[1], 101, REQUEST("/of2"));
	l.sc.sleeps++;
	receive(&l.sc, &l.out[1], 101, OK);
	l.sc.sleeps++;
	transmit(&l.sc, &l.in[1], 101, OK);
	transmit(&l.sc, &l.in[0], 100, OK);
	pass_time(&l.sc, 200000);
	assert_false(span_of(&l.sc, SPAN_CLIENT, "/of2")->has_parent);
	scene_end(&l.sc);
}

/* Each answer is passed on when it has been read; crossed: to the other request. */
static void pass_on_two(struct loop *l, bool crossed)
{
	receive(&l->sc, &l->in[0], 100, REQUEST("/1"));
	receive(&l->sc, &l->in[1], 100, REQUEST("/2"));
	transmit(&l->sc, &l->out[0], 100, REQUEST("/for1"));
	transmit(&l->sc, &l->out[1], 100, REQUEST("/for2"));
	receive(&l->sc, &l->out[0], 100, OK);
	transmit(&l->sc, &l->in[crossed], 100, OK);
	receive(&l->sc, &l->out[1], 100, OK);
	transmit(&l->sc, &l->in[!crossed], 100, OK);
	pass_time(&l->sc, 200000);
}

/* It seems to act at once, and it seems to answer in no order: one of the two is chance. */
static void at_once_in_no_order(void **state)
{
	struct loop l;

	loop_begin(&l);
	pass_on_two(&l, false);
	assert_true(by_answer(&l.sc, "/for1") && by_answer(&l.sc, "/for2"));
	pass_on_two(&l, true);
	pass_on_two(&l, true);
	scene_forget(&l.sc);
	pass_on_two(&l, false);
	assert_false(by_answer(&l.sc, "/for1") || by_answer(&l.sc, "/for2"));
	scene_end(&l.sc);
}

/* Requests 3 to 5 of the loop, each on a connection of its own. */
struct more {
	struct end in[3], out[3];
};

static void ask_more(struct loop *l, struct more *m, unsigned n)
{
	static const char *const requests[] = { REQUEST("/3"), REQUEST("/4"), REQUEST("/5") };

	m->in[n] = open_end(&l->sc, 10 + n, 100, 30 + n, 40 + n);
	m->out[n] = open_end(&l->sc, 20 + n, 100, 50 + n, 60 + n);
	receive(&l->sc, &m->in[n], 100, requests[n]);
}

static void call_for_more(struct loop *l, struct more *m, unsigned n)
{
	static const char *const calls[] = { REQUEST("/for3"), REQUEST("/for4"), REQUEST("/for5") };

	transmit(&l->sc, &m->out[n], 100, calls[n]);
}

/* It has shown that it acts at once, and has called for the first two. */
static void call_at_once(struct loop *l)
{
	unsigned i;

	loop_begin(l);
	for (i = 0; i < ROUNDS; i++)
		pass_on_two(l, false);
	scene_forget(&l->sc);
	receive(&l->sc, &l->in[0], 100, REQUEST("/1"));
	transmit(&l->sc, &l->out[0], 100, REQUEST("/for1"));
	receive(&l->sc, &l->in[1], 100, REQUEST("/2"));
	transmit(&l->sc, &l->out[1], 100, REQUEST("/for2"));
}

/*
 * Boost's Asio acts on an answer at once if it had to wait for that, but what was there when it began to read is
 * queued: then a response that follows an answer may be made of one before. Once it has caught up it acts at once.
 */
static void answer_that_was_queued(void **state)
{
	struct more m;
	struct loop l;

	call_at_once(&l);
	ask_more(&l, &m, 0);
	call_for_more(&l, &m, 0);
	receive(&l.sc, &l.out[0], 100, OK);
	receive(&l.sc, &l.out[1], 100, OK);
	transmit(&l.sc, &l.in[1], 100, OK);
	receive(&l.sc, &m.out[0], 100, OK);
	transmit(&l.sc, &l.in[0], 100, OK);
	transmit(&l.sc, &m.in[0], 100, OK);
	pass_time(&l.sc, 200000);
	assert_false(right(&l.sc, "/for3", "/1") || by_answer(&l.sc, "/for3"));
	scene_forget(&l.sc);
	pass_on_two(&l, true);
	assert_true(by_answer(&l.sc, "/for1") && by_answer(&l.sc, "/for2"));
	scene_end(&l.sc);
}

/* The queue is seen by what is sent from it: requests were read, and an answer, when another one is acted on. */
static void answer_among_requests(void **state)
{
	struct more m;
	struct loop l;
	unsigned i;

	call_at_once(&l);
	for (i = 0; i < 3; i++)
		ask_more(&l, &m, i);
	receive(&l.sc, &l.out[0], 100, OK);
	call_for_more(&l, &m, 0);
	receive(&l.sc, &l.out[1], 100, OK);
	call_for_more(&l, &m, 1);
	call_for_more(&l, &m, 2);
	transmit(&l.sc, &l.in[0], 100, OK);
	transmit(&l.sc, &l.in[1], 100, OK);
	pass_time(&l.sc, 200000);
	assert_false(right(&l.sc, "/for2", "/1"));
	scene_end(&l.sc);
}

static void pass_on_and_call(struct loop *l, struct end *in, const char *call)
{
	receive(&l->sc, &l->out[0], 100, OK);
	transmit(&l->sc, in, 100, OK);
	transmit(&l->sc, &l->out[0], 100, call);
}

/* The only connection is full; a timer's call is sent in the turn of a request, and each later one in another's. */
static void nobodys_turn(void **state)
{
	struct loop l;
	struct end in3;
	unsigned i;

	loop_begin(&l);
	in3 = open_end(&l.sc, 9, 100, 31, 32);
	for (i = 0; i < ROUNDS; i++) {
		scene_forget(&l.sc);
		receive(&l.sc, &l.in[0], 100, REQUEST("/1"));
		transmit(&l.sc, &l.out[0], 100, REQUEST("/for1"));
		receive(&l.sc, &l.in[1], 100, REQUEST("/2"));
		receive(&l.sc, &in3, 100, REQUEST("/3"));
		pass_on_and_call(&l, &l.in[0], REQUEST("/nobody"));
		receive(&l.sc, &l.out[0], 100, OK);
		transmit(&l.sc, &l.out[0], 100, REQUEST("/for2"));
		pass_on_and_call(&l, &l.in[1], REQUEST("/for3"));
		receive(&l.sc, &l.out[0], 100, OK);
		transmit(&l.sc, &in3, 100, OK);
		pass_time(&l.sc, 200000);
	}
	assert_true(right(&l.sc, "/for2", "/2") && by_answer(&l.sc, "/for2"));
	assert_true(right(&l.sc, "/for3", "/3") && by_answer(&l.sc, "/for3"));
	assert_false(by_answer(&l.sc, "/nobody"));
	scene_end(&l.sc);
}

/* A loop that serves one request at a time, and has timers. */
struct idle_loop {
	struct scene sc;
	struct end in, out1, out2;
};

static void idle_begin(struct idle_loop *l)
{
	scene_begin(&l->sc);
	l->sc.polls = true;
	l->in = open_end(&l->sc, 1, 100, 1, 2);
	l->out1 = open_end(&l->sc, 2, 100, 3, 4);
	l->out2 = open_end(&l->sc, 3, 100, 5, 6);
}

static void sleep_a_while(struct idle_loop *l)
{
	l->sc.sleeps++;
}

/* Loops that make each other's calls: that an answer was read before a response was begun says little. */
static void loops_that_share(void **state)
{
	struct idle_loop l;
	int share, i;

	for (share = 0; share < 2; share++) {
		idle_begin(&l);
		for (i = 0; i < 4; i++) {
			receive(&l.sc, &l.in, 100, REQUEST("/1"));
			transmit(&l.sc, &l.out1, 100,
				 i < 3 ? REQUEST("/before") : REQUEST("/for1"));
			sleep_a_while(&l);
			if (share) {
				transmit(&l.sc, &l.out2, 100, REQUEST("/another"));
				sleep_a_while(&l);
				receive(&l.sc, &l.out2, 100, OK);
				sleep_a_while(&l);
			}
			receive(&l.sc, &l.out1, 100, OK);
			transmit(&l.sc, &l.in, 100, OK);
		}
		pass_time(&l.sc, 200000);
		assert_int_equal(by_answer(&l.sc, "/for1"), !share);
		scene_end(&l.sc);
	}
}

/* A timer calls while the only request waits for the answer to its own call. */
static void timer_of_a_loop(void **state)
{
	struct idle_loop l;

	idle_begin(&l);
	receive(&l.sc, &l.in, 100, REQUEST("/1"));
	transmit(&l.sc, &l.out1, 100, REQUEST("/for1"));
	sleep_a_while(&l);
	transmit(&l.sc, &l.out2, 100, REQUEST("/nobody"));
	sleep_a_while(&l);
	receive(&l.sc, &l.out2, 100, OK);
	sleep_a_while(&l);
	receive(&l.sc, &l.out1, 100, OK);
	transmit(&l.sc, &l.in, 100, OK);
	pass_time(&l.sc, 200000);
	assert_true(right(&l.sc, "/for1", "/1") && by_answer(&l.sc, "/for1"));
	assert_true(confidence_of(span_of(&l.sc, SPAN_CLIENT, "/nobody")) < 0.9);
	scene_end(&l.sc);
}

/* What it answers after a sleep is not made of the answer that it had read before. */
static void answer_that_goes_nowhere(void **state)
{
	struct idle_loop l;
	unsigned i;

	idle_begin(&l);
	for (i = 0; i < ROUNDS; i++) {
		scene_forget(&l.sc);
		receive(&l.sc, &l.in, 100, REQUEST("/1"));
		sleep_a_while(&l);
		transmit(&l.sc, &l.out2, 100, REQUEST("/nobody"));
		sleep_a_while(&l);
		receive(&l.sc, &l.out2, 100, OK);
		sleep_a_while(&l);
		transmit(&l.sc, &l.in, 100, OK);
		pass_time(&l.sc, 200000);
	}
	assert_false(by_answer(&l.sc, "/nobody"));
	assert_true(confidence_of(span_of(&l.sc, SPAN_CLIENT, "/nobody")) < 0.9);
	scene_end(&l.sc);
}

/* Something that nobody reads makes the loop call, and nothing follows the answer. */
static void call_by_timer(struct idle_loop *l, const char *call)
{
	sleep_a_while(l);
	transmit(&l->sc, &l->out2, 100, call);
	sleep_a_while(l);
	receive(&l->sc, &l->out2, 100, OK);
	sleep_a_while(l);
}

/* A call after a sleep is the only request's, perhaps; not in a loop that calls as often while it serves nobody. */
static void calls_when_idle(void **state)
{
	struct idle_loop l;
	int idle, i;

	for (idle = 0; idle < 2; idle++) {
		idle_begin(&l);
		receive(&l.sc, &l.in, 100, REQUEST("/before"));
		transmit(&l.sc, &l.in, 100, OK);
		for (i = 0; i < 3; i++) {
			pass_time(&l.sc, 1000);
			if (idle)
				call_by_timer(&l, REQUEST("/idle"));
		}
		receive(&l.sc, &l.in, 100, REQUEST("/1"));
		pass_time(&l.sc, 1000);
		call_by_timer(&l, REQUEST("/while1"));
		transmit(&l.sc, &l.in, 100, OK);
		pass_time(&l.sc, 200000);
		assert_int_equal(right(&l.sc, "/while1", "/1"), !idle);
		scene_end(&l.sc);
	}
}

/* Where each response is made of an answer, what else the loop calls for is not the request's. */
static void call_beside_those_that_tell(void **state)
{
	struct idle_loop l;
	int i;

	idle_begin(&l);
	for (i = 0; i < ROUNDS; i++) {
		scene_forget(&l.sc);
		receive(&l.sc, &l.in, 100, REQUEST("/1"));
		transmit(&l.sc, &l.out1, 100, REQUEST("/for1"));
		call_by_timer(&l, REQUEST("/nobody"));
		receive(&l.sc, &l.out1, 100, OK);
		transmit(&l.sc, &l.in, 100, OK);
		pass_time(&l.sc, 200000);
	}
	assert_true(right(&l.sc, "/for1", "/1") && by_answer(&l.sc, "/for1"));
	assert_false(span_of(&l.sc, SPAN_CLIENT, "/nobody")->has_parent);
	scene_end(&l.sc);
}

/* A thread that waits for nothing but its own answer sleeps, too. */
static void thread_that_sleeps(void **state)
{
	struct idle_loop l;

	idle_begin(&l);
	l.sc.polls = false;
	receive(&l.sc, &l.in, 100, REQUEST("/1"));
	sleep_a_while(&l);
	transmit(&l.sc, &l.out1, 100, REQUEST("/for1"));
	sleep_a_while(&l);
	receive(&l.sc, &l.out1, 100, OK);
	sleep_a_while(&l);
	transmit(&l.sc, &l.in, 100, OK);
	pass_time(&l.sc, 200000);
	assert_string_equal(how_linked(&l.sc, "/for1"), "thread");
	scene_end(&l.sc);
}

#define ASK(path)                                                                             \
	SLICE("\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0\1\4\0\1\0\45\0\0\16\3REQUEST_METHODGET\13\5" \
	      "REQUEST_URI" path "\1\4\0\1\0\0\0\0\1\5\0\1\0\0\0\0")
#define ANSWER SLICE("\1\6\0\1\0\10\0\0A: b\r\n\r\n\1\3\0\1\0\10\0\0\0\0\0\0\0\0\0\0")

static void move(struct scene *sc, struct end *e, enum dir dir, struct slice bytes)
{
	move_cut(sc, e, 100, dir, bytes.p, bytes.n, bytes.n);
}

/* By FastCGI, a connection for each call: the loop acts on an answer when that has ended. */
static void answers_until_the_end(struct scene *sc, struct end in[3], uint64_t round)
{
	static const char *const requests[] = { REQUEST("/1"), REQUEST("/2"), REQUEST("/3") };
	const struct slice calls[] = { ASK("/for1"), ASK("/for2"), ASK("/for3") };
	static const unsigned ending[] = { 1, 0, 2 };
	struct end out[3];
	uint64_t i, id;

	for (i = 0; i < 3; i++) {
		id = 10 + 3 * round + i;
		out[i] = open_end(sc, id, 100, 1000 * id, 1000 * id + 500);
		receive(sc, &in[i], 100, requests[i]);
		move(sc, &out[i], DIR_TX, calls[i]);
	}
	for (i = 0; i < 3; i++)
		move(sc, &out[i], DIR_RX, ANSWER);
	for (i = 0; i < 3; i++) {
		end_of_direction(sc, &out[ending[i]], 100, DIR_RX, 0);
		transmit(sc, &in[ending[i]], 100, OK);
	}
	pass_time(sc, 200000);
}

static void answer_and_end(void **state)
{
	struct end in[3];
	struct scene sc;
	unsigned i;

	scene_begin(&sc);
	for (i = 0; i < 3; i++)
		in[i] = open_end(&sc, 1 + i, 100, 10 + 2 * i, 11 + 2 * i);
	for (i = 0; i < ROUNDS; i++) {
		scene_forget(&sc);
		answers_until_the_end(&sc, in, i);
	}
	assert_true(right(&sc, "/for1", "/1") && by_answer(&sc, "/for1"));
	assert_true(right(&sc, "/for2", "/2") && by_answer(&sc, "/for2"));
	assert_true(right(&sc, "/for3", "/3") && by_answer(&sc, "/for3"));
	scene_end(&sc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queue_for_a_connection),
		cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(work_of_tasks),
		cmocka_unit_test(work_in_order),
		cmocka_unit_test(work_mostly_in_order),
		cmocka_unit_test(work_in_no_order),
		cmocka_unit_test(order_shown_later),
		cmocka_unit_test(no_order_shown_later),
		cmocka_unit_test(guesses_that_fail),
		cmocka_unit_test(responses_that_do_not_wait),
		cmocka_unit_test(responses_after_an_answer_by_chance),
		cmocka_unit_test(guesses_of_another_loop),
		cmocka_unit_test(at_once_in_no_order),
		cmocka_unit_test(answer_that_was_queued),
		cmocka_unit_test(answer_among_requests),
		cmocka_unit_test(nobodys_turn),
		cmocka_unit_test(loops_that_share),
		cmocka_unit_test(timer_of_a_loop),
		cmocka_unit_test(answer_that_goes_nowhere),
		cmocka_unit_test(calls_when_idle),
		cmocka_unit_test(call_beside_those_that_tell),
		cmocka_unit_test(thread_that_sleeps),
		cmocka_unit_test(answer_and_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
