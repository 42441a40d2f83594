/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes and threads: children are traced from their first instruction, strands are threads,
 * hand-offs show.
 */
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/btf.h>

#include "base/compiler.h"
#include "kern/feature.h"
#include "lib/pairs.h"
#include "lib/stage.h"

static void hello(void)
{
	struct pair p = pair_open(PAIR_TCP4);
	char b[8];

	act_check(write(p.client, "hello", 5) == 5);
	act_check(read(p.server, b, sizeof(b)) == 5);
	pair_close(&p);
}

static void act_fork(void *arg)
{
	int status;
	pid_t child = fork();

	if (!child) {
		if (!fork()) {
			hello();
			_exit(0);
		}
		wait(&status);
		_exit(WEXITSTATUS(status));
	}
	act_check(waitpid(child, &status, 0) == child && !status);
}

static const struct ev_exit *last_exit(const struct stage *s, uint32_t tgid)
{
	const struct ev_hdr *ev = NULL;

	while ((ev = stage_next(s, EV_EXIT, 0, ev))) {
		if (ev->tgid == tgid && ((const struct ev_exit *)ev)->last)
			return (const struct ev_exit *)ev;
	}
	return NULL;
}

static void test_grandchildren_are_traced(void **state)
{
	pid_t child = stage_play(*state, act_fork, NULL);
	const struct ev_fork *first = (const struct ev_fork *)stage_next(*state, EV_FORK, 0, NULL);
	const struct ev_fork *second =
		(const struct ev_fork *)stage_next(*state, EV_FORK, 0, &first->hdr);

	assert_non_null(second);
	assert_int_equal(first->hdr.tgid, child);
	assert_int_equal(first->child_tgid, second->hdr.tgid);
	assert_int_equal(first->child.id, first->child_tid);
	assert_memory_equal(&first->child, &second->parent, sizeof(first->child));
	assert_int_equal(stage_conn(*state, 0)->hdr.tgid, second->child_tgid);
	assert_memory_equal(&stage_data(*state, 0, DIR_TX, 0)->strand, &second->child,
			    sizeof(second->child));
	assert_non_null(last_exit(*state, second->child_tgid));
	assert_non_null(last_exit(*state, first->child_tgid));
}

static void *thread_hello(void *ret_tid)
{
	*(pid_t *)ret_tid = gettid();
	hello();
	return NULL;
}

/* A thread's joiner may run before the kernel tells of its exit: only when it is gone is the order certain. */
static void act_kill(void *arg)
{
	pid_t child = fork();
	int status;

	if (!child)
		pause();
	act_check(!kill(child, SIGTERM));
	act_check(waitpid(child, &status, 0) == child && WTERMSIG(status) == SIGTERM);
}

static void test_signal_that_ended_it_is_told(void **state)
{
	pid_t child = stage_play(*state, act_kill, NULL);
	const struct ev_fork *fork = (const struct ev_fork *)stage_next(*state, EV_FORK, 0, NULL);

	assert_int_equal(last_exit(*state, fork->child_tgid)->signal, SIGTERM);
	assert_int_equal(last_exit(*state, child)->signal, 0);
}

static void act_threads(void *arg)
{
	pthread_t t;
	pid_t tid;

	hello();
	act_check(!pthread_create(&t, NULL, thread_hello, &tid));
	pthread_join(t, NULL);
	while (!tgkill(getpid(), tid, 0))
		sched_yield();
}

static void test_threads_are_strands(void **state)
{
	pid_t child = stage_play(*state, act_threads, NULL);
	const struct ev_fork *fork = (const struct ev_fork *)stage_next(*state, EV_FORK, 0, NULL);
	const struct ev_exit *exit = (const struct ev_exit *)stage_next(*state, EV_EXIT, 0, NULL);
	const struct ev_data *mine = stage_data(*state, 0, DIR_TX, 0),
			     *theirs = stage_data(*state, 0, DIR_TX, 1);

	assert_int_equal(fork->child_tgid, child);
	assert_memory_equal(&mine->strand, &fork->parent, sizeof(mine->strand));
	assert_memory_equal(&theirs->strand, &fork->child, sizeof(theirs->strand));
	assert_int_equal(theirs->hdr.tid, theirs->strand.id);
	assert_int_equal(mine->strand.id, child);
	assert_memory_equal(&exit->strand, &fork->child, sizeof(exit->strand));
	assert_false(exit->last);
}

