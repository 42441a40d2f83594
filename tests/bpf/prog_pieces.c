/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of a call is copied: pieces and tails, budgets, verdicts, calls without memory. The sums are
 * always whole.
 */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/compiler.h"
#include "lib/pairs.h"
#include "lib/stage.h"

#define BIG  (1 << 20)
#define HEAD "POST /big HTTP/1.1\r\n\r\n"
#define TAIL "\r\n0\r\n\r\n"

struct drain {
	int fd;
	size_t left;
};

/* Reads what the other end sends, so that a large send ends. */
static void *drain_main(void *arg)
{
	struct drain *d = arg;
	char *b = malloc(BIG);

	while (d->left) {
		ssize_t n = read(d->fd, b, min((size_t)BIG, d->left));

		act_check(n > 0);
		d->left -= n;
	}
	free(b);
	return NULL;
}

static void with_drain(struct pair *p, size_t n, void (*send)(int fd))
{
	struct drain d = { p->server, n };
	pthread_t thread;

	act_check(!pthread_create(&thread, NULL, drain_main, &d));
	send(p->client);
	pthread_join(thread, NULL);
}

static char *big_text(void)
{
	char *b = malloc(BIG);

	memset(b, 'x', BIG);
	memcpy(b, HEAD, strlen(HEAD));
	memcpy(b + BIG - strlen(TAIL), TAIL, strlen(TAIL));
	return b;
}

static void send_big(int fd)
{
	char *b = big_text();

	act_check(write(fd, b, BIG) == BIG);
	free(b);
}

/* A chunk as servers write it: the end in a buffer of its own. */
static void send_big_vector(int fd)
{
	char *b = big_text();
	struct iovec vec[] = {
		{ b, 10 }, { b + 10, BIG - 10 - 7 }, { b + BIG - 7, 5 }, { b + BIG - 2, 2 }
	};

	act_check(writev(fd, vec, 4) == BIG);
	free(b);
}

static void act_big(void *arg)
{
	struct pair p = pair_open(PAIR_TCP4);

	with_drain(&p, BIG, arg);
	pair_close(&p);
}

static const struct ev_conn *sender(const struct stage *s)
{
	const struct ev_conn *c = stage_conn(s, 0);

	return stage_data(s, c->conn, DIR_TX, 0) ? c : stage_conn(s, 1);
}

static char *text_of(const struct stage *s, const struct ev_conn *c, enum dir dir, size_t n)
{
	char *text = malloc(n + 2);

	assert_int_equal(stage_text(s, c->conn, dir, text, n + 2), n);
	return text;
}

static void check_big(struct stage *s)
{
	const struct ev_conn *c = sender(s);
	char *text = text_of(s, c, DIR_TX, BIG);
	uint32_t first =
		stage_data(s, c->conn, DIR_TX, 0)->seq - stage_data(s, c->conn, DIR_TX, 0)->len;
	const struct ev_data *data;
	unsigned n;

	assert_memory_equal(text, HEAD, strlen(HEAD));
	assert_int_equal(strspn(text + strlen(HEAD), "x"), BURST_MAX - strlen(HEAD));
	assert_int_equal(strspn(text + BURST_MAX, "?"), BIG - BURST_MAX - TAIL_LEN);
	assert_memory_equal(text + BIG - TAIL_LEN, "xxxxxxxxx" TAIL, TAIL_LEN);
	free(text);
	for (n = 0; (data = stage_data(s, c->conn, DIR_TX, n)); n++) {
		assert_int_equal(!!(data->flags & DATA_MORE), data->pos + data->len < BIG);
		assert_int_equal(data->seq - first, data->pos + data->len);
	}
	stage_books_close(s);
}

static void test_head_and_tail(void **state)
{
	stage_play(*state, act_big, send_big);
	check_big(*state);
	stage_play(*state, act_big, send_big_vector);
	check_big(*state);
}

/* Within one direction the budget is spent once; a call in the other direction renews it. */
static void act_budget(void *arg)
{
	struct pair p = pair_open(PAIR_TCP4);
	char b[1000];
	int i;

	with_drain(&p, BIG, send_big);
	memset(b, 'y', sizeof(b));
	for (i = 0; i < 2; i++) {
		act_check(write(p.client, b, sizeof(b)) == sizeof(b));
		act_check(read(p.server, b, sizeof(b)) == sizeof(b));
	}
	act_check(write(p.server, "ok", 2) == 2);
	act_check(read(p.client, b, sizeof(b)) == 2);
	act_check(write(p.client, b, sizeof(b)) == sizeof(b));
	pair_close(&p);
}

