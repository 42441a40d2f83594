/* SPDX-License-Identifier: GPL-2.0-only */
/* What other programs do: 32-bit calls; and what is seen in part or not at all and says so: io_uring, MPTCP. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
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

/* The least of io_uring: one submission, of up to two. */
#define SQES_MAX 2

struct uring {
	int fd;
	char *sq, *cq;
	struct io_uring_sqe *sqes;
	struct io_uring_params params;
};

/* False: it is not allowed here. */
static bool uring_open(struct uring *r, unsigned flags)
{
	memset(r, 0, sizeof(*r));
	r->params.flags = flags;
	r->fd = syscall(SYS_io_uring_setup, SQES_MAX, &r->params);
	if (r->fd < 0)
		return false;
	r->sq = mmap(NULL, r->params.sq_off.array + SQES_MAX * sizeof(unsigned),
		     PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_SQ_RING);
	r->cq = mmap(NULL,
		     r->params.cq_off.cqes + r->params.cq_entries * sizeof(struct io_uring_cqe),
		     PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_CQ_RING);
	r->sqes = mmap(NULL, SQES_MAX * sizeof(*r->sqes), PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
		       IORING_OFF_SQES);
	act_check(r->sq != MAP_FAILED && r->cq != MAP_FAILED && r->sqes != MAP_FAILED);
	return true;
}

/* The kernel's thread, if the ring has one, is woken, as it would be after a while. */
static void uring_go(struct uring *r, const struct io_uring_sqe *wanted, unsigned cnt)
{
	unsigned i, wake = r->params.flags & IORING_SETUP_SQPOLL ? IORING_ENTER_SQ_WAKEUP : 0;

	for (i = 0; i < cnt; i++) {
		r->sqes[i] = wanted[i];
		((unsigned *)(r->sq + r->params.sq_off.array))[i] = i;
	}
	__atomic_store_n((unsigned *)(r->sq + r->params.sq_off.tail), cnt, __ATOMIC_RELEASE);
	act_check(syscall(SYS_io_uring_enter, r->fd, cnt, 0, wake, NULL, 0) == (int)cnt);
}

static bool uring_submit(struct uring *r, const struct io_uring_sqe *wanted)
{
	if (!uring_open(r, 0))
		return false;
	uring_go(r, wanted, 1);
	return true;
}

static unsigned uring_done(const struct uring *r)
{
	return __atomic_load_n((unsigned *)(r->cq + r->params.cq_off.tail), __ATOMIC_ACQUIRE);
}

