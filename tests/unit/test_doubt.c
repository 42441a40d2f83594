/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs in which a thread's reads and sends do not tell whose call it is: nothing is claimed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "found.h"
#include "script.h"
#include "trace/strands.h"

/* A request and the answer to another one's call are read; then a call is made: for which of them? */
static void two_heard_of(void **state)
{
	struct end in1, in2, out1, out2;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out1, &out2);
	receive(&sc, &in1, 100, REQUEST("/1"));
	transmit(&sc, &out1, 100, REQUEST("/for1"));
	receive(&sc, &in2, 100, REQUEST("/2"));
	receive(&sc, &out1, 100, OK);
	transmit(&sc, &out2, 100, REQUEST("/whose"));
	receive(&sc, &out2, 100, OK);
	transmit(&sc, &in1, 100, OK);
	transmit(&sc, &in2, 100, OK);
	pass_time(&sc, 200000);
	assert_string_equal(how_linked(&sc, "/for1"), "socket");
	assert_string_equal(how_linked(&sc, "/whose"), "order");
	scene_end(&sc);
}

/* A loop that answers others than those it heard of last has put its work in a queue. */
static void queue_of_tasks(void **state)
{
	struct end in1, in2, in3, in4, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &in3, &in4, &out);
	receive(&sc, &in1, 100, REQUEST("/1"));
	receive(&sc, &in2, 100, REQUEST("/2"));
	receive(&sc, &in3, 100, REQUEST("/3"));
	transmit(&sc, &in1, 100, OK);
	transmit(&sc, &in2, 100, OK);
	receive(&sc, &in4, 100, REQUEST("/4"));
	transmit(&sc, &out, 100, REQUEST("/whose"));
	receive(&sc, &out, 100, OK);
	transmit(&sc, &in3, 100, OK);
	transmit(&sc, &in4, 100, OK);
	pass_time(&sc, 200000);
	assert_string_equal(how_linked(&sc, "/whose"), "root");
	scene_end(&sc);
}

/* A loop's timer makes a call while the loop serves a single request: that may be why, and may not. */
static void loop_works_for_nobody(void **state)
{
	struct end in1, in2, out;
	const struct span *ping;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in1, 100, REQUEST("/1"));
	receive(&sc, &in2, 100, REQUEST("/2"));
	transmit(&sc, &in2, 100, OK);
	transmit(&sc, &in1, 100, OK);
	receive(&sc, &in1, 100, REQUEST("/3"));
	transmit(&sc, &out, 100, REQUEST("/ping"));
	transmit(&sc, &in1, 100, OK);
	receive(&sc, &out, 100, OK);
	pass_time(&sc, 200000);
	ping = span_of(&sc, SPAN_CLIENT, "/ping");
	assert_true(!ping->has_parent || confidence_of(ping) < 0.9);
	scene_end(&sc);
}

/* The same, but that only shows when the call has been made. */
static void queue_that_shows_later(void **state)
{
	struct end in1, in2, in3, out;
	struct scene sc;

	scene_begin(&sc);
	in1 = open_end(&sc, 1, 100, 1, 2);
	in2 = open_end(&sc, 2, 100, 3, 4);
	in3 = open_end(&sc, 3, 100, 5, 6);
	out = open_end(&sc, 4, 100, 7, 8);
	receive(&sc, &in1, 100, REQUEST("/1"));
	receive(&sc, &in2, 100, REQUEST("/2"));
	receive(&sc, &in3, 100, REQUEST("/3"));
	transmit(&sc, &out, 100, REQUEST("/whose"));
	transmit(&sc, &in1, 100, OK);
	transmit(&sc, &in2, 100, OK);
	transmit(&sc, &in3, 100, OK);
	receive(&sc, &out, 100, OK);
	pass_time(&sc, 200000);
	assert_string_equal(method_of(span_of(&sc, SPAN_CLIENT, "/whose")), "root");
	scene_end(&sc);
}

