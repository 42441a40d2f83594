/* SPDX-License-Identifier: GPL-2.0-only */
/* Java: who made the objects that a thread works on when it makes a call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <cmocka.h>

#include "found.h"
#include "trace/stages.h"

#define JAVA   100 /* the process */
#define WORKER 150 /* a thread of its pool; 101 and 102 serve */
#define LOOP   101 /* where it has no pool */

#define HEAP       0x100000000ULL
#define HEAP_SZ    0x10000000ULL
#define BUFFER_SZ  0x10000ULL
#define STACK      0x7f0000100000ULL
#define RUNS_A_JOB 0x7e0000001234ULL /* where the frame returns to that has the job */
#define IS_THE_JOB 0x7e0000005678ULL /* where the next one returns to, which has it too */

#define READING_NS (30 * NSEC_PER_MSEC) /* what was moved */

#define ROUND_US   10000
#define HOPES      1100 /* more than a process may have in vain */
#define SETTLED_US 1700000 /* after which no trace waits any more for what may come out */

#define ROUNDS_BEFORE   40 /* after which a loop is trusted, too */
#define REQUESTS_BEFORE 20 /* after which it is known where on the stack the job is */

struct java {
	struct scene sc;
	struct end in1, in2, out;
	uint32_t collections;
	uint64_t buffers; /* where those of all threads begin: elsewhere after a collection */
	uint64_t made; /* bytes, by each of the threads */
	struct heap_ask asked; /* of what was moved; without its stretches */
	struct heap_stretch first; /* of these */
	unsigned asks;
};

static void begin(struct java *j)
{
	*j = (struct java){ .buffers = HEAP };
	scene_begin(&j->sc);
	j->in1 = open_end(&j->sc, 1, JAVA, 1, 2);
	j->in2 = open_end(&j->sc, 2, JAVA, 3, 4);
	j->out = open_end(&j->sc, 3, JAVA, 5, 6);
}

static uint64_t buffer_of(const struct java *j, uint32_t tid)
{
	return j->buffers + tid * BUFFER_SZ;
}

/* What the kernel says of the thread before its next call; words: of its stack, the outermost first. */
static void looks(struct java *j, uint32_t tid, const struct strand *running, uint64_t object,
		  const uint64_t *words, uint32_t n)
{
	size_t sz = sizeof(struct ev_heap) + n * sizeof(words[0]);
	struct ev_heap *ev = calloc(1, sz);
	uint32_t i;

	*ev = (struct ev_heap){
		.hdr = header(&j->sc, EV_HEAP, sz, JAVA, tid),
		.thread = thread_of(tid),
		.strand = running ? *running : thread_of(tid),
		.start = buffer_of(j, tid),
		.top = buffer_of(j, tid) + j->made,
		.end = buffer_of(j, tid) + BUFFER_SZ,
		.heap_start = HEAP,
		.heap_end = HEAP + HEAP_SZ,
		.object = object,
		.stack = STACK,
		.collections = j->collections,
		.len = n * sizeof(words[0]),
	};
	for (i = 0; i < n; i++)
		ev->words[n - 1 - i] = words[i];
	pipeline_feed(j->sc.p, &ev->hdr);
	free(ev);
}

static void has_another_buffer(struct java *j, uint32_t tid, uint64_t start)
{
	struct ev_heap ev = {
		.hdr = header(&j->sc, EV_HEAP, sizeof(ev), JAVA, tid),
		.thread = thread_of(tid),
		.strand = thread_of(tid),
		.start = start,
		.top = start + 64,
		.end = start + BUFFER_SZ,
		.collections = j->collections,
	};

	pipeline_feed(j->sc.p, &ev.hdr);
}

/* Everything is somewhere else now. */
static void collects(struct java *j)
{
	j->collections++;
	j->buffers += HEAP_SZ / 4;
	j->made = 0;
}

