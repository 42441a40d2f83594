/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A named mapping holds a header, the header leads to a payload in protobuf:
 *
 *	ProcessContext { resource = 1 { attributes = 1 { key = 1, value = 2 { string = 1 | bool = 2 | int = 3 } } } }
 *
 * The time in the header is 0 while the payload is being replaced, and another one afterwards: it is read before and
 * after the payload.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/protobuf.h"
#include "host/process_context.h"

#define PAYLOAD_MAX 16384 /* the text that is made of it may have 4 KiB */
#define VERSION     2
#define TRIES       3

struct header {
	char signature[8];
	uint32_t version;
	uint32_t payload_sz;
	uint64_t published_ns;
	uint64_t payload;
};

static bool is_named_so(const struct mapping *m)
{
	static const char *const names[] = { "/memfd:OTEL_CTX", "[anon_shmem:OTEL_CTX]",
					     "[anon:OTEL_CTX]" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (slice_starts(m->name, slice_str(names[i])))
			return true;
	return false;
}

bool process_context_find(const struct memory *m, uint64_t *ret_at)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (is_named_so(&m->v[i]) && m->v[i].end - m->v[i].start >= sizeof(struct header)) {
			*ret_at = m->v[i].start;
			return true;
		}
	return false;
}

/* --- the payload --- */

static bool is_plain_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && strchr("-._~/:@", c));
}

static int put_text(struct buf *out, struct slice text)
{
	size_t i;
	int err = text.n && memchr(text.p, '\0', text.n) ? -ENOENT : 0;

	for (i = 0; i < text.n && !err; i++)
		err = is_plain_char(text.p[i])
			      ? buf_append(out, &text.p[i], 1)
			      : buf_printf(out, "%%%02x", (unsigned char)text.p[i]);
	return err;
}

/* Lists, bytes and doubles are no names of anything. */
static int put_value(struct buf *out, struct slice value)
{
	struct pb_field f;
	int err = -ENOENT, more;

	while ((more = pb_next(&value, &f)) > 0) {
		if (f.number == 1 && f.type == PB_BYTES)
			err = put_text(out, f.bytes);
		else if (f.number == 2 && f.type == PB_VARINT)
			err = buf_puts(out, f.v ? "true" : "false");
		else if (f.number == 3 && f.type == PB_VARINT)
			err = buf_printf(out, "%lld", (long long)f.v);
	}
	return more ? more : err;
}

static int put_attribute(struct buf *out, struct slice attribute)
{
	struct slice key = { 0 }, value = { 0 };
	struct pb_field f;
	int err, more;

	while ((more = pb_next(&attribute, &f)) > 0) {
		if (f.number == 1 && f.type == PB_BYTES)
			key = f.bytes;
		else if (f.number == 2 && f.type == PB_BYTES)
			value = f.bytes;
	}
	if (more || !key.n)
		return more ? more : -ENOENT;
	err = out->n ? buf_puts(out, ",") : 0;
	if (!err)
		err = put_text(out, key);
	if (!err)
		err = buf_puts(out, "=");
	return err ? err : put_value(out, value);
}

/* One that has no room, or no value that can be told, is left out. */
static int put_resource(struct buf *out, struct slice resource)
{
	struct pb_field f;
	size_t before;
	int err, more;

	while ((more = pb_next(&resource, &f)) > 0) {
		if (f.number != 1 || f.type != PB_BYTES)
			continue;
		before = out->n;
		err = put_attribute(out, f.bytes);
		if (err == -EINVAL)
			return err;
		if (err)
			out->n = before;
	}
	return more;
}

int process_context_decode(struct slice payload, struct buf *ret_list)
{
	size_t before = ret_list->n;
	struct pb_field f;
	int more;

	while ((more = pb_next(&payload, &f)) > 0) {
		if (f.number == 1 && f.type == PB_BYTES && put_resource(ret_list, f.bytes)) {
			more = -EINVAL;
			break;
		}
	}
	if (more)
		ret_list->n = before;
	return more;
}

/* --- reading --- */

static int read_at(const struct memory *m, uint64_t at, void *to, size_t sz)
{
	ssize_t n = memory_read(m, at, to, sz);

	return n < 0 ? (int)n : (size_t)n == sz ? 0 : -EIO;
}

static int read_header(const struct memory *m, uint64_t at, struct header *ret_header)
{
	int err = read_at(m, at, ret_header, sizeof(*ret_header));

	if (err)
		return err;
	if (memcmp(ret_header->signature, "OTEL_CTX", sizeof(ret_header->signature)) ||
	    ret_header->version != VERSION)
		return -ENOENT;
	return ret_header->published_ns ? 0 : -EAGAIN;
}

/* -EAGAIN: it was replaced meanwhile. */
static int read_once(const struct memory *m, uint64_t at, struct buf *payload)
{
	struct header h, again;
	int err = read_header(m, at, &h);

	if (err)
		return err;
	if (h.payload_sz > PAYLOAD_MAX || memory_plain(m, h.payload) < h.payload_sz)
		return -EINVAL;
	buf_clear(payload);
	err = buf_reserve(payload, h.payload_sz);
	if (!err)
		err = read_at(m, h.payload, payload->p, h.payload_sz);
	if (!err)
		err = read_header(m, at, &again);
	if (err)
		return err;
	payload->n = h.payload_sz;
	return again.published_ns == h.published_ns ? 0 : -EAGAIN;
}

int process_context_read(uint32_t tgid, struct buf *ret_list)
{
	_cleanup_(buf_release) struct buf payload = BUF_INIT(PAYLOAD_MAX);
	_cleanup_(memory_close) struct memory m;
	int err = memory_open(tgid, &m), tries;
	uint64_t at;

	if (err)
		return err;
	if (!process_context_find(&m, &at))
		return -ENOENT;
	err = -EAGAIN;
	for (tries = 0; tries < TRIES && err == -EAGAIN; tries++)
		err = read_once(&m, at, &payload);
	return err ? err : process_context_decode(buf_slice(&payload), ret_list);
}
