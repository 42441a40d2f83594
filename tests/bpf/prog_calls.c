/* SPDX-License-Identifier: GPL-2.0-only */
/* Every call that moves bytes, on every kind of socket: what was passed is what the records say. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/compiler.h"
#include "lib/pairs.h"
#include "lib/stage.h"

/* Each sends the same 22 bytes, those with several buffers in three pieces. */
#define TEXT    "GET /alpha beta gamma!"
#define TEXT_SZ (sizeof(TEXT) - 1)

struct pieces {
	char bytes[3][16];
	struct iovec vec[3];
};

static void pieces_init(struct pieces *p)
{
	static const char *const part[] = { "GET /", "alpha beta", " gamma!" };
	int i;

	for (i = 0; i < 3; i++) {
		memcpy(p->bytes[i], part[i], strlen(part[i]));
		p->vec[i] = (struct iovec){ p->bytes[i], strlen(part[i]) };
	}
}

static ssize_t send_write(int fd)
{
	return write(fd, TEXT, TEXT_SZ);
}
static ssize_t send_sendto(int fd)
{
	return sendto(fd, TEXT, TEXT_SZ, 0, NULL, 0);
}

static ssize_t send_writev(int fd)
{
	struct pieces p;

	pieces_init(&p);
	return writev(fd, p.vec, 3);
}

static ssize_t send_pwritev2(int fd)
{
	struct pieces p;

	pieces_init(&p);
	return pwritev2(fd, p.vec, 3, -1, 0);
}

static ssize_t send_sendmsg(int fd)
{
	struct msghdr m = { .msg_iovlen = 3 };
	struct pieces p;

	pieces_init(&p);
	m.msg_iov = p.vec;
	return sendmsg(fd, &m, 0);
}

static ssize_t send_sendmmsg(int fd)
{
	struct mmsghdr m[2] = { { .msg_hdr.msg_iovlen = 1 }, { .msg_hdr.msg_iovlen = 2 } };
	struct pieces p;

	pieces_init(&p);
	m[0].msg_hdr.msg_iov = &p.vec[0];
	m[1].msg_hdr.msg_iov = &p.vec[1];
	return sendmmsg(fd, m, 2, 0) == 2 ? (ssize_t)TEXT_SZ : -1;
}

static ssize_t recv_read(int fd)
{
	char b[64];
	return read(fd, b, sizeof(b));
}
static ssize_t recv_recvfrom(int fd)
{
	char b[64];
	return recvfrom(fd, b, sizeof(b), 0, NULL, NULL);
}

static ssize_t recv_readv(int fd)
{
	char a[7], b[64];
	struct iovec vec[] = { { a, sizeof(a) }, { b, sizeof(b) } };

	return readv(fd, vec, 2);
}

static ssize_t recv_preadv2(int fd)
{
	char a[7], b[64];
	struct iovec vec[] = { { a, sizeof(a) }, { b, sizeof(b) } };

	return preadv2(fd, vec, 2, -1, 0);
}

static ssize_t recv_recvmsg(int fd)
{
	char a[7], b[64];
	struct iovec vec[] = { { a, sizeof(a) }, { b, sizeof(b) } };
	struct msghdr m = { .msg_iov = vec, .msg_iovlen = 2 };

	return recvmsg(fd, &m, 0);
}

static ssize_t recv_recvmmsg(int fd)
{
	char a[7], b[5], c[64];
	struct iovec vec[] = { { a, sizeof(a) }, { b, sizeof(b) }, { c, sizeof(c) } };
	struct mmsghdr m[] = {
		{ .msg_hdr = { .msg_iov = &vec[0], .msg_iovlen = 2 } },
		{ .msg_hdr = { .msg_iov = &vec[2], .msg_iovlen = 1 } },
	};

	return recvmmsg(fd, m, 2, MSG_WAITFORONE, NULL) == 2
		       ? (ssize_t)(m[0].msg_len + m[1].msg_len)
		       : -1;
}

static const struct way {
	const char *name;
	ssize_t (*send)(int fd);
	ssize_t (*recv)(int fd);
} ways[] = {
	{ "write, read", send_write, recv_read },
	{ "writev, readv", send_writev, recv_readv },
	{ "pwritev2, preadv2", send_pwritev2, recv_preadv2 },
	{ "sendto, recvfrom", send_sendto, recv_recvfrom },
	{ "sendmsg, recvmsg", send_sendmsg, recv_recvmsg },
	{ "sendmmsg, recvmmsg", send_sendmmsg, recv_recvmmsg },
};

struct play {
	enum pair_kind kind;
	const struct way *way;
};

/* Twice, so that what a call leaves behind shows in the next. */
static void act_way(void *arg)
{
	const struct play *play = arg;
	struct pair p = pair_open(play->kind);
	int i;

	for (i = 0; i < 2; i++) {
		act_check(play->way->send(p.client) == (ssize_t)TEXT_SZ);
		act_check(play->way->recv(p.server) == (ssize_t)TEXT_SZ);
	}
	pair_close(&p);
}

