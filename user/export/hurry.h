/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the owner of a lane speaks to an exporter that is at work on the lane's thread: "try again now" when somebody
 * waits for a flush, "be done by then" at the end. An exporter that has to wait does so in hurry_wait(), or polls `fd`
 * beside its own descriptors, so that neither a back-off nor a dead backend holds anybody up.
 */
#ifndef EXPORT_HURRY_H
#define EXPORT_HURRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct hurry {
	int fd;				/* eventfd, readable: somebody has spoken */
	_Atomic uint64_t end_ns;	/* monotonic; UINT64_MAX: no end has been set */
};

int hurry_init(struct hurry *h) __must_check;	/* 0 or -errno */
void hurry_release(struct hurry *h);
void hurry_now(struct hurry *h);		/* any thread */
void hurry_end(struct hurry *h, uint64_t end_ns);	/* any thread */

uint64_t hurry_end_ns(const struct hurry *h);
bool hurry_closing(const struct hurry *h);	/* an end has been set */
bool hurry_heard(struct hurry *h);		/* has somebody spoken since the last call? */
void hurry_wait(struct hurry *h, uint64_t until_ns);	/* until then, the end, or somebody speaks */
int hurry_poll_ms(const struct hurry *h, uint64_t until_ns);	/* the same as a timeout for poll() */

#endif
