/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * FastCGI 1.0: a web server asks a program, PHP-FPM say, in the terms of CGI.
 *
 *	record:  version 1, type, request (2 bytes), length of the content (2), of the padding, 0; content, padding
 *
 *	request   BEGIN_REQUEST, PARAMS..., an empty one: the head     STDIN..., an empty one
 *	response  STDOUT... up to an empty line: the head              STDOUT..., END_REQUEST
 *
 * A stream may be cut into records anywhere, so a head is held until it is whole; where it lies in several records it
 * is put together. STDERR comes at any place, and says nothing here. Requests follow each other on a connection.
 * Several at once were meant to be, but those who speak FastCGI refuse that; it is taken for a broken protocol.
 *
 *	START --head--> BODY --its last record--> START          LOST: bytes are missing where a record begins
 */
#include <errno.h>

#include "abi/limits.h"
#include "base/compiler.h"
#include "proto/cgi.h"
#include "proto/fastcgi.h"

#define TEXT_MAX (2 * HEAD_MAX)

#define KEEP_CONN 1 /* of the flags of BEGIN_REQUEST */

enum role { ROLE_RESPONDER = 1, ROLE_AUTHORIZER, ROLE_FILTER };

enum phase { START, BODY, END_DUE, LOST };

/* Why a request failed, by the protocol status of its END_REQUEST. */
static const char *const refusals[] = { NULL, "cannot_multiplex", "overloaded", "unknown_role" };

struct fcgi_flow {
	enum phase phase;
	bool open; /* a head was announced, its end was not */
	bool inferred;
	bool resumed;
	bool ending; /* the end was announced, what END_REQUEST says is to come */
	uint8_t blank; /* a head: what its last bytes are of an empty line */
	uint8_t last; /* a request: type of the record that ends it, when empty */
	uint16_t id; /* of the open message */
	size_t record; /* a head: where the record begins that is looked at, */
	size_t seen; /* and how much of its content has been */
	size_t rest; /* content and padding behind a head */
};

struct fcgi_state {
	struct fcgi_flow flow[2];
	struct cgi_head *head; /* announced last, of either flow, until the next call */
	struct buf stream; /* that it lies in, if it comes in several records */
	unsigned asked; /* requests without the end of a response */
	uint16_t asked_id; /* the newest of them */
	bool aborted; /* that one was, by the web server */
	bool keeps; /* which goes on with the connection after that one */
};

static void forget_head(struct fcgi_state *st)
{
	cgi_head_free(st->head);
	st->head = NULL;
	buf_release(&st->stream);
	buf_init(&st->stream, TEXT_MAX);
}

/* 0, -EAGAIN (more is needed) or -EPROTO */
static int next_record(enum flow flow, struct slice in, struct fcgi_record *ret_record)
{
	static const uint16_t types[] = {
		[FLOW_REQUEST] = 1 << FCGI_BEGIN | 1 << FCGI_ABORT | 1 << FCGI_PARAMS |
				 1 << FCGI_STDIN | 1 << FCGI_DATA | 1 << FCGI_GET_VALUES,
		[FLOW_RESPONSE] = 1 << FCGI_END | 1 << FCGI_STDOUT | 1 << FCGI_STDERR |
				  1 << FCGI_VALUES | 1 << FCGI_UNKNOWN,
	};
	int err = fcgi_record_read(in, ret_record);

	if (err)
		return err;
	return types[flow] & 1 << ret_record->type ? 0 : -EPROTO;
}

static ssize_t skip_record(const struct fcgi_record *r, uint64_t *ret_skip)
{
	*ret_skip = r->all - FCGI_HEAD_SZ;
	return FCGI_HEAD_SZ;
}

static void announce_end(struct fcgi_flow *f, struct msg *msg)
{
	msg->kind = MSG_END;
	msg->inferred = f->inferred;
	f->phase = START;
	f->open = f->inferred = false;
}