static void says_moved(struct java *j, uint32_t collections, uint64_t from, uint64_t to)
{
	size_t sz = sizeof(struct ev_moved) + sizeof(struct heap_move);
	struct ev_moved *ev = calloc(1, sz);

	ev->hdr = header(&j->sc, EV_MOVED, sz, JAVA, JAVA);
	ev->collections = collections;
	ev->cnt = 1;
	ev->moves[0] = (struct heap_move){ from, to };
	pipeline_feed(j->sc.p, &ev->hdr);
	free(ev);
}

/* The thread reads a request and makes an object for it. */
static uint64_t serves(struct java *j, struct end *in, uint32_t tid, const char *request)
{
	looks(j, tid, NULL, 0, NULL, 0);
	receive(&j->sc, in, tid, request);
	j->made += 64;
	return buffer_of(j, tid) + j->made - 32;
}

static void answers(struct java *j, struct end *in, uint32_t tid)
{
	looks(j, tid, NULL, 0, NULL, 0);
	transmit(&j->sc, in, tid, OK);
}

/* The worker calls with these objects in the frames that run jobs, and has the answer; `again`: what it has twice. */
static void works_in_frames(struct java *j, uint64_t runs, uint64_t again, uint64_t is,
			    const char *request)
{
	const uint64_t words[] = { RUNS_A_JOB, 0, runs, again, again, IS_THE_JOB, is };

	looks(j, WORKER, NULL, 0, words, ARRAY_SIZE(words));
	transmit(&j->sc, &j->out, WORKER, request);
	receive(&j->sc, &j->out, WORKER, OK);
}

static void works(struct java *j, uint64_t job, const char *request)
{
	works_in_frames(j, job, job, job, request);
}

/* Requests whose thread waits for the one call: it is woken, which tells whose that was. */
static void shows_its_job(struct java *j)
{
	int i;

	for (i = 0; i < REQUESTS_BEFORE; i++) {
		works(j, serves(j, &j->in1, 101, REQUEST("/before")), REQUEST("/call"));
		wake(&j->sc, JAVA, WORKER, 101, 0x7000);
		answers(j, &j->in1, 101);
		pass_time(&j->sc, ROUND_US);
	}
}

static void has_shown_its_job(struct java *j)
{
	shows_its_job(j);
	scene_forget(&j->sc);
}

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

static const char *method_of_call(struct java *j)
{
	return method_of(span_of(&j->sc, SPAN_CLIENT, "/for2"));
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
		serves(&j, &j.in1, 101, REQUEST("/1"));
		job = serves(&j, &j.in2, 102, REQUEST("/2"));
		works_in_frames(&j, job, found == ONE_FRAME || found == MORE ? job : 0,
				found == TWO_FRAMES || found == MORE ? job : 0, REQUEST("/for2"));
		answers(&j, &j.in1, 101);
		answers(&j, &j.in2, 102);
		pass_time(&j.sc, SETTLED_US);
		call = span_of(&j.sc, SPAN_CLIENT, "/for2");
		assert_true(is_child(call, span_of(&j.sc, SPAN_SERVER, "/2")));
		assert_int_equal(attrs_find(&call->attrs, "link.confidence")->d > 0.9,
				 found == MORE);
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
		confidence[i] =
			attrs_find(&span_of(&j.sc, SPAN_CLIENT, "/for2")->attrs, "link.confidence")
				->d;
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
		serves(&j, &j.in1, 101, REQUEST("/1"));
		job = serves(&j, &j.in2, 102, REQUEST("/2"));
		works_in_frames(&j, job, 0, old, REQUEST("/for2"));
		answers(&j, &j.in1, 101);
		answers(&j, &j.in2, 102);
		pass_time(&j.sc, SETTLED_US);
		if (i == 0)
			assert_string_equal(method_of_call(&j), "root");
		if (i < REQUESTS_BEFORE)
			scene_forget(&j.sc);
	}
	assert_true(made_for(&j.sc, "/for2", "/2"));
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

