/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A scene is played again and again; each time another allocation fails, the first, the second, until
 * none is left to fail. Nothing may crash or leak, the books close, and the next request is whole.
 * The linker leads the allocations of everything that is tested here (--wrap, see tests.mk).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t sz);
void *__real_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t sz);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t sz);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t sz);
char *__wrap_strdup(const char *s);

static unsigned long to_go; /* allocations until one fails; 0: none will, or it has */

static bool fails(void)
{
	return to_go && !--to_go;
}

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t sz)
{
	return fails() ? NULL : __real_calloc(n, sz);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

void *__wrap_reallocarray(void *p, size_t n, size_t sz)
{
	return fails() ? NULL : __real_reallocarray(p, n, sz);
}

char *__wrap_strdup(const char *s)
{
	return fails() ? NULL : __real_strdup(s);
}

#define calloc __real_calloc /* the scene's own records do not fail */
#include "found.h"
#undef calloc

#define TRACED                                                                            \
	"GET /traced?token=x HTTP/1.1\r\nHost: b\r\nUser-Agent: u\r\ntracestate: a=b\r\n" \
	"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n"

/* Links of every kind, bytes in pieces, gaps, a connection without its record. */
static void play(struct scene *sc)
{
	struct end in = open_end(sc, 1, 100, 1, 2), in2 = open_end(sc, 2, 100, 3, 4);
	struct end out = open_end(sc, 3, 100, 20, 10), b = open_end(sc, 4, 200, 10, 20);
	struct end local = open_unix(sc, 5, 100, 0xa0, 0xb0),
		   peer = open_unix(sc, 6, 200, 0xb0, 0xa0);
	struct end unseen = { .id = 7, .tgid = 300 };

	receive(sc, &in, 101, "GET /1 HTTP/1.1\r\nHo");
	receive(sc, &in, 101, "st: a\r\n\r\n");
	receive(sc, &in2, 102, TRACED);
	transmit(sc, &out, 101, TRACED);
	receive(sc, &b, 201, TRACED);
	transmit(sc, &b, 201, OK);
	receive(sc, &out, 101, OK);
	fork_thread(sc, 100, 101, 150);
	transmit(sc, &local, 150, REQUEST("/local"));
	receive(sc, &peer, 202, REQUEST("/local"));
	transmit(sc, &peer, 202, OK);
	receive(sc, &local, 150, OK);
	transmit(sc, &out, 109, REQUEST("/for2"));
	receive(sc, &out, 109, OK);
	wake(sc, 100, 109, 102, 0x7000);
	transmit(sc, &in2, 102, OK);
	receive(sc, &unseen, 301, REQUEST("/unseen"));
	unseen.pos[DIR_TX] += 100;
	transmit(sc, &unseen, 301, OK);
	transmit(sc, &in, 101, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5");
	transmit(sc, &in, 101, "\r\nhello\r\n0\r\n\r\n");
	receive(sc, &in, 101, REQUEST("/cut"));
	close_end(sc, &in, 104);
	pass_time(sc, 200000);
	receive(sc, &in2, 102, REQUEST("/open"));
	exit_process(sc, 200);
	pipeline_flush(sc->p);
}

static void check_books(const struct scene *sc)
{
	const uint64_t *t = pipeline_tally(sc->p)->v;
	int dir;

	for (dir = 0; dir < DIR__CNT; dir++) {
		const uint64_t *v = t + dir;

		assert_int_equal(v[TALLY_RX_REPORTED],
				 v[TALLY_RX_DECODED] + v[TALLY_RX_BODY] + v[TALLY_RX_FOREIGN] +
					 v[TALLY_RX_RESYNC] + v[TALLY_RX_UNUSED] +
					 v[TALLY_RX_NO_CONN]);
	}
	assert_int_equal(t[TALLY_REQUESTS], t[TALLY_SPANS] + t[TALLY_SPANS_LOST]);
	assert_int_equal(t[TALLY_SPANS], sc->n);
}

static void check_spans(const struct scene *sc)
{
	size_t i;

	for (i = 0; i < sc->n; i++) {
		assert_non_null(sc->spans[i]->name);
		assert_true(sc->spans[i]->end_ns >= sc->spans[i]->start_ns);
	}
}

/* false: the scene has fewer allocations than n. */
static bool play_failing(unsigned long n)
{
	struct scene sc;
	struct end in;
	bool failed;

	scene_begin(&sc);
	to_go = n;
	play(&sc);
	failed = !to_go;
	to_go = 0;
	check_books(&sc);
	check_spans(&sc);
	in = open_end(&sc, 20, 900, 50, 60);
	receive(&sc, &in, 901, REQUEST("/after"));
	transmit(&sc, &in, 901, OK);
	pass_time(&sc, 200000);
	assert_non_null(span_of(&sc, SPAN_SERVER, "/after"));
	scene_end(&sc);
	return failed;
}

static void every_allocation_of_a_scene(void **state)
{
	unsigned long n = 1;

	while (play_failing(n))
		n++;
	assert_true(n > 50);
}

static void every_allocation_at_the_start(void **state)
{
	const struct pipeline_cfg cfg = { .seed = { { 1, 2, 3, 4 } } };
	const struct pipeline_sink sink = { 0 };
	struct pipeline *p;
	unsigned long n;
	bool failed;

	for (n = 1, failed = true; failed; n++) {
		to_go = n;
		p = pipeline_new(&cfg, &sink);
		failed = !to_go;
		to_go = 0;
		assert_int_equal(!p, failed);
		pipeline_free(p);
	}
	assert_true(n > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_of_a_scene),
		cmocka_unit_test(every_allocation_at_the_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