/* How many records the sender has for the bytes there. */
static unsigned records_from(const struct stage *s, uint64_t from, uint64_t to)
{
	const struct ev_data *data;
	unsigned n, cnt = 0;

	for (n = 0; (data = stage_data(s, sender(s)->conn, DIR_TX, n)); n++)
		cnt += data->pos >= from && data->pos < to;
	return cnt;
}

static void test_budget_is_renewed(void **state)
{
	size_t n = BIG + 3000;
	char *text;

	stage_play(*state, act_budget, NULL);
	text = text_of(*state, sender(*state), DIR_TX, n);
	assert_int_equal(strspn(text + BIG, "y"), PREFIX_LEN);
	assert_int_equal(strspn(text + BIG + PREFIX_LEN, "?"), 1000 - PREFIX_LEN - TAIL_LEN);
	assert_int_equal(strspn(text + BIG + 1000 - TAIL_LEN, "y"), TAIL_LEN + PREFIX_LEN);
	assert_null(memchr(text + BIG + 2000, '?', 1000));
	free(text);
	assert_int_equal(records_from(*state, BIG, BIG + 2000),
			 2); /* one for both ends of a call */
}

/* A call of many buffers of 0 to 100 bytes, one in four of them empty. */
struct scatter {
	struct iovec vec[IOV_MAX];
	size_t cnt, sz;
	char *text; /* what they hold, one behind the other */
	int fd;
};

static struct scatter *scatter_new(size_t cnt)
{
	struct scatter *s = calloc(1, sizeof(*s));
	size_t i;

	s->cnt = cnt;
	s->text = malloc(cnt * 100);
	for (i = 0; i < cnt; i++) {
		s->vec[i].iov_base = s->text + s->sz;
		s->vec[i].iov_len = i % 4 == 1 ? 0 : 1 + i * 37 % 100;
		s->sz += s->vec[i].iov_len;
	}
	for (i = 0; i < s->sz; i++)
		s->text[i] = 'a' + i * i % 25;
	return s;
}

static void scatter_free(struct scatter *s)
{
	free(s->text);
	free(s);
}

static void *scatter_receive(void *arg)
{
	struct scatter *s = arg;
	struct msghdr msg = { .msg_iov = s->vec, .msg_iovlen = s->cnt };

	act_check(recvmsg(s->fd, &msg, MSG_WAITALL) == (ssize_t)s->sz);
	return NULL;
}

static void act_scatter(void *arg)
{
	struct pair p = pair_open(PAIR_TCP4);
	struct scatter *out = scatter_new(*(size_t *)arg), *in = scatter_new(out->cnt);
	pthread_t thread;

	in->fd = p.server;
	act_check(!pthread_create(&thread, NULL, scatter_receive, in));
	act_check(writev(p.client, out->vec, out->cnt) == (ssize_t)out->sz);
	pthread_join(thread, NULL);
	scatter_free(in);
	scatter_free(out);
	pair_close(&p);
}

static void expect_scatter(const struct stage *s, const struct ev_conn *c, enum dir dir,
			   const struct scatter *sent)
{
	char *text = text_of(s, c, dir, sent->sz);

	assert_memory_equal(text, sent->text, sent->sz);
	free(text);
}

/* Apache writes each field of a head from four buffers: all of them are seen, in few records. */
static void test_many_buffers(void **state)
{
	size_t cnts[] = { 17, 64, 200, IOV_MAX }, i, n;

	for (i = 0; i < ARRAY_SIZE(cnts); i++) {
		struct scatter *sent = scatter_new(cnts[i]);
		const struct ev_conn *client;

		stage_play(*state, act_scatter, &cnts[i]);
		client = sender(*state);
		expect_scatter(*state, client, DIR_TX, sent);
		expect_scatter(*state, stage_conn(*state, client == stage_conn(*state, 0)), DIR_RX,
			       sent);
		for (n = 0; stage_data(*state, client->conn, DIR_TX, n);)
			n++;
		assert_true(n <= 1 + cnts[i] / 8);
		scatter_free(sent);
		stage_books_close(*state);
	}
}

/* A head and its body: one record, sent or received, though they lie apart. */
static void act_few(void *arg)
{
	struct pair p = pair_open(PAIR_TCP4);
	char head[] = HEAD, body[300] = "body";
	struct iovec out[] = { { head, strlen(HEAD) }, { body, 0 }, { body, 4 } };
	struct iovec in[] = { { head, strlen(HEAD) }, { body, sizeof(body) } };

	act_check(writev(p.client, out, ARRAY_SIZE(out)) == (ssize_t)strlen(HEAD "body"));
	act_check(readv(p.server, in, ARRAY_SIZE(in)) == (ssize_t)strlen(HEAD "body"));
	pair_close(&p);
}

