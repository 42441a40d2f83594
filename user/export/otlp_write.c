/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "base/utf8.h"
#include "export/otlp.h"
#include "export/otlp_write.h"

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* Tags, lengths (5 bytes each at most), ids and numbers around the texts, generously. */
#define BOUND_ATTR  48
#define BOUND_VALUE 12 /* of a list */
#define BOUND_LINK  128
#define BOUND_SPAN  256
#define BOUND_GROUP 512

static void put(struct writer *w, const void *bytes, size_t n)
{
	w->p -= n;
	memcpy(w->p, bytes, n);
}

static void put_long_varint(struct writer *w, uint64_t v)
{
	size_t n = 1, i;
	uint64_t rest;

	for (rest = v >> 7; rest; rest >>= 7)
		n++;
	w->p -= n;
	for (i = 0; i + 1 < n; i++, v >>= 7)
		w->p[i] = (char)(v | 0x80);
	w->p[i] = (char)v;
}

/* Nearly all of them are tags, and lengths of short texts. */
static inline void put_varint(struct writer *w, uint64_t v)
{
	if (v < 0x80)
		*--w->p = (char)v;
	else
		put_long_varint(w, v);
}

static void put_tag(struct writer *w, unsigned field, enum wire_type type)
{
	put_varint(w, field << 3 | type);
}

/* Both architectures are little-endian, as the wire is. Zero is what is read where there is nothing. */
static void put_fixed64(struct writer *w, unsigned field, uint64_t v)
{
	if (!v)
		return;
	put(w, &v, sizeof(v));
	put_tag(w, field, WIRE_FIXED64);
}

static void put_fixed32(struct writer *w, unsigned field, uint32_t v)
{
	if (!v)
		return;
	put(w, &v, sizeof(v));
	put_tag(w, field, WIRE_FIXED32);
}

static void put_number(struct writer *w, unsigned field, uint64_t v)
{
	if (!v)
		return;
	put_varint(w, v);
	put_tag(w, field, WIRE_VARINT);
}

/* What has been written since `end` becomes a message, or a text. */
static void put_around(struct writer *w, unsigned field, const char *end)
{
	put_varint(w, (uint64_t)(end - w->p));
	put_tag(w, field, WIRE_BYTES);
}

static void put_bytes(struct writer *w, unsigned field, const void *bytes, size_t n)
{
	const char *end = w->p;

	if (!n)
		return;
	put(w, bytes, n);
	put_around(w, field, end);
}

static void put_text(struct writer *w, unsigned field, const char *text)
{
	put_bytes(w, field, text, text ? strlen(text) : 0);
}

/* A receiver may refuse the whole request for one bad byte, so names are looked at once more. */
static void put_name(struct writer *w, unsigned field, const char *text)
{
	struct slice s = slice_str(text);
	_cleanup_(buf_release) struct buf repaired = BUF_INIT(0);

	if (utf8_valid_prefix(s) == s.n) {
		put_bytes(w, field, s.p, s.n);
		return;
	}
	buf_init(&repaired, utf8_repaired_len(s));
	if (!utf8_append(&repaired, s, repaired.cap))
		put_bytes(w, field, repaired.p, repaired.n);
}

/* --- KeyValue{key=1, value=2}, AnyValue{string=1, bool=2, int=3, double=4, array=5} --- */

/* One of several values that an AnyValue may have: there also when it is empty. */
static void put_string_value(struct writer *w, const char *text, size_t n)
{
	const char *end = w->p;

	put(w, text, n);
	put_around(w, 1, end);
}

static void put_list(struct writer *w, const struct attrs *a, const struct attr *at)
{
	const char *end = w->p, *text = attr_text(a, at), *value_end;
	size_t left = at->s.len, n;
	const char *nul;

	for (;;) {
		nul = memrchr(text, '\0', left);
		n = nul ? left - (size_t)(nul + 1 - text) : left;
		value_end = w->p;
		put_string_value(w, text + left - n, n);
		put_around(w, 1, value_end);
		if (!nul)
			break;
		left = (size_t)(nul - text);
	}
	put_around(w, 5, end);
}

static void put_value(struct writer *w, const struct attrs *a, const struct attr *at)
{
	switch ((enum attr_type)at->type) {
	case ATTR_STR:
		put_string_value(w, attr_text(a, at), at->s.len);
		break;
	case ATTR_INT:
		put_varint(w, (uint64_t)at->i);
		put_tag(w, 3, WIRE_VARINT);
		break;
	case ATTR_DOUBLE:
		put(w, &at->d, sizeof(at->d));
		put_tag(w, 4, WIRE_FIXED64);
		break;
	case ATTR_BOOL:
		put_varint(w, at->b);
		put_tag(w, 2, WIRE_VARINT);
		break;
	case ATTR_LIST:
		put_list(w, a, at);
		break;
	}
}

