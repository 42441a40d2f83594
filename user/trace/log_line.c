/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>

#include "abi/limits.h"
#include "base/utf8.h"
#include "trace/log_line.h"

#define LOG_ATTRS_MAX     8
#define LOG_ATTR_TEXT_MAX 512
#define LOG_BODY_MAX      (3 * LOG_LINE_MAX) /* every byte of a line may be an invalid one */

#define ESC 0x1b
#define DEL 0x7f

static bool is_final(unsigned char c)
{
	return c >= 0x40 && c <= 0x7e;
}

/*
 * Length of the escape sequence at the beginning of s, whose first byte is ESC: CSI ("[", parameters, a final byte), a
 * string such as a window's title (up to BEL or ESC \), or ESC and one byte.
 */
static size_t escape_len(struct slice s)
{
	size_t n = 2;

	if (s.n < 2)
		return s.n;
	if (s.p[1] == '[') {
		while (n < s.n && !is_final(s.p[n]))
			n++;
		return n < s.n ? n + 1 : n;
	}
	if (!memchr("]PX^_", s.p[1], 5))
		return 2;
	while (n < s.n && s.p[n] != '\a' && s.p[n] != ESC)
		n++;
	if (n < s.n && s.p[n] == ESC)
		n++;
	return n < s.n ? n + 1 : n;
}

static bool is_control(unsigned char c)
{
	return (c < 0x20 && c != '\t') || c == DEL;
}

/* What is written for a terminal, colours for example, says nothing elsewhere and may do harm. */
static size_t without_controls(struct slice s, char *to)
{
	size_t n = 0, i = 0;

	while (i < s.n) {
		if (s.p[i] == ESC)
			i += escape_len(slice_sub(s, i, s.n));
		else if (is_control((unsigned char)s.p[i]))
			i++;
		else
			to[n++] = s.p[i++];
	}
	return n;
}

/* The text as it may go out. NULL: out of memory. */
static char *clean(struct slice text)
{
	_cleanup_(buf_release) struct buf body = BUF_INIT(LOG_BODY_MAX);
	_cleanup_(freep) char *plain = malloc(text.n + 1);

	if (!plain)
		return NULL;
	if (utf8_append(&body, (struct slice){ plain, without_controls(text, plain) },
			LOG_BODY_MAX))
		return NULL;
	if (!body.p)
		return strdup("");
	return take_ptr(body.p);
}

struct log_line *log_line_new(struct slice text)
{
	_cleanup_(log_line_freep) struct log_line *l = calloc(1, sizeof(*l));
	struct slice word = { NULL, 0 };

	if (!l)
		return NULL;
	l->refs = 1;
	list_init(&l->node);
	attrs_init(&l->attrs, LOG_ATTRS_MAX, LOG_ATTR_TEXT_MAX);
	l->body = clean(slice_sub(text, 0, LOG_LINE_MAX));
	if (!l->body)
		return NULL;
	l->severity = log_severity(slice_str(l->body), &word);
	l->severity_text = word.n ? slice_dup(word) : NULL;
	return take_ptr(l);
}

size_t log_line_memory(const struct log_line *l)
{
	return sizeof(*l) + attrs_memory(&l->attrs) + strlen(l->body) + 1;
}

struct log_line *log_line_get(struct log_line *l)
{
	__atomic_add_fetch(&l->refs, 1, __ATOMIC_RELAXED);
	return l;
}

void log_line_free(struct log_line *l)
{
	if (!l || __atomic_sub_fetch(&l->refs, 1, __ATOMIC_ACQ_REL))
		return;
	resource_put(l->resource);
	attrs_release(&l->attrs);
	free(l->severity_text);
	free(l->body);
	free(l);
}

void log_line_place(struct log_line *l, const struct trace_id *trace, const struct span_id *span,
		    uint8_t flags)
{
	l->trace_id = *trace;
	l->span_id = *span;
	l->trace_flags = flags;
	l->has_span = true;
}
