/* SPDX-License-Identifier: GPL-2.0-only */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/compiler.h"
#include "unit/lib/h2.h"

#define FRAME_MAX   16384
#define PREFACE_LEN 24

enum { DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PING = 6 };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4 };

struct frame {
	size_t len;
	uint8_t type, flags;
	uint32_t stream;
	char payload[FRAME_MAX];
};

struct h2_request {
	char body[H2_BODY_MAX];
	size_t len;
};

struct h2_server {
	const struct h2_step *steps;
	size_t steps_cnt;
	int listener, stop;
	uint16_t port;
	pthread_t thread;
	_Atomic size_t n;
	struct h2_request requests[H2_REQUESTS_MAX + 1];
};

static bool read_all(struct h2_server *s, int fd, char *to, size_t n)
{
	struct pollfd pfd[] = { { .fd = fd, .events = POLLIN },
				{ .fd = s->stop, .events = POLLIN } };
	ssize_t got;

	for (; n; to += got, n -= (size_t)got) {
		if (poll(pfd, ARRAY_SIZE(pfd), -1) <= 0 || pfd[1].revents)
			return false;
		got = recv(fd, to, n, 0);
		if (got <= 0)
			return false;
	}
	return true;
}

static bool read_frame(struct h2_server *s, int fd, struct frame *f)
{
	uint8_t head[9];

	if (!read_all(s, fd, (char *)head, sizeof(head)))
		return false;
	f->len = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
	f->type = head[3];
	f->flags = head[4];
	f->stream = (head[5] & 0x7fU) << 24 | (uint32_t)head[6] << 16 | (uint32_t)head[7] << 8 |
		    head[8];
	return f->len <= FRAME_MAX && read_all(s, fd, f->payload, f->len);
}

static void write_frame(int fd, uint8_t type, uint8_t flags, uint32_t stream, const void *p,
			size_t n)
{
	char out[9 + FRAME_MAX];
	const char head[9] = {
		(char)(n >> 16),      (char)(n >> 8),      (char)n,
		(char)type,           (char)flags,         (char)(stream >> 24),
		(char)(stream >> 16), (char)(stream >> 8), (char)stream,
	};

	memcpy(out, head, sizeof(head));
	if (n)
		memcpy(out + sizeof(head), p, n);
	send(fd, out, sizeof(head) + n, MSG_NOSIGNAL);
}

/* A string of HPACK, not compressed. Lengths below 254 fit into two bytes. */
static char *put_text(char *at, const char *text, size_t n)
{
	if (n < 127) {
		*at++ = (char)n;
	} else {
		*at++ = 127;
		*at++ = (char)(n - 127);
	}
	memcpy(at, text, n);
	return at + n;
}

/* Headers as literals that enter no table. */
static size_t put_headers(char *out, const char *lines)
{
	char *at = out;

	while (lines && *lines) {
		size_t name = strcspn(lines, ":"), all = strcspn(lines, "\n");

		*at++ = 0;
		at = put_text(at, lines, name);
		at = put_text(at, lines + name + 2, all - name - 2);
		lines += all + 1;
	}
	return (size_t)(at - out);
}

/* False: the connection is over. */
static bool answer(int fd, uint32_t stream, const struct h2_step *step)
{
	static const char cancel[] = { 0, 0, 0, 8 };
	char block[2048] = { (char)0x88 }; /* :status 200 */
	bool last = !step->body_len && !step->trailers && step->act == H2_ANSWER;
	size_t n;

	if (step->act == H2_HANG)
		return true;
	if (step->act == H2_RESET) {
		write_frame(fd, RST_STREAM, 0, stream, cancel, sizeof(cancel));
		return true;
	}
	n = 1 + put_headers(block + 1, step->headers);
	write_frame(fd, HEADERS, END_HEADERS | (last ? END_STREAM : 0), stream, block, n);
	if (step->act == H2_CUT)
		return false;
	if (step->body_len)
		write_frame(fd, DATA, step->trailers ? 0 : END_STREAM, stream, step->body,
			    step->body_len);
	if (!step->trailers)
		return true;
	n = put_headers(block, step->trailers);
	write_frame(fd, HEADERS, END_HEADERS | END_STREAM, stream, block, n);
	return true;
}

static bool take_data(struct h2_server *s, int fd, const struct frame *f)
{
	size_t i = min(s->n, (size_t)H2_REQUESTS_MAX);
	struct h2_request *r = &s->requests[i];
	size_t n = min(f->len, sizeof(r->body) - r->len);

	memcpy(r->body + r->len, f->payload, n);
	r->len += n;
	if (!(f->flags & END_STREAM))
		return true;
	s->n++;
	return answer(fd, f->stream, &s->steps[min(i, s->steps_cnt - 1)]);
}

static void serve(struct h2_server *s, int fd)
{
	char preface[PREFACE_LEN];
	static struct frame f;

	if (!read_all(s, fd, preface, sizeof(preface)))
		return;
	write_frame(fd, SETTINGS, 0, 0, NULL, 0);
	while (read_frame(s, fd, &f)) {
		if (f.type == SETTINGS && !(f.flags & ACK))
			write_frame(fd, SETTINGS, ACK, 0, NULL, 0);
		if (f.type == PING && !(f.flags & ACK))
			write_frame(fd, PING, ACK, 0, f.payload, f.len);
		if (f.type == DATA && !take_data(s, fd, &f))
			return;
	}
}

static void *h2_run(void *arg)
{
	struct h2_server *s = arg;
	struct pollfd pfd[] = { { .fd = s->listener, .events = POLLIN },
				{ .fd = s->stop, .events = POLLIN } };
	int fd;

	while (poll(pfd, ARRAY_SIZE(pfd), -1) > 0 && !pfd[1].revents) {
		fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		serve(s, fd);
		close(fd);
	}
	return NULL;
}

struct h2_server *h2_start(const struct h2_step *steps, size_t n)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct h2_server *s = calloc(1, sizeof(*s));
	socklen_t len = sizeof(addr);

	s->steps = steps;
	s->steps_cnt = n;
	s->stop = eventfd(0, EFD_CLOEXEC);
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(s->listener, (struct sockaddr *)&addr, len) || listen(s->listener, 16)) {
		perror("h2");
		abort();
	}
	getsockname(s->listener, (struct sockaddr *)&addr, &len);
	s->port = ntohs(addr.sin_port);
	pthread_create(&s->thread, NULL, h2_run, s);
	return s;
}

void h2_stop(struct h2_server *s)
{
	eventfd_write(s->stop, 1);
	pthread_join(s->thread, NULL);
	close(s->listener);
	close(s->stop);
	free(s);
}

uint16_t h2_port(const struct h2_server *s)
{
	return s->port;
}

size_t h2_requests(const struct h2_server *s)
{
	return s->n;
}

const char *h2_body(const struct h2_server *s, size_t i, size_t *ret_len)
{
	*ret_len = s->requests[i].len;
	return s->requests[i].body;
}
