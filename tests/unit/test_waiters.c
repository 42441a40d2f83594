/* SPDX-License-Identifier: GPL-2.0-only */
/* Goroutines and tasks of tokio's: who seems to wait for them, and does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <cmocka.h>

#include "found.h"

#define ROUNDS 40
#define SERVES 11 /* the goroutine, or task, that serves */
#define WRITES 20 /* that of a connection to the backend */
#define READS  21

struct service {
	struct scene sc;
	struct end in, out, beside;
};

static void service_begin(struct service *s)
{
	scene_begin(&s->sc);
	open_ends(&s->sc, 100, &s->in, &s->out, &s->beside);
}

static void by(struct service *s, uint64_t goroutine, bool awaited)
{
	s->sc.goroutine = goroutine;
	s->sc.awaited = awaited;
}

static void begin_request(struct service *s, const char *request)
{
	by(s, SERVES, false);
	receive(&s->sc, &s->in, 101, request);
}

static void respond(struct service *s)
{
	by(s, SERVES, false);
	transmit(&s->sc, &s->in, 101, OK);
}

/* Whoever makes it, the one that serves waits for that. */
static void call_awaited(struct service *s, struct end *e, const char *call)
{
	by(s, SERVES, true);
	transmit(&s->sc, e, 102, call);
}

static void answer(struct service *s, struct end *e, bool awaited)
{
	by(s, awaited ? SERVES : READS, awaited);
	receive(&s->sc, e, 103, OK);
}

static double confidence(const struct scene *sc, const char *call)
{
	return attrs_find(&span_of(sc, SPAN_CLIENT, call)->attrs, "link.confidence")->d;
}

/*
 * A handler calls, and leaves a call behind: the goroutine makes it when its maker serves the next request of the
 * connection and waits for its own call. Some are answered after the response; one is not.
 */
static void left_behind(void **state)
{
	struct service s;
	unsigned i;

	service_begin(&s);
	for (i = 0; i < 3; i++) {
		begin_request(&s, REQUEST("/1"));
		call_awaited(&s, &s.out, REQUEST("/own"));
		call_awaited(&s, &s.beside, REQUEST("/shown"));
		answer(&s, &s.out, false);
		respond(&s);
		answer(&s, &s.beside, false);
		pass_time(&s.sc, 200000);
	}
	begin_request(&s, REQUEST("/last"));
	call_awaited(&s, &s.out, REQUEST("/for-last"));
	call_awaited(&s, &s.beside, REQUEST("/left"));
	answer(&s, &s.beside, false);
	answer(&s, &s.out, false);
	respond(&s);
	pass_time(&s.sc, 200000);
	assert_false(span_of(&s.sc, SPAN_CLIENT, "/shown")->has_parent);
	assert_false(span_of(&s.sc, SPAN_CLIENT, "/left")->has_parent);
	assert_true(made_for(&s.sc, "/for-last", "/last"));
	assert_true(confidence(&s.sc, "/for-last") < 0.9);
	scene_end(&s.sc);
}

/* All of them are waited for. */
static void side_by_side(void **state)
{
	struct service s;
	unsigned i;

	service_begin(&s);
	for (i = 0; i < 3; i++) {
		begin_request(&s, REQUEST("/1"));
		call_awaited(&s, &s.out, REQUEST("/one"));
		call_awaited(&s, &s.beside, REQUEST("/other"));
		answer(&s, &s.out, false);
		answer(&s, &s.beside, false);
		respond(&s);
	}
	pass_time(&s.sc, 200000);
	assert_true(made_for(&s.sc, "/one", "/1"));
	assert_true(made_for(&s.sc, "/other", "/1"));
	assert_true(confidence(&s.sc, "/other") > 0.9);
	scene_end(&s.sc);
}

/*
 * Of a pool's calls one is found to be waited for when its answer comes: by who waits for something else, or by a
 * client that was slow to go and wait.
 */
static void found_by_chance(void **state)
{
	struct service s;
	unsigned i;

	service_begin(&s);
	for (i = 0; i < ROUNDS; i++) {
		begin_request(&s, REQUEST("/1"));
		by(&s, WRITES, false);
		transmit(&s.sc, &s.out, 102, REQUEST("/job"));
		answer(&s, &s.out, false);
		respond(&s);
	}
	begin_request(&s, REQUEST("/last"));
	by(&s, WRITES, false);
	transmit(&s.sc, &s.out, 102, REQUEST("/whose"));
	answer(&s, &s.out, true);
	respond(&s);
	pass_time(&s.sc, 200000);
	assert_true(made_for(&s.sc, "/whose", "/last"));
	assert_true(confidence(&s.sc, "/whose") < 0.9);
	scene_end(&s.sc);
}

/* A task serves a request: it leaves a call to one that nobody waits for, and waits for another. */
static void serve_as_task(struct scene *sc, struct end *in, struct end *out, const char *awaited)
{
	sc->polled = SERVES;
	receive(sc, in, 101, REQUEST("/1"));
	sc->polled = WRITES;
	transmit(sc, out, 102, REQUEST("/spawned"));
	receive(sc, out, 102, OK);
	sc->polled = SERVES;
	sc->awaited = true;
	transmit(sc, out, 102, awaited);
	sc->awaited = false;
	sc->polled = READS;
	receive(sc, out, 102, OK);
	sc->polled = SERVES;
	transmit(sc, in, 101, OK);
	pass_time(sc, 200000);
}

/* A task may stand where another one stood, where many call that nobody waits for. */
static void tasks_that_nobody_waits_for(void **state)
{
	struct end in, out;
	struct scene sc;
	unsigned i;

	scene_begin(&sc);
	open_ends(&sc, 100, &in, &out);
	for (i = 0; i < ROUNDS; i++)
		serve_as_task(&sc, &in, &out, REQUEST("/awaited"));
	serve_as_task(&sc, &in, &out, REQUEST("/last"));
	assert_string_equal(how_linked(&sc, "/awaited"), "channel");
	assert_true(confidence(&sc, "/awaited") > 0.9);
	assert_string_equal(how_linked(&sc, "/last"), "channel");
	assert_true(confidence(&sc, "/last") < 0.9);
	scene_end(&sc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(left_behind),
		cmocka_unit_test(side_by_side),
		cmocka_unit_test(found_by_chance),
		cmocka_unit_test(tasks_that_nobody_waits_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
