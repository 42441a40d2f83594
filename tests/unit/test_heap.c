/* SPDX-License-Identifier: GPL-2.0-only */
/* Java: who made the objects that a thread works on when it makes a call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <cmocka.h>

#include "java.h"

/* /1 and /2 are served, and the worker is given what was made for /2; nobody is woken. */
static void serves_two(struct java *j)
{
	uint64_t job;

	serves(j, &j->in1, 101, REQUEST("/1"));
	job = serves(j, &j->in2, 102, REQUEST("/2"));
	works(j, job, REQUEST("/for2"));
	answers(j, &j->in1, 101);
	answers(j, &j->in2, 102);
	pass_time(&j->sc, SETTLED_US);
}

static void object_names_its_request(void **state)
{
	struct java j;

	begin(&j);
	has_shown_its_job(&j);
	serves_two(&j);
	assert_true(made_for(&j.sc, "/for2", "/2"));
	assert_string_equal(method_of_call(&j), "object");
	scene_end(&j.sc);
}

/*
 * Where most responses are written by others, who has read a request may be at another's; nothing it works on tells.
 * Where they are not it is at its own.
 */
static void reader_in_a_pool(void **state)
{
	static const struct {
		uint32_t answered_by;
		bool sure;
	} cases[] = { { WORKER, false }, { 101, true } };
	const struct span *call;
	struct java j;
	size_t i;
	int n;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		begin(&j);
		for (n = 0; n < 16; n++) {
			serves(&j, &j.in1, 101, REQUEST("/before"));
			answers(&j, &j.in1, cases[i].answered_by);
		}
		serves(&j, &j.in1, 101, REQUEST("/1"));
		serves(&j, &j.in2, 102, REQUEST("/2"));
		transmit(&j.sc, &j.out, 101, REQUEST("/call"));
		receive(&j.sc, &j.out, 101, OK);
		answers(&j, &j.in2, 102);
		answers(&j, &j.in1, cases[i].answered_by);
		pass_time(&j.sc, SETTLED_US);
		call = span_of(&j.sc, SPAN_CLIENT, "/call");
		assert_string_equal(method_of(call), "thread");
		assert_int_equal(confidence_of(call) > 0.9, cases[i].sure);
		scene_end(&j.sc);
	}
}

/* Frames may be left over from an earlier job; many words of several that say the same are hardly so. */
static void few_words_are_less_than_sure(void **state)
{
	enum { ONE, ONE_FRAME, TWO_FRAMES, MORE, CASES_CNT } found;
	const struct span *call;
	struct java j;
	uint64_t job;

	for (found = ONE; found < CASES_CNT; found++) {
		begin(&j);
		has_shown_its_job(&j);
		job = two_come(&j);
		works_in_frames(&j, job, found == ONE_FRAME || found == MORE ? job : 0,
				found == TWO_FRAMES || found == MORE ? job : 0, REQUEST("/for2"));
		both_are_settled(&j);
		call = span_of(&j.sc, SPAN_CLIENT, "/for2");
		assert_true(is_child(call, span_of(&j.sc, SPAN_SERVER, "/2")));
		assert_int_equal(confidence_of(call) > 0.9, found == MORE);
		scene_end(&j.sc);
	}
}

/* Who is woken by a thread that worked on nothing of his may have waited for a lock of it. */
static void hand_over_is_sure_once_confirmed(void **state)
{
	double confidence[2];
	struct java j;
	uint64_t job;
	int i;

	for (i = 0; i < 2; i++) {
		begin(&j);
		job = serves(&j, &j.in1, 101, REQUEST("/1"));
		works(&j, i ? job : buffer_of(&j, WORKER) + 32, REQUEST("/for2"));
		wake(&j.sc, JAVA, WORKER, 101, 0x7000);
		answers(&j, &j.in1, 101);
		pass_time(&j.sc, SETTLED_US);
		assert_string_equal(method_of_call(&j), "handoff");
		confidence[i] = confidence_of(span_of(&j.sc, SPAN_CLIENT, "/for2"));
		scene_end(&j.sc);
	}
	assert_true(confidence[0] < 0.9);
	assert_true(confidence[1] > 0.99);
}

