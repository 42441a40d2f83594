/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Time is bounded by the bytes that came, whatever they are: four times as many of the worst take about four times as
 * long, where one look at all of them for each would take sixteen times. CPU time, the best of some.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <time.h>

#include "script.h"

#define SMALL      16384
#define TIMES      4 /* larger, the large one: 64 KiB, as much as servers take */
#define TOLERATE   9
#define ROUNDS     5
#define MAX_ROUNDS 60

static const struct shape {
	const char *name;
	const char *head;
	const char *filler; /* repeated until the size is reached */
	const char *end;
	size_t step; /* bytes of one call */
} shapes[] = {
	{ "one-byte headers", "GET / HTTP/1.1\r\n", "a:\n", "\n", SIZE_MAX },
	{ "one-byte headers, byte by byte", "GET / HTTP/1.1\r\n", "a:\n", "\n", 1 },
	{ "an endless line, byte by byte", "GET /", "x", " HTTP/1.1\r\n\r\n", 1 },
	{ "a folded value", "GET / HTTP/1.1\r\nUser-Agent: a\n", " b\n", "\n", 7 },
	{ "lines that are no headers", "GET / HTTP/1.1\r\n", "x\n", "\n", 3 },
	{ "blank lines before a request", "GET / HTTP/1.1\r\n\r\n", "\r\n",
	  "GET / HTTP/1.1\r\n\r\n", 1 },
	{ "lengths that agree", "GET / HTTP/1.1\r\nContent-Length: 0", ",0", "\r\n\r\n", 5 },
	{ "a list of codings", "POST / HTTP/1.1\r\nTransfer-Encoding: x", ",a",
	  ",chunked\r\n\r\n0\r\n\r\n", 5 },
	{ "a long way of proxies", "GET / HTTP/1.1\r\nForwarded: for=a", ";b=\"c\"", "\r\n\r\n",
	  5 },
	{ "contexts given again and again", "GET / HTTP/1.1\r\n", "traceparent: 00\n", "\n", 16 },
	{ "parameters to be redacted", "GET /?", "sig=1&", " HTTP/1.1\r\n\r\n", SIZE_MAX },
	{ "one-byte chunks", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n",
	  "0\r\n\r\n", 1 },
	{ "an endless chunk extension", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;",
	  "x", "\r\nx\r\n0\r\n\r\n", 1 },
	{ "endless trailers", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "a:\n",
	  "\r\n", 1 },
	{ "pipelined requests", "", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", SIZE_MAX },
};

static char *make(const struct shape *s, size_t size, size_t *ret_n)
{
	struct buf b = BUF_INIT(2 * TIMES * SMALL);
	int err = buf_puts(&b, s->head);

	while (!err && b.n < size)
		err = buf_puts(&b, s->filler);
	assert_int_equal(err ? err : buf_puts(&b, s->end), 0);
	*ret_n = b.n;
	return b.p;
}

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static uint64_t play(const struct shape *s, const char *bytes, size_t n)
{
	struct scene sc;
	struct end in;
	uint64_t took;
	size_t at;

	scene_begin(&sc);
	in = open_end(&sc, 1, 100, 1, 2);
	took = cpu_ns();
	for (at = 0; at < n; at += min(s->step, n - at)) {
		uint32_t len = (uint32_t)min(s->step, n - at);

		move_cut(&sc, &in, 101, DIR_RX, bytes + at, len, len);
	}
	took = cpu_ns() - took;
	assert_true(pipeline_tally(sc.p)->v[TALLY_REQUESTS] > 0);
	scene_end(&sc);
	return took;
}

static uint64_t took_of(const struct shape *s, size_t size)
{
	size_t n;
	char *bytes = make(s, size, &n);
	uint64_t took = play(s, bytes, n);

	free(bytes);
	return took;
}

/* A busy host slows one round and not the next: rounds go on until the best of each size agree, or never do. */
static void compare_sizes(const struct shape *s)
{
	uint64_t small = UINT64_MAX, large = UINT64_MAX;
	size_t i;

	for (i = 0; i < ROUNDS || (large > TOLERATE * small && i < MAX_ROUNDS); i++) {
		small = min(small, took_of(s, SMALL));
		large = min(large, took_of(s, TIMES * SMALL));
	}
	if (large > TOLERATE * small)
		fail_msg("%s: %llu us for 16 KiB, %llu us for 64 KiB", s->name,
			 (unsigned long long)(small / 1000), (unsigned long long)(large / 1000));
}

static void time_grows_with_the_bytes(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(shapes); i++)
		compare_sizes(&shapes[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(time_grows_with_the_bytes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