static void announce_head(struct fcgi_flow *f, enum msg_kind kind, struct msg *msg)
{
	msg->kind = kind;
	msg->resumed = f->resumed;
	f->open = kind == MSG_HEAD;
	f->phase = f->open ? BODY : START;
	f->resumed = false;
	f->record = f->seen = f->blank = 0;
}

/* The content of all records of this type up to `end`, as one. */
static int gather(enum fcgi_type type, struct slice in, size_t end, struct buf *room,
		  struct slice *ret_stream)
{
	struct slice whole = { 0 }, part;
	struct fcgi_record r;
	size_t at;

	for (at = 0; at < end && !fcgi_record_read(slice_sub(in, at, in.n), &r); at += r.all) {
		if (r.type != type)
			continue;
		part = slice_sub(slice_sub(in, 0, end), at + FCGI_HEAD_SZ, r.len);
		if (!whole.n) {
			whole = part;
			continue;
		}
		if ((!room->n && buf_append(room, whole.p, whole.n)) ||
		    buf_append(room, part.p, part.n))
			return -ENOMEM;
		whole = buf_slice(room);
	}
	*ret_stream = whole;
	return 0;
}

static int take_variables(struct cgi_head *head, struct slice params)
{
	struct slice name, value;
	int err = 0;

	while (!err && fcgi_pair_next(&params, &name, &value))
		err = cgi_head_add(head, name, value);
	return err ? err : cgi_head_done(head);
}

static int request_head(struct fcgi_state *st, struct slice in, const struct fcgi_record *begin,
			struct msg *msg)
{
	struct fcgi_flow *f = &st->flow[FLOW_REQUEST];
	uint8_t role = in.p[FCGI_HEAD_SZ + 1];
	struct slice params;
	int err = gather(FCGI_PARAMS, in, f->record, &st->stream, &params);

	st->head = err ? NULL : cgi_head_new("fastcgi", TEXT_MAX);
	if (!st->head || take_variables(st->head, params))
		return -EPROTO;
	f->id = begin->id;
	f->last = role == ROLE_FILTER ? FCGI_DATA : FCGI_STDIN;
	announce_head(f, role == ROLE_AUTHORIZER ? MSG_HEAD_END : MSG_HEAD, msg);
	st->asked++;
	st->asked_id = begin->id;
	st->aborted = false;
	st->keeps = in.p[FCGI_HEAD_SZ + 2] & KEEP_CONN;
	return 0;
}

/* Looks at whole records up to the empty one that ends the variables. */
static ssize_t find_params_end(struct fcgi_flow *f, struct slice in,
			       const struct fcgi_record *begin)
{
	struct fcgi_record r;
	int err;

	for (;;) {
		err = next_record(FLOW_REQUEST, slice_sub(in, f->record, in.n), &r);
		if (err)
			return err;
		if (r.id && f->record && (r.id != begin->id || r.type == FCGI_BEGIN))
			return -EPROTO;
		if (in.n - f->record < r.all)
			return -EAGAIN;
		f->record += r.all;
		if (r.type == FCGI_PARAMS && !r.len)
			return f->record;
		if (r.type == FCGI_ABORT)
			return -ECANCELED;
	}
}

static ssize_t request_start(struct fcgi_state *st, struct slice in, struct msg *msg,
			     uint64_t *ret_skip)
{
	struct fcgi_flow *f = &st->flow[FLOW_REQUEST];
	struct fcgi_record begin;
	ssize_t end = next_record(FLOW_REQUEST, in, &begin);

	if (!end && begin.type != FCGI_BEGIN)
		return skip_record(&begin, ret_skip);
	if (!end)
		end = fcgi_sniff(in) == SNIFF_NO ? -EPROTO : find_params_end(f, in, &begin);
	if (end == -ECANCELED) { /* it has not begun */
		end = f->record;
		f->record = 0;
		return end;
	}
	if (end > 0 && request_head(st, in, &begin, msg))
		return -EPROTO;
	return end == -EAGAIN ? 0 : end;
}