/* Work that changes threads: the answer to a call is read by another thread than made it. */
static void roaming(void **state)
{
	const struct span *call;
	struct end in, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in, &out);
	receive(&sc, &in, 101, REQUEST("/1"));
	transmit(&sc, &out, 101, REQUEST("/call"));
	receive(&sc, &out, 102, OK);
	transmit(&sc, &in, 101, OK);
	pass_time(&sc, 200000);
	call = span_of(&sc, SPAN_CLIENT, "/call");
	assert_true(is_child(call, span_of(&sc, SPAN_SERVER, "/1")));
	assert_string_equal(method_of(call), "order");
	scene_end(&sc);
}

/* The same while two requests are served: the thread's is only a candidate. */
static void roaming_among_several(void **state)
{
	const struct span *call;
	struct end in1, in2, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in1, 101, REQUEST("/1"));
	receive(&sc, &in2, 102, REQUEST("/2"));
	transmit(&sc, &out, 101, REQUEST("/call"));
	receive(&sc, &out, 102, OK);
	transmit(&sc, &in2, 102, OK);
	transmit(&sc, &in1, 101, OK);
	pass_time(&sc, 200000);
	call = span_of(&sc, SPAN_CLIENT, "/call");
	assert_false(call->has_parent);
	assert_int_equal(call->links_cnt, 1);
	assert_string_equal(method_of(call), "root");
	assert_true(confidence_of(call) == 0);
	assert_true(confidence_of(span_of(&sc, SPAN_SERVER, "/1")) == 1);
	scene_end(&sc);
}

/* The same of a thread that has read two requests, and calls for the one that it read last, perhaps. */
static void last_read_among_those_that_roam(void **state)
{
	struct end in1, in2, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in1, 101, REQUEST("/1"));
	receive(&sc, &in2, 101, REQUEST("/2"));
	transmit(&sc, &out, 101, REQUEST("/whose"));
	receive(&sc, &out, 102, OK);
	transmit(&sc, &in2, 101, OK);
	transmit(&sc, &in1, 101, OK);
	pass_time(&sc, 200000);
	assert_string_equal(how_linked(&sc, "/whose"), "root");
	assert_int_equal(span_of(&sc, SPAN_CLIENT, "/whose")->links_cnt, 1);
	scene_end(&sc);
}

/* A virtual thread makes its own calls only, though the answers are read by another thread (Java's HttpClient). */
static void virtual_thread_among_those_that_roam(void **state)
{
	struct end in1, in2, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in2, 102, REQUEST("/2"));
	sc.virtual = 7;
	receive(&sc, &in1, 101, REQUEST("/1"));
	transmit(&sc, &out, 103, REQUEST("/for1"));
	sc.virtual = 0;
	receive(&sc, &out, 109, OK);
	sc.virtual = 7;
	transmit(&sc, &in1, 101, OK);
	sc.virtual = 0;
	transmit(&sc, &in2, 102, OK);
	pass_time(&sc, 200000);
	assert_true(made_for(&sc, "/for1", "/1"));
	assert_string_equal(how_linked(&sc, "/for1"), "thread");
	assert_true(confidence_of(span_of(&sc, SPAN_CLIENT, "/for1")) > 0.9);
	scene_end(&sc);
}

/* A request for which another thread makes a call, whose answer is read by a third one, which then wakes who waits. */
static double confidence_read_by(struct scene *sc, struct end *in, struct end *out, uint32_t reader)
{
	receive(sc, in, 101, REQUEST("/1"));
	transmit(sc, out, 108, REQUEST("/for1"));
	receive(sc, out, reader, OK);
	wake(sc, 100, reader, 101, 0x7000);
	transmit(sc, in, 101, OK);
	pass_time(sc, 200000);
	assert_true(made_for(sc, "/for1", "/1"));
	assert_string_equal(how_linked(sc, "/for1"), "handoff");
	return confidence_of(span_of(sc, SPAN_CLIENT, "/for1"));
}

/* Who reads all answers of a connection brings what it reads. Whoever happens to be free may bring something else. */
static void answers_read_by_anyone(void **state)
{
	struct end in, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in, &out);
	assert_true(confidence_read_by(&sc, &in, &out, 109) > 0.9);
	scene_forget(&sc);
	assert_true(confidence_read_by(&sc, &in, &out, 109) > 0.9);
	scene_forget(&sc);
	assert_true(confidence_read_by(&sc, &in, &out, 110) < 0.9);
	scene_end(&sc);
}