/* When it has come out where the job is, the calls before are known, too. */
static void first_calls_are_known_late(void **state)
{
	struct java j;

	begin(&j);
	works(&j, serves(&j, &j.in2, 102, REQUEST("/2")), REQUEST("/for2"));
	answers(&j, &j.in2, 102);
	pass_time(&j.sc, ROUND_US);
	assert_null(span_of(&j.sc, SPAN_SERVER, "/2"));
	shows_its_job(&j);
	pass_time(&j.sc, ROUND_US);
	assert_true(made_for(&j.sc, "/for2", "/2"));
	assert_string_equal(method_of_call(&j), "object");
	scene_end(&j.sc);
}

/* Where it never comes out nobody waits in the end. */
static void hope_ends(void **state)
{
	struct java j;
	int i;

	begin(&j);
	for (i = 0; i < HOPES; i++) {
		works(&j, serves(&j, &j.in2, 102, REQUEST("/vain")), REQUEST("/for0"));
		answers(&j, &j.in2, 102);
		if (i % 16)
			continue;
		pass_time(&j.sc, SETTLED_US);
		scene_forget(&j.sc);
	}
	pass_time(&j.sc, SETTLED_US);
	scene_forget(&j.sc);
	works(&j, serves(&j, &j.in2, 102, REQUEST("/2")), REQUEST("/for2"));
	answers(&j, &j.in2, 102);
	pass_time(&j.sc, ROUND_US);
	assert_string_equal(method_of_call(&j), "root");
	assert_non_null(span_of(&j.sc, SPAN_SERVER, "/2"));
	scene_end(&j.sc);
}

/* The thread that made the job is seen to have another buffer when its request is over, answered by another. */
static void buffer_is_seen_late(void **state)
{
	struct java j;

	begin(&j);
	has_shown_its_job(&j);
	serves(&j, &j.in1, 101, REQUEST("/1"));
	serves(&j, &j.in2, 102, REQUEST("/2"));
	works(&j, buffer_of(&j, 103) + 32, REQUEST("/for2"));
	answers(&j, &j.in1, 101);
	answers(&j, &j.in2, 104);
	has_another_buffer(&j, 102, buffer_of(&j, 103));
	pass_time(&j.sc, SETTLED_US);
	assert_true(made_for(&j.sc, "/for2", "/2"));
	scene_end(&j.sc);
}

/* /1 and /2 are served, and a collection comes between what is made for /2 and the call for it. */
static uint64_t collects_between(struct java *j)
{
	uint64_t job;

	has_shown_its_job(j);
	serves(j, &j->in1, 101, REQUEST("/1"));
	job = serves(j, &j->in2, 102, REQUEST("/2"));
	collects(j);
	looks(j, 101, NULL, 0, NULL, 0);
	return job;
}

static void works_and_ends(struct java *j, uint64_t job)
{
	works(j, job, REQUEST("/for2"));
	answers(j, &j->in1, 101);
	answers(j, &j->in2, 102);
	pass_time(&j->sc, SETTLED_US);
}

/* Where it was before the collection there is no object any more. */
static void collection_moves_everything(void **state)
{
	struct java j;

	begin(&j);
	works_and_ends(&j, collects_between(&j));
	assert_string_equal(method_of_call(&j), "root");
	scene_end(&j.sc);
}

static void moved_object_is_followed(void **state)
{
	uint64_t to = HEAP + HEAP_SZ / 2 + 64, job;
	struct java j;

	begin(&j);
	job = collects_between(&j);
	says_moved(&j, j.collections, job, to);
	works_and_ends(&j, to);
	assert_true(
		is_child(span_of(&j.sc, SPAN_CLIENT, "/for2"), span_of(&j.sc, SPAN_SERVER, "/2")));
	assert_string_equal(method_of_call(&j), "object");
	scene_end(&j.sc);
}

