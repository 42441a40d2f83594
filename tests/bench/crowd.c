/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * crowd PORT COUNT: one process that is to be traced among COUNT that are not, all of them busy with
 * sockets. Each talks to itself over a TCP connection; the one to be traced speaks HTTP. Whoever
 * connects to PORT is told how many round trips the others have made, the process that they descend
 * from, and the one to be traced.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_NS 1000000 /* between requests of the one that is to be traced */

static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

static int listen_on(uint16_t port, struct sockaddr_in *ret_at)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	socklen_t sz = sizeof(*ret_at);

	*ret_at = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
	ret_at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)ret_at, sizeof(*ret_at)) || listen(fd, 16) ||
	    getsockname(fd, (struct sockaddr *)ret_at, &sz)) {
		perror("crowd: cannot listen");
		exit(1);
	}
	return fd;
}

/* Both ends of a connection of one's own. */
static void pair(int ret_ends[2])
{
	struct sockaddr_in at;
	int fd = listen_on(0, &at), one = 1;

	ret_ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(ret_ends[0], (struct sockaddr *)&at, sizeof(at)))
		exit(1);
	ret_ends[1] = accept(fd, NULL, NULL);
	setsockopt(ret_ends[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(ret_ends[1], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	close(fd);
}

static void pass(int from, int to, const char *text, size_t n)
{
	char got[256];

	if (send(from, text, n, 0) != (ssize_t)n || recv(to, got, sizeof(got), 0) != (ssize_t)n)
		exit(1);
}

static void bystander(volatile uint64_t *trips)
{
	int ends[2];

	pair(ends);
	for (;; ++*trips)
		pass(ends[0], ends[1], request, sizeof(request) - 1);
}

static void server(void)
{
	const struct timespec rest = { .tv_nsec = PAUSE_NS };
	int ends[2];

	pair(ends);
	for (;;) {
		pass(ends[0], ends[1], request, sizeof(request) - 1);
		pass(ends[1], ends[0], answer, sizeof(answer) - 1);
		nanosleep(&rest, NULL);
	}
}

/* A child that ends with its parent: 0 in the child. */
static pid_t child(void)
{
	pid_t pid = fork();

	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static void others(volatile uint64_t *trips, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		if (!child())
			bystander(trips + i);
	}
	for (;;)
		pause();
}

static void tell(int fd, const volatile uint64_t *trips, int count, pid_t crowd, pid_t traced)
{
	unsigned long long sum = 0;
	int i;

	for (i = 0; i < count; i++)
		sum += trips[i];
	dprintf(fd, "%llu %d %d\n", sum, crowd, traced);
	close(fd);
}

int main(int argc, char **argv)
{
	int count = argc > 2 ? atoi(argv[2]) : 0, fd;
	volatile uint64_t *trips;
	struct sockaddr_in at;
	pid_t crowd, traced;

	trips = mmap(NULL, (count + 1) * sizeof(*trips), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (count < 1 || trips == MAP_FAILED)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	crowd = child();
	if (!crowd)
		others(trips, count);
	traced = child();
	if (!traced)
		server();
	fd = listen_on(atoi(argv[1]), &at);
	for (;;)
		tell(accept(fd, NULL, NULL), trips, count, crowd, traced);
}