/* In such a process: unless the thread is woken with the answer, by who has read it. */
static void roaming_and_woken(void **state)
{
	struct end in1, in2, out;
	struct scene sc;
	int call;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	for (call = 0; call < 2; call++) {
		receive(&sc, &in1, 101, call ? REQUEST("/waits") : REQUEST("/1"));
		receive(&sc, &in2, 102, REQUEST("/2"));
		transmit(&sc, &out, 101, call ? REQUEST("/woken") : REQUEST("/shows"));
		receive(&sc, &out, 109, OK);
		wake(&sc, 100, 109, 101, 0x7000);
		transmit(&sc, &in2, 102, OK);
		transmit(&sc, &in1, 101, OK);
		pass_time(&sc, 200000);
	}
	assert_string_equal(how_linked(&sc, "/shows"), "root");
	assert_true(made_for(&sc, "/woken", "/waits"));
	assert_string_equal(how_linked(&sc, "/woken"), "handoff");
	assert_true(confidence_of(span_of(&sc, SPAN_CLIENT, "/woken")) > 0.9);
	scene_end(&sc);
}

/* A worker makes a call for one of two requests and wakes a thread that has read the other one. */
static void wakes_the_other(struct scene *sc, struct end *in1, struct end *in2, struct end *out,
			    const char *call)
{
	receive(sc, in1, 101, REQUEST("/1"));
	receive(sc, in2, 102, REQUEST("/2"));
	transmit(sc, out, 109, call);
	receive(sc, out, 109, OK);
	wake(sc, 100, 109, 102, 0x7000);
	transmit(sc, in2, 102, OK);
	transmit(sc, in1, 101, OK);
	pass_time(sc, 200000);
}

/* One request that is read by one thread and answered by another. */
static void changes_threads(struct scene *sc, struct end *in)
{
	receive(sc, in, 101, REQUEST("/changes"));
	transmit(sc, in, 102, OK);
	pass_time(sc, 200000);
}

/* Where requests change threads, who has read one waits for anything. */
static void woken_among_those_that_change(void **state)
{
	struct end in1, in2, out;
	struct scene sc;
	int i;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	wakes_the_other(&sc, &in1, &in2, &out, REQUEST("/sure"));
	assert_string_equal(how_linked(&sc, "/sure"), "handoff");
	assert_true(confidence_of(span_of(&sc, SPAN_CLIENT, "/sure")) > 0.9);
	changes_threads(&sc, &in1);
	wakes_the_other(&sc, &in1, &in2, &out, REQUEST("/likely"));
	assert_string_equal(how_linked(&sc, "/likely"), "handoff");
	assert_true(confidence_of(span_of(&sc, SPAN_CLIENT, "/likely")) < 0.9);
	for (i = 0; i < 8; i++)
		changes_threads(&sc, &in1);
	wakes_the_other(&sc, &in1, &in2, &out, REQUEST("/whose"));
	assert_string_equal(how_linked(&sc, "/whose"), "root");
	scene_end(&sc);
}

/* Of two readers, whichever is free reads the answer; it wakes a thread that serves a request, or nobody. */
static void read_by_anyone(struct scene *sc, struct end *in, struct end *out, unsigned reader,
			   bool wakes)
{
	scene_forget(sc);
	receive(sc, &in[0], 101, REQUEST("/1"));
	receive(sc, &in[1], 102, REQUEST("/2"));
	transmit(sc, out, 107, REQUEST("/whose"));
	receive(sc, out, reader, OK);
	if (wakes)
		wake(sc, 100, reader, 101, 0x7000);
	transmit(sc, &in[1], 102, OK);
	transmit(sc, &in[0], 101, OK);
	pass_time(sc, 200000);
}

