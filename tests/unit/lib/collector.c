/* SPDX-License-Identifier: GPL-2.0-only */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "unit/lib/collector.h"

#define REQUESTS_MAX 256
#define WAIT_NS      (10 * NSEC_PER_SEC)

struct collector {
	const struct collector_step *steps;
	size_t steps_cnt;
	int listener, stop;
	uint16_t port;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t came;
	size_t n, connections;
	struct collector_request requests[REQUESTS_MAX];
};

/* True: fd is readable; false: the test is over, or ms have passed (-1: never). */
static bool readable(const struct collector *c, int fd, int ms)
{
	struct pollfd pfd[] = { { .fd = fd, .events = POLLIN },
				{ .fd = c->stop, .events = POLLIN } };

	return poll(pfd, ARRAY_SIZE(pfd), ms) > 0 && !pfd[1].revents;
}

static bool read_some(struct collector *c, int fd, char *to, size_t max, size_t *n)
{
	ssize_t got;

	if (*n == max || !readable(c, fd, -1))
		return false;
	got = recv(fd, to + *n, max - *n, 0);
	if (got <= 0)
		return false;
	*n += (size_t)got;
	return true;
}

static size_t content_length(const char *head)
{
	const char *at = strcasestr(head, "\r\ncontent-length:");

	return at ? strtoul(at + 17, NULL, 10) : 0;
}

/* One request into *r; false: the client is done. */
static bool read_request(struct collector *c, int fd, struct collector_request *r)
{
	char *end = NULL;
	size_t n = 0, head;

	memset(r, 0, sizeof(*r));
	while (!end) {
		if (!read_some(c, fd, r->head, sizeof(r->head) - 1, &n))
			return false;
		end = strstr(r->head, "\r\n\r\n");
	}
	head = (size_t)(end - r->head) + 4;
	r->body_len = content_length(r->head);
	r->body = calloc(1, r->body_len + 1);
	memcpy(r->body, r->head + head, n - head);
	r->head[head] = '\0';
	n -= head;
	while (n < r->body_len)
		if (!read_some(c, fd, r->body, r->body_len, &n)) {
			free(r->body);
			return false;
		}
	r->at_ns = clock_mono_ns();
	return true;
}

static bool send_all(int fd, const char *p, size_t n)
{
	ssize_t sent;

	for (; n; p += sent, n -= (size_t)sent) {
		sent = send(fd, p, n, MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
	}
	return true;
}

static bool answer(int fd, const struct collector_step *s)
{
	static const char zeros[4096];
	char head[512];
	size_t n, left = s->body_len;
	int len = snprintf(head, sizeof(head), "HTTP/1.1 %d X\r\n%sContent-Length: %zu\r\n\r\n",
			   s->status, s->headers ? s->headers : "", s->body_len);

	if (!send_all(fd, head, (size_t)len))
		return false;
	if (s->body)
		return send_all(fd, s->body, s->body_len);
	for (; left; left -= n) {
		n = min(left, sizeof(zeros));
		if (!send_all(fd, zeros, n))
			return false;
	}
	return true;
}

static void drip(struct collector *c, int fd)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	size_t i;

	for (i = 0; i < sizeof(text) - 1; i++) {
		/* Nothing more comes from the client: this is the pause. */
		if (readable(c, fd, 10) || !send_all(fd, text + i, 1))
			return;
	}
}

/* False: the connection is over. */
static bool act(struct collector *c, int fd, const struct collector_step *s)
{
	switch (s->act) {
	case COLLECT_ANSWER:
		return answer(fd, s);
	case COLLECT_HANG:
		readable(c, fd, -1);
		return false;
	case COLLECT_CLOSE:
		return false;
	case COLLECT_RAW:
		send_all(fd, s->body, s->body_len);
		return false;
	case COLLECT_DRIP:
		drip(c, fd);
		return true;
	}
	return false;
}

static void serve(struct collector *c, int fd)
{
	struct collector_request r;
	size_t i;

	while (read_request(c, fd, &r)) {
		pthread_mutex_lock(&c->lock);
		i = min(c->n, c->steps_cnt - 1);
		if (c->n < REQUESTS_MAX)
			c->requests[c->n++] = r;
		else
			free(r.body);
		pthread_cond_broadcast(&c->came);
		pthread_mutex_unlock(&c->lock);
		if (!act(c, fd, &c->steps[i]))
			return;
	}
}

static void *collector_run(void *arg)
{
	struct collector *c = arg;
	int fd;

	while (readable(c, c->listener, -1)) {
		fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		pthread_mutex_lock(&c->lock);
		c->connections++;
		pthread_mutex_unlock(&c->lock);
		serve(c, fd);
		close(fd);
	}
	return NULL;
}

struct collector *collector_start(const struct collector_step *steps, size_t n, uint16_t port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct collector *c = calloc(1, sizeof(*c));
	socklen_t len = sizeof(addr);
	pthread_condattr_t mono;
	int on = 1;

	c->steps = steps;
	c->steps_cnt = n;
	c->stop = eventfd(0, EFD_CLOEXEC);
	c->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(c->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(c->listener, (struct sockaddr *)&addr, len) || listen(c->listener, 16)) {
		perror("collector");
		abort();
	}
	getsockname(c->listener, (struct sockaddr *)&addr, &len);
	c->port = ntohs(addr.sin_port);
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&mono);
	pthread_condattr_setclock(&mono, CLOCK_MONOTONIC);
	pthread_cond_init(&c->came, &mono);
	pthread_create(&c->thread, NULL, collector_run, c);
	return c;
}

void collector_stop(struct collector *c)
{
	if (!c)
		return;
	eventfd_write(c->stop, 1);
	pthread_join(c->thread, NULL);
	close(c->listener);
	close(c->stop);
	while (c->n)
		free(c->requests[--c->n].body);
	free(c);
}

uint16_t collector_port(const struct collector *c)
{
	return c->port;
}

size_t collector_requests(struct collector *c)
{
	size_t n;

	pthread_mutex_lock(&c->lock);
	n = c->n;
	pthread_mutex_unlock(&c->lock);
	return n;
}

size_t collector_connections(struct collector *c)
{
	size_t n;

	pthread_mutex_lock(&c->lock);
	n = c->connections;
	pthread_mutex_unlock(&c->lock);
	return n;
}

bool collector_wait(struct collector *c, size_t requests)
{
	uint64_t end = clock_mono_ns() + WAIT_NS;
	struct timespec ts = { (time_t)(end / NSEC_PER_SEC), (long)(end % NSEC_PER_SEC) };
	bool there;

	pthread_mutex_lock(&c->lock);
	while (c->n < requests && clock_mono_ns() < end)
		pthread_cond_timedwait(&c->came, &c->lock, &ts);
	there = c->n >= requests;
	pthread_mutex_unlock(&c->lock);
	return there;
}

const struct collector_request *collector_request(struct collector *c, size_t i)
{
	return i < collector_requests(c) ? &c->requests[i] : NULL;
}
