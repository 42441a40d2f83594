/* SPDX-License-Identifier: GPL-2.0-only */
/* What other programs do: 32-bit calls; and what is seen in part or not at all and says so: io_uring, MPTCP. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/compiler.h"
#include "lib/pairs.h"
#include "lib/stage.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static uint64_t counted(struct stage *s, enum stat_id id)
{
	uint64_t stats[STAT__CNT];

	capture_stats(stage_capture(s), stats);
	return stats[id];
}

/* Both ends: the bytes of one were in no memory that could be read, those of the other were. */
static void expect_lengths_only(struct stage *s, enum dir dir)
{
	const struct ev_conn *a = stage_conn(s, 0), *b = stage_conn(s, 1);
	const struct ev_conn *blind = stage_data(s, a->conn, dir, 0) ? a : b;

	stage_expect(s, blind->conn, dir, "?????");
	stage_expect(s, (blind == a ? b : a)->conn, !dir, "hello");
	assert_true(stage_data(s, blind->conn, dir, 0)->flags & DATA_NO_BUFFER);
	stage_books_close(s);
}

/* The least of io_uring: one submission. */
struct uring {
	int fd;
	char *sq, *cq;
	struct io_uring_params params;
};

/* False: it is not allowed here. */
static bool uring_submit(struct uring *r, const struct io_uring_sqe *wanted)
{
	struct io_uring_sqe *sqe;

	memset(r, 0, sizeof(*r));
	r->fd = syscall(SYS_io_uring_setup, 1, &r->params);
	if (r->fd < 0)
		return false;
	r->sq = mmap(NULL, r->params.sq_off.array + sizeof(unsigned), PROT_READ | PROT_WRITE,
		     MAP_SHARED, r->fd, IORING_OFF_SQ_RING);
	r->cq = mmap(NULL, r->params.cq_off.cqes, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
		     IORING_OFF_CQ_RING);
	sqe = mmap(NULL, sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_SQES);
	act_check(r->sq != MAP_FAILED && r->cq != MAP_FAILED && sqe != MAP_FAILED);
	*sqe = *wanted;
	*(unsigned *)(r->sq + r->params.sq_off.array) = 0;
	__atomic_store_n((unsigned *)(r->sq + r->params.sq_off.tail), 1, __ATOMIC_RELEASE);
	act_check(syscall(SYS_io_uring_enter, r->fd, 1, 0, 0, NULL, 0) == 1);
	return true;
}

static bool uring_done(const struct uring *r)
{
	return __atomic_load_n((unsigned *)(r->cq + r->params.cq_off.tail), __ATOMIC_ACQUIRE);
}

static void act_uring_send(void *arg)
{
	struct pair p = pair_open(PAIR_TCP4);
	char b[8];
	const struct io_uring_sqe sqe = {
		.opcode = IORING_OP_SEND, .fd = p.client, .addr = (uintptr_t) "hello", .len = 5
	};
	struct uring r;

	if (uring_submit(&r, &sqe))
		act_check(read(p.server, b, sizeof(b)) == 5);
	pair_close(&p);
}

/* The bytes come when the thread is in other calls, on a pipe, that move others. */
static void act_uring_recv(void *arg)
{
	struct pair p = pair_open(PAIR_TCP4);
	char b[8], other[8] = "wrong";
	const struct io_uring_sqe sqe = {
		.opcode = IORING_OP_RECV, .fd = p.server, .addr = (uintptr_t)b, .len = sizeof(b)
	};
	struct uring r;
	int pipes[2];

	act_check(!pipe(pipes));
	if (uring_submit(&r, &sqe)) {
		act_check(write(p.client, "hello", 5) == 5);
		while (!uring_done(&r))
			act_check(write(pipes[1], other, 5) == 5 && read(pipes[0], other, 5) == 5);
	}
	pair_close(&p);
}

