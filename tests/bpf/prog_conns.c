/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections: who the ends are, when they begin and end, and that both ends name the same moment
 * alike.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <net/if.h>

#include "base/compiler.h"
#include "lib/pairs.h"
#include "lib/stage.h"

static void act_hello(void *arg)
{
	struct pair p = pair_open(*(enum pair_kind *)arg);
	char b[64];

	act_check(write(p.client, "request", 7) == 7);
	act_check(read(p.server, b, sizeof(b)) == 7);
	act_check(write(p.server, "answer", 6) == 6);
	act_check(read(p.client, b, sizeof(b)) == 6);
	pair_close(&p);
}

/* Of a play with one connection: the end that sent first, and the other. */
static const struct ev_conn *end_of(const struct stage *s, bool client)
{
	const struct ev_conn *a = stage_conn(s, 0), *b = stage_conn(s, 1);
	const struct ev_hdr *ev = stage_next(s, EV_DATA, 0, NULL);
	bool first = ((const struct ev_data *)ev)->conn == a->conn;

	assert_int_equal(((const struct ev_data *)ev)->dir, DIR_TX);
	return first == client ? a : b;
}

static void check_inet(const struct stage *s, enum pair_kind kind)
{
	const struct ev_conn *client = end_of(s, true), *server = end_of(s, false);
	struct in6_addr mapped = { .s6_addr = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0,
						1 } };
	const void *loopback = kind == PAIR_TCP6 ? &in6addr_loopback : &mapped;

	assert_int_equal(client->role, ROLE_CLIENT);
	assert_int_equal(server->role, ROLE_SERVER);
	assert_int_equal(client->family, kind == PAIR_TCP6 ? 6 : 4);
	assert_int_equal(server->family, kind == PAIR_TCP6 ? 6 : 4);
	assert_memory_equal(client->peer_addr, loopback, 16);
	assert_memory_equal(server->peer_addr, loopback, 16);
	assert_memory_equal(server->local_addr, loopback, 16);
	assert_int_equal(client->peer_port, server->local_port);
	assert_int_equal(client->transport, TRANSPORT_TCP);
}

static void check_unix(const struct stage *s, enum pair_kind kind)
{
	const struct ev_conn *client = end_of(s, true), *server = end_of(s, false);

	assert_int_equal(client->transport, TRANSPORT_UNIX);
	assert_int_equal(client->family, 0);
	assert_int_equal(client->peer_sk, server->sk);
	assert_int_equal(server->peer_sk, client->sk);
	assert_string_equal(client->path, server->path);
	if (kind == PAIR_UNIX)
		assert_string_equal(client->path, "");
	else
		assert_int_equal(client->path[0], kind == PAIR_UNIX_PATH ? '/' : '@');
}

static void test_facts(void **state)
{
	enum pair_kind kind;
	struct stat ns;

	assert_int_equal(stat("/proc/self/ns/net", &ns), 0);
	for (kind = 0; kind < PAIR__CNT; kind++) {
		stage_play(*state, act_hello, &kind);
		assert_int_equal(stage_conn(*state, 0)->netns, ns.st_ino);
		assert_int_equal(stage_conn(*state, 0)->flags, 0);
		assert_int_equal(stage_conn(*state, 1)->flags, 0);
		assert_true(stage_conn(*state, 0)->conn != stage_conn(*state, 1)->conn);
		if (pair_is_unix(kind))
			check_unix(*state, kind);
		else
			check_inet(*state, kind);
	}
}

static void test_positions_join(void **state)
{
	static const enum pair_kind kinds[] = { PAIR_TCP4, PAIR_TCP6 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		enum pair_kind kind = kinds[i];
		const struct ev_data *tx, *rx;

		stage_play(*state, act_hello, &kind);
		tx = stage_data(*state, end_of(*state, true)->conn, DIR_TX, 0);
		rx = stage_data(*state, end_of(*state, false)->conn, DIR_RX, 0);
		assert_true(tx->flags & rx->flags & DATA_SEQ);
		assert_int_equal(tx->seq, rx->seq);
		assert_int_equal(tx->other_seq, rx->other_seq);
		tx = stage_data(*state, end_of(*state, false)->conn, DIR_TX, 0);
		rx = stage_data(*state, end_of(*state, true)->conn, DIR_RX, 0);
		assert_int_equal(tx->seq, rx->seq);
		assert_int_equal(tx->other_seq, rx->other_seq);
	}
}

