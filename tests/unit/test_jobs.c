/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose calls a worker has made that writes a response: all since its last one, or only the last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <cmocka.h>

#include "found.h"

#define WORKER 150 /* 101 and 102 read requests */

struct pool {
	struct scene sc;
	struct end in1, in2, out;
};

static void begin(struct pool *l)
{
	*l = (struct pool){ 0 };
	scene_begin(&l->sc);
	l->in1 = open_end(&l->sc, 1, 100, 1, 2);
	l->in2 = open_end(&l->sc, 2, 100, 3, 4);
	l->out = open_end(&l->sc, 3, 100, 5, 6);
}

static void calls(struct pool *l, const char *request)
{
	transmit(&l->sc, &l->out, WORKER, request);
	receive(&l->sc, &l->out, WORKER, OK);
}

/* As many requests as prove it, each served as a whole; /items/ID makes two calls and /health none. */
static void serves_whole_requests(struct pool *l, int n)
{
	while (n--) {
		receive(&l->sc, &l->in1, 101, REQUEST("/health/now"));
		transmit(&l->sc, &l->in1, WORKER, OK);
		receive(&l->sc, &l->in1, 101, REQUEST("/items/7"));
		calls(l, REQUEST("/first"));
		calls(l, REQUEST("/second"));
		transmit(&l->sc, &l->in1, WORKER, OK);
		pass_time(&l->sc, 200000);
		scene_forget(&l->sc);
	}
}

static void parts_of_jobs(void **state)
{
	const struct span *last;
	struct pool l;

	begin(&l);
	receive(&l.sc, &l.in1, 101, REQUEST("/items/1"));
	receive(&l.sc, &l.in2, 102, REQUEST("/items/2"));
	calls(&l, REQUEST("/for2"));
	calls(&l, REQUEST("/for1"));
	transmit(&l.sc, &l.in1, WORKER, OK);
	transmit(&l.sc, &l.in2, 109, OK);
	pass_time(&l.sc, 200000);
	last = span_of(&l.sc, SPAN_CLIENT, "/for1");
	assert_true(is_child(last, span_of(&l.sc, SPAN_SERVER, "/items/1")));
	assert_true(confidence_of(last) < 0.9);
	assert_string_equal(how_linked(&l.sc, "/for2"), "root");
	scene_end(&l.sc);
}

/* Loops that share their connections: each reads requests itself, and writes whatever response is ready. */
static void parts_of_loops(void **state)
{
	struct end in3, in4;
	struct pool l;

	begin(&l);
	in3 = open_end(&l.sc, 4, 100, 7, 8);
	in4 = open_end(&l.sc, 5, 100, 9, 10);
	receive(&l.sc, &in3, WORKER, REQUEST("/items/3"));
	receive(&l.sc, &in4, WORKER, REQUEST("/items/4"));
	transmit(&l.sc, &in3, WORKER, OK);
	transmit(&l.sc, &in4, WORKER, OK);
	receive(&l.sc, &l.in1, 101, REQUEST("/items/1"));
	receive(&l.sc, &l.in2, 102, REQUEST("/items/2"));
	calls(&l, REQUEST("/for2"));
	transmit(&l.sc, &l.in1, WORKER, OK);
	transmit(&l.sc, &l.in2, 109, OK);
	pass_time(&l.sc, 200000);
	assert_string_equal(how_linked(&l.sc, "/for2"), "root");
	scene_end(&l.sc);
}

static void whole_jobs(void **state)
{
	const struct span *call, *served;
	struct pool l;
	int proven;

	for (proven = 0; proven <= 1; proven++) {
		begin(&l);
		serves_whole_requests(&l, proven ? 20 : 2);
		receive(&l.sc, &l.in2, 102, REQUEST("/items/2"));
		receive(&l.sc, &l.in1, 101, REQUEST("/items/8"));
		calls(&l, REQUEST("/first"));
		calls(&l, REQUEST("/second"));
		transmit(&l.sc, &l.in1, WORKER, OK);
		transmit(&l.sc, &l.in2, 109, OK);
		pass_time(&l.sc, 200000);
		served = span_of(&l.sc, SPAN_SERVER, "/items/8");
		call = span_of(&l.sc, SPAN_CLIENT, "/first");
		assert_int_equal(is_child(call, served), proven);
		call = span_of(&l.sc, SPAN_CLIENT, "/second");
		assert_true(is_child(call, served));
		assert_int_equal(confidence_of(call) > 0.99, proven);
		scene_end(&l.sc);
	}
}

/* Requests of one kind with now one call and now three, by the same worker. */
static void number_is_left_to_chance(void **state)
{
	struct pool l;
	int n, i;

	begin(&l);
	for (n = 0; n < 40; n++) {
		receive(&l.sc, &l.in1, 101, REQUEST("/items/7"));
		for (i = 0; i < 1 + n % 3; i++)
			calls(&l, REQUEST("/any"));
		transmit(&l.sc, &l.in1, WORKER, OK);
		pass_time(&l.sc, 200000);
		scene_forget(&l.sc);
	}
	receive(&l.sc, &l.in2, 102, REQUEST("/items/2"));
	receive(&l.sc, &l.in1, 101, REQUEST("/items/8"));
	calls(&l, REQUEST("/first"));
	calls(&l, REQUEST("/second"));
	transmit(&l.sc, &l.in1, WORKER, OK);
	transmit(&l.sc, &l.in2, 109, OK);
	pass_time(&l.sc, 200000);
	assert_string_equal(how_linked(&l.sc, "/first"), "root");
	assert_string_equal(how_linked(&l.sc, "/second"), "callback");
	scene_end(&l.sc);
}

/* There was nobody else for whom the calls could have been. */
static void only_request(void **state)
{
	struct pool l;

	begin(&l);
	receive(&l.sc, &l.in1, 101, REQUEST("/items/8"));
	calls(&l, REQUEST("/first"));
	calls(&l, REQUEST("/second"));
	transmit(&l.sc, &l.in1, WORKER, OK);
	pass_time(&l.sc, 200000);
	assert_true(made_for(&l.sc, "/first", "/items/8"));
	assert_true(confidence_of(span_of(&l.sc, SPAN_CLIENT, "/first")) < 0.9);
	scene_end(&l.sc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_of_jobs),
		cmocka_unit_test(parts_of_loops),
		cmocka_unit_test(whole_jobs),
		cmocka_unit_test(only_request),
		cmocka_unit_test(number_is_left_to_chance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