/* The bytes come from another process while the thread sends others on the same socket. */
static void act_uring_recv_in_sends(void *arg)
{
	struct pair p = pair_open(PAIR_TCP4);
	char b[8];
	const struct io_uring_sqe sqe = {
		.opcode = IORING_OP_RECV, .fd = p.server, .addr = (uintptr_t)b, .len = sizeof(b)
	};
	struct uring r;

	if (uring_submit(&r, &sqe)) {
		if (!fork()) {
			usleep(20000);
			_exit(write(p.client, "hello", 5) != 5);
		}
		while (!uring_done(&r))
			send(p.server, "wrong", 5, MSG_DONTWAIT);
	}
	pair_close(&p);
}

static bool uring_play(void **state, act_fn act)
{
	uint64_t before = counted(*state, STAT_IO_URING);

	stage_play(*state, act, NULL);
	if (!stage_data(*state, 0, DIR_RX, 0) && !stage_data(*state, 0, DIR_TX, 0)) {
		print_message("# io_uring is not allowed here\n");
		return false;
	}
	assert_true(counted(*state, STAT_IO_URING) > before);
	return stage_method() != CAPTURE_SYSCALL;
}

static void test_io_uring_sends(void **state)
{
	if (uring_play(state, act_uring_send))
		expect_lengths_only(*state, DIR_TX);
}

static void test_io_uring_receives_within_other_calls(void **state)
{
	if (uring_play(state, act_uring_recv))
		expect_lengths_only(*state, DIR_RX);
}

static void test_io_uring_receives_within_sends_on_its_socket(void **state)
{
	uint64_t before = counted(*state, STAT_IO_URING);
	const struct ev_data *heard;

	stage_play(*state, act_uring_recv_in_sends, NULL);
	heard = stage_data(*state, 0, DIR_RX, 0);
	if (!heard)
		return;
	stage_expect(*state, heard->conn, DIR_RX, "?????");
	assert_true(counted(*state, STAT_IO_URING) > before);
	stage_books_close(*state);
}

#ifdef __x86_64__
#define TEXT "hello, 32 bits"

/* A 64-bit program may make 32-bit calls too; all they point to must be below 4 GiB. */
struct low {
	uint32_t args[6]; /* of socketcall */
	struct {
		uint32_t base, len;
	} vec[2];
	struct {
		uint32_t name, name_len, iov, iovs, control, control_len, flags, len;
	} msg[2]; /* mmsghdr[], of which the first begins with a msghdr */
	char bytes[64];
};

static uint32_t low_address(const void *p)
{
	return (uintptr_t)p;
}

