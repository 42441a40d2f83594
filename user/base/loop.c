/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/loop.h"

struct watch {
	int fd; /* -1: free */
	loop_fn fn;
	void *ctx;
};

struct loop {
	int epoll;
	struct watch watches[LOOP_FDS_MAX];
};

struct loop *loop_new(void)
{
	struct loop *l = calloc(1, sizeof(*l));
	size_t i;

	if (!l)
		return NULL;
	for (i = 0; i < LOOP_FDS_MAX; i++)
		l->watches[i].fd = -1;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0) {
		free(l);
		return NULL;
	}
	return l;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	close(l->epoll);
	free(l);
}

static struct watch *find(struct loop *l, int fd)
{
	size_t i;

	for (i = 0; i < LOOP_FDS_MAX; i++) {
		if (l->watches[i].fd == fd)
			return &l->watches[i];
	}
	return NULL;
}

int loop_add(struct loop *l, int fd, loop_fn fn, void *ctx)
{
	struct watch *w = find(l, -1);
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = w };

	if (!w)
		return -ENOSPC;
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev))
		return -errno;
	*w = (struct watch){ fd, fn, ctx };
	return 0;
}

void loop_del(struct loop *l, int fd)
{
	struct watch *w = find(l, fd);

	if (!w)
		return;
	epoll_ctl(l->epoll, EPOLL_CTL_DEL, fd, NULL);
	w->fd = -1;
}

int loop_wait(struct loop *l, int timeout_ms)
{
	struct epoll_event ready[LOOP_FDS_MAX];
	int n = epoll_wait(l->epoll, ready, LOOP_FDS_MAX, timeout_ms);
	int i;

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (i = 0; i < n; i++) {
		struct watch *w = ready[i].data.ptr;

		if (w->fd >= 0)
			w->fn(w->ctx, w->fd);
	}
	return 0;
}