static void act_exec(void *arg)
{
	execl("/bin/true", "true", NULL);
	act_check(false);
}

static void test_exec(void **state)
{
	pid_t child = stage_play(*state, act_exec, NULL);
	const struct ev_exec *exec = (const struct ev_exec *)stage_next(*state, EV_EXEC, 0, NULL);

	assert_non_null(exec);
	assert_int_equal(exec->hdr.tgid, child);
	assert_string_equal(exec->comm, "true");
}

/* A server's thread waits on a futex for a worker that makes a call for it. */
struct pool {
	struct pair server, backend;
	uint32_t done;
};

static void *worker(void *arg)
{
	struct pool *pool = arg;
	char b[8];

	act_check(write(pool->backend.client, "query", 5) == 5);
	act_check(read(pool->backend.client, b, sizeof(b)) == 4);
	__atomic_store_n(&pool->done, 1, __ATOMIC_SEQ_CST);
	while (!syscall(SYS_futex, &pool->done, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) &&
	       !pool->done)
		;
	return NULL;
}

static void *backend(void *arg)
{
	struct pool *pool = arg;
	char b[8];

	act_check(read(pool->backend.server, b, sizeof(b)) == 5);
	act_check(write(pool->backend.server, "rows", 4) == 4);
	return NULL;
}

static bool sleeps(pid_t tid)
{
	char path[64], line[256] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	f = fopen(path, "re");
	if (f && !fgets(line, sizeof(line), f))
		line[0] = '\0';
	if (f)
		fclose(f);
	return strtol(line, NULL, 10) == SYS_futex && line[0] != 'r';
}

/* Starts the worker's backend only when the owner is asleep, so that the wake is a wake. */
static void *starter(void *arg)
{
	while (!sleeps(getpid()))
		sched_yield();
	return backend(arg);
}

static void act_handoff(void *arg)
{
	struct pool pool = { .server = pair_open(PAIR_TCP4), .backend = pair_open(PAIR_TCP4) };
	pthread_t w, b;
	char c[8];

	act_check(write(pool.server.client, "please", 6) == 6);
	act_check(read(pool.server.server, c, sizeof(c)) == 6);
	act_check(!pthread_create(&w, NULL, worker, &pool));
	act_check(!pthread_create(&b, NULL, starter, &pool));
	while (!__atomic_load_n(&pool.done, __ATOMIC_SEQ_CST))
		syscall(SYS_futex, &pool.done, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	act_check(write(pool.server.server, "done", 4) == 4);
	pthread_join(w, NULL);
	pthread_join(b, NULL);
	pair_close(&pool.server);
	pair_close(&pool.backend);
}

static bool feature_here(enum feature f)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool there = btf && feature_in(btf, f);

	btf__free(btf);
	return there;
}

static void test_completion_edge(void **state)
{
	pid_t child = stage_play(*state, act_handoff, NULL);
	const struct ev_wake *wake = (const struct ev_wake *)stage_next(*state, EV_WAKE, 0, NULL);
	const struct ev_fork *fork = (const struct ev_fork *)stage_next(*state, EV_FORK, 0, NULL);

	if (!feature_here(FEAT_TASK_PT_REGS)) {
		print_message("# no wake edges on this kernel\n");
		return;
	}
	assert_non_null(wake);
	assert_int_equal(wake->hdr.tgid, child);
	assert_memory_equal(&wake->waker, &fork->child, sizeof(wake->waker));
	assert_int_equal(wake->wakee.id, child);
	assert_true(wake->futex);
}

#define SMALL_RING (16 * 4096u)

