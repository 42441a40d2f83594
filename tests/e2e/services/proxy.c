/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A reverse proxy as people write their first one: one thread, epoll, a fixed pool of connections
 * to the backend. A request that finds none free waits in a queue. Requests and responses are
 * passed on whole; each says its length, if it has a body, and fits into one buffer. PORT, BACKEND
 * (http://host:port) and CONNS say the rest.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define BUF_SZ    16384
#define CONNS_MAX 256

struct conn {
	int fd;
	int is_backend;
	struct conn *
		other; /* a client's backend and the other way round, while a request is under way */
	struct conn *next; /* in the queue */
	size_t n;
	char buf[BUF_SZ];
};

struct proxy {
	int epoll, listener;
	struct conn *backends[CONNS_MAX];
	int backends_cnt;
	struct conn *first, **last; /* clients that wait for a backend */
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static struct conn *conn_new(struct proxy *p, int fd, int is_backend)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct conn *c = calloc(1, sizeof(*c));
	int one = 1;

	if (!c)
		die("calloc");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->fd = fd;
	c->is_backend = is_backend;
	ev.data.ptr = c;
	if (epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &ev))
		die("epoll_ctl");
	return c;
}

static struct conn *free_backend(struct proxy *p)
{
	int i;

	for (i = 0; i < p->backends_cnt; i++)
		if (!p->backends[i]->other)
			return p->backends[i];
	return NULL;
}

static void pass(const struct conn *to, const char *bytes, size_t n)
{
	if (write(to->fd, bytes, n) != (ssize_t)n)
		die("write");
}

static void start(struct conn *client, struct conn *backend)
{
	client->other = backend;
	backend->other = client;
	pass(backend, client->buf, client->n);
	client->n = 0;
}

static void on_request(struct proxy *p, struct conn *client)
{
	struct conn *backend = free_backend(p);

	if (backend) {
		start(client, backend);
		return;
	}
	client->next = NULL;
	*p->last = client;
	p->last = &client->next;
}

static void on_response(struct proxy *p, struct conn *backend)
{
	struct conn *client = backend->other, *waiting = p->first;

	pass(client, backend->buf, backend->n);
	backend->n = 0;
	client->other = backend->other = NULL;
	if (!waiting)
		return;
	p->first = waiting->next;
	if (!p->first)
		p->last = &p->first;
	start(waiting, backend);
}

static int is_whole(const struct conn *c)
{
	const char *head_end = memmem(c->buf, c->n, "\r\n\r\n", 4);
	const char *length = head_end ? strcasestr(c->buf, "\r\nContent-Length:") : NULL;
	size_t body = length && length < head_end ? strtoul(length + 17, NULL, 10) : 0;

	return head_end && (size_t)(head_end - c->buf) + 4 + body <= c->n;
}

static void on_readable(struct proxy *p, struct conn *c)
{
	ssize_t n = read(c->fd, c->buf + c->n, sizeof(c->buf) - 1 - c->n);

	if (n > 0) {
		c->n += (size_t)n;
		c->buf[c->n] = '\0';
		if (is_whole(c))
			(c->is_backend ? on_response : on_request)(p, c);
		return;
	}
	if (c->is_backend)
		die("the backend has gone");
	close(c->fd);
	free(c);
}

static struct sockaddr_in address(const char *host, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	inet_pton(AF_INET, host, &a.sin_addr);
	return a;
}

static void connect_backends(struct proxy *p, const char *url, int cnt)
{
	char host[64];
	struct sockaddr_in a;
	int port, fd;

	if (sscanf(url, "http://%63[^:]:%d", host, &port) != 2)
		die("BACKEND");
	a = address(host, port);
	while (p->backends_cnt < cnt && p->backends_cnt < CONNS_MAX) {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(fd, (struct sockaddr *)&a, sizeof(a)))
			die("connect");
		p->backends[p->backends_cnt++] = conn_new(p, fd, 1);
	}
}

static void serve(struct proxy *p, int port)
{
	struct sockaddr_in a = address("127.0.0.1", port);
	struct epoll_event ev = { .events = EPOLLIN }, got[64];
	int one = 1, n, i;

	p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(p->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(p->listener, (struct sockaddr *)&a, sizeof(a)) || listen(p->listener, 256) ||
	    epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->listener, &ev))
		die("listen");
	while ((n = epoll_wait(p->epoll, got, 64, -1)) >= 0 || errno == EINTR) {
		for (i = 0; i < n; i++) {
			if (got[i].data.ptr)
				on_readable(p, got[i].data.ptr);
			else
				conn_new(p, accept4(p->listener, NULL, NULL, SOCK_CLOEXEC), 0);
		}
	}
}

int main(void)
{
	struct proxy p = { .epoll = epoll_create1(EPOLL_CLOEXEC) };

	p.last = &p.first;
	connect_backends(&p, getenv("BACKEND"), atoi(getenv("CONNS")));
	serve(&p, atoi(getenv("PORT")));
	return 1;
}