/* The end that sent first. */
static uint64_t conn_with(const struct stage *s, enum dir dir)
{
	const struct ev_conn *c = stage_conn(s, 0);

	return stage_data(s, c->conn, dir, 0) ? c->conn : stage_conn(s, 1)->conn;
}

static void test_ways(void **state)
{
	struct stage *s = *state;
	struct play play;
	size_t i;

	for (play.kind = 0; play.kind < PAIR__CNT; play.kind++) {
		for (i = 0; i < ARRAY_SIZE(ways); i++) {
			play.way = &ways[i];
			print_message("# %s: %s\n", pair_names[play.kind], play.way->name);
			stage_play(s, act_way, &play);
			stage_expect(s, conn_with(s, DIR_TX), DIR_TX, TEXT TEXT);
			stage_expect(s, conn_with(s, DIR_RX), DIR_RX, TEXT TEXT);
			stage_books_close(s);
		}
	}
}

/*
 * The same array again after a call that stopped early: each message is read from its own buffers.
 */
static void act_mmsg_stopped(void *arg)
{
	struct pair p = pair_open(PAIR_TCP4);
	char a[4], b[4], c[4];
	struct iovec vec[] = { { a, 4 }, { b, 4 }, { c, 4 } };
	struct mmsghdr m[] = {
		{ .msg_hdr = { .msg_iov = &vec[0], .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_iov = &vec[1], .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_iov = &vec[2], .msg_iovlen = 1 } },
	};

	act_check(write(p.client, "aaaa", 4) == 4);
	act_check(recvmmsg(p.server, m, 3, MSG_DONTWAIT, NULL) == 1);
	act_check(write(p.client, "bbbbccccdddd", 12) == 12);
	act_check(recvmmsg(p.server, m, 3, MSG_DONTWAIT, NULL) == 3);
	pair_close(&p);
}

static void test_mmsg_after_a_stop(void **state)
{
	struct stage *s = *state;

	stage_play(s, act_mmsg_stopped, NULL);
	stage_expect(s, conn_with(s, DIR_RX), DIR_RX, "aaaabbbbccccdddd");
}

/*
 * A passed descriptor ends a receive early: a message that leaves room in its buffers, and another
 * behind it.
 */
static void act_mmsg_unfilled(void *arg)
{
	struct pair p = pair_open(PAIR_UNIX);
	char a[16], b[16], control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec vec[] = { { a, 16 }, { b, 16 } }, part = { a, 4 };
	struct msghdr pass = { .msg_iov = &part,
			       .msg_iovlen = 1,
			       .msg_control = control,
			       .msg_controllen = sizeof(control) };
	struct mmsghdr m[] = {
		{ .msg_hdr = { .msg_iov = &vec[0], .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_iov = &vec[1], .msg_iovlen = 1 } },
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&pass);

	*head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
				  .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS };
	memcpy(a, "aaaa", 4);
	act_check(sendmsg(p.client, &pass, 0) == 4);
	act_check(write(p.client, "bbbb", 4) == 4);
	act_check(recvmmsg(p.server, m, 2, MSG_DONTWAIT, NULL) == 2);
	act_check(m[0].msg_len == 4 && m[1].msg_len == 4);
	pair_close(&p);
}

static void test_mmsg_unfilled(void **state)
{
	struct stage *s = *state;

	stage_play(s, act_mmsg_unfilled, NULL);
	stage_expect(s, conn_with(s, DIR_RX), DIR_RX, "aaaabbbb");
}

static void act_peek(void *arg)
{
	struct pair p = pair_open(PAIR_TCP4);
	char b[64];

	act_check(write(p.client, TEXT, TEXT_SZ) == (ssize_t)TEXT_SZ);
	act_check(recv(p.server, b, sizeof(b), MSG_PEEK) == (ssize_t)TEXT_SZ);
	act_check(recv(p.server, b, 4, 0) == 4);
	act_check(recv(p.server, b, sizeof(b), MSG_PEEK) == (ssize_t)TEXT_SZ - 4);
	act_check(recv(p.server, b, sizeof(b), 0) == (ssize_t)TEXT_SZ - 4);
	pair_close(&p);
}

static void test_peek_is_no_data(void **state)
{
	struct stage *s = *state;

	stage_play(s, act_peek, NULL);
	stage_expect(s, conn_with(s, DIR_RX), DIR_RX, TEXT);
}

/* MSG_TRUNC on TCP throws the bytes away: they count, but are nowhere. */
static void act_trunc(void *arg)
{
	struct pair p = pair_open(PAIR_TCP4);
	char b[64] = "old content";

	act_check(write(p.client, TEXT, TEXT_SZ) == (ssize_t)TEXT_SZ);
	act_check(recv(p.server, b, sizeof(b), MSG_TRUNC) == (ssize_t)TEXT_SZ);
	pair_close(&p);
}

static void test_discarded_bytes(void **state)
{
	struct stage *s = *state;

	stage_play(s, act_trunc, NULL);
	stage_expect(s, conn_with(s, DIR_RX), DIR_RX, "??????????????????????");
}

