/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HTTP/1.0 and 1.1: which bytes belong to which message (RFC 9112).
 *
 * Both flows walk the same phases, one step per call of decode():
 *
 *                 +--------------------- no body ---------------------+
 *                 |                                                   v
 *   START --head--+-- Content-Length --(skip)--> END_DUE ---------> START
 *     ^           +-- chunked --> CHUNK_SIZE --(skip)--> CHUNK_END    ^
 *     |           |                   ^  | 0                |         |
 *     |           |                   |  +--> TRAILER ------+---------+
 *     |           |                   +-----------------<---+
 *     |           +-- neither, response --(skip all)--> TO_EOF
 *     +-- resync() -- LOST <-- an error, or bytes missing where the framing is
 *
 * The body of a response depends on the method it answers, so the methods of the requests that wait
 * for their response are kept. Where a method is not known (we attached midway, or bytes were lost)
 * the response's own fields decide. After 101, or a 2xx to CONNECT, both flows carry something else
 * and are swallowed.
 */
#include <errno.h>

#include "proto/http1.h"
#include "abi/limits.h"
#include "base/compiler.h"

enum h1_phase {
	H1_START, /* a head is next */
	H1_END_DUE, /* the body has been skipped: its end is to be announced */
	H1_CHUNK_SIZE,
	H1_CHUNK_END, /* the line end behind a chunk's data */
	H1_TRAILER,
	H1_TO_EOF,
	H1_LOST,
};

/* What the framing of a response must know of its request; two bits each. */
enum h1_asked { ASKED_UNKNOWN, ASKED_OTHER, ASKED_HEAD, ASKED_CONNECT };

struct h1_flow {
	enum h1_phase phase;
	bool open; /* a head was announced, its end was not */
	bool chunked; /* the open message is */
	bool inferred; /* the end of the open message will be */
	bool resumed; /* the next head is the first one after lost bytes */
	size_t scanned; /* bytes of the input that hold no line end that matters */
};

/*
 * First in, first out; 2 bits each. Requests beyond PIPELINE_MAX are only counted: they are
 * answered as ASKED_UNKNOWN.
 */
struct h1_pending {
	uint8_t bits[PIPELINE_MAX / 4];
	uint16_t first;
	uint16_t cnt;
	uint64_t more;
};

struct h1_state {
	struct h1_flow flow[2];
	struct h1_head head; /* announced last, of either flow; valid as long as its bytes */
	struct h1_pending pending;
	bool may_switch; /* the last request asked for another protocol */
	bool switched; /* and it was granted */
};

static void pending_push(struct h1_pending *q, enum h1_asked asked)
{
	size_t i = (q->first + q->cnt) % PIPELINE_MAX;

	if (q->cnt == PIPELINE_MAX || q->more) {
		q->more++;
		return;
	}
	q->bits[i / 4] &= ~(3 << (i % 4 * 2));
	q->bits[i / 4] |= asked << (i % 4 * 2);
	q->cnt++;
}

static enum h1_asked pending_first(const struct h1_pending *q)
{
	if (!q->cnt)
		return ASKED_UNKNOWN;
	return q->bits[q->first / 4] >> (q->first % 4 * 2) & 3;
}

static void pending_pop(struct h1_pending *q)
{
	if (q->cnt) {
		q->first = (q->first + 1) % PIPELINE_MAX;
		q->cnt--;
	} else if (q->more) {
		q->more--;
	}
}

/*
 * Responses were lost. Hardly anybody pipelines, so all requests but the newest have been answered.
 */
static void pending_keep_newest(struct h1_pending *q)
{
	while (q->cnt + q->more > 1)
		pending_pop(q);
}

static void announce_end(struct h1_flow *f, struct msg *msg)
{
	msg->kind = MSG_END;
	msg->inferred = f->inferred;
	f->phase = H1_START;
	f->open = f->chunked = f->inferred = false;
}

static void announce_head(struct h1_flow *f, enum h1_phase next, struct msg *msg)
{
	f->open = next != H1_START;
	f->chunked = next == H1_CHUNK_SIZE;
	f->phase = next;
	msg->kind = f->open ? MSG_HEAD : MSG_HEAD_END;
	msg->resumed = f->resumed;
	f->resumed = false;
}

/* -EPROTO: the body has no end that both sides would agree on. */
static int body_phase(enum flow flow, const struct h1_framing *fr, enum h1_phase *ret_phase,
		      uint64_t *ret_skip)
{
	if (fr->chunked) {
		*ret_phase = H1_CHUNK_SIZE;
	} else if (fr->coded || (!fr->has_length && !fr->bad_length)) {
		if (flow == FLOW_REQUEST && fr->coded)
			return -EPROTO;
		*ret_phase = flow == FLOW_REQUEST ? H1_START : H1_TO_EOF;
		*ret_skip = flow == FLOW_REQUEST ? 0 : UINT64_MAX;
	} else if (fr->bad_length) {
		return -EPROTO;
	} else {
		*ret_phase = fr->length ? H1_END_DUE : H1_START;
		*ret_skip = fr->length;
	}
	return 0;
}

