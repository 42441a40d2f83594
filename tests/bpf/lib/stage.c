/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "lib/stage.h"
#include "trace/record.h"

#define WAIT_NS \
	(60 * NSEC_PER_SEC) /* before a record counts as missing; an emulated kernel is slow */
#define RECORDS_MAX 65536
#define ACT_FD      100 /* the child's end of the line between it and the test */

struct stage {
	struct capture *capture;
	struct ev_hdr *records[RECORDS_MAX];
	size_t cnt;
	pid_t child;
	int line; /* to the child */
	bool ended; /* its last EXIT has come */
	uint64_t base[STAT__CNT]; /* the counters before the play */
};

enum capture_method stage_method(void)
{
	const char *name = getenv("CAPTURE");

	if (!name || !strcmp(name, "auto"))
		return CAPTURE_AUTO;
	if (!strcmp(name, "socket"))
		return CAPTURE_SOCKET;
	if (!strcmp(name, "fentry"))
		return CAPTURE_FENTRY;
	if (!strcmp(name, "syscall"))
		return CAPTURE_SYSCALL;
	fprintf(stderr, "CAPTURE=%s is no provider\n", name);
	exit(2);
}

static void forget(struct stage *s)
{
	while (s->cnt)
		free(s->records[--s->cnt]);
}

/*
 * A kernel may lack a provider or forbid it. What the verifier says (EACCES, EINVAL, E2BIG) is a
 * failure of ours.
 */
static bool refused(int code)
{
	return code == -EOPNOTSUPP || code == -EPERM;
}

int stage_main(const char *name, struct CMUnitTest *tests, size_t cnt)
{
	struct capture_opts opts = { .method = stage_method(), .cfg = { .wake_edges = true } };
	struct stage *s = calloc(1, sizeof(*s));
	struct err why = { "" };
	int code = s ? capture_new(&opts, &s->capture, &why) : -ENOMEM;
	size_t i;

	if (code) {
		printf("%s 1 - %s%s%s\n", refused(code) ? "ok" : "not ok", name,
		       refused(code) ? " # SKIP " : ": ", why.text);
		free(s);
		return refused(code) ? 0 : 1;
	}
	for (i = 0; i < cnt; i++)
		tests[i].initial_state = s;
	code = _cmocka_run_group_tests(name, tests, cnt, NULL, NULL);
	forget(s);
	capture_free(s->capture);
	free(s);
	return code;
}

struct capture *stage_capture(struct stage *s)
{
	return s->capture;
}

static void keep(void *ctx, const struct ev_hdr *ev)
{
	struct stage *s = ctx;

	assert_true(s->cnt < RECORDS_MAX);
	s->records[s->cnt] = malloc(ev->sz);
	assert_non_null(s->records[s->cnt]);
	memcpy(s->records[s->cnt++], ev, ev->sz);
	if (ev->kind == EV_EXIT && ev->tgid == (uint32_t)s->child &&
	    ((const struct ev_exit *)ev)->last)
		s->ended = true;
}

/* Drains once, or waits for the kernel's wake-up: the way a reader lives. */
static void take(struct stage *s, uint64_t deadline_ns)
{
	struct pollfd p = { .fd = capture_fd(s->capture), .events = POLLIN };

	assert_true(clock_mono_ns() < deadline_ns);
	if (!capture_drain(s->capture, keep, NULL, s) && capture_sleep(s->capture))
		poll(&p, 1, 1000);
}

static void child_main(act_fn act, void *arg)
{
	char go;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(ACT_FD, &go, 1) == 1)
		act(arg);
	_exit(0);
}

pid_t stage_start(struct stage *s, act_fn act, void *arg, bool traced)
{
	int line[2];

	capture_drain(s->capture, keep, NULL, s);
	forget(s);
	s->ended = false;
	capture_stats(s->capture, s->base);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line), 0);
	s->child = fork();
	if (!s->child) {
		dup2(line[1], ACT_FD);
		child_main(act, arg);
	}
	close(line[1]);
	s->line = line[0];
	if (traced)
		assert_int_equal(capture_trace(s->capture, s->child, 0), 0);
	stage_resume(s);
	return s->child;
}

void stage_wait_pause(struct stage *s)
{
	char c;

	assert_int_equal(read(s->line, &c, 1), 1);
	capture_drain(s->capture, keep, NULL, s);
}

void stage_resume(struct stage *s)
{
	assert_int_equal(write(s->line, "g", 1), 1);
}

void act_pause(void)
{
	char c = 'p';

	act_check(write(ACT_FD, &c, 1) == 1);
	act_check(read(ACT_FD, &c, 1) == 1);
}

