/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is read of a runtime, of one that is no more than what its reader looks at: the few words of a thread of
 * HotSpot's by which it is proven, and where it makes its objects.
 */
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/compiler.h"
#include "lib/pairs.h"
#include "lib/stage.h"

struct os_thread {
	pthread_t pthread;
};

struct java_thread {
	const struct os_thread *os;
	uint64_t start, top, other, end;
};

static uint64_t collecting, collections;

static int read_as_java(struct stage *s, pid_t pid)
{
	const struct runtime like_java = {
		.kind = RUNTIME_JAVA,
		.off = { [JAVA_OSTHREAD] = offsetof(struct java_thread, os),
			 [JAVA_PTHREAD] = offsetof(struct os_thread, pthread),
			 [JAVA_BUFFER] = offsetof(struct java_thread, start) },
		.at = { [JAVA_COLLECTING] = (uintptr_t)&collecting,
			[JAVA_COLLECTIONS] = (uintptr_t)&collections },
	};

	return capture_read_runtime(stage_capture(s), pid, &like_java);
}

static void be_java(void)
{
	static struct os_thread os;
	static const struct java_thread self = { &os, 4096, 4160, 0, 8192 };
	pthread_key_t key;

	os.pthread = pthread_self();
	act_check(!pthread_key_create(&key, NULL));
	act_check(!pthread_setspecific(key, &self));
}

/* Another process sends, so that the thread that is looked at does nothing but serve. */
static void is_sent(struct pair *pairs, size_t cnt, size_t bytes)
{
	static const char zeros[JAVA_LENDS_TRIAL * 2];
	pid_t client = fork();
	size_t i;

	for (i = 0; i < cnt && !client; i++)
		act_check(write(pairs[i].client, zeros, bytes) == (ssize_t)bytes);
	if (!client)
		_exit(0);
	act_check(waitpid(client, NULL, 0) == client);
}

static void reads(const struct pair *p, size_t times)
{
	char b;

	while (times--)
		act_check(read(p->server, &b, 1) == 1);
}

static void act_serves_for_long(void *arg)
{
	struct pair p = pair_open(PAIR_TCP4);

	be_java();
	is_sent(&p, 1, JAVA_LENDS_TRIAL + 8);
	act_pause();
	reads(&p, JAVA_LENDS_TRIAL + 4);
	act_pause();
	reads(&p, 4);
	pair_close(&p);
}

static size_t looks(const struct stage *s)
{
	const struct ev_hdr *ev = NULL;
	size_t n = 0;

	while ((ev = stage_next(s, EV_HEAP, 0, ev)))
		n++;
	return n;
}

/* That a process has no use for being looked at stays known when the same runtime is found in it once more. */
static void test_what_was_learned_stays(void **state)
{
	struct stage *s = *state;
	pid_t child = stage_start(s, act_serves_for_long, NULL, true);
	size_t told;

	stage_wait_pause(s);
	assert_int_equal(read_as_java(s, child), 0);
	stage_resume(s);
	stage_wait_pause(s);
	stage_collect(s, EV_DATA, JAVA_LENDS_TRIAL + 4);
	told = looks(s);
	assert_in_range(told, 1, JAVA_LENDS_TRIAL);
	assert_int_equal(read_as_java(s, child), 0);
	stage_resume(s);
	stage_finish(s);
	assert_int_equal(looks(s), told);
}

/* A request that is left out, one that comes while objects move, one after that. */
static void act_misses(void *arg)
{
	struct pair p[] = { pair_open(PAIR_TCP4), pair_open(PAIR_TCP4), pair_open(PAIR_TCP4) };
	size_t i;

	be_java();
	is_sent(p, ARRAY_SIZE(p), 1);
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		act_pause();
		collecting = i == 1;
		reads(&p[i], 1);
	}
	for (i = 0; i < ARRAY_SIZE(p); i++)
		pair_close(&p[i]);
}

static void leave_out(struct stage *s, uint8_t level)
{
	uint8_t levels[SHED_LANES];

	memset(levels, level, sizeof(levels));
	capture_shed(stage_capture(s), levels);
}

/* What was missed before a look that could not be told is told by the next one. */
static void test_a_look_that_is_not_told(void **state)
{
	const struct ev_heap *look;
	struct stage *s = *state;
	pid_t child = stage_start(s, act_misses, NULL, true);

	stage_wait_pause(s);
	assert_int_equal(read_as_java(s, child), 0);
	leave_out(s, 31);
	stage_resume(s);
	stage_wait_pause(s);
	leave_out(s, 0);
	stage_resume(s);
	stage_wait_pause(s);
	assert_int_equal(looks(s), 0);
	stage_resume(s);
	stage_finish(s);
	assert_int_equal(looks(s), 1);
	look = (const struct ev_heap *)stage_next(s, EV_HEAP, 0, NULL);
	assert_int_equal(look->missed, MISSED_EXCHANGE);
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_learned_stays),
		cmocka_unit_test(test_a_look_that_is_not_told),
	};

#ifndef __x86_64__
	printf("java 1 - ok # SKIP the memory of runtimes is not read on this machine\n");
	return 0;
#endif
	return stage_main("java", tests, ARRAY_SIZE(tests));
}