static ssize_t request_body(struct fcgi_state *st, struct slice in, struct msg *msg,
			    uint64_t *ret_skip)
{
	struct fcgi_flow *f = &st->flow[FLOW_REQUEST];
	struct fcgi_record r;
	int err = next_record(FLOW_REQUEST, in, &r);

	if (err)
		return err == -EAGAIN ? 0 : err;
	if (r.type == FCGI_BEGIN && !st->asked) { /* answered before its end: that was it */
		f->inferred = true;
		announce_end(f, msg);
		return 0;
	}
	if (r.id && (r.id != f->id || r.type == FCGI_BEGIN))
		return -EPROTO;
	if (r.id && (r.type == FCGI_ABORT || (r.type == f->last && !r.len))) {
		announce_end(f, msg);
		msg->cut = st->aborted = r.type == FCGI_ABORT;
	}
	return skip_record(&r, ret_skip);
}

static ssize_t decode_request(struct fcgi_state *st, struct slice in, struct msg *msg,
			      uint64_t *ret_skip)
{
	return st->flow[FLOW_REQUEST].open ? request_body(st, in, msg, ret_skip)
					   : request_start(st, in, msg, ret_skip);
}

/* Up to the empty line; *blank tells of the bytes so far: 1, they end in LF; 2, in LF and CR. 0: it is not there. */
static size_t blank_line_end(struct slice s, size_t from, uint8_t *blank)
{
	size_t i;

	for (i = from; i < s.n; i++) {
		if (s.p[i] == '\n' && *blank)
			return i + 1;
		if (s.p[i] == '\n')
			*blank = 1;
		else
			*blank = s.p[i] == '\r' && *blank == 1 ? 2 : 0;
	}
	return 0;
}

/* Of which request a response is. -EPROTO: of none, or it cannot be known of which. */
static int response_of(struct fcgi_state *st, const struct fcgi_record *r)
{
	struct fcgi_flow *f = &st->flow[FLOW_RESPONSE];

	if (f->resumed && st->asked)
		st->asked = 1;
	return st->asked > 1 || (st->asked && r->id != st->asked_id) ? -EPROTO : 0;
}

static int response_head(struct fcgi_state *st, struct slice in, size_t end,
			 const struct fcgi_record *first, struct msg *msg)
{
	struct fcgi_flow *f = &st->flow[FLOW_RESPONSE];
	struct slice fields;

	if (response_of(st, first) || gather(FCGI_STDOUT, in, end, &st->stream, &fields))
		return -EPROTO;
	st->head = cgi_head_new("fastcgi", 0);
	if (!st->head)
		return -EPROTO;
	cgi_head_answer(st->head, fields);
	f->id = first->id;
	announce_head(f, MSG_HEAD, msg);
	msg->error = st->head->http.status >= 500 && st->head->http.status < 600;
	msg->client_error = st->head->http.status >= 400 && st->head->http.status < 600;
	return 0;
}

/* What END_REQUEST says beside that it is the end. NULL: all is well. */
static const char *failure(const uint8_t *end)
{
	if (end[4])
		return end[4] < ARRAY_SIZE(refusals) ? refusals[end[4]] : "refused";
	return end[0] || end[1] || end[2] || end[3] ? "exit_status" : NULL;
}

/* What stands in END_REQUEST. Some (Caddy) read only its head, so that alone is the end; this may come later. */
static ssize_t end_said(struct fcgi_flow *f, struct slice in, struct msg *msg, uint64_t *ret_skip)
{
	if (in.n < FCGI_END_SZ)
		return 0;
	msg->failed = failure((const uint8_t *)in.p);
	*ret_skip = f->rest;
	f->rest = 0;
	f->ending = false;
	return FCGI_END_SZ;
}

/* Bytes of END_REQUEST that are taken now; in: from its beginning. */
static ssize_t take_end(struct fcgi_state *st, struct slice in, const struct fcgi_record *r,
			struct msg *msg, uint64_t *ret_skip)
{
	struct fcgi_flow *f = &st->flow[FLOW_RESPONSE];