static int request_head(struct h1_state *st, struct msg *msg, uint64_t *ret_skip)
{
	struct h1_flow *f = &st->flow[FLOW_REQUEST];
	enum h1_asked asked = ASKED_OTHER;
	enum h1_phase next = H1_START;
	struct h1_framing fr;
	int err;

	h1_framing_parse(st->head.fields, &fr);
	if (slice_eq(st->head.method, SLICE("HEAD")))
		asked = ASKED_HEAD;
	else if (slice_eq(st->head.method, SLICE("CONNECT")))
		asked = ASKED_CONNECT;
	if (asked != ASKED_CONNECT) {
		err = body_phase(FLOW_REQUEST, &fr, &next, ret_skip);
		if (err)
			return err;
	}
	pending_push(&st->pending, asked);
	st->may_switch = asked == ASKED_CONNECT || fr.upgrade;
	announce_head(f, next, msg);
	return 0;
}

static int response_head(struct h1_state *st, struct msg *msg, uint64_t *ret_skip)
{
	struct h1_flow *f = &st->flow[FLOW_RESPONSE];
	enum h1_phase next = H1_START;
	enum h1_asked asked;
	int status = st->head.status;
	struct h1_framing fr;
	int err;

	if (status < 200 && status != 101) {
		msg->kind = MSG_INTERIM;
		return 0;
	}
	if (f->resumed)
		pending_keep_newest(&st->pending);
	asked = pending_first(&st->pending);
	st->switched = status == 101 || (asked == ASKED_CONNECT && status < 300);
	if (st->switched) {
		*ret_skip = UINT64_MAX;
	} else if (asked != ASKED_HEAD && status != 204 && status != 304) {
		h1_framing_parse(st->head.fields, &fr);
		err = body_phase(FLOW_RESPONSE, &fr, &next, ret_skip);
		if (err)
			return err;
	}
	pending_pop(&st->pending);
	announce_head(f, next, msg);
	msg->upgraded = st->switched;
	msg->error = status >= 500 && status < 600;
	msg->client_error = status >= 400 && status < 600;
	return 0;
}

static ssize_t head_step(struct h1_state *st, enum flow flow, struct slice in, struct msg *msg,
			 uint64_t *ret_skip)
{
	struct h1_flow *f = &st->flow[flow];
	size_t blank = 0, n;
	int err;

	if (st->switched)
		return in.n;
	if (!f->scanned)
		while (blank < in.n && (in.p[blank] == '\r' || in.p[blank] == '\n'))
			blank++;
	if (blank)
		return blank;
	/*
	 * Early bytes of the protocol that was asked for: their meaning is known when the response
	 * is.
	 */
	if (!h1_may_start(flow, in))
		return flow == FLOW_REQUEST && st->may_switch && st->pending.cnt ? 0 : -EPROTO;
	n = h1_head_end(in, &f->scanned);
	if (!n)
		return 0;
	f->scanned = 0;
	err = h1_head_parse(flow, slice_sub(in, 0, n), &st->head);
	if (!err)
		err = flow == FLOW_REQUEST ? request_head(st, msg, ret_skip)
					   : response_head(st, msg, ret_skip);
	return err ? err : (ssize_t)n;
}

static bool parse_chunk_size(struct slice line, uint64_t *ret_size)
{
	struct slice digits = h1_trim(slice_split(&line, ';'));

	return slice_u64(digits, 16, ret_size) && *ret_size <= INT64_MAX;
}

static ssize_t chunk_size_step(struct h1_flow *f, struct slice in, uint64_t *ret_skip)
{
	uint64_t size, first;
	size_t n;

	if (in.n && !slice_u64(slice_sub(in, 0, 1), 16, &first))
		return -EPROTO;
	n = h1_line_end(in, &f->scanned);
	if (!n)
		return 0;
	if (!parse_chunk_size(slice_sub(in, 0, n), &size))
		return -EPROTO;
	f->scanned = 0;
	f->phase = size ? H1_CHUNK_END : H1_TRAILER;
	*ret_skip = size;
	return n;
}

static ssize_t chunk_end_step(struct h1_flow *f, struct slice in)
{
	size_t n;

	if (!in.n || (in.n == 1 && in.p[0] == '\r'))
		return 0;
	n = in.p[0] == '\r' ? 2 : 1;
	if (in.p[n - 1] != '\n')
		return -EPROTO;
	f->phase = H1_CHUNK_SIZE;
	return n;
}

static ssize_t trailer_step(struct h1_flow *f, struct slice in, struct msg *msg)
{
	size_t n = h1_line_end(in, &f->scanned);

	if (!n)
		return 0;
	f->scanned = 0;
	if (!h1_trim(slice_sub(in, 0, n)).n)
		announce_end(f, msg);
	return n;
}

