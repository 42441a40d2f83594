/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pace PORT RATE SECONDS BUSY IDLE: an open-loop load. Requests are due at a fixed rate whether or not the server keeps
 * up, on whichever of the BUSY connections is free, and latency counts from the moment a request was due: a stall is
 * seen by every request that fell into it. IDLE more connections carry one request each before, and stay open.
 *
 * Prints {"requests": N, "failed": N, "p50": us, "p99": us} at the end.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define NSEC       1000000000ULL
#define ANSWER_MAX 4096 /* of a head; a body is only counted */

static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

struct conn {
	int fd;
	uint64_t due_ns; /* of the request under way; 0: free */
	long body_left; /* -1: still in the head */
	size_t n;
	char head[ANSWER_MAX];
};

struct pace {
	struct conn *conns;
	struct conn **spare; /* free busy connections */
	size_t spare_cnt, failed;
	int epoll;
	uint32_t *us; /* latency of each answered request */
	size_t answered, us_max;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC + ts.tv_nsec;
}

static int dial(uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Takes what was read; true: the answer is complete. */
static int take(struct conn *c, ssize_t n)
{
	const char *end, *length;

	if (c->body_left >= 0) {
		c->body_left -= n;
		return c->body_left <= 0;
	}
	c->n += n;
	c->head[c->n] = '\0';
	end = strstr(c->head, "\r\n\r\n");
	if (!end)
		return 0;
	length = strcasestr(c->head, "\r\nContent-Length:");
	c->body_left = length ? atol(length + 17) : 0;
	c->body_left -= c->head + c->n - (end + 4);
	return c->body_left <= 0;
}

/* 1: the answer is complete; 0: not yet; -1: the connection is over. */
static int hear(struct conn *c)
{
	ssize_t n = c->body_left >= 0 ? read(c->fd, c->head, ANSWER_MAX - 1)
				      : read(c->fd, c->head + c->n, ANSWER_MAX - 1 - c->n);

	if (n <= 0)
		return -1;
	return take(c, n);
}

static int ask(struct conn *c, uint64_t due_ns)
{
	c->due_ns = due_ns;
	c->body_left = -1;
	c->n = 0;
	return write(c->fd, request, sizeof(request) - 1) == sizeof(request) - 1 ? 0 : -1;
}

static int open_conns(struct pace *p, uint16_t port, size_t busy, size_t idle)
{
	size_t i;
	int heard;

	for (i = 0; i < busy + idle; i++) {
		struct conn *c = &p->conns[i];
		struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };

		c->fd = dial(port);
		if (c->fd < 0 || ask(c, 1))
			return -1;
		do
			heard = hear(c);
		while (!heard);
		c->due_ns = 0;
		if (heard < 0)
			return -1;
		if (i >= busy)
			continue;
		p->spare[p->spare_cnt++] = c;
		if (epoll_ctl(p->epoll, EPOLL_CTL_ADD, c->fd, &ev))
			return -1;
	}
	return 0;
}

static void on_ready(struct pace *p, struct conn *c)
{
	int heard = hear(c);

	if (!heard)
		return;
	if (heard > 0) {
		if (p->answered < p->us_max)
			p->us[p->answered++] = (now_ns() - c->due_ns) / 1000;
		p->spare[p->spare_cnt++] = c;
		return;
	}
	p->failed++;
	epoll_ctl(p->epoll, EPOLL_CTL_DEL, c->fd, NULL);
	close(c->fd);
}

/* Sends what is due; returns how long the loop may wait, in nanoseconds. */
static long send_due(struct pace *p, uint64_t start_ns, double gap_ns, size_t total, size_t *sent)
{
	uint64_t now = now_ns(), due = start_ns + *sent * gap_ns;

	while (*sent < total && due <= now && p->spare_cnt) {
		if (ask(p->spare[--p->spare_cnt], due))
			p->failed++;
		due = start_ns + ++*sent * gap_ns;
	}
	return *sent < total && due > now ? due - now : NSEC / 1000;
}

static void run(struct pace *p, double rate, double seconds)
{
	size_t total = rate * seconds, sent = 0;
	uint64_t start = now_ns(), end = start + (seconds + 5) * NSEC;
	struct epoll_event ready[64];

	while (p->answered + p->failed < total && now_ns() < end) {
		struct timespec wait = { .tv_nsec = send_due(p, start, NSEC / rate, total, &sent) };
		int n = epoll_pwait2(p->epoll, ready, 64, &wait, NULL), i;

		for (i = 0; i < n; i++)
			on_ready(p, ready[i].data.ptr);
	}
	p->failed += total - p->answered - p->failed;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	struct rlimit files = { 200000, 200000 };
	struct pace p = { .epoll = epoll_create1(EPOLL_CLOEXEC) };
	size_t busy, idle;
	double rate, seconds;

	if (argc != 6) {
		fprintf(stderr, "usage: pace PORT RATE SECONDS BUSY IDLE\n");
		return 2;
	}
	rate = atof(argv[2]);
	seconds = atof(argv[3]);
	busy = atoi(argv[4]);
	idle = atoi(argv[5]);
	setrlimit(RLIMIT_NOFILE, &files);
	prctl(PR_SET_TIMERSLACK, 1UL);
	p.us_max = rate * seconds + 1;
	p.us = calloc(p.us_max, sizeof(*p.us));
	p.conns = calloc(busy + idle, sizeof(*p.conns));
	p.spare = calloc(busy + 1, sizeof(*p.spare));
	if (!p.us || !p.conns || !p.spare || open_conns(&p, atoi(argv[1]), busy, idle)) {
		fprintf(stderr, "pace: cannot open %zu connections: %s\n", busy + idle,
			strerror(errno));
		return 1;
	}
	run(&p, rate, seconds);
	qsort(p.us, p.answered, sizeof(*p.us), by_size);
	printf("{\"requests\":%zu,\"failed\":%zu,\"p50\":%u,\"p99\":%u}\n", p.answered, p.failed,
	       p.answered ? p.us[p.answered / 2] : 0, p.answered ? p.us[p.answered * 99 / 100] : 0);
	return p.answered ? 0 : 1;
}
