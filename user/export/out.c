/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "export/out.h"

#define PIPE_STEP 4096 /* a pipe that polls writable takes one page without blocking */

int out_open(struct out *o, const char *path, struct hurry *hurry, struct err *err)
{
	struct stat st;
	int code;

	*o = (struct out){ .fd = STDOUT_FILENO, .name = "stdout", .hurry = hurry };
	if (path && strcmp(path, "-")) {
		o->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		o->owned = true;
		o->name = path;
	}
	if (o->fd < 0) {
		code = -errno;
		return err_set(err, code, "cannot write to '%s': %s", path, strerror(-code));
	}
	if (fstat(o->fd, &st)) {
		code = -errno;
		out_close(o);
		return err_set(err, code, "cannot write to %s: %s", o->name, strerror(-code));
	}
	o->seekable = S_ISREG(st.st_mode);
	return 0;
}

void out_close(struct out *o)
{
	if (o->owned && o->fd >= 0)
		close(o->fd);
	o->fd = -1;
}

/* Waits until the reader takes more: 0, or -ETIMEDOUT at the end of all patience. */
static int wait_writable(struct out *o)
{
	struct pollfd pfd[] = {
		{ .fd = o->fd, .events = POLLOUT },
		{ .fd = o->hurry->fd, .events = POLLIN },
	};

	while (!hurry_closing(o->hurry) || clock_mono_ns() < hurry_end_ns(o->hurry)) {
		int timeout = hurry_closing(o->hurry) ? hurry_poll_ms(o->hurry, UINT64_MAX) : -1;

		if (poll(pfd, ARRAY_SIZE(pfd), timeout) < 0 && errno != EINTR)
			return -errno;
		if (pfd[0].revents)
			return 0;
		hurry_heard(o->hurry);
	}
	return -ETIMEDOUT;
}

static int write_all(struct out *o, struct slice text, size_t *ret_done)
{
	while (*ret_done < text.n) {
		size_t step = text.n - *ret_done;
		ssize_t n;
		int err;

		if (!o->seekable) {
			err = wait_writable(o);
			if (err)
				return err;
			step = min(step, (size_t)PIPE_STEP);
		}
		n = write(o->fd, text.p + *ret_done, step);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		*ret_done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Takes back the half of a text that was written to our own file; elsewhere the next text begins on a new line. */
static void mend(struct out *o, size_t done)
{
	off_t end = done ? lseek(o->fd, 0, SEEK_CUR) : -1;

	if (!done)
		return;
	o->torn = true;
	if (!o->owned || !o->seekable || end < (off_t)done)
		return;
	if (!ftruncate(o->fd, end - (off_t)done) && lseek(o->fd, end - (off_t)done, SEEK_SET) >= 0)
		o->torn = false;
}

void out_lost(struct out *o, int err, size_t n, struct export_counts *counts)
{
	counts->failed += n;
	o->lost += n;
	if (!o->failing)
		log_warn("export: cannot write to %s: %s; spans are lost until it works again",
			 o->name, strerror(-err));
	o->failing = true;
}

void out_write(struct out *o, struct slice text, size_t n, struct export_counts *counts)
{
	size_t done = 0, newline = 0;
	int err = 0;

	if (o->torn)
		err = write_all(o, SLICE("\n"), &newline);
	if (!err) {
		o->torn = false;
		err = write_all(o, text, &done);
	}
	if (err) {
		mend(o, done);
		out_lost(o, err, n, counts);
		return;
	}
	counts->sent += n;
	if (o->failing)
		log_info("export: %s can be written again, %llu spans were lost", o->name,
			 (unsigned long long)o->lost);
	o->failing = false;
	o->lost = 0;
}
