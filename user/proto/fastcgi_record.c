/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>

#include "base/compiler.h"
#include "proto/fastcgi.h"
#include "proto/http1.h"

#define VERSION 1

/* Bytes at places where only these may be. */
struct shape {
	uint8_t at, least, most;
};

static const struct shape begin_shape[] = {
	{ 0, VERSION, VERSION },
	{ 1, FCGI_BEGIN, FCGI_BEGIN },
	{ 4, 0, 0 },
	{ 5, FCGI_BEGIN_SZ, FCGI_BEGIN_SZ },
	{ FCGI_HEAD_SZ, 0, 0 },
	{ FCGI_HEAD_SZ + 1, 1, 3 }, /* responder, authorizer, filter */
	{ FCGI_HEAD_SZ + 2, 0, 1 }, /* keep the connection */
};

/* An exit status is a byte. What is reserved behind the protocol's PHP leaves as it was. */
static const struct shape end_shape[] = {
	{ 0, VERSION, VERSION },         { 1, FCGI_END, FCGI_END },  { 4, 0, 0 },
	{ 5, FCGI_END_SZ, FCGI_END_SZ }, { FCGI_HEAD_SZ, 0, 0 },     { FCGI_HEAD_SZ + 1, 0, 0 },
	{ FCGI_HEAD_SZ + 2, 0, 0 },      { FCGI_HEAD_SZ + 4, 0, 3 },
};

static enum sniff match(struct slice in, const struct shape *shape, size_t cnt)
{
	size_t i;

	for (i = 0; i < cnt; i++) {
		uint8_t c;

		if (shape[i].at >= in.n)
			return SNIFF_MORE;
		c = (uint8_t)in.p[shape[i].at];
		if (c < shape[i].least || c > shape[i].most)
			return SNIFF_NO;
	}
	return SNIFF_YES_REQUEST;
}

static uint16_t read_u16(const char *p)
{
	return (uint8_t)p[0] << 8 | (uint8_t)p[1];
}

int fcgi_record_read(struct slice in, struct fcgi_record *ret_record)
{
	if (in.n && in.p[0] != VERSION)
		return -EPROTO;
	if (in.n < FCGI_HEAD_SZ)
		return -EAGAIN;
	ret_record->type = (uint8_t)in.p[1];
	ret_record->id = read_u16(in.p + 2);
	ret_record->len = read_u16(in.p + 4);
	ret_record->all = FCGI_HEAD_SZ + ret_record->len + (uint8_t)in.p[6];
	return ret_record->type && ret_record->type < FCGI__CNT ? 0 : -EPROTO;
}

/* One byte, or four of which the first has the highest bit set. */
static bool cut_length(struct slice *s, size_t *ret_n)
{
	const uint8_t *p = (const uint8_t *)s->p;
	size_t sz = s->n && p[0] & 0x80 ? 4 : 1;

	if (s->n < sz)
		return false;
	*ret_n = sz == 1 ? p[0] : (size_t)(p[0] & 0x7f) << 24 | p[1] << 16 | p[2] << 8 | p[3];
	*s = slice_sub(*s, sz, s->n);
	return true;
}

bool fcgi_pair_next(struct slice *params, struct slice *ret_name, struct slice *ret_value)
{
	size_t name_sz, value_sz;

	if (!cut_length(params, &name_sz) || !cut_length(params, &value_sz) ||
	    name_sz > params->n || value_sz > params->n - name_sz)
		return false;
	*ret_name = slice_sub(*params, 0, name_sz);
	*ret_value = slice_sub(*params, name_sz, value_sz);
	*params = slice_sub(*params, name_sz + value_sz, params->n);
	return true;
}

enum sniff fcgi_sniff(struct slice head)
{
	if (head.n >= 4 && !read_u16(head.p + 2)) /* no request has this number */
		return SNIFF_NO;
	return match(head, begin_shape, ARRAY_SIZE(begin_shape));
}

/* Programs read a record's head alone. */
bool fcgi_begins_request(struct slice in)
{
	return in.n >= FCGI_HEAD_SZ && fcgi_sniff(in) != SNIFF_NO;
}

bool fcgi_begins_response(struct slice in)
{
	struct fcgi_record r;
	struct slice text;
	size_t name;

	if (fcgi_record_read(in, &r) || r.type != FCGI_STDOUT || !r.id)
		return false;
	text = slice_sub(in, FCGI_HEAD_SZ, r.len);
	name = h1_token_len(text);
	return name && name < text.n && text.p[name] == ':';
}

ssize_t fcgi_find_end(struct slice in, uint16_t id)
{
	size_t at;

	for (at = 0; at + FCGI_HEAD_SZ + FCGI_END_SZ <= in.n; at++) {
		struct slice s = slice_sub(in, at, FCGI_HEAD_SZ + FCGI_END_SZ);

		if (match(s, end_shape, ARRAY_SIZE(end_shape)) == SNIFF_YES_REQUEST &&
		    read_u16(s.p + 2) == id)
			return at;
	}
	return -1;
}