/* Where the job was, code compiled anew keeps what is there at every call. */
static void old_object_says_nothing(void **state)
{
	const uint64_t old = HEAP + HEAP_SZ - 64;
	struct java j;
	uint64_t job;
	int i;

	begin(&j);
	has_shown_its_job(&j);
	for (i = 0; i <= REQUESTS_BEFORE; i++) {
		job = two_come(&j);
		works_in_frames(&j, job, 0, old, REQUEST("/for2"));
		both_are_settled(&j);
		if (i == 0)
			assert_string_equal(method_of_call(&j), "root");
		if (i < REQUESTS_BEFORE)
			scene_forget(&j.sc);
	}
	assert_true(made_for(&j.sc, "/for2", "/2"));
	scene_end(&j.sc);
}

/* What a thread made for a request that was left out is not for the one that it read before. */
static void made_for_what_was_not_told(void **state)
{
	struct java j;
	uint64_t job;

	begin(&j);
	has_shown_its_job(&j);
	job = serves(&j, &j.in2, 102, REQUEST("/2"));
	j.sc.missed = MISSED_EXCHANGE;
	looks(&j, 102, NULL, 0, NULL, 0);
	j.sc.missed = 0;
	works(&j, job, REQUEST("/for2"));
	answers(&j, &j.in2, 102);
	pass_time(&j.sc, SETTLED_US);
	assert_string_equal(method_of_call(&j), "root");
	scene_end(&j.sc);
}

/* Until it is known where the job is, any object may be left over from another. */
static void unknown_places_say_nothing(void **state)
{
	struct java j;

	begin(&j);
	serves_two(&j);
	assert_string_equal(method_of_call(&j), "root");
	scene_end(&j.sc);
}

/* What is known of many that say that they are Java takes no more room; of the newest it is there. */
static void forgets_heaps_for_others(void **state)
{
	const struct processes *all;
	struct ev_heap ev = {
		.collections = 1, .start = HEAP, .top = HEAP + 64, .end = HEAP + BUFFER_SZ
	};
	struct java j;
	uint32_t tgid;

	begin(&j);
	all = &j.sc.p->processes;
	for (tgid = 1000; tgid < 1200; tgid++) {
		ev.hdr = header(&j.sc, EV_HEAP, sizeof(ev), tgid, tgid);
		ev.thread = ev.strand = thread_of(tgid);
		pipeline_feed(j.sc.p, &ev.hdr);
		assert_true(all->heaps.bytes <= HEAPS_BYTES_MAX);
	}
	assert_true(pipeline_tally(j.sc.p)->v[TALLY_HEAPS_EVICTED] > 100);
	assert_null(process_find(all, 1000)->heap);
	assert_non_null(process_find(all, tgid - 1)->heap);
	scene_end(&j.sc);
}

/* The same place in a frame of other code is another place. */
static void other_code_has_other_places(void **state)
{
	uint64_t words[] = { RUNS_A_JOB + 8, 0, 0 };
	struct java j;

	begin(&j);
	has_shown_its_job(&j);
	words[2] = two_come(&j);
	looks(&j, WORKER, NULL, 0, words, ARRAY_SIZE(words));
	transmit(&j.sc, &j.out, WORKER, REQUEST("/for2"));
	receive(&j.sc, &j.out, WORKER, OK);
	both_are_settled(&j);
	assert_string_equal(method_of_call(&j), "root");
	scene_end(&j.sc);
}

/* A thread fills its buffer and is given another: what is in it by the time it answers is its own, too. */
static void buffer_is_replaced(void **state)
{
	struct java j;

	begin(&j);
	has_shown_its_job(&j);
	two_come(&j);
	works(&j, buffer_of(&j, 103) + 32, REQUEST("/for2"));
	answers(&j, &j.in1, 101);
	has_another_buffer(&j, 102, buffer_of(&j, 103));
	transmit(&j.sc, &j.in2, 102, OK);
	pass_time(&j.sc, SETTLED_US);
	assert_true(made_for(&j.sc, "/for2", "/2"));
	scene_end(&j.sc);
}

