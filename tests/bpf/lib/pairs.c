/* SPDX-License-Identifier: GPL-2.0-only */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/pairs.h"
#include "lib/stage.h"

const char *const pair_names[PAIR__CNT] = {
	[PAIR_TCP4] = "IPv4",
	[PAIR_TCP6] = "IPv6",
	[PAIR_DUAL] = "IPv4 to a dual-stack listener",
	[PAIR_UNIX] = "unix socketpair",
	[PAIR_UNIX_PATH] = "unix path",
	[PAIR_UNIX_ABSTRACT] = "unix abstract",
};

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

int pair_is_unix(enum pair_kind kind)
{
	return kind >= PAIR_UNIX;
}

static socklen_t address_of(enum pair_kind kind, union address *a)
{
	memset(a, 0, sizeof(*a));
	switch (kind) {
	case PAIR_TCP4:
		a->in = (struct sockaddr_in){ .sin_family = AF_INET,
					      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		return sizeof(a->in);
	case PAIR_TCP6:
		a->in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
						.sin6_addr = IN6ADDR_LOOPBACK_INIT };
		return sizeof(a->in6);
	case PAIR_DUAL:
		a->in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
						.sin6_addr = IN6ADDR_ANY_INIT };
		return sizeof(a->in6);
	default:
		a->un.sun_family = AF_UNIX;
		snprintf(a->un.sun_path + (kind == PAIR_UNIX_ABSTRACT), sizeof(a->un.sun_path) - 1,
			 "/tmp/ebpf-tracer-%d.sock", getpid());
		return offsetof(struct sockaddr_un, sun_path) +
		       strlen(a->un.sun_path + (kind == PAIR_UNIX_ABSTRACT)) + 1;
	}
}

/* The IPv4 loopback of a listener that listens on all of IPv6. */
static socklen_t to_ipv4(union address *a)
{
	in_port_t port = a->in6.sin6_port;

	a->in = (struct sockaddr_in){ .sin_family = AF_INET,
				      .sin_port = port,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	return sizeof(a->in);
}

struct pair pair_open(enum pair_kind kind)
{
	struct pair p = { .port = 0 };
	union address a;
	socklen_t len = address_of(kind, &a);
	int fds[2], listener;

	if (kind == PAIR_UNIX) {
		act_check(!socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
		return (struct pair){ .client = fds[0], .server = fds[1] };
	}
	listener = socket(a.any.sa_family, SOCK_STREAM, 0);
	act_check(!bind(listener, &a.any, len));
	act_check(!listen(listener, 16));
	if (!pair_is_unix(kind)) {
		len = sizeof(a);
		act_check(!getsockname(listener, &a.any, &len));
		p.port = ntohs(a.in.sin_port);
	}
	if (kind == PAIR_DUAL)
		len = to_ipv4(&a);
	p.client = socket(a.any.sa_family, SOCK_STREAM, 0);
	act_check(!connect(p.client, &a.any, len));
	p.server = accept(listener, NULL, NULL);
	act_check(p.server >= 0);
	close(listener);
	if (kind == PAIR_UNIX_PATH)
		unlink(a.un.sun_path);
	return p;
}

void pair_close(struct pair *p)
{
	close(p->client);
	close(p->server);
}