/* Where it was after the collection before says nothing. */
static void late_word_of_moves_is_ignored(void **state)
{
	uint64_t to = HEAP + HEAP_SZ / 2 + 64, job;
	struct java j;

	begin(&j);
	job = collects_between(&j);
	says_moved(&j, j.collections - 1, job, to);
	works_and_ends(&j, to);
	assert_string_equal(method_of_call(&j), "root");
	scene_end(&j.sc);
}

/* A thread that is still at the same request has made for it what it has made since the collection. */
static void made_since_the_collection(void **state)
{
	struct java j;
	uint64_t job;

	begin(&j);
	collects_between(&j);
	j.made += 64;
	job = buffer_of(&j, 102) + 32;
	works_and_ends(&j, job);
	assert_true(
		is_child(span_of(&j.sc, SPAN_CLIENT, "/for2"), span_of(&j.sc, SPAN_SERVER, "/2")));
	scene_end(&j.sc);
}

static uint64_t hears_ask(void *ctx, const struct heap_ask *ask)
{
	struct java *j = container_of((struct scene *)ctx, struct java, sc);

	j->asked = *ask;
	j->first = ask->stretches[0];
	j->asks++;
	return READING_NS;
}

/* Only what was made for requests under way is looked for. */
static void asks_what_was_moved(void **state)
{
	struct java j;
	uint64_t job;

	begin(&j);
	j.sc.moved = hears_ask;
	job = collects_between(&j);
	assert_int_equal(j.asked.tgid, JAVA);
	assert_int_equal(j.asked.collections, j.collections);
	assert_int_equal(j.asked.heap_start, HEAP);
	assert_true(j.asked.cnt > 0 && j.first.lo <= job - 64);
	assert_true(j.first.lo >= HEAP + 101 * BUFFER_SZ);
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

/* A process that collects garbage at every call does not take the tracer's time for itself. */
static void asks_no_more_than_its_ration(void **state)
{
	struct java j;
	unsigned i;

	begin(&j);
	j.sc.moved = hears_ask;
	serves(&j, &j.in1, 101, REQUEST("/1"));
	for (i = 0; i < 10; i++) {
		looks(&j, 101, NULL, 0, NULL, 0);
		j.made += 64;
		looks(&j, 101, NULL, 0, NULL, 0);
		collects(&j);
	}
	assert_int_equal(j.asks, HEAP_READ_NS / READING_NS + 1);
	assert_int_equal(pipeline_tally(j.sc.p)->v[TALLY_MOVES_LEFT], 9 - j.asks);
	j.sc.now_us += NSEC_PER_SEC / NSEC_PER_USEC;
	looks(&j, 101, NULL, 0, NULL, 0);
	assert_int_equal(j.asks, HEAP_READ_NS / READING_NS + 2);
	scene_end(&j.sc);
}

/* The same place in a frame of other code is another place. */
static void other_code_has_other_places(void **state)
{
	uint64_t words[] = { RUNS_A_JOB + 8, 0, 0 };
	struct java j;

	begin(&j);
	has_shown_its_job(&j);
	serves(&j, &j.in1, 101, REQUEST("/1"));
	words[2] = serves(&j, &j.in2, 102, REQUEST("/2"));
	looks(&j, WORKER, NULL, 0, words, ARRAY_SIZE(words));
	transmit(&j.sc, &j.out, WORKER, REQUEST("/for2"));
	receive(&j.sc, &j.out, WORKER, OK);
	answers(&j, &j.in1, 101);
	answers(&j, &j.in2, 102);
	pass_time(&j.sc, SETTLED_US);
	assert_string_equal(method_of_call(&j), "root");
	scene_end(&j.sc);
}

/* A thread fills its buffer and is given another: what is in it by the time it answers is its own, too. */
static void buffer_is_replaced(void **state)
{
	struct java j;

	begin(&j);
	has_shown_its_job(&j);
	serves(&j, &j.in1, 101, REQUEST("/1"));
	serves(&j, &j.in2, 102, REQUEST("/2"));
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
	serves(&j, &j.in1, 101, REQUEST("/1"));
	job = serves(&j, &j.in2, 102, REQUEST("/2"));
	looks(&j, WORKER, &virtual, job, NULL, 0);
	j.sc.virtual = virtual.id;
	transmit(&j.sc, &j.out, WORKER, REQUEST("/for2"));
	j.sc.virtual = 0;
	receive(&j.sc, &j.out, WORKER, OK);
	answers(&j, &j.in1, 101);
	answers(&j, &j.in2, 102);
	pass_time(&j.sc, SETTLED_US);
	assert_true(made_for(&j.sc, "/for2", "/2"));
	scene_end(&j.sc);
}

/* The loop reads, which begins a turn, and makes an object in it. */
static uint64_t loop_hears(struct java *j, struct end *e, const char *text)
{
	return serves(j, e, LOOP, text);
}

/* It works off something that had waited for a connection: that object is on its stack. */
static void loop_calls(struct java *j, uint64_t object, const char *request)
{
	const uint64_t words[] = { RUNS_A_JOB, 0, object, IS_THE_JOB, object };

	looks(j, LOOP, NULL, 0, words, ARRAY_SIZE(words));
	transmit(&j->sc, &j->out, LOOP, request);
}

/* All calls go over one connection; whoever has an answer lets the next call go before it writes its response. */
static void loop_shows_its_queue(struct java *j)
{
	uint64_t a, b;
	int i;

	j->sc.polls = true;
	for (i = 0; i < ROUNDS_BEFORE; i++) {
		a = loop_hears(j, &j->in1, REQUEST("/a"));
		b = loop_hears(j, &j->in2, REQUEST("/b"));
		loop_calls(j, a, REQUEST("/fora"));
		loop_hears(j, &j->out, OK);
		loop_calls(j, b, REQUEST("/forb"));
		answers(j, &j->in1, LOOP);
		loop_hears(j, &j->out, OK);
		answers(j, &j->in2, LOOP);
		pass_time(&j->sc, ROUND_US);
	}
}

static void loop_has_shown_its_queue(struct java *j)
{
	loop_shows_its_queue(j);
	scene_forget(&j->sc);
}

/* What it passed on at once before it had shown that it always does so is believed when it has. */
static void loop_is_believed_later(void **state)
{
	struct java j;

	begin(&j);
	j.sc.polls = true;
	loop_hears(&j, &j.in1, REQUEST("/1"));
	loop_hears(&j, &j.in2, REQUEST("/2"));
	j.sc.sleeps++;
	loop_calls(&j, 0, REQUEST("/for2"));
	loop_hears(&j, &j.out, OK);
	answers(&j, &j.in2, LOOP);
	answers(&j, &j.in1, LOOP);
	loop_shows_its_queue(&j);
	pass_time(&j.sc, SETTLED_US);
	assert_true(made_for(&j.sc, "/for2", "/2"));
	assert_string_equal(method_of_call(&j), "answer");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(object_names_its_request),
		cmocka_unit_test(few_words_are_less_than_sure),
		cmocka_unit_test(hand_over_is_sure_once_confirmed),
		cmocka_unit_test(old_object_says_nothing),
		cmocka_unit_test(unknown_places_say_nothing),
		cmocka_unit_test(first_calls_are_known_late),
		cmocka_unit_test(hope_ends),
		cmocka_unit_test(buffer_is_seen_late),
		cmocka_unit_test(collection_moves_everything),
		cmocka_unit_test(moved_object_is_followed),
		cmocka_unit_test(late_word_of_moves_is_ignored),
		cmocka_unit_test(made_since_the_collection),
		cmocka_unit_test(asks_what_was_moved),
		cmocka_unit_test(asks_no_more_than_its_ration),
		cmocka_unit_test(forgets_heaps_for_others),
		cmocka_unit_test(other_code_has_other_places),
		cmocka_unit_test(buffer_is_replaced),
		cmocka_unit_test(virtual_thread_was_made),
		cmocka_unit_test(loop_is_believed_later),
		cmocka_unit_test(turns_of_a_loop_make_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
