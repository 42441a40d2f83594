/* SPDX-License-Identifier: GPL-2.0-only */
/* The capture itself: a full ring, a sleeping reader, and what is left when it has gone. */
#include <bpf/bpf.h>
#include <dirent.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "lib/pairs.h"
#include "lib/stage.h"

/* A leak shows at the first; each loads all programs, seconds on an emulated processor. */
#define ROUNDS  3
#define IDS_MAX 64

static struct capture *capture_open(size_t ring_sz)
{
	struct capture_opts opts = { .method = stage_method(),
				     .ring_sz = ring_sz,
				     .cfg = { .wake_edges = true } };
	struct err why = { "" };
	struct capture *c;

	if (capture_new(&opts, &c, &why))
		fail_msg("%s", why.text);
	return c;
}

static void exchange(struct pair *p, int times)
{
	char b[200] = "";

	while (times--) {
		act_check(write(p->client, b, sizeof(b)) == sizeof(b));
		act_check(read(p->server, b, sizeof(b)) == sizeof(b));
	}
}

static void act_flood(void *arg)
{
	struct pair p;

	act_pause();
	p = pair_open(PAIR_TCP4);
	exchange(&p, 100);
	act_pause();
	exchange(&p, 1);
	pair_close(&p);
}

struct tally {
	uint64_t len[DIR__CNT];
	uint64_t next[DIR__CNT];
};

static void tally(void *ctx, const struct ev_hdr *ev)
{
	const struct ev_data *data = (const struct ev_data *)ev;
	struct tally *t = ctx;

	if (ev->kind != EV_DATA)
		return;
	assert_true(data->pos >= t->next[data->dir]);
	t->next[data->dir] = data->pos + data->len;
	t->len[data->dir] += data->len;
}

/* What is lost is known to the byte: by the counters, and by the next record's position. */
static void test_full_ring(void **state)
{
	struct capture *c = capture_open(sysconf(_SC_PAGESIZE));
	struct tally t = { .len = { 0 } };
	uint64_t stats[STAT__CNT];
	pid_t child = stage_start(*state, act_flood, NULL, true);
	int dir;

	stage_wait_pause(*state);
	assert_int_equal(capture_trace(c, child, 0), 0);
	stage_resume(*state);
	stage_wait_pause(*state);
	while (capture_drain(c, tally, NULL, &t))
		;
	stage_resume(*state);
	stage_finish(*state);
	capture_stop(c);
	capture_drain(c, tally, NULL, &t);
	capture_stats(c, stats);
	assert_true(stats[STAT_RING_FULL] > 0);
	for (dir = 0; dir < DIR__CNT; dir++) {
		assert_int_equal(stats[STAT_RX_BYTES + dir], 101 * 200);
		assert_true(stats[STAT_RX_LOST + dir] > 0);
		assert_int_equal(stats[STAT_RX_REPORTED + dir] + stats[STAT_RX_LOST + dir],
				 101 * 200);
		assert_int_equal(stats[STAT_RX_REPORTED + dir], t.len[dir]);
		assert_int_equal(t.next[dir], 101 * 200);
	}
	capture_free(c);
	stage_books_close(*state);
}

static void count(void *ctx, const struct ev_hdr *ev)
{
	++*(unsigned *)ctx;
}

static void act_once(void *arg)
{
	struct pair p = pair_open(PAIR_TCP4);

	act_pause();
	exchange(&p, 1);
	act_pause();
	exchange(&p, 1);
	act_pause();
	pair_close(&p);
}

/* A sleeper is woken by the first record; a reader who is awake is left alone. */
static void test_wake_up(void **state)
{
	struct capture *c = capture_open(0);
	struct pollfd p = { .fd = capture_fd(c), .events = POLLIN };
	unsigned n = 0;

	assert_int_equal(capture_trace(c, stage_start(*state, act_once, NULL, true), 0), 0);
	stage_wait_pause(*state);
	while (capture_drain(c, count, NULL, &n) || !capture_sleep(c))
		;
	stage_resume(*state);
	assert_int_equal(poll(&p, 1, 60000), 1);
	stage_wait_pause(*state);
	while (capture_drain(c, count, NULL, &n))
		;
	assert_true(n > 0);
	assert_int_equal(poll(&p, 1, 0), 0);
	stage_resume(*state);
	stage_wait_pause(*state);
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_false(capture_sleep(c));
	stage_resume(*state);
	stage_finish(*state);
	capture_free(c);
}

/* The numbers of the programs (or maps) that this process has open. */
static size_t open_ids(const char *key, uint32_t *ids)
{
	DIR *dir = opendir("/proc/self/fdinfo");
	struct dirent *d;
	size_t n = 0;

	while ((d = readdir(dir))) {
		char path[300], line[256];
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/fdinfo/%s", d->d_name);
		f = fopen(path, "re");
		while (f && fgets(line, sizeof(line), f)) {
			if (!strncmp(line, key, strlen(key)) && n < IDS_MAX)
				ids[n++] = strtoul(line + strlen(key), NULL, 10);
		}
		if (f)
			fclose(f);
	}
	closedir(dir);
	return n;
}

static void expect_gone(int (*open_id)(uint32_t id), uint32_t id)
{
	uint64_t deadline_ns = clock_mono_ns() + 60 * NSEC_PER_SEC;
	int fd;

	/* The kernel frees them a little later. */
	while ((fd = open_id(id)) >= 0) {
		close(fd);
		assert_true(clock_mono_ns() < deadline_ns);
		sched_yield();
	}
}

static void test_leaves_nothing(void **state)
{
	uint32_t before[2][IDS_MAX], during[2][IDS_MAX] = { { 0 } }, after[IDS_MAX];
	static const char *const keys[] = { "prog_id:", "map_id:" };
	size_t kept[2], n, i;
	int round, kind;

	for (kind = 0; kind < 2; kind++)
		kept[kind] = open_ids(keys[kind], before[kind]);
	for (round = 0; round < ROUNDS; round++) {
		struct capture *c = capture_open(0);

		for (kind = 0; kind < 2; kind++)
			open_ids(keys[kind], during[kind]);
		capture_free(c);
		for (kind = 0; kind < 2; kind++) {
			n = open_ids(keys[kind], after);
			assert_int_equal(n, kept[kind]);
			assert_memory_equal(after, before[kind], n * sizeof(*after));
		}
	}
	for (kind = 0; kind < 2; kind++) {
		for (i = 0; i < IDS_MAX && during[kind][i]; i++) {
			bool old = false;

			for (n = 0; n < kept[kind]; n++)
				old |= during[kind][i] == before[kind][n];
			if (!old)
				expect_gone(kind ? bpf_map_get_fd_by_id : bpf_prog_get_fd_by_id,
					    during[kind][i]);
		}
	}
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full_ring),
		cmocka_unit_test(test_wake_up),
		cmocka_unit_test(test_leaves_nothing),
	};

	return stage_main("capture", tests, ARRAY_SIZE(tests));
}