static void test_few_short_buffers_make_one_record(void **state)
{
	const struct ev_conn *client, *server;

	stage_play(*state, act_few, NULL);
	client = sender(*state);
	server = stage_conn(*state, client == stage_conn(*state, 0) ? 1 : 0);
	stage_expect(*state, client->conn, DIR_TX, HEAD "body");
	stage_expect(*state, server->conn, DIR_RX, HEAD "body");
	assert_null(stage_data(*state, client->conn, DIR_TX, 1));
	assert_null(stage_data(*state, server->conn, DIR_RX, 1));
	stage_books_close(*state);
}

static void send_file(int fd)
{
	int file = memfd_create("body", 0);
	off_t at = 0;

	act_check(!ftruncate(file, 200000));
	act_check(write(fd, HEAD, strlen(HEAD)) == (ssize_t)strlen(HEAD));
	while (at < 200000)
		act_check(sendfile(fd, file, &at, 200000 - at) > 0);
	close(file);
}

static void act_sendfile(void *arg)
{
	struct pair p = pair_open(PAIR_TCP4);

	with_drain(&p, strlen(HEAD) + 200000, send_file);
	pair_close(&p);
}

static void test_sendfile(void **state)
{
	size_t n = strlen(HEAD) + 200000;
	const struct ev_data *data;
	char *text;

	stage_play(*state, act_sendfile, NULL);
	text = text_of(*state, sender(*state), DIR_TX, n);
	assert_memory_equal(text, HEAD, strlen(HEAD));
	assert_int_equal(strspn(text + strlen(HEAD), "?"), 200000);
	free(text);
	data = stage_data(*state, sender(*state)->conn, DIR_TX, 1);
	assert_true(data->flags & DATA_NO_BUFFER);
	stage_books_close(*state);
}

/* A proxy's way: socket to pipe to socket. What no hook sees of it, TCP's positions show. */
static void act_splice(void *arg)
{
	struct pair in = pair_open(PAIR_TCP4), out = pair_open(PAIR_TCP4);
	char b[2000] = "";
	int pipes[2];

	act_check(!pipe(pipes));
	act_check(write(in.client, b, sizeof(b)) == sizeof(b));
	act_check(splice(in.server, NULL, pipes[1], NULL, sizeof(b), 0) == sizeof(b));
	act_check(splice(pipes[0], NULL, out.client, NULL, sizeof(b), 0) == sizeof(b));
	act_check(read(out.server, b, sizeof(b)) == sizeof(b));
	act_check(write(in.client, "after", 5) == 5);
	act_check(read(in.server, b, sizeof(b)) == 5);
	pair_close(&in);
	pair_close(&out);
}

/* The connection whose end in this direction moved n bytes by hooks and by positions. */
static bool accounted(const struct stage *s, enum dir dir, uint32_t n)
{
	const struct ev_hdr *c = NULL;

	while ((c = stage_next(s, EV_CONN, 0, c))) {
		const struct ev_data *d = stage_data(s, ((const struct ev_conn *)c)->conn, dir, 0),
				     *first = d;
		unsigned i;

		if (!d || (dir == DIR_RX) != (((const struct ev_conn *)c)->role == ROLE_SERVER))
			continue;
		for (i = 1; stage_data(s, ((const struct ev_conn *)c)->conn, dir, i); i++)
			d = stage_data(s, ((const struct ev_conn *)c)->conn, dir, i);
		if (d->len == 5 && dir == DIR_RX && first != d)
			return d->seq - (first->seq - first->len) == n;
		if (d->len == 5 &&
		    dir == DIR_RX) /* the splice made no record: CONN counts from after it */
			return ((const struct ev_conn *)c)->flags & CONN_MIDWAY;
		if (dir == DIR_TX && d->flags & DATA_NO_BUFFER)
			return d->len == n;
	}
	return false;
}

static void test_splice(void **state)
{
	stage_play(*state, act_splice, NULL);
	assert_true(accounted(*state, DIR_RX, 2005));
	assert_true(accounted(*state, DIR_TX, 2000));
	stage_books_close(*state);
}