/* A virtual thread is an object that somebody made. */
static void virtual_thread_was_made(void **state)
{
	const struct strand virtual = { .id = 77, .gen = JAVA, .kind = STRAND_VIRTUAL };
	struct java j;
	uint64_t job;

	begin(&j);
	job = two_come(&j);
	looks(&j, WORKER, &virtual, job, NULL, 0);
	j.sc.virtual = virtual.id;
	transmit(&j.sc, &j.out, WORKER, REQUEST("/for2"));
	j.sc.virtual = 0;
	receive(&j.sc, &j.out, WORKER, OK);
	both_are_settled(&j);
	assert_true(made_for(&j.sc, "/for2", "/2"));
	scene_end(&j.sc);
}

/* What was made when the answer to a call had been read goes on with what that was for. */
static void turns_of_a_loop_make_objects(void **state)
{
	static const char *const calls[] = { "/for2", "/then2", "/last2" };
	uint64_t one, two, then, last;
	struct java j;
	size_t i;

	begin(&j);
	loop_has_shown_its_queue(&j);
	one = loop_hears(&j, &j.in1, REQUEST("/1"));
	two = loop_hears(&j, &j.in2, REQUEST("/2"));
	loop_calls(&j, two, REQUEST("/for2"));
	then = loop_hears(&j, &j.out, OK);
	loop_calls(&j, one, REQUEST("/for1"));
	loop_hears(&j, &j.out, OK);
	loop_calls(&j, then, REQUEST("/then2"));
	answers(&j, &j.in1, LOOP);
	last = loop_hears(&j, &j.out, OK);
	loop_calls(&j, last, REQUEST("/last2"));
	loop_hears(&j, &j.out, OK);
	answers(&j, &j.in2, LOOP);
	pass_time(&j.sc, SETTLED_US);
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		assert_true(is_child(span_of(&j.sc, SPAN_CLIENT, calls[i]),
				     span_of(&j.sc, SPAN_SERVER, "/2")));
	assert_true(
		is_child(span_of(&j.sc, SPAN_CLIENT, "/for1"), span_of(&j.sc, SPAN_SERVER, "/1")));
	assert_string_equal(method_of_call(&j), "object");
	scene_end(&j.sc);
}

/* Where it is no more than likely for whom a call was, what goes on with its answer is no surer. */
static void as_sure_as_what_it_goes_on_with(void **state)
{
	const struct span *call;
	struct java j;
	uint64_t job, then;

	begin(&j);
	j.sc.polls = true;
	has_shown_its_job(&j);
	job = two_come(&j);
	works_in_frames(&j, job, 0, job, REQUEST("/for2"));
	looks(&j, WORKER, NULL, 0, NULL, 0);
	j.made += 64;
	then = buffer_of(&j, WORKER) + j.made - 32;
	works(&j, then, REQUEST("/then2"));
	both_are_settled(&j);
	call = span_of(&j.sc, SPAN_CLIENT, "/then2");
	assert_true(is_child(call, span_of(&j.sc, SPAN_SERVER, "/2")));
	assert_string_equal(method_of(call), "object");
	assert_true(confidence_of(call) < 0.9);
	scene_end(&j.sc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(object_names_its_request),
		cmocka_unit_test(reader_in_a_pool),
		cmocka_unit_test(few_words_are_less_than_sure),
		cmocka_unit_test(hand_over_is_sure_once_confirmed),
		cmocka_unit_test(old_object_says_nothing),
		cmocka_unit_test(made_for_what_was_not_told),
		cmocka_unit_test(unknown_places_say_nothing),
		cmocka_unit_test(forgets_heaps_for_others),
		cmocka_unit_test(other_code_has_other_places),
		cmocka_unit_test(buffer_is_replaced),
		cmocka_unit_test(virtual_thread_was_made),
		cmocka_unit_test(turns_of_a_loop_make_objects),
		cmocka_unit_test(as_sure_as_what_it_goes_on_with),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