/* Where answers are hardly ever handed over, who is woken by a reader was waiting for something else. */
static void woken_where_hardly_anybody_is(void **state)
{
	struct end in[2], out;
	struct scene sc;
	unsigned i;

	scene_begin(&sc);
	open_ends(&sc, 100, &in[0], &in[1], &out);
	for (i = 0; i < 40; i++)
		read_by_anyone(&sc, in, &out, 108 + i % 2, true);
	assert_string_equal(how_linked(&sc, "/whose"), "handoff");
	assert_true(confidence_of(span_of(&sc, SPAN_CLIENT, "/whose")) < 0.9);
	for (i = 0; i < 400; i++)
		read_by_anyone(&sc, in, &out, 108 + i % 2, false);
	read_by_anyone(&sc, in, &out, 108, true);
	assert_false(span_of(&sc, SPAN_CLIENT, "/whose")->has_parent);
	scene_end(&sc);
}

/* Who also reads requests is woken for whatever comes: that it then writes a response says nothing about the news. */
static void news_for_who_serves(void **state)
{
	struct end in1, in2, out;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out);
	receive(&sc, &in2, 102, REQUEST("/before"));
	transmit(&sc, &in2, 102, OK);
	receive(&sc, &in1, 101, REQUEST("/1"));
	transmit(&sc, &out, 109, REQUEST("/whose"));
	receive(&sc, &out, 108, OK);
	wake(&sc, 100, 108, 102, 0x7000);
	transmit(&sc, &in1, 102, OK);
	pass_time(&sc, 200000);
	assert_string_equal(how_linked(&sc, "/whose"), "root");
	scene_end(&sc);
}

/* A loop that writes for all its tasks looks like one task that serves everybody. */
static void loop_writes_for_tasks(void **state)
{
	struct end in1, in2, out1, out2;
	struct scene sc;
	size_t i;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out1, &out2);
	sc.task = 7000;
	for (i = 0; i < 2; i++) {
		receive(&sc, &in1, 100, REQUEST("/1"));
		receive(&sc, &in2, 100, REQUEST("/2"));
		transmit(&sc, &out1, 100, REQUEST("/for1"));
		transmit(&sc, &out2, 100, REQUEST("/for2"));
		receive(&sc, &out1, 100, OK);
		receive(&sc, &out2, 100, OK);
		transmit(&sc, &in1, 100, OK);
		transmit(&sc, &in2, 100, OK);
	}
	pass_time(&sc, 200000);
	assert_int_equal(sc.n, 8);
	for (i = 0; i < sc.n; i++)
		assert_string_not_equal(method_of(sc.spans[i]), "task");
	scene_end(&sc);
}

/* The same place in memory may hold one task after another. */
static void recycled_task(void **state)
{
	struct end in1, in2, out1, out2;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out1, &out2);
	receive(&sc, &in1, 100, REQUEST("/1"));
	receive(&sc, &in2, 100, REQUEST("/2"));
	sc.task = 7000;
	transmit(&sc, &out1, 100, REQUEST("/for1"));
	sc.task = 8000;
	transmit(&sc, &out2, 100, REQUEST("/for2"));
	receive(&sc, &out1, 100, OK);
	receive(&sc, &out2, 100, OK);
	transmit(&sc, &in2, 100, OK);
	receive(&sc, &in2, 100, REQUEST("/3"));
	sc.task = 7000;
	transmit(&sc, &in1, 100, OK);
	sc.task = 8000;
	receive(&sc, &in1, 100, REQUEST("/4"));
	transmit(&sc, &out1, 100, REQUEST("/for4"));
	receive(&sc, &out1, 100, OK);
	transmit(&sc, &in1, 100, OK);
	transmit(&sc, &in2, 100, OK);
	pipeline_flush(sc.p);
	assert_true(made_for(&sc, "/for1", "/1"));
	assert_true(made_for(&sc, "/for4", "/4"));
	assert_string_equal(how_linked(&sc, "/for1"), "task");
	assert_string_equal(how_linked(&sc, "/for4"), "task");
	scene_end(&sc);
}