	if (r->len < FCGI_END_SZ)
		return -EPROTO;
	msg->lingers = st->asked && !st->keeps;
	st->asked -= st->asked > 0;
	f->rest = r->all - FCGI_HEAD_SZ - FCGI_END_SZ;
	f->ending = true;
	return FCGI_HEAD_SZ + end_said(f, slice_sub(in, FCGI_HEAD_SZ, in.n), msg, ret_skip);
}

/* The response is over, and had no head: a web server makes an error of its own of it. */
static ssize_t end_headless(struct fcgi_state *st, struct slice in, const struct fcgi_record *r,
			    struct msg *msg, uint64_t *ret_skip)
{
	struct fcgi_flow *f = &st->flow[FLOW_RESPONSE];
	size_t before = f->record;
	ssize_t n;

	if (response_of(st, r))
		return -EPROTO;
	if (in.n - before < FCGI_HEAD_SZ + FCGI_END_SZ) /* all that it is */
		return 0;
	n = take_end(st, slice_sub(in, before, in.n), r, msg, ret_skip);
	if (n < 0)
		return n;
	st->head = cgi_head_new("fastcgi", 0);
	if (!st->head)
		return -EPROTO;
	announce_head(f, MSG_HEAD_END, msg);
	if (!msg->failed && !st->aborted)
		msg->failed = "no_response";
	return (ssize_t)before + n;
}

static ssize_t response_start(struct fcgi_state *st, struct slice in, struct msg *msg,
			      uint64_t *ret_skip)
{
	struct fcgi_flow *f = &st->flow[FLOW_RESPONSE];
	struct fcgi_record first, r;
	size_t end;
	int err = next_record(FLOW_RESPONSE, in, &first);

	if (!err && first.type != FCGI_END && (first.type != FCGI_STDOUT || !first.len))
		return skip_record(&first, ret_skip);
	while (!err && !(err = next_record(FLOW_RESPONSE, slice_sub(in, f->record, in.n), &r))) {
		struct slice content = slice_sub(in, f->record + FCGI_HEAD_SZ, r.len);

		if (r.id && r.id != first.id)
			return -EPROTO;
		if (r.type == FCGI_END)
			return end_headless(st, in, &r, msg, ret_skip);
		end = r.type == FCGI_STDOUT ? blank_line_end(content, f->seen, &f->blank) : 0;
		if (end) {
			end += f->record + FCGI_HEAD_SZ;
			f->rest = f->record + r.all - end;
			err = response_head(st, in, end, &first, msg);
			return err ? err : (ssize_t)end;
		}
		f->seen = content.n;
		if (in.n - f->record < r.all)
			return 0;
		f->record += r.all;
		f->seen = 0;
	}
	return err == -EAGAIN ? 0 : err;
}

static ssize_t response_body(struct fcgi_state *st, struct slice in, struct msg *msg,
			     uint64_t *ret_skip)
{
	struct fcgi_flow *f = &st->flow[FLOW_RESPONSE];
	struct fcgi_record r;
	ssize_t n;
	int err;

	*ret_skip = f->rest;
	f->rest = 0;
	if (*ret_skip)
		return 0;
	err = next_record(FLOW_RESPONSE, in, &r);
	if (err)
		return err == -EAGAIN ? 0 : err;
	if (r.id && r.id != f->id)
		return -EPROTO;
	if (r.type != FCGI_END)
		return skip_record(&r, ret_skip);
	n = take_end(st, in, &r, msg, ret_skip);
	if (n > 0)
		announce_end(f, msg);
	return n;
}

static ssize_t decode_response(struct fcgi_state *st, struct slice in, struct msg *msg,
			       uint64_t *ret_skip)
{
	struct fcgi_flow *f = &st->flow[FLOW_RESPONSE];

	if (f->ending)
		return end_said(f, in, msg, ret_skip);
	return f->open ? response_body(st, in, msg, ret_skip)
		       : response_start(st, in, msg, ret_skip);
}