/* The end of the stream that arrives together with the last bytes is no byte. */
static void act_fin(void *arg)
{
	struct pair p = pair_open(PAIR_TCP4);
	struct tcp_info info = { 0 };
	socklen_t sz = sizeof(info);
	char b[64];

	act_check(write(p.client, "last", 4) == 4);
	close(p.client);
	while (info.tcpi_state != TCP_CLOSE_WAIT)
		act_check(!getsockopt(p.server, IPPROTO_TCP, TCP_INFO, &info, &sz));
	act_check(read(p.server, b, sizeof(b)) == 4);
	close(p.server);
}

static void test_fin_is_no_byte(void **state)
{
	const struct ev_data *tx, *rx;

	stage_play(*state, act_fin, NULL);
	tx = stage_data(*state, end_of(*state, true)->conn, DIR_TX, 0);
	rx = stage_data(*state, end_of(*state, false)->conn, DIR_RX, 0);
	assert_int_equal(tx->seq, rx->seq);
}

static void test_life(void **state)
{
	enum pair_kind kind = PAIR_TCP4;
	const struct ev_state *connect;
	const struct ev_close *close;
	const struct ev_conn *client;

	stage_play(*state, act_hello, &kind);
	stage_collect(*state, EV_CLOSE, 2);
	client = end_of(*state, true);
	connect = (const struct ev_state *)stage_next(*state, EV_STATE, client->conn, NULL);
	assert_int_equal(connect->new_state, TCP_SYN_SENT);
	assert_int_equal(connect->strand.kind, STRAND_THREAD);
	assert_int_equal(connect->strand.id, connect->hdr.tid);
	close = (const struct ev_close *)stage_next(*state, EV_CLOSE, client->conn, NULL);
	assert_int_equal(close->pos[DIR_TX], 7);
	assert_int_equal(close->pos[DIR_RX], 6);
	assert_int_equal(close->err, 0);
}

/* A connection that is shut down, and one that is thrown away with what it still had to say. */
static void act_ends(void *arg)
{
	struct linger at_once = { .l_onoff = 1 };
	struct pair p = pair_open(PAIR_TCP4);
	char b[64];

	act_check(write(p.client, "hello", 5) == 5);
	act_check(read(p.server, b, sizeof(b)) == 5);
	act_check(write(p.server, "bye", 3) == 3);
	act_check(read(p.client, b, sizeof(b)) == 3);
	if (arg)
		act_check(!setsockopt(p.client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)));
	pair_close(&p);
}

/* TCP's positions in the end are those of the last bytes, but for a FIN; or they are not told. */
static void expect_positions(const struct stage *s, const struct ev_conn *end, enum dir dir)
{
	const struct ev_close *close =
		(const struct ev_close *)stage_next(s, EV_CLOSE, end->conn, NULL);

	if (close->flags & CLOSE_SEQ)
		assert_in_range(close->seq[dir] - stage_data(s, end->conn, dir, 0)->seq, 0, 1);
}

static void test_positions_in_the_end(void **state)
{
	struct stage *s = *state;
	const struct ev_close *close;
	int dir, thrown_away;

	for (thrown_away = 0; thrown_away < 2; thrown_away++) {
		stage_play(s, act_ends, thrown_away ? s : NULL);
		stage_collect(s, EV_CLOSE, 2);
		for (dir = 0; dir < DIR__CNT; dir++) {
			expect_positions(s, end_of(s, true), dir);
			expect_positions(s, end_of(s, false), dir);
		}
		close = (const struct ev_close *)stage_next(s, EV_CLOSE, end_of(s, true)->conn,
							    NULL);
		assert_int_equal(close->flags & CLOSE_SEQ, thrown_away ? 0 : CLOSE_SEQ);
	}
}

static void act_refused(void *arg)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				 .sin_port = htons(1) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	act_check(connect(fd, (struct sockaddr *)&a, sizeof(a)) == -1);
	close(fd);
}

static void test_refused(void **state)
{
	const struct ev_hdr *ev = NULL;
	uint32_t err = 0;

	stage_play(*state, act_refused, NULL);
	stage_collect(*state, EV_CLOSE, 1);
	while ((ev = stage_next(*state, EV_STATE, 0, ev)))
		err = max(err, ((const struct ev_state *)ev)->err);
	assert_int_equal(err, 111 /* ECONNREFUSED */);
}

