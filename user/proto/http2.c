/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HTTP/2, as far as it is looked into: whether its requests are a program's reports on itself. OTLP over gRPC says so
 * in the path of each request; whatever else speaks HTTP/2 is given up at its first one.
 *
 *	preface, then frames: length of the payload (3 bytes), type, flags, stream (4), payload
 *
 * HPACK is not undone. On a new connection a path is a literal, behind its length, in characters or in Huffman's code;
 * and as that is a prefix code, texts that begin alike begin alike in it, too. So the beginning of a path is looked for
 * as it would stand there. Once sent, it is a number in a table of both ends: the first request of each path tells.
 * Behind missing bytes a frame is looked for again where a call begins, as programs write whole frames.
 */
#include <errno.h>
#include <string.h>

#include "base/compiler.h"
#include "proto/http2.h"

#define HEAD_SZ 9 /* of a frame */
/* Looked at: the path is among the first, and of many small buffers only those are seen. */
#define FIELDS_SZ    128
#define SETTINGS_MAX 96 /* with which a server begins: 16 of them, there are 6 */
#define REPORTS_MAX  64 /* of other things, until spans are no longer waited for */
#define CODED        0x80 /* in the length of a literal */

enum { FRAME_HEADERS = 1, FRAME_SETTINGS = 4 };

#define TEXT(literal)                        \
	{                                    \
		literal, sizeof(literal) - 1 \
	}

static const struct slice preface = TEXT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/* How the paths of OTLP's services begin; in Huffman's code up to the last whole byte. */
static const struct report {
	struct slice start;
	bool coded;
	enum telemetry says;
} reports[] = {
	{ TEXT("/opentelemetry.proto.collector.trace."), false, TELEMETRY_SPANS },
	{ TEXT("\x60\xf5\x96\xa4\x96\x82\xd2\x54\xd9\xe9\x7a\xec\x3a\x4e\xb9\x0f\x45\x05\x22\x4f"
	       "\x62\xe9\xb0\x64\x2a"),
	  true, TELEMETRY_SPANS },
	{ TEXT("/opentelemetry.proto.collector."), false, TELEMETRY_OTHER },
	{ TEXT("\x60\xf5\x96\xa4\x96\x82\xd2\x54\xd9\xe9\x7a\xec\x3a\x4e\xb9\x0f\x45\x05\x22\x4f"
	       "\x62"),
	  true, TELEMETRY_OTHER },
};

struct h2_state {
	bool begun; /* the preface has passed */
	uint8_t reports; /* of other things than spans */
};

struct frame {
	size_t len; /* of the payload */
	uint8_t type;
};

/*
 * A literal that begins like that: its length, and that beginning. Empty: there is none. all_sz: of all fields, of
 * which these are the first.
 */
static struct slice find_literal(struct slice fields, size_t all_sz, const struct report *r)
{
	const char *at = fields.n ? memmem(fields.p, fields.n, r->start.p, r->start.n) : NULL;
	size_t off = at ? (size_t)(at - fields.p) : 0;
	uint8_t len;

	if (!off)
		return (struct slice){ 0 };
	len = (uint8_t)fields.p[off - 1];
	if (!(len & CODED) == r->coded || (len & ~CODED) < r->start.n ||
	    (size_t)(len & ~CODED) > all_sz - off)
		return (struct slice){ 0 };
	return slice_sub(fields, off - 1, 1 + r->start.n);
}

static enum telemetry find_report(struct slice fields, size_t all_sz, struct slice *ret_literal)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(reports); i++) {
		*ret_literal = find_literal(fields, all_sz, &reports[i]);
		if (ret_literal->n)
			return reports[i].says;
	}
	return TELEMETRY_NONE;
}

static bool read_head(struct slice in, struct frame *ret_frame)
{
	const uint8_t *p = (const uint8_t *)in.p;

	if (in.n < HEAD_SZ)
		return false;
	*ret_frame = (struct frame){ .len = p[0] << 16 | p[1] << 8 | p[2], .type = p[3] };
	return true;
}

/* Settings of stream 0, and no acknowledgement of others: what comes first from a server. */
static enum sniff sniff_server(struct slice head)
{
	static const char shape[HEAD_SZ] = { 0, 0, 0, FRAME_SETTINGS };
	size_t i;

	for (i = 0; i < min(head.n, sizeof(shape)); i++)
		if (i == 2 ? (uint8_t)head.p[i] > SETTINGS_MAX || head.p[i] % 6
			   : head.p[i] != shape[i])
			return SNIFF_NO;
	return i < sizeof(shape) ? SNIFF_MORE : SNIFF_YES_RESPONSE;
}