/* What the nth that was done came to, once it is. */
static int uring_result(const struct uring *r, unsigned n)
{
	const struct io_uring_cqe *cqes = (const void *)(r->cq + r->params.cq_off.cqes);

	while (uring_done(r) <= n)
		usleep(1000);
	return cqes[n].res;
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

/* What submissions may be: one of a kind, or two as a chain, from the caller or from a thread of the kernel. */
static const struct uring_way {
	const char *name;
	unsigned setup;
	unsigned char op, flags;
	unsigned cnt;
} uring_ways[] = {
	{ "sendmsg", 0, IORING_OP_SENDMSG, 0, 1 },
	{ "write", 0, IORING_OP_WRITE, 0, 1 },
	{ "writev", 0, IORING_OP_WRITEV, 0, 1 },
	{ "send without a copy", 0, IORING_OP_SEND_ZC, 0, 1 },
	{ "two sends, linked", 0, IORING_OP_SEND, IOSQE_IO_LINK, 2 },
	{ "by a worker of the ring", 0, IORING_OP_SEND, IOSQE_ASYNC, 1 },
	{ "by a ring that is polled", IORING_SETUP_SQPOLL, IORING_OP_SEND, 0, 1 },
	{ "on a registered file", 0, IORING_OP_SEND, IOSQE_FIXED_FILE, 1 },
};

static struct io_uring_sqe uring_part(const struct uring_way *way, int fd, const char *text,
				      struct iovec *vec, struct msghdr *msg)
{
	struct io_uring_sqe sqe = { .opcode = way->op, .flags = way->flags, .fd = fd };

	*vec = (struct iovec){ (void *)text, strlen(text) };
	*msg = (struct msghdr){ .msg_iov = vec, .msg_iovlen = 1 };
	switch (way->op) {
	case IORING_OP_SENDMSG:
		sqe.addr = (uintptr_t)msg;
		sqe.len = 1;
		break;
	case IORING_OP_WRITEV:
		sqe.addr = (uintptr_t)vec;
		sqe.len = 1;
		break;
	default:
		sqe.addr = (uintptr_t)text;
		sqe.len = strlen(text);
	}
	return sqe;
}

static void act_uring_way(void *arg)
{
	static const char *const texts[][2] = { { "hello" }, { "he", "llo" } };
	const struct uring_way *way = arg;
	struct pair p = pair_open(PAIR_TCP4);
	struct io_uring_sqe sqes[SQES_MAX];
	struct iovec vec[SQES_MAX];
	struct msghdr msg[SQES_MAX];
	struct uring r;
	char b[8];
	unsigned i;

	if (!uring_open(&r, way->setup))
		return;
	if (way->flags & IOSQE_FIXED_FILE)
		act_check(
			!syscall(SYS_io_uring_register, r.fd, IORING_REGISTER_FILES, &p.client, 1));
	for (i = 0; i < way->cnt; i++)
		sqes[i] = uring_part(way, way->flags & IOSQE_FIXED_FILE ? 0 : p.client,
				     texts[way->cnt - 1][i], &vec[i], &msg[i]);
	sqes[way->cnt - 1].flags &= ~IOSQE_IO_LINK;
	uring_go(&r, sqes, way->cnt);
	if (uring_result(&r, 0) > 0)
		act_check(recv(p.server, b, 5, MSG_WAITALL) == 5);
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

/* One submission receives for ever, into buffers that the ring is provided with. */
#define SHOT_GROUP 7

static void uring_provide(struct uring *r, struct io_uring_buf *bufs, char *to, size_t cnt,
			  size_t sz)
{
	struct io_uring_buf_reg reg = { .ring_addr = (uintptr_t)bufs,
					.ring_entries = cnt,
					.bgid = SHOT_GROUP };
	size_t i;

	for (i = 0; i < cnt; i++)
		bufs[i] = (struct io_uring_buf){ .addr = (uintptr_t)(to + i * sz),
						 .len = sz,
						 .bid = i };
	((struct io_uring_buf_ring *)bufs)->tail = cnt;
	syscall(SYS_io_uring_register, r->fd, IORING_REGISTER_PBUF_RING, &reg, 1);
}

static void act_uring_multishot(void *arg)
{
	struct io_uring_buf *bufs =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct pair p = pair_open(PAIR_TCP4);
	const struct io_uring_sqe sqe = { .opcode = IORING_OP_RECV,
					  .fd = p.server,
					  .flags = IOSQE_BUFFER_SELECT,
					  .ioprio = IORING_RECV_MULTISHOT,
					  .buf_group = SHOT_GROUP };
	char to[4][8], other[8] = "wrong";
	struct uring r;
	int pipes[2];

	act_check(!pipe(pipes));
	if (!uring_open(&r, 0))
		return;
	uring_provide(&r, bufs, to[0], ARRAY_SIZE(to), sizeof(to[0]));
	uring_go(&r, &sqe, 1);
	act_check(write(p.client, "he", 2) == 2);
	if (uring_result(&r, 0) == 2) {
		act_check(write(p.client, "llo", 3) == 3);
		while (uring_done(&r) < 2)
			act_check(write(pipes[1], other, 5) == 5 && read(pipes[0], other, 5) == 5);
	}
	pair_close(&p);
}

static bool uring_play(void **state, act_fn act, void *arg)
{
	uint64_t before = counted(*state, STAT_IO_URING);

	stage_play(*state, act, arg);
	if (!stage_data(*state, 0, DIR_RX, 0) && !stage_data(*state, 0, DIR_TX, 0)) {
		print_message("# io_uring is not allowed here\n");
		return false;
	}
	assert_true(counted(*state, STAT_IO_URING) > before);
	return stage_method() != CAPTURE_SYSCALL;
}

static void test_io_uring_sends(void **state)
{
	if (uring_play(state, act_uring_send, NULL))
		expect_lengths_only(*state, DIR_TX);
}

static void act_uring_answers(void *arg)
{
	struct pair p = pair_open(PAIR_TCP4);
	const struct io_uring_sqe sqe = {
		.opcode = IORING_OP_SEND, .fd = p.server, .addr = (uintptr_t) "hello", .len = 5
	};
	struct uring r;
	char b[8];

	act_check(write(p.client, "ask", 3) == 3);
	act_check(read(p.server, b, sizeof(b)) == 3);
	if (uring_submit(&r, &sqe))
		act_check(read(p.client, b, sizeof(b)) == 5);
	pair_close(&p);
}

/* That bytes went is told at the end at the latest, even if no program sees them go. */
static void test_io_uring_answers(void **state)
{
	const struct ev_close *close;
	const struct ev_data *asked;

	uring_play(state, act_uring_answers, NULL);
	asked = stage_data(*state, 0, DIR_RX, 0);
	stage_collect(*state, EV_CLOSE, 2);
	close = (const struct ev_close *)stage_next(*state, EV_CLOSE, asked->conn, NULL);
	assert_true(close->flags & CLOSE_SEQ);
	if (counted(*state, STAT_IO_URING))
		assert_in_range(close->seq[DIR_TX] - asked->other_seq, 5, 6);
}

static void test_io_uring_by_any_way(void **state)
{
	struct uring_way way;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(uring_ways); i++) {
		way = uring_ways[i];
		print_message("# %s\n", way.name);
		if (uring_play(state, act_uring_way, &way))
			expect_lengths_only(*state, DIR_TX);
	}
}

static void test_io_uring_receives_many_times(void **state)
{
	if (uring_play(state, act_uring_multishot, NULL))
		expect_lengths_only(*state, DIR_RX);
}

static void test_io_uring_receives_within_other_calls(void **state)
{
	if (uring_play(state, act_uring_recv, NULL))
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
		cmocka_unit_test(test_io_uring_answers),
		cmocka_unit_test(test_io_uring_by_any_way),
		cmocka_unit_test(test_io_uring_receives_many_times),
		cmocka_unit_test(test_io_uring_receives_within_other_calls),
		cmocka_unit_test(test_io_uring_receives_within_sends_on_its_socket),
#ifdef __x86_64__
		cmocka_unit_test(test_32bit_calls),
#endif
		cmocka_unit_test(test_mptcp),
	};

	return stage_main("edges", tests, ARRAY_SIZE(tests));
}