void act_check_at(bool ok, const char *what, const char *file, int line)
{
	if (ok)
		return;
	fprintf(stderr, "%s:%d: in the traced child: %s (%s)\n", file, line, what, strerror(errno));
	_exit(1);
}

void stage_finish(struct stage *s)
{
	uint64_t deadline_ns = clock_mono_ns() + WAIT_NS;
	int status;

	assert_int_equal(waitpid(s->child, &status, 0), s->child);
	assert_int_equal(status, 0);
	close(s->line);
	while (!s->ended)
		take(s, deadline_ns);
	capture_drain(s->capture, keep, NULL, s); /* what the end of its descriptors made */
}

pid_t stage_play(struct stage *s, act_fn act, void *arg)
{
	pid_t child = stage_start(s, act, arg, true);

	stage_finish(s);
	return child;
}

static uint64_t conn_of(const struct ev_hdr *ev)
{
	switch (ev->kind) {
	case EV_CONN:
		return ((const struct ev_conn *)ev)->conn;
	case EV_DATA:
		return ((const struct ev_data *)ev)->conn;
	case EV_END:
		return ((const struct ev_end *)ev)->conn;
	case EV_STATE:
		return ((const struct ev_state *)ev)->conn;
	case EV_CLOSE:
		return ((const struct ev_close *)ev)->conn;
	default:
		return 0;
	}
}

const struct ev_hdr *stage_next(const struct stage *s, enum ev_kind kind, uint64_t conn,
				const struct ev_hdr *prev)
{
	size_t i = 0;

	while (prev && i < s->cnt && s->records[i++] != prev)
		;
	for (; i < s->cnt; i++) {
		if (s->records[i]->kind == kind && (!conn || conn_of(s->records[i]) == conn))
			return s->records[i];
	}
	return NULL;
}

const struct ev_conn *stage_conn(const struct stage *s, unsigned n)
{
	const struct ev_hdr *ev = stage_next(s, EV_CONN, 0, NULL);

	while (ev && n--)
		ev = stage_next(s, EV_CONN, 0, ev);
	assert_non_null(ev);
	return (const struct ev_conn *)ev;
}

const struct ev_data *stage_data(const struct stage *s, uint64_t conn, enum dir dir, unsigned n)
{
	const struct ev_hdr *ev = NULL;

	while ((ev = stage_next(s, EV_DATA, conn, ev))) {
		const struct ev_data *data = (const struct ev_data *)ev;

		if (data->dir == dir && !n--)
			return data;
	}
	return NULL;
}

void stage_collect(struct stage *s, enum ev_kind kind, unsigned cnt)
{
	uint64_t deadline_ns = clock_mono_ns() + WAIT_NS;

	for (;;) {
		const struct ev_hdr *ev = NULL;
		unsigned n = 0;

		while ((ev = stage_next(s, kind, 0, ev)))
			n++;
		if (n >= cnt)
			return;
		take(s, deadline_ns);
	}
}

size_t stage_text(const struct stage *s, uint64_t conn, enum dir dir, char *ret_text, size_t sz)
{
	const struct ev_data *data;
	uint64_t next = 0;
	unsigned n;

	for (n = 0; (data = stage_data(s, conn, dir, n)); n++) {
		uint32_t tail = data_tail(data);

		assert_int_equal(data->pos, next);
		assert_true(next + data->len < sz && data->cap + tail <= data->len);
		memset(ret_text + next, '?', data->len);
		memcpy(ret_text + next, data->bytes, data->cap);
		next += data->len;
		memcpy(ret_text + next - tail, data->bytes + data->cap, tail);
	}
	ret_text[next] = '\0';
	return next;
}

void stage_expect(const struct stage *s, uint64_t conn, enum dir dir, const char *text)
{
	char got[4096];

	stage_text(s, conn, dir, got, sizeof(got));
	assert_string_equal(got, text);
}

void stage_books_close(const struct stage *s)
{
	uint64_t now[STAT__CNT];
	int dir;

	capture_stats(s->capture, now);
	for (dir = 0; dir < STAT__CNT; dir++)
		now[dir] -= s->base[dir];
	for (dir = 0; dir < DIR__CNT; dir++)
		assert_int_equal(now[STAT_RX_BYTES + dir], now[STAT_RX_REPORTED + dir] +
								   now[STAT_RX_IGNORED + dir] +
								   now[STAT_RX_LOST + dir]);
	assert_int_equal(now[STAT_MALFORMED], 0);
}