static enum sniff h2_sniff(struct slice head)
{
	struct slice begin = slice_sub(head, 0, preface.n);

	if (!slice_starts(preface, begin))
		return sniff_server(head);
	return begin.n < preface.n ? SNIFF_MORE : SNIFF_YES_REQUEST;
}

/* Nothing of it will be decoded. */
static ssize_t give_up(struct msg *ret_msg)
{
	ret_msg->upgraded = true;
	return 0;
}

static ssize_t decode_preface(struct h2_state *st, struct slice in, struct msg *ret_msg)
{
	if (!slice_starts(preface, slice_sub(in, 0, preface.n)))
		return give_up(ret_msg);
	if (in.n < preface.n)
		return 0;
	st->begun = true;
	return (ssize_t)preface.n;
}

static void decode_fields(struct h2_state *st, struct slice fields, size_t all_sz,
			  struct msg *ret_msg)
{
	struct slice literal;

	ret_msg->report = find_report(fields, all_sz, &literal);
	if (ret_msg->report != TELEMETRY_OTHER || ++st->reports == REPORTS_MAX)
		ret_msg->upgraded = true;
}

static ssize_t decode_frame(struct h2_state *st, struct slice in, struct msg *ret_msg,
			    uint64_t *ret_skip)
{
	size_t fields_sz;
	struct frame f;

	if (!read_head(in, &f))
		return 0;
	fields_sz = f.type == FRAME_HEADERS ? min(f.len, FIELDS_SZ) : 0;
	if (in.n < HEAD_SZ + fields_sz)
		return 0;
	if (f.type == FRAME_HEADERS)
		decode_fields(st, slice_sub(in, HEAD_SZ, fields_sz), f.len, ret_msg);
	*ret_skip = f.len - fields_sz;
	return (ssize_t)(HEAD_SZ + fields_sz);
}

static ssize_t h2_decode(void *state, enum flow flow, struct slice in, struct msg *ret_msg,
			 uint64_t *ret_skip)
{
	struct h2_state *st = state;

	*ret_msg = (struct msg){ 0 };
	*ret_skip = 0;
	if (flow == FLOW_RESPONSE) {
		*ret_skip = UINT64_MAX;
		return 0;
	}
	return st->begun ? decode_frame(st, in, ret_msg, ret_skip)
			 : decode_preface(st, in, ret_msg);
}

static int h2_gap(void *state, enum flow flow, uint64_t n, struct msg *ret_msg)
{
	*ret_msg = (struct msg){ 0 };
	return -EPROTO;
}

bool h2_begins_request(struct slice in)
{
	enum { END_HEADERS = 4 };
	const uint8_t *p = (const uint8_t *)in.p;

	return in.n >= HEAD_SZ && !p[0] && p[3] == FRAME_HEADERS && p[4] & END_HEADERS &&
	       !(p[5] & 0x80) && p[8] & 1;
}

static ssize_t h2_resync(void *state, enum flow flow, struct slice in)
{
	struct h2_state *st = state;

	if (flow != FLOW_REQUEST || !h2_begins_request(in))
		return -EAGAIN;
	st->begun = true;
	return 0;
}

static void h2_eof(void *state, enum flow flow, struct msg *ret_msg)
{
	*ret_msg = (struct msg){ 0 };
}

enum where { AT_FRAME, IN_FRAME };

/*
 * What decode() takes at once stays as far as it is framing, and how the path of a report begins. What it takes in
 * pieces is hidden: what they are pieces of is not known here.
 */
static void h2_redact(struct redaction *r, bool body, struct slice framing, char *out)
{
	struct slice literal;
	struct frame f;

	memset(out, REDACTED, framing.n);
	if (r->where == IN_FRAME)
		return;
	if (slice_eq(framing, preface)) {
		memcpy(out, framing.p, framing.n);
		return;
	}
	if (!read_head(framing, &f) ||
	    framing.n != HEAD_SZ + (f.type == FRAME_HEADERS ? min(f.len, FIELDS_SZ) : 0)) {
		r->where = IN_FRAME;
		return;
	}
	memcpy(out, framing.p, HEAD_SZ);
	find_report(slice_sub(framing, HEAD_SZ, framing.n), f.len, &literal);
	if (literal.n)
		memcpy(out + (literal.p - framing.p), literal.p, literal.n);
}

static bool h2_frames_body(const void *state, enum flow flow)
{
	return false;
}

const struct proto proto_http2 = {
	.name = "http2",
	.state_sz = sizeof(struct h2_state),
	.sniff = h2_sniff,
	.decode = h2_decode,
	.gap = h2_gap,
	.resync = h2_resync,
	.eof = h2_eof,
	.redact = h2_redact,
	.frames_body = h2_frames_body,
};
