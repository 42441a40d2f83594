/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "trace/stream.h"

void stream_init(struct stream *s)
{
	memset(s, 0, sizeof(*s));
	buf_init(&s->held, HEAD_MAX);
}

void stream_release(struct stream *s)
{
	buf_release(&s->held);
}

uint64_t stream_next(const struct stream *s)
{
	return s->at + s->held.n;
}