/* A request is read while one is answered whose task then ends, and its own task is made in the same place. */
static void recycled_after_the_read(void **state)
{
	struct end in1, in2, in3, out1, out2;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &in3, &out1, &out2);
	receive(&sc, &in1, 100, REQUEST("/1"));
	receive(&sc, &in2, 100, REQUEST("/2"));
	receive(&sc, &in3, 100, REQUEST("/3"));
	sc.task = 7000;
	transmit(&sc, &out1, 100, REQUEST("/for1"));
	receive(&sc, &out1, 100, OK);
	transmit(&sc, &in1, 100, OK);
	transmit(&sc, &out1, 100, REQUEST("/for2"));
	sc.task = 8000;
	transmit(&sc, &out2, 100, REQUEST("/for3"));
	sc.task = 0;
	receive(&sc, &out1, 100, OK);
	receive(&sc, &out2, 100, OK);
	sc.task = 8000;
	transmit(&sc, &in3, 100, OK);
	sc.task = 7000;
	transmit(&sc, &in2, 100, OK);
	pass_time(&sc, 200000);
	assert_true(made_for(&sc, "/for2", "/2"));
	assert_string_equal(how_linked(&sc, "/for2"), "task");
	scene_end(&sc);
}

/* A request has arrived, and its task is made when it is read, at the address of one that ended in between (trio). */
static void recycled_before_the_read(void **state)
{
	const char *request = REQUEST("/2");
	struct end in1, in2, out1, out2;
	struct ev_data *ev;
	struct scene sc;
	uint64_t arrived_ns;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out1, &out2);
	receive(&sc, &in1, 100, REQUEST("/1"));
	arrived_ns = sc.now_us * NSEC_PER_USEC;
	sc.task = 7000;
	transmit(&sc, &out1, 100, REQUEST("/for1"));
	sc.task = 0;
	receive(&sc, &out1, 100, OK);
	ev = data_of(&sc, &in2, 100, DIR_RX, request, strlen(request), strlen(request), 0);
	ev->start_ns = arrived_ns;
	pipeline_feed(sc.p, &ev->hdr);
	free(ev);
	sc.task = 7000;
	transmit(&sc, &in2, 100, OK);
	sc.task = 8000;
	transmit(&sc, &in1, 100, OK);
	pass_time(&sc, 200000);
	assert_false(made_for(&sc, "/for1", "/2"));
	scene_end(&sc);
}

/* A request, a call for it, and another request and call. */
static void serve_twice(struct scene *sc, struct end *in, struct end *out,
			void (*meanwhile)(struct scene *, struct end *))
{
	receive(sc, in, 100, REQUEST("/1"));
	meanwhile(sc, in);
	transmit(sc, out, 100, REQUEST("/for1"));
	receive(sc, out, 100, OK);
	transmit(sc, in, 100, OK);
	sc->shed = sc->missed = 0;
	receive(sc, in, 100, REQUEST("/2"));
	transmit(sc, out, 100, REQUEST("/for2"));
	receive(sc, out, 100, OK);
	transmit(sc, in, 100, OK);
	pass_time(sc, 200000);
}

static void expect_less_sure_once(void (*meanwhile)(struct scene *, struct end *))
{
	struct end in1, in2, out1, out2;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out1, &out2);
	serve_twice(&sc, &in1, &out1, meanwhile);
	assert_true(made_for(&sc, "/for1", "/1"));
	assert_true(confidence_of(span_of(&sc, SPAN_CLIENT, "/for1")) < 0.9);
	assert_true(made_for(&sc, "/for2", "/2"));
	assert_true(confidence_of(span_of(&sc, SPAN_CLIENT, "/for2")) > 0.9);
	scene_end(&sc);
}

static void leave_out(struct scene *sc, struct end *e)
{
	sc->shed = 1;
}

static void lose_bytes(struct scene *sc, struct end *e)
{
	e->pos[DIR_TX] += 10;
	e->seq[DIR_TX] += 10;
}

static void miss_something(struct scene *sc, struct end *e)
{
	sc->missed = MISSED_EXCHANGE;
}

/* While others are left out, or their records lost, nobody knows what the thread has done between. */
static void seen_in_part(void **state)
{
	expect_less_sure_once(leave_out);
	expect_less_sure_once(lose_bytes);
	expect_less_sure_once(miss_something);
}

/* What passes without a record of it. */
static void pass_unseen(struct end *e, enum dir dir, const char *text)
{
	e->pos[dir] += strlen(text);
	e->seq[dir] += strlen(text);
}