static void act_verdict(void *arg)
{
	struct pair p = pair_open(PAIR_TCP4);
	char b[1000];
	int i;

	memset(b, 'z', sizeof(b));
	for (i = 0; i < 2; i++) {
		act_check(write(p.client, b, sizeof(b)) == sizeof(b));
		act_check(read(p.server, b, sizeof(b)) == sizeof(b));
		if (!i)
			act_pause();
	}
	pair_close(&p);
}

static const struct ev_conn *play_verdict(struct stage *s, const struct verdict *v)
{
	const struct ev_conn *c;

	stage_start(s, act_verdict, NULL, true);
	stage_wait_pause(s);
	stage_collect(s, EV_DATA, 2);
	c = sender(s);
	capture_verdict(stage_capture(s), c->conn, v);
	stage_resume(s);
	stage_finish(s);
	return sender(s);
}

static void test_verdict_lengths(void **state)
{
	const struct verdict v = { .mode = VERDICT_LENGTHS };
	const struct ev_conn *c = play_verdict(*state, &v);
	char *text = text_of(*state, c, DIR_TX, 2000);

	assert_int_equal(strspn(text, "z"), 1000);
	assert_int_equal(strspn(text + 1000, "?"), 1000);
	free(text);
}

static void test_verdict_ignore(void **state)
{
	const struct verdict v = { .mode = VERDICT_IGNORE };
	const struct ev_conn *c = play_verdict(*state, &v);
	const struct ev_close *close;

	free(text_of(*state, c, DIR_TX, 1000));
	stage_collect(*state, EV_CLOSE, 2);
	close = (const struct ev_close *)stage_next(*state, EV_CLOSE, c->conn, NULL);
	assert_int_equal(close->pos[DIR_TX], 2000);
	stage_books_close(*state);
}

static void test_verdict_skip(void **state)
{
	const struct verdict v = { .skip_to = { [DIR_TX] = 1400 } };
	const struct ev_conn *c = play_verdict(*state, &v);
	char *text = text_of(*state, c, DIR_TX, 2000);

	assert_int_equal(strspn(text + 1000, "?"), 400);
	assert_int_equal(strspn(text + 1400, "z"), 600);
	free(text);
}

#define BODY_SZ 2000 /* enough for both ends of it to be told alone */

/* Two messages by one call: of the first both ends are told, or nothing; the second has bytes of its own. */
static void act_messages(void *arg)
{
	static char body[BODY_SZ], fill[BURST_MAX];
	struct pair p = pair_open(PAIR_TCP4);
	struct iovec vec[] = { { body, BODY_SZ }, { (void *)"hello", 5 } };
	struct mmsghdr m[] = {
		{ .msg_hdr = { .msg_iov = &vec[0], .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_iov = &vec[1], .msg_iovlen = 1 } },
	};
	size_t filled = *(const size_t *)arg;

	memset(body, 'b', sizeof(body));
	act_check(write(p.client, fill, filled) == (ssize_t)filled);
	act_check(recv(p.server, fill, filled, MSG_WAITALL) == (ssize_t)filled);
	act_pause();
	act_check(sendmmsg(p.client, m, 2, 0) == 2);
	act_check(recv(p.server, body, sizeof(body), MSG_WAITALL) == sizeof(body));
	pair_close(&p);
}

static void expect_second_message(struct stage *s, size_t filled, const struct verdict *v)
{
	const struct ev_conn *c;
	char *text;

	stage_start(s, act_messages, &filled, true);
	stage_wait_pause(s);
	stage_collect(s, EV_DATA, 2);
	c = sender(s);
	if (v)
		capture_verdict(stage_capture(s), c->conn, v);
	stage_resume(s);
	stage_finish(s);
	text = text_of(s, sender(s), DIR_TX, filled + BODY_SZ + 5);
	assert_memory_equal(text + filled + BODY_SZ, "hello", 5);
	free(text);
}

static void test_second_message(void **state)
{
	const struct verdict skip = { .skip_to = { [DIR_TX] = 100 + BODY_SZ } };

	expect_second_message(*state, 100, &skip);
	expect_second_message(*state, BURST_MAX, NULL);
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(test_head_and_tail),
		cmocka_unit_test(test_budget_is_renewed),
		cmocka_unit_test(test_many_buffers),
		cmocka_unit_test(test_sendfile),
		cmocka_unit_test(test_few_short_buffers_make_one_record),
		cmocka_unit_test(test_splice),
		cmocka_unit_test(test_verdict_lengths),
		cmocka_unit_test(test_verdict_ignore),
		cmocka_unit_test(test_verdict_skip),
		cmocka_unit_test(test_second_message),
	};

	return stage_main("pieces", tests, ARRAY_SIZE(tests));
}