static void *nothing(void *arg)
{
	return NULL;
}

/* Each makes two records, so that no room is left for a third. */
static void threads_come_and_go(void)
{
	pthread_t t;
	int i;

	for (i = 0; i < 1000; i++)
		act_check(!pthread_create(&t, NULL, nothing, NULL) && !pthread_join(t, NULL));
}

static void *unheard_worker(void *arg)
{
	struct pool *pool = arg;
	pthread_t b;
	char c[8];

	act_check(!pthread_create(&b, NULL, backend, pool));
	act_check(write(pool->backend.client, "query", 5) == 5);
	act_check(read(pool->backend.client, c, sizeof(c)) == 4);
	pthread_join(b, NULL);
	while (!sleeps(getpid()))
		sched_yield();
	act_pause();
	threads_come_and_go();
	__atomic_store_n(&pool->done, 1, __ATOMIC_SEQ_CST);
	act_check(syscall(SYS_futex, &pool->done, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) == 1);
	act_pause();
	act_check(write(pool->backend.client, "again", 5) == 5);
	return NULL;
}

static void act_handoff_unheard(void *arg)
{
	struct pool pool = { .server = pair_open(PAIR_TCP4), .backend = pair_open(PAIR_TCP4) };
	pthread_t w;
	char c[8];

	act_pause();
	act_check(write(pool.server.client, "please", 6) == 6);
	act_check(read(pool.server.server, c, sizeof(c)) == 6);
	act_check(!pthread_create(&w, NULL, unheard_worker, &pool));
	while (!__atomic_load_n(&pool.done, __ATOMIC_SEQ_CST))
		syscall(SYS_futex, &pool.done, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	pthread_join(w, NULL);
	pair_close(&pool.server);
	pair_close(&pool.backend);
}

struct heard {
	unsigned wakes;
	unsigned missed; /* of the last DATA */
};

static void hear_record(void *ctx, const struct ev_hdr *ev)
{
	struct heard *heard = ctx;

	heard->wakes += ev->kind == EV_WAKE;
	if (ev->kind == EV_DATA)
		heard->missed = ((const struct ev_data *)ev)->unseen.missed;
}

/* A wake for which the ring had no room: the waker's next record says that something of it is not known. */
static void test_lost_wake_is_missed(void **state)
{
	struct capture_opts opts = { .method = stage_method(),
				     .ring_sz = SMALL_RING,
				     .cfg = { .wake_edges = true } };
	struct heard heard = { 0 };
	struct err why = { "" };
	struct capture *c;

	assert_int_equal(capture_new(&opts, &c, &why), 0);
	assert_int_equal(capture_trace(c, stage_start(*state, act_handoff_unheard, NULL, true), 0),
			 0);
	stage_wait_pause(*state);
	stage_resume(*state);
	stage_wait_pause(*state);
	while (capture_drain(c, hear_record, NULL, &heard))
		;
	assert_int_equal(heard.missed, 0);
	stage_resume(*state);
	stage_wait_pause(*state);
	while (capture_drain(c, hear_record, NULL, &heard))
		;
	stage_resume(*state);
	stage_finish(*state);
	capture_drain(c, hear_record, NULL, &heard);
	capture_free(c);
	assert_int_equal(heard.wakes, 0);
	if (feature_here(FEAT_TASK_PT_REGS)) {
		assert_non_null(stage_next(*state, EV_WAKE, 0, NULL));
		assert_int_equal(heard.missed, MISSED_EXCHANGE);
	}
}

/* The same on one processor, and the worker keeps its news to itself: the owner wakes when its time is up. */
struct late {
	struct pool pool;
	bool heard, over;
};

static void *silent_worker(void *arg)
{
	struct late *late = arg;
	char b[8];

	act_check(write(late->pool.backend.client, "query", 5) == 5);
	act_check(read(late->pool.backend.client, b, sizeof(b)) == 4);
	__atomic_store_n(&late->heard, true, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&late->over, __ATOMIC_SEQ_CST))
		;
	return NULL;
}

