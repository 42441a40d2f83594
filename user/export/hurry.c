/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "export/hurry.h"

int hurry_init(struct hurry *h)
{
	h->end_ns = UINT64_MAX;
	h->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return h->fd < 0 ? -errno : 0;
}

void hurry_release(struct hurry *h)
{
	if (h->fd >= 0)
		close(h->fd);
	h->fd = -1;
}

void hurry_now(struct hurry *h)
{
	eventfd_write(h->fd, 1);
}

void hurry_end(struct hurry *h, uint64_t end_ns)
{
	h->end_ns = end_ns;
	hurry_now(h);
}

uint64_t hurry_end_ns(const struct hurry *h)
{
	return h->end_ns;
}

bool hurry_closing(const struct hurry *h)
{
	return h->end_ns != UINT64_MAX;
}

bool hurry_heard(struct hurry *h)
{
	eventfd_t n;

	return !eventfd_read(h->fd, &n);
}

int hurry_poll_ms(const struct hurry *h, uint64_t until_ns)
{
	uint64_t now = clock_mono_ns(), end = min(until_ns, hurry_end_ns(h));

	if (end <= now)
		return 0;
	/* Rounded up: a wait that ends too early would turn into a loop. */
	return (int)min((end - now) / NSEC_PER_MSEC + 1, (uint64_t)INT_MAX);
}

void hurry_wait(struct hurry *h, uint64_t until_ns)
{
	struct pollfd pfd = { .fd = h->fd, .events = POLLIN };

	if (poll(&pfd, 1, hurry_poll_ms(h, until_ns)) > 0)
		hurry_heard(h);
}