static ssize_t decode_step(struct h1_state *st, enum flow flow, struct slice in, struct msg *msg,
			   uint64_t *ret_skip)
{
	struct h1_flow *f = &st->flow[flow];

	switch (f->phase) {
	case H1_START:
		return head_step(st, flow, in, msg, ret_skip);
	case H1_END_DUE:
		announce_end(f, msg);
		return 0;
	case H1_CHUNK_SIZE:
		return chunk_size_step(f, in, ret_skip);
	case H1_CHUNK_END:
		return chunk_end_step(f, in);
	case H1_TRAILER:
		return trailer_step(f, in, msg);
	case H1_TO_EOF:
		return in.n;
	case H1_LOST:
		break;
	}
	return -EPROTO;
}

static ssize_t h1_decode(void *state, enum flow flow, struct slice in, struct msg *ret_msg,
			 uint64_t *ret_skip)
{
	struct h1_state *st = state;
	ssize_t n;

	*ret_msg = (struct msg){ 0 };
	*ret_skip = 0;
	n = decode_step(st, flow, in, ret_msg, ret_skip);
	if (n < 0) {
		st->flow[flow].phase = H1_LOST;
		st->flow[flow].scanned = 0;
	}
	return n;
}

static int h1_gap(void *state, enum flow flow, uint64_t n, struct msg *ret_msg)
{
	struct h1_state *st = state;
	struct h1_flow *f = &st->flow[flow];

	*ret_msg = (struct msg){ 0 };
	if (f->phase == H1_CHUNK_END && n == 2) { /* exactly its CR LF */
		f->phase = H1_CHUNK_SIZE;
		return 0;
	}
	f->phase = H1_LOST;
	f->scanned = 0;
	return -EPROTO;
}

/* A last chunk without trailers, which ends the call or is followed by the next response. */
static bool is_last_chunk(struct slice in)
{
	const struct slice last = SLICE("0\r\n\r\n");

	if (!slice_starts(in, last))
		return false;
	in = slice_sub(in, last.n, in.n);
	return !in.n || h1_sniff_flow(FLOW_RESPONSE, in) == SNIFF_YES_RESPONSE;
}

/* Where it starts: at the beginning of the call or of a line; -1: not there. */
static ssize_t find_last_chunk(struct slice in)
{
	size_t at = 0, scanned = 0;

	while (!is_last_chunk(slice_sub(in, at, in.n))) {
		at = h1_line_end(in, &scanned);
		if (!at)
			return -1;
		scanned = at;
	}
	return at;
}

static ssize_t h1_resync(void *state, enum flow flow, struct slice in)
{
	struct h1_state *st = state;
	struct h1_flow *f = &st->flow[flow];
	enum sniff start = h1_sniff_flow(flow, in);
	ssize_t last;

	if (start == SNIFF_YES_REQUEST || start == SNIFF_YES_RESPONSE) {
		f->phase = f->open ? H1_END_DUE : H1_START;
		last = 0;
	} else {
		last = f->chunked ? find_last_chunk(in) : -1;
		if (last < 0)
			return -EAGAIN;
		f->phase = H1_CHUNK_SIZE;
	}
	f->inferred = f->open;
	f->resumed = true;
	f->scanned = 0;
	return last;
}

/*
 * Whoever skips a body to its end calls decode() then, so END_DUE here means that it did not come
 * to its end.
 */
static void h1_eof(void *state, enum flow flow, struct msg *ret_msg)
{
	struct h1_state *st = state;
	struct h1_flow *f = &st->flow[flow];
	bool cut = f->phase != H1_TO_EOF;

	*ret_msg = (struct msg){ 0 };
	f->scanned = 0;
	if (!f->open) {
		f->phase = H1_START;
		return;
	}
	announce_end(f, ret_msg);
	ret_msg->cut = cut;
}

static void h1_describe(const void *state, enum flow flow, const struct peer_facts *peer,
			struct attrs *out)
{
	const struct h1_state *st = state;

	if (flow == FLOW_REQUEST)
		h1_describe_request(&st->head, NULL, peer, out);
	else
		h1_describe_response(&st->head, peer, out);
	h1_describe_captured(&st->head, flow, peer, out);
}

static struct slice h1_name(const void *state)
{
	const struct h1_state *st = state;

	return h1_span_name(&st->head);
}

static void h1_context(const void *state, struct trace_context *out)
{
	const struct h1_state *st = state;

	h1_trace_context(&st->head, out);
}

static enum telemetry h1_telemetry_of(const void *state)
{
	const struct h1_state *st = state;

	return h1_telemetry(&st->head);
}

static bool h1_frames_body(const void *state, enum flow flow)
{
	const struct h1_state *st = state;

	return st->flow[flow].phase == H1_CHUNK_SIZE || st->flow[flow].phase == H1_CHUNK_END;
}

const struct proto proto_http1 = {
	.name = "http1",
	.scope = "ebpf-tracer.http1",
	.state_sz = sizeof(struct h1_state),
	.sniff = h1_sniff,
	.decode = h1_decode,
	.gap = h1_gap,
	.resync = h1_resync,
	.eof = h1_eof,
	.describe = h1_describe,
	.span_name = h1_name,
	.context = h1_context,
	.telemetry = h1_telemetry_of,
	.redact = h1_redact,
	.frames_body = h1_frames_body,
};