static void lose(struct fcgi_flow *f)
{
	f->phase = LOST;
	f->ending = false;
	f->record = f->seen = f->blank = f->rest = 0;
}

static ssize_t fcgi_decode(void *state, enum flow flow, struct slice in, struct msg *ret_msg,
			   uint64_t *ret_skip)
{
	struct fcgi_state *st = state;
	struct fcgi_flow *f = &st->flow[flow];
	ssize_t n = -EPROTO;

	*ret_msg = (struct msg){ 0 };
	*ret_skip = 0;
	forget_head(st);
	if (f->phase == END_DUE) {
		announce_end(f, ret_msg);
		return 0;
	}
	if (f->phase != LOST)
		n = flow == FLOW_REQUEST ? decode_request(st, in, ret_msg, ret_skip)
					 : decode_response(st, in, ret_msg, ret_skip);
	if (n < 0)
		lose(f);
	return n;
}

static int fcgi_gap(void *state, enum flow flow, uint64_t n, struct msg *ret_msg)
{
	struct fcgi_state *st = state;

	*ret_msg = (struct msg){ 0 };
	lose(&st->flow[flow]);
	return -EPROTO;
}

static ssize_t fcgi_resync(void *state, enum flow flow, struct slice in)
{
	struct fcgi_state *st = state;
	struct fcgi_flow *f = &st->flow[flow];
	ssize_t at;

	if (flow == FLOW_REQUEST ? fcgi_begins_request(in) : fcgi_begins_response(in)) {
		f->phase = f->open ? END_DUE : START;
		at = 0;
	} else {
		at = flow == FLOW_RESPONSE && f->open ? fcgi_find_end(in, f->id) : -1;
		if (at < 0)
			return -EAGAIN;
		f->phase = BODY;
	}
	f->inferred = f->open;
	f->resumed = true;
	return at;
}

static void fcgi_eof(void *state, enum flow flow, struct msg *ret_msg)
{
	struct fcgi_state *st = state;
	struct fcgi_flow *f = &st->flow[flow];

	*ret_msg = (struct msg){ 0 };
	if (!f->open)
		return;
	announce_end(f, ret_msg);
	ret_msg->cut = true;
}

static void fcgi_describe(const void *state, enum flow flow, const struct peer_facts *peer,
			  struct attrs *out)
{
	const struct cgi_head *head = ((const struct fcgi_state *)state)->head;

	if (flow == FLOW_REQUEST)
		h1_describe_request(&head->http, &head->told, peer, out);
	else if (head->http.status)
		h1_describe_response(&head->http, peer, out);
	h1_describe_captured(&head->http, flow, peer, out);
}

static struct slice fcgi_name(const void *state)
{
	return h1_span_name(&((const struct fcgi_state *)state)->head->http);
}

static void fcgi_context(const void *state, struct trace_context *out)
{
	h1_trace_context(&((const struct fcgi_state *)state)->head->http, out);
}

static enum telemetry fcgi_telemetry(const void *state)
{
	return h1_telemetry(&((const struct fcgi_state *)state)->head->http);
}

static bool fcgi_frames_body(const void *state, enum flow flow)
{
	return ((const struct fcgi_state *)state)->flow[flow].open;
}

static void fcgi_release(void *state)
{
	forget_head(state);
}

const struct proto proto_fastcgi = {
	.name = "fastcgi",
	.scope = "ebpf-tracer.fastcgi",
	.state_sz = sizeof(struct fcgi_state),
	.sniff = fcgi_sniff,
	.decode = fcgi_decode,
	.gap = fcgi_gap,
	.resync = fcgi_resync,
	.eof = fcgi_eof,
	.describe = fcgi_describe,
	.span_name = fcgi_name,
	.context = fcgi_context,
	.telemetry = fcgi_telemetry,
	.redact = fcgi_redact,
	.frames_body = fcgi_frames_body,
	.release = fcgi_release,
};
