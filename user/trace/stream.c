/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>

#include "base/compiler.h"
#include "trace/stream.h"

void stream_release(struct stream *s)
{
	head_part_free(stream_take(s));
}

uint64_t stream_next(const struct stream *s)
{
	return s->at + stream_held(s);
}

size_t stream_held(const struct stream *s)
{
	return s->held ? s->held->bytes.n : 0;
}

size_t stream_memory(const struct stream *s)
{
	return s->held ? sizeof(*s->held) + s->held->bytes.alloc : 0;
}

static struct head_part *head_part_new(const struct stamp *first)
{
	struct head_part *part = malloc(sizeof(*part));

	if (!part)
		return NULL;
	part->first = *first;
	buf_init(&part->bytes, HEAD_MAX);
	return part;
}

int stream_hold(struct stream *s, struct slice in, const struct stamp *first)
{
	struct head_part *part = s->held ? s->held : head_part_new(first);
	int err;

	if (!part)
		return -ENOMEM;
	err = buf_append(&part->bytes, in.p, in.n);
	if (!err)
		s->held = part;
	else if (!s->held)
		head_part_free(part);
	return err;
}

struct head_part *stream_take(struct stream *s)
{
	struct head_part *part = s->held;

	s->held = NULL;
	return part;
}

void head_part_free(struct head_part *part)
{
	if (part)
		buf_release(&part->bytes);
	free(part);
}
