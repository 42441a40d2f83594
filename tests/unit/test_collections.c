/* SPDX-License-Identifier: GPL-2.0-only */
/* Java: what is known of objects once a collection of garbage has moved them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <cmocka.h>

#include "java.h"

#define READING_NS (30 * NSEC_PER_MSEC) /* what was moved */

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(collection_moves_everything),
		cmocka_unit_test(moved_object_is_followed),
		cmocka_unit_test(late_word_of_moves_is_ignored),
		cmocka_unit_test(made_since_the_collection),
		cmocka_unit_test(asks_what_was_moved),
		cmocka_unit_test(asks_no_more_than_its_ration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