static void put_attrs(struct writer *w, unsigned field, const struct attrs *a)
{
	uint32_t i;

	for (i = a->n; i--;) {
		const struct attr *at = &a->v[i];
		const char *end = w->p;

		put_value(w, a, at);
		put_around(w, 2, end);
		put_bytes(w, 1, attr_key(a, at), at->key_len);
		put_around(w, field, end);
	}
}

/* --- Link{trace_id=1, span_id=2, attributes=4, flags=6} --- */

static void put_reason(struct writer *w, const char *reason)
{
	const char *end = w->p;

	put_string_value(w, reason, strlen(reason));
	put_around(w, 2, end);
	put_text(w, 1, "link.reason");
	put_around(w, 4, end);
}

static void put_links(struct writer *w, const struct span *s)
{
	size_t i;

	for (i = s->links_cnt; i--;) {
		const struct span_link *l = &s->links[i];
		const char *end = w->p;

		put_fixed32(w, 6, otlp_flags(l->flags, l->remote));
		if (l->reason)
			put_reason(w, l->reason);
		put_bytes(w, 2, l->span_id.b, sizeof(l->span_id.b));
		put_bytes(w, 1, l->trace_id.b, sizeof(l->trace_id.b));
		put_around(w, 13, end);
	}
}

/* --- Span, and what it stands in --- */

static void put_error(struct writer *w)
{
	const char *end = w->p;

	put_number(w, 3, OTLP__STATUS_CODE__STATUS_CODE_ERROR);
	put_around(w, 15, end);
}

void otlp_write_span(struct writer *w, const struct span *s)
{
	const char *end = w->p;

	put_fixed32(w, 16, otlp_flags(s->trace_flags, s->parent_remote));
	if (s->error)
		put_error(w);
	put_links(w, s);
	put_number(w, 10, s->attrs.dropped);
	put_attrs(w, 9, &s->attrs);
	put_fixed64(w, 8, s->end_ns);
	put_fixed64(w, 7, s->start_ns);
	put_number(w, 6, s->kind);
	put_name(w, 5, s->name);
	if (s->has_parent)
		put_bytes(w, 4, s->parent_id.b, sizeof(s->parent_id.b));
	put_name(w, 3, s->trace_state);
	put_bytes(w, 2, s->span_id.b, sizeof(s->span_id.b));
	put_bytes(w, 1, s->trace_id.b, sizeof(s->trace_id.b));
	put_around(w, 2, end);
}

void otlp_write_scope(struct writer *w, const char *end, const char *scope, const char *version)
{
	const char *scope_end = w->p;

	put_text(w, 2, version);
	put_text(w, 1, scope);
	put_around(w, 1, scope_end);
	put_around(w, 2, end);
}

void otlp_write_resource(struct writer *w, const char *end, const struct resource *r)
{
	const char *resource_end = w->p;

	put_number(w, 2, r->attrs.dropped);
	put_attrs(w, 1, &r->attrs);
	put_around(w, 1, resource_end);
	put_around(w, 1, end);
}

void otlp_write_schema(struct writer *w)
{
	put_text(w, 3, OTLP_SCHEMA_URL);
}

/* --- how much room that takes --- */

static size_t attrs_bound(const struct attrs *a)
{
	size_t n = a->text.n + a->n * BOUND_ATTR;
	uint32_t i;

	for (i = 0; i < a->n; i++) {
		n += a->v[i].key_len;
		if (a->v[i].type == ATTR_LIST)
			n += attr_list_cnt(a, &a->v[i]) * BOUND_VALUE;
	}
	return n;
}

static size_t text_bound(const char *s)
{
	return s ? strlen(s) : 0;
}

size_t otlp_span_bound(const struct span *s)
{
	size_t n = BOUND_SPAN + attrs_bound(&s->attrs), i;

	/* A repaired text is at most three times as long. */
	n += 3 * (text_bound(s->name) + text_bound(s->trace_state));
	for (i = 0; i < s->links_cnt; i++)
		n += BOUND_LINK + text_bound(s->links[i].reason);
	return n;
}

size_t otlp_resource_bound(const struct resource *r)
{
	return BOUND_GROUP + attrs_bound(&r->attrs);
}