/* Bytes flow, then tracing begins: the connection says that its start was missed. */
static void act_midway(void *arg)
{
	struct pair p = pair_open(*(enum pair_kind *)arg), fresh;
	char b[64];

	act_check(write(p.client, "unseen", 6) == 6);
	act_check(read(p.server, b, sizeof(b)) == 6);
	act_pause();
	act_check(write(p.client, "seen", 4) == 4);
	act_check(read(p.server, b, sizeof(b)) == 4);
	pair_close(&p);
	fresh = pair_open(*(enum pair_kind *)arg);
	act_check(write(fresh.client, "seen", 4) == 4);
	act_check(read(fresh.server, b, sizeof(b)) == 4);
	pair_close(&fresh);
}

static void test_midway(void **state)
{
	enum pair_kind kind;
	int i;

	for (kind = 0; kind < PAIR__CNT; kind++) {
		pid_t child = stage_start(*state, act_midway, &kind, false);

		stage_wait_pause(*state);
		assert_int_equal(capture_trace(stage_capture(*state), child, 0), 0);
		stage_resume(*state);
		stage_finish(*state);
		for (i = 0; i < 4; i++) {
			const struct ev_conn *c = stage_conn(*state, i);

			assert_int_equal(c->flags, i < 2 ? CONN_MIDWAY : 0);
			stage_expect(*state, c->conn,
				     stage_data(*state, c->conn, DIR_TX, 0) ? DIR_TX : DIR_RX,
				     "seen");
		}
	}
}

/* An old TCP connection on which nothing has flowed yet is a new one to us. */
static void act_idle(void *arg)
{
	struct pair p = pair_open(PAIR_TCP4);
	char b[64];

	act_pause();
	act_check(write(p.client, "first", 5) == 5);
	act_check(read(p.server, b, sizeof(b)) == 5);
	pair_close(&p);
}

static void test_idle_before(void **state)
{
	pid_t child = stage_start(*state, act_idle, NULL, false);

	stage_wait_pause(*state);
	assert_int_equal(capture_trace(stage_capture(*state), child, 0), 0);
	stage_resume(*state);
	stage_finish(*state);
	assert_int_equal(stage_conn(*state, 0)->flags, 0);
	assert_int_equal(stage_conn(*state, 1)->flags, 0);
}

static void act_netns(void *arg)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	enum pair_kind kind = PAIR_TCP4;
	int fd;

	act_check(!unshare(CLONE_NEWNET));
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	act_check(!ioctl(fd, SIOCSIFFLAGS, &lo));
	close(fd);
	act_hello(&kind);
}

static void test_other_netns(void **state)
{
	struct stat ns;

	assert_int_equal(stat("/proc/self/ns/net", &ns), 0);
	stage_play(*state, act_netns, NULL);
	assert_true(stage_conn(*state, 0)->netns && stage_conn(*state, 0)->netns != ns.st_ino);
	stage_expect(*state, end_of(*state, false)->conn, DIR_RX, "request");
}

static void test_listen(void **state)
{
	enum pair_kind kind = PAIR_TCP4;
	const struct ev_listen *l;

	stage_play(*state, act_hello, &kind);
	l = (const struct ev_listen *)stage_next(*state, EV_LISTEN, 0, NULL);
	assert_non_null(l);
	assert_int_equal(l->port, end_of(*state, true)->peer_port);
}

static void act_foreign(void *arg)
{
	int fds[2];
	char b[8];

	act_check(!socketpair(AF_UNIX, SOCK_DGRAM, 0, fds));
	act_check(write(fds[0], "datagram", 8) == 8);
	act_check(read(fds[1], b, sizeof(b)) == 8);
}

static void test_foreign_sockets_are_counted(void **state)
{
	uint64_t before[STAT__CNT], after[STAT__CNT];

	capture_stats(stage_capture(*state), before);
	stage_play(*state, act_foreign, NULL);
	capture_stats(stage_capture(*state), after);
	assert_null(stage_next(*state, EV_CONN, 0, NULL));
	assert_int_equal(after[STAT_RX_BYTES], before[STAT_RX_BYTES]);
	if (stage_method() != CAPTURE_FENTRY) /* its hooks are on stream sockets */
		assert_true(after[STAT_OTHER_FAMILY] - before[STAT_OTHER_FAMILY] >= 2);
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_positions_join),
		cmocka_unit_test(test_fin_is_no_byte),
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_positions_in_the_end),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_midway),
		cmocka_unit_test(test_idle_before),
		cmocka_unit_test(test_other_netns),
		cmocka_unit_test(test_listen),
		cmocka_unit_test(test_foreign_sockets_are_counted),
	};

	return stage_main("conns", tests, ARRAY_SIZE(tests));
}