/* A thread seems to serve a request of which the end was not seen, and is woken for the next, which nobody saw. */
static void woken_for_a_request_that_was_not_seen(void **state)
{
	struct end in, out;
	struct scene sc;

	scene_begin(&sc);
	in = open_end(&sc, 1, 100, 1, 2);
	out = open_end(&sc, 2, 100, 3, 4);
	receive(&sc, &in, 101, REQUEST("/1"));
	pass_unseen(&in, DIR_TX, OK);
	pass_unseen(&in, DIR_RX, REQUEST("/2"));
	transmit(&sc, &out, 102, REQUEST("/for2"));
	receive(&sc, &out, 102, OK);
	wake(&sc, 100, 102, 101, 0xf1);
	pass_unseen(&in, DIR_TX, OK);
	receive(&sc, &in, 101, REQUEST("/3"));
	transmit(&sc, &in, 101, OK);
	pass_time(&sc, 200000);
	assert_false(made_for(&sc, "/for2", "/1"));
	assert_string_equal(how_linked(&sc, "/for2"), "root");
	scene_end(&sc);
}

/* What a loop does after having read what was left out goes on with that, not with what it read before. */
static void loop_that_missed_something(void **state)
{
	struct end in1, in2, out1, out2;
	struct scene sc;

	scene_begin(&sc);
	open_ends(&sc, 100, &in1, &in2, &out1, &out2);
	sc.polls = true;
	receive(&sc, &in1, 100, REQUEST("/1"));
	transmit(&sc, &out1, 100, REQUEST("/for1"));
	sc.missed = MISSED_EXCHANGE;
	transmit(&sc, &out2, 100, REQUEST("/whose"));
	receive(&sc, &out1, 100, OK);
	sc.missed = 0;
	transmit(&sc, &in1, 100, OK);
	receive(&sc, &out2, 100, OK);
	pass_time(&sc, 200000);
	assert_true(made_for(&sc, "/for1", "/1"));
	assert_string_equal(how_linked(&sc, "/whose"), "root");
	scene_end(&sc);
}

/* While a record is worked off, what it has named stays, however many others were used since. */
static void full_table_forgets_between_records(void **state)
{
	struct tally tally = { 0 };
	struct strand_state *loop;
	struct strand s = { .kind = STRAND_GOROUTINE };
	struct strands t;

	assert_int_equal(strands_init(&t, &tally), 0);
	for (s.id = 1; s.id <= STRANDS_MAX; s.id++) {
		assert_non_null(strand_get(&t, &s));
		assert_non_null(strand_find(&t, &s));
	}
	s.id = 1;
	loop = strand_get(&t, &s);
	s.id = STRANDS_MAX + 1;
	assert_non_null(strand_get(&t, &s));
	assert_int_equal(loop->strand.id, 1);
	strands_room(&t);
	assert_int_equal(t.n, STRANDS_MAX - 1);
	assert_int_equal(tally.v[TALLY_STRANDS_EVICTED], 2);
	strands_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_heard_of),
		cmocka_unit_test(queue_of_tasks),
		cmocka_unit_test(queue_that_shows_later),
		cmocka_unit_test(loop_works_for_nobody),
		cmocka_unit_test(roaming),
		cmocka_unit_test(roaming_among_several),
		cmocka_unit_test(last_read_among_those_that_roam),
		cmocka_unit_test(virtual_thread_among_those_that_roam),
		cmocka_unit_test(answers_read_by_anyone),
		cmocka_unit_test(roaming_and_woken),
		cmocka_unit_test(woken_among_those_that_change),
		cmocka_unit_test(woken_where_hardly_anybody_is),
		cmocka_unit_test(news_for_who_serves),
		cmocka_unit_test(loop_writes_for_tasks),
		cmocka_unit_test(recycled_task),
		cmocka_unit_test(recycled_after_the_read),
		cmocka_unit_test(recycled_before_the_read),
		cmocka_unit_test(seen_in_part),
		cmocka_unit_test(woken_for_a_request_that_was_not_seen),
		cmocka_unit_test(loop_that_missed_something),
		cmocka_unit_test(full_table_forgets_between_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
