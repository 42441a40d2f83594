/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Many processes on one processor, so that programs are preempted where the kernel lets them be: every call is told
 * once, by one program of a row, but for those that the last of the row left out.
 */
#include <inttypes.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/compiler.h"
#include "lib/pairs.h"
#include "lib/stage.h"

#define PROCESSES 6
#define EXCHANGES 1500
#define SIZE_MIN  100 /* and up to a few more, so that no two calls in a row are alike */
#define SIZES     7
#define SIZE_MOST (SIZE_MIN + SIZES - 1)

static void exchange(const struct pair *p, size_t n)
{
	char b[SIZE_MOST] = "";

	act_check(write(p->client, b, n) == (ssize_t)n);
	act_check(read(p->server, b, n) == (ssize_t)n);
}

static void exchange_many(void)
{
	struct pair tcp = pair_open(PAIR_TCP4), local = pair_open(PAIR_UNIX);
	int i;

	for (i = 0; i < EXCHANGES; i++) {
		exchange(&tcp, SIZE_MIN + i % SIZES);
		exchange(&local, SIZE_MIN + i % SIZES);
	}
	pair_close(&tcp);
	pair_close(&local);
}

static void act_crowd(void *arg)
{
	cpu_set_t one;
	int i;

	act_pause();
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	act_check(!sched_setaffinity(0, sizeof(one), &one));
	for (i = 0; i < PROCESSES; i++) {
		if (fork())
			continue;
		exchange_many();
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	act_pause();
}

static uint64_t moved_each_way(void)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < EXCHANGES; i++)
		sum += 2 * (SIZE_MIN + i % SIZES);
	return sum * PROCESSES;
}

/* Runs of the programs after which there is no other to stand in: the last of each row; of kernel functions, all. */
static uint64_t missed(const struct capture *c)
{
	static const char end[] = "_3";
	struct kernel_figures figures;
	uint64_t sum = 0;
	size_t i;

	capture_figures(c, &figures);
	for (i = 0; i < figures.programs_cnt; i++) {
		const char *name = figures.programs[i].name;
		size_t n = strlen(name);

		if (n > strlen(end) && !strcmp(name + n - strlen(end), end))
			sum += figures.programs[i].missed;
	}
	return sum;
}

static void test_every_call_is_told_once(void **state)
{
	struct capture_opts opts = { .method = stage_method(),
				     .ring_sz = 64 << 20,
				     .cfg = { .rows = true } };
	uint64_t stats[STAT__CNT], expected = moved_each_way(), left_out;
	struct err why = { "" };
	struct capture *c;
	pid_t child;
	int dir;

	if (capture_new(&opts, &c, &why))
		fail_msg("%s", why.text);
	child = stage_start(*state, act_crowd, NULL, true);
	stage_wait_pause(*state);
	assert_int_equal(capture_trace(c, child, 0), 0);
	stage_resume(*state);
	stage_wait_pause(*state);
	capture_stats(c, stats);
	left_out = missed(c) * SIZE_MOST;
	print_message("# %" PRIu64 " and %" PRIu64 " of %" PRIu64 " bytes; %" PRIu64
		      " calls told by others than the first; left out: %" PRIu64 " runs\n",
		      stats[STAT_RX_BYTES], stats[STAT_TX_BYTES], expected, stats[STAT_STOOD_IN],
		      left_out / SIZE_MOST);
	for (dir = 0; dir < DIR__CNT; dir++) {
		assert_true(stats[STAT_RX_BYTES + dir] <= expected);
		assert_true(stats[STAT_RX_BYTES + dir] + left_out >= expected);
	}
	stage_resume(*state);
	stage_finish(*state);
	capture_free(c);
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_call_is_told_once),
	};

	return stage_main("rows", tests, ARRAY_SIZE(tests));
}