/*
 * A non-blocking sender into a full socket: refusals are nothing, partial sends are what they
 * moved.
 */
static void act_partial(void *arg)
{
	struct pair p = pair_open(*(enum pair_kind *)arg);
	char b[65536];
	long sent = 0, got = 0, n;
	int small = 4096;

	memset(b, 'x', sizeof(b));
	setsockopt(p.client, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	fcntl(p.client, F_SETFL, O_NONBLOCK);
	fcntl(p.server, F_SETFL, O_NONBLOCK);
	act_check(read(p.server, b, 1) == -1 && errno == EAGAIN);
	while (sent < 1000000) {
		n = write(p.client, b, sizeof(b));
		act_check(n > 0 || errno == EAGAIN);
		sent += n > 0 ? n : 0;
		n = read(p.server, b, sizeof(b));
		act_check(n > 0 || errno == EAGAIN);
		got += n > 0 ? n : 0;
	}
	while (got < sent && ((n = read(p.server, b, sizeof(b))) > 0 || errno == EAGAIN))
		got += n > 0 ? n : 0;
	act_check(got == sent);
	pair_close(&p);
}

static uint64_t moved(const struct stage *s, uint64_t conn, enum dir dir)
{
	const struct ev_data *data;
	uint64_t sum = 0;
	unsigned n;

	for (n = 0; (data = stage_data(s, conn, dir, n)); n++) {
		assert_int_equal(data->pos, sum);
		sum += data->len;
	}
	return sum;
}

static void test_partial(void **state)
{
	static const enum pair_kind kinds[] = { PAIR_TCP4, PAIR_UNIX };
	struct stage *s = *state;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		enum pair_kind kind = kinds[i];

		stage_play(s, act_partial, &kind);
		assert_true(moved(s, conn_with(s, DIR_TX), DIR_TX) >= 1000000);
		assert_int_equal(moved(s, conn_with(s, DIR_TX), DIR_TX),
				 moved(s, conn_with(s, DIR_RX), DIR_RX));
		assert_null(stage_next(s, EV_END, 0, NULL));
		stage_books_close(s);
	}
}

static void act_end(void *arg)
{
	struct pair p = pair_open(*(enum pair_kind *)arg);
	char b[64];

	act_check(write(p.client, TEXT, TEXT_SZ) == (ssize_t)TEXT_SZ);
	act_check(read(p.server, b, sizeof(b)) == (ssize_t)TEXT_SZ);
	act_check(read(p.server, b, 0) == 0); /* asks for nothing: no end */
	close(p.client);
	act_check(read(p.server, b, sizeof(b)) == 0);
	act_check(read(p.server, b, sizeof(b)) == 0);
	close(p.server);
}

static void test_end_of_file_once(void **state)
{
	struct stage *s = *state;
	enum pair_kind kind;

	for (kind = 0; kind < PAIR__CNT; kind++) {
		const struct ev_end *e;

		stage_play(s, act_end, &kind);
		e = (const struct ev_end *)stage_next(s, EV_END, 0, NULL);
		assert_non_null(e);
		assert_int_equal(e->dir, DIR_RX);
		assert_int_equal(e->err, 0);
		assert_int_equal(e->pos, TEXT_SZ);
		assert_int_equal(e->strand.kind, STRAND_THREAD);
		assert_null(stage_next(s, EV_END, 0, &e->hdr));
	}
}

static void act_reset(void *arg)
{
	struct linger hard = { .l_onoff = 1 };
	struct pair p = pair_open(PAIR_TCP4);
	char b[64];

	act_check(write(p.client, TEXT, TEXT_SZ) == (ssize_t)TEXT_SZ);
	act_check(read(p.server, b, sizeof(b)) == (ssize_t)TEXT_SZ);
	act_check(!setsockopt(p.server, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)));
	close(p.server);
	act_check(read(p.client, b, sizeof(b)) == -1 && errno == ECONNRESET);
	act_check(send(p.client, b, 1, MSG_NOSIGNAL) == -1 && errno == EPIPE);
	close(p.client);
}

static void test_reset(void **state)
{
	struct stage *s = *state;
	const struct ev_end *e;

	stage_play(s, act_reset, NULL);
	e = (const struct ev_end *)stage_next(s, EV_END, 0, NULL);
	assert_non_null(e);
	assert_int_equal(e->dir, DIR_RX);
	assert_int_equal(e->err, ECONNRESET);
	e = (const struct ev_end *)stage_next(s, EV_END, 0, &e->hdr);
	assert_non_null(e);
	assert_int_equal(e->dir, DIR_TX);
	assert_int_equal(e->err, EPIPE);
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ways),
		cmocka_unit_test(test_mmsg_after_a_stop),
		cmocka_unit_test(test_mmsg_unfilled),
		cmocka_unit_test(test_peek_is_no_data),
		cmocka_unit_test(test_discarded_bytes),
		cmocka_unit_test(test_partial),
		cmocka_unit_test(test_end_of_file_once),
		cmocka_unit_test(test_reset),
	};

	return stage_main("calls", tests, ARRAY_SIZE(tests));
}