static void use_one_processor(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	act_check(!sched_setaffinity(0, sizeof(one), &one));
}

static void act_time_is_up(void *arg)
{
	struct late late = { .pool = { pair_open(PAIR_TCP4), pair_open(PAIR_TCP4), 0 } };
	struct timespec soon = { .tv_nsec = 5000000 };
	pthread_t w, b;
	char c[8];
	int n = 0;

	use_one_processor();
	act_check(write(late.pool.server.client, "please", 6) == 6);
	act_check(read(late.pool.server.server, c, sizeof(c)) == 6);
	act_check(!pthread_create(&w, NULL, silent_worker, &late));
	act_check(!pthread_create(&b, NULL, backend, &late.pool));
	while (n < 5) {
		syscall(SYS_futex, &late.pool.done, FUTEX_WAIT_PRIVATE, 0, &soon, NULL, 0);
		n += __atomic_load_n(&late.heard, __ATOMIC_SEQ_CST);
	}
	act_check(write(late.pool.server.server, "done", 4) == 4);
	__atomic_store_n(&late.over, true, __ATOMIC_SEQ_CST);
	pthread_join(w, NULL);
	pthread_join(b, NULL);
	pair_close(&late.pool.server);
	pair_close(&late.pool.backend);
}

static void test_time_that_is_up_is_no_edge(void **state)
{
	stage_play(*state, act_time_is_up, NULL);
	assert_null(stage_next(*state, EV_WAKE, 0, NULL));
}

static void hear(struct pair *p)
{
	char b = 'x';

	act_check(write(p->server, &b, 1) == 1);
	act_check(read(p->client, &b, 1) == 1);
}

/* Hears by itself, in a poll(), and in an epoll set, after having slept. */
static void act_waits(void *arg)
{
	struct pair p = pair_open(*(const enum pair_kind *)arg);
	struct pollfd one = { .fd = p.client, .events = POLLIN };
	struct epoll_event ready = { .events = EPOLLIN };
	int set = epoll_create1(0);

	act_check(write(p.client, "q", 1) == 1); /* that makes it a client */
	hear(&p);
	act_check(write(p.server, "x", 1) == 1);
	act_check(poll(&one, 1, -1) == 1 && read(p.client, &ready.data, 1) == 1);
	act_check(!epoll_ctl(set, EPOLL_CTL_ADD, p.client, &ready));
	/* A millisecond may be over before a slow machine has put us to sleep. */
	act_check(!usleep(50000));
	hear(&p);
	pair_close(&p);
}

static const struct ev_data *next_heard(struct stage *s, const struct ev_data *prev)
{
	const struct ev_data *ev = prev;

	do
		ev = (const struct ev_data *)stage_next(s, EV_DATA, 0, ev ? &ev->hdr : NULL);
	while (ev && ev->dir != DIR_RX);
	return ev;
}

static void test_loops_are_told(void **state)
{
	enum pair_kind kinds[] = { PAIR_TCP4, PAIR_UNIX };
	const struct ev_data *blocks, *polls, *loops;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		stage_play(*state, act_waits, &kinds[i]);
		blocks = next_heard(*state, NULL);
		polls = next_heard(*state, blocks);
		loops = next_heard(*state, polls);
		assert_true(blocks && polls && loops);
		assert_false(blocks->flags & DATA_POLLED || polls->flags & DATA_POLLED);
		assert_true(loops->flags & DATA_POLLED);
		assert_int_not_equal(loops->sleeps, polls->sleeps);
	}
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grandchildren_are_traced),
		cmocka_unit_test(test_signal_that_ended_it_is_told),
		cmocka_unit_test(test_threads_are_strands),
		cmocka_unit_test(test_exec),
		cmocka_unit_test(test_completion_edge),
		cmocka_unit_test(test_lost_wake_is_missed),
		cmocka_unit_test(test_time_that_is_up_is_no_edge),
		cmocka_unit_test(test_loops_are_told),
	};

	return stage_main("tasks", tests, ARRAY_SIZE(tests));
}