static struct low *low_new(void)
{
	struct low *l = mmap(NULL, sizeof(*l), PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int i;

	act_check(l != MAP_FAILED);
	l->vec[0].base = low_address(l->bytes);
	l->vec[0].len = 5;
	l->vec[1].base = low_address(l->bytes + 5);
	l->vec[1].len = strlen(TEXT) - 5;
	for (i = 0; i < 2; i++) {
		l->msg[i].iov = low_address(&l->vec[i]);
		l->msg[i].iovs = 1;
	}
	return l;
}

static int call_32(uint32_t nr, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	int ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(0)
			 : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

enum shape_32 { BUFFER, VECTOR, MESSAGE, MESSAGES };

/* How many bytes moved; through socketcall if `which` is its number for it, else by `nr`. */
static int move_32(struct low *l, uint32_t nr, uint32_t which, enum shape_32 shape, uint32_t fd)
{
	const uint32_t at[] = { [BUFFER] = low_address(l->bytes),
				[VECTOR] = low_address(l->vec),
				[MESSAGE] = low_address(l->msg),
				[MESSAGES] = low_address(l->msg) };
	const uint32_t cnt[] = {
		[BUFFER] = strlen(TEXT), [VECTOR] = 2, [MESSAGE] = 0, [MESSAGES] = 2
	};
	int n;

	l->msg[0].iovs = shape == MESSAGE ? 2 : 1;
	memcpy(l->args, (uint32_t[6]){ fd, at[shape], cnt[shape] }, sizeof(l->args));
	n = which ? call_32(nr, which, low_address(l->args), 0, 0)
		  : call_32(nr, fd, at[shape], cnt[shape], 0);
	return shape == MESSAGES && n == 2 ? (int)(l->msg[0].len + l->msg[1].len) : n;
}

/* Numbers of the calls, and of socketcall's; 0: it has none. */
static const struct way_32 {
	const char *name;
	enum shape_32 shape;
	uint32_t send, sends, recv, recvs;
} ways_32[] = {
	{ "write, read", BUFFER, 4, 0, 3, 0 },
	{ "writev, readv", VECTOR, 146, 0, 145, 0 },
	{ "sendto, recvfrom", BUFFER, 369, 0, 371, 0 },
	{ "sendmsg, recvmsg", MESSAGE, 370, 0, 372, 0 },
	{ "sendmmsg, recvmmsg", MESSAGES, 345, 0, 337, 0 },
	{ "send, recv by socketcall", BUFFER, 102, 9, 102, 10 },
	{ "sendto, recvfrom by socketcall", BUFFER, 102, 11, 102, 12 },
	{ "sendmsg, recvmsg by socketcall", MESSAGE, 102, 16, 102, 17 },
	{ "sendmmsg, recvmmsg by socketcall", MESSAGES, 102, 20, 102, 19 },
};

/* Twice, so that what a call leaves behind shows in the next. */
static void act_32(void *arg)
{
	const struct way_32 *way = arg;
	struct pair p = pair_open(PAIR_TCP4);
	struct low *out = low_new(), *in = low_new();
	int i;

	memcpy(out->bytes, TEXT, strlen(TEXT));
	for (i = 0; i < 2; i++) {
		if (move_32(out, way->send, way->sends, way->shape, p.client) < 0)
			break; /* this kernel makes no such calls */
		act_check(move_32(in, way->recv, way->recvs, way->shape, p.server) ==
			  (int)strlen(TEXT));
	}
	pair_close(&p);
}

static void test_32bit_calls(void **state)
{
	const struct ev_conn *a, *b;
	struct way_32 way;
	bool sends;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ways_32); i++) {
		way = ways_32[i];
		print_message("# %s\n", way.name);
		stage_play(*state, act_32, &way);
		if (!stage_data(*state, 0, DIR_RX, 0)) {
			print_message("# this kernel makes no 32-bit calls\n");
			return;
		}
		a = stage_conn(*state, 0);
		b = stage_conn(*state, 1);
		sends = stage_data(*state, a->conn, DIR_TX, 0);
		stage_expect(*state, (sends ? a : b)->conn, DIR_TX, TEXT TEXT);
		stage_expect(*state, (sends ? b : a)->conn, DIR_RX, TEXT TEXT);
		stage_books_close(*state);
	}
}
#endif

static void act_mptcp(void *arg)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP), client, server;
	socklen_t len = sizeof(a);
	char b[8];

	if (listener < 0)
		return;
	act_check(!bind(listener, (struct sockaddr *)&a, len) && !listen(listener, 1));
	act_check(!getsockname(listener, (struct sockaddr *)&a, &len));
	client = socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
	act_check(!connect(client, (struct sockaddr *)&a, len));
	server = accept(listener, NULL, NULL);
	act_check(write(client, "hello", 5) == 5);
	act_check(read(server, b, sizeof(b)) == 5);
}

static void test_mptcp(void **state)
{
	uint64_t before = counted(*state, STAT_MPTCP);
	int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);

	close(fd);
	stage_play(*state, act_mptcp, NULL);
	assert_null(stage_data(*state, 0, DIR_TX, 0));
	if (fd < 0)
		print_message("# no MPTCP here\n");
	else
		assert_true(counted(*state, STAT_MPTCP) > before);
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(test_io_uring_sends),
		cmocka_unit_test(test_io_uring_receives_within_other_calls),
		cmocka_unit_test(test_io_uring_receives_within_sends_on_its_socket),
#ifdef __x86_64__
		cmocka_unit_test(test_32bit_calls),
#endif
		cmocka_unit_test(test_mptcp),
	};

	return stage_main("edges", tests, ARRAY_SIZE(tests));
}
