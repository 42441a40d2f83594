/* SPDX-License-Identifier: GPL-2.0-only */
/* What is seen in part or not at all says so: io_uring, 32-bit calls, MPTCP. */
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

/* Both ends: the sender's bytes were in no memory that could be read, the receiver's were. */
static void expect_lengths_only(struct stage *s)
{
	const struct ev_conn *a = stage_conn(s, 0), *b = stage_conn(s, 1);
	const struct ev_conn *sender = stage_data(s, a->conn, DIR_TX, 0) ? a : b;

	stage_expect(s, sender->conn, DIR_TX, "?????");
	stage_expect(s, (sender == a ? b : a)->conn, DIR_RX, "hello");
	assert_true(stage_data(s, sender->conn, DIR_TX, 0)->flags & DATA_NO_BUFFER);
	stage_books_close(s);
}

/* The least of io_uring: one submission, waited for. */
static int uring_send(int fd, const void *bytes, unsigned n)
{
	struct io_uring_params params = { 0 };
	int ring = syscall(SYS_io_uring_setup, 1, &params);
	struct io_uring_sqe *sqe;
	char *sq;

	if (ring < 0)
		return -errno;
	sq = mmap(NULL, params.sq_off.array + sizeof(unsigned), PROT_READ | PROT_WRITE, MAP_SHARED,
		  ring, IORING_OFF_SQ_RING);
	sqe = mmap(NULL, sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	act_check(sq != MAP_FAILED && sqe != MAP_FAILED);
	*sqe = (struct io_uring_sqe){
		.opcode = IORING_OP_SEND, .fd = fd, .addr = (uintptr_t)bytes, .len = n
	};
	*(unsigned *)(sq + params.sq_off.array) = 0;
	__atomic_store_n((unsigned *)(sq + params.sq_off.tail), 1, __ATOMIC_RELEASE);
	act_check(syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) == 1);
	return close(ring);
}

static void act_uring(void *arg)
{
	struct pair p = pair_open(PAIR_TCP4);
	char b[8];

	if (!uring_send(p.client, "hello", 5))
		act_check(read(p.server, b, sizeof(b)) == 5);
	pair_close(&p);
}

static void test_io_uring(void **state)
{
	uint64_t before = counted(*state, STAT_IO_URING);

	stage_play(*state, act_uring, NULL);
	if (!stage_data(*state, 0, DIR_RX, 0)) {
		print_message("# io_uring is not allowed here\n");
		return;
	}
	assert_true(counted(*state, STAT_IO_URING) > before);
	if (stage_method() != CAPTURE_SYSCALL)
		expect_lengths_only(*state);
}

#ifdef __x86_64__
#define I386_SOCKETCALL 102
#define I386_SEND       9

/* A 64-bit program may make 32-bit calls too; all they point to must be below 4 GiB. */
static int send_32(int fd, const char *text)
{
	uint32_t *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int ret;

	act_check(low != MAP_FAILED);
	memcpy(low + 16, text, strlen(text));
	low[0] = fd;
	low[1] = (uint32_t)(uintptr_t)(low + 16);
	low[2] = strlen(text);
	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(I386_SOCKETCALL), "b"(I386_SEND), "c"(low)
			 : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

static void act_compat(void *arg)
{
	struct pair p = pair_open(PAIR_TCP4);
	char b[8];

	if (send_32(p.client, "hello") == 5)
		act_check(read(p.server, b, sizeof(b)) == 5);
	pair_close(&p);
}

static void test_32bit_calls(void **state)
{
	uint64_t before = counted(*state, STAT_COMPAT32);

	stage_play(*state, act_compat, NULL);
	if (!stage_data(*state, 0, DIR_RX, 0)) {
		print_message("# this kernel makes no 32-bit calls\n");
		return;
	}
	assert_true(counted(*state, STAT_COMPAT32) > before);
	if (stage_method() != CAPTURE_SYSCALL)
		expect_lengths_only(*state);
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
	else if (stage_method() != CAPTURE_FENTRY) /* it has no hook there */
		assert_true(counted(*state, STAT_MPTCP) > before);
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(test_io_uring),
#ifdef __x86_64__
		cmocka_unit_test(test_32bit_calls),
#endif
		cmocka_unit_test(test_mptcp),
	};

	return stage_main("edges", tests, ARRAY_SIZE(tests));
}
