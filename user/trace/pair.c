/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages become exchanges: a request opens one, the response that is due on its connection closes
 * it. Requests and responses are numbered, so that a request without an exchange (no memory, too
 * many, given up early) does not leave its response to the next one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/propagation.h"
#include "trace/stages.h"

static void take_header(const struct pipeline *p, struct exchange *x, const struct conn *c)
{
	struct trace_context raw = { 0 };
	struct slice state;
	bool w3c;

	if (!c->proto->context)
		return;
	c->proto->context(c->state, &raw);
	if (propagation_extract(&raw, p->cfg.propagators_off, &x->header, &w3c))
		return;
	x->has_header = true;
	state = raw.v[CARRIER_TRACESTATE];
	if (w3c && state.n && !tracestate_check(state))
		x->trace_state = slice_dup(state);
}

static void describe(struct pipeline *p, struct exchange *x, const struct conn *c, enum flow flow)
{
	struct peer_facts peer;

	conn_peer_facts(c, &peer);
	peer.redact = p->redact;
	peer.redact_cnt = p->cfg.redact_cnt;
	peer.headers = p->headers;
	peer.headers_cnt = p->cfg.headers_cnt;
	c->proto->describe(c->state, flow, &peer, &x->attrs);
	exchange_weigh(&p->exchanges, x);
}

/* The exchange leaves its connection; what happens to its span is decided further down. */
static void end(struct pipeline *p, struct conn *c, struct exchange *x, const struct stamp *last)
{
	uint32_t tgid = x->tgid;

	x->end_ns = max(last->ts_ns, x->start_ns);
	x->end_min_ns = x->server_side && last->start_ns ? last->start_ns : x->end_ns;
	x->end_min_ns = max(x->end_min_ns, x->start_ns);
	list_del(&x->by_conn);
	x->done = true;
	if (x->server_side)
		link_server_done(p, x);
	else
		link_client_done(p, x);
	x->conn = NULL;
	settle_done(p, x);
	settle_process(p, tgid);
}

static struct exchange *oldest(struct conn *c)
{
	return list_first(&c->exchanges, struct exchange, by_conn);
}

static const struct stream *responses(const struct conn *c, const struct exchange *x)
{
	return &c->dir[x->server_side ? DIR_TX : DIR_RX];
}

/* Its response may have been among bytes that went since and were not seen: those of io_uring, or of lost records. */
static bool is_answered_unseen(const struct conn *c, const struct exchange *x)
{
	const struct stream *s = responses(c, x);

	return !x->answered && s->lost && stream_next(s) > x->rsp_pos;
}

/* What became of it is not known. */
static void end_incomplete(struct pipeline *p, struct conn *c, struct exchange *x)
{
	x->incomplete = true;
	c->responses = max(c->responses, x->nth);
	end(p, c, x, &responses(c, x)->last);
}

static void begin(struct pipeline *p, struct conn *c, const struct stamp *first, uint64_t pos)
{
	struct exchange *x;

	p->tally.v[TALLY_REQUESTS]++;
	while ((x = oldest(c)) && is_answered_unseen(c, x))
		end_incomplete(p, c, x);
	if (c->requests++ - c->responses >= PIPELINE_MAX) {
		p->tally.v[TALLY_PIPELINE_FULL]++;
		return;
	}
	settle_room(p);
	x = exchange_new(&p->exchanges);
	if (!x) {
		p->tally.v[TALLY_SPANS_LOST]++;
		return;
	}
	x->conn = c;
	x->conn_id = c->by_id.key;
	x->nth = c->requests;
	list_push(&c->exchanges, &x->by_conn);
	x->server_side = conn_is_server(c);
	x->tgid = first->tgid;
	x->local_port = c->facts.local_port;
	x->thread = c->dir[x->server_side ? DIR_RX : DIR_TX].last.thread;
	x->strand = c->dir[x->server_side ? DIR_RX : DIR_TX].last.strand;
	x->awaited = c->dir[x->server_side ? DIR_RX : DIR_TX].last.awaited;
	x->thinned = first->kept;
	x->read_ns = first->ts_ns;
	x->start_ns = first->start_ns ? first->start_ns : first->ts_ns;
	x->start_exact = first->start_ns;
	x->req_pos = pos;
	x->rsp_pos = stream_next(responses(c, x));
	x->req_seq = first->seq;
	x->rsp_seq = first->other_seq;
	x->has_seq = first->has_seq;
	x->scope = c->proto->scope;
	x->name = slice_dup(c->proto->span_name ? c->proto->span_name(c->state)
						: slice_str(c->proto->name));
	describe(p, x, c, FLOW_REQUEST);
	take_header(p, x, c);
	if (x->server_side)
		link_server_began(p, x);
	else
		link_client_sent(p, x);
	if (c->proto->telemetry)
		sdk_report(p, x, c->proto->telemetry(c->state));
	join_began(p, x);
}

static void on_response_head(struct pipeline *p, struct conn *c, struct exchange *x,
			     const struct msg *msg)
{
	x->answered = true;
	x->error = x->server_side ? msg->error : msg->client_error;
	describe(p, x, c, FLOW_RESPONSE);
	if (x->server_side)
		link_answering(p, x, &c->dir[DIR_TX].last);
	settle_answered(p, x);
}

/* Bytes were lost before this response: the requests before the newest were answered in them. */
static void end_unseen(struct pipeline *p, struct conn *c)
{
	struct exchange *x;

	while ((x = oldest(c)) && x->nth < c->requests)
		end_incomplete(p, c, x);
	if (c->responses < c->requests)
		c->responses = c->requests - 1;
}

/* The exchange that a response which begins now belongs to. NULL: its request has none. */
static struct exchange *answer_due(struct conn *c)
{
	struct exchange *x = oldest(c);

	if (c->responses == c->requests)
		return NULL; /* the request was not seen */
	c->responses++;
	return x && x->nth == c->responses ? x : NULL;
}

static const char *error_of(uint32_t err)
{
	switch (err) {
	case ECONNRESET:
		return "connection_reset";
	case EPIPE:
		return "broken_pipe";
	case ETIMEDOUT:
		return "timeout";
	default:
		return "connection_closed";
	}
}

/* The connection went before the exchange came to its end: that is now, and an error. Its server may not know yet. */
static void end_broken(struct pipeline *p, struct conn *c, struct exchange *x, const char *why)
{
	const struct stamp now = { .ts_ns = p->now_ns };

	x->early = true;
	exchange_error(x, why);
	end(p, c, x, &now);
}

static void on_response(struct pipeline *p, struct conn *c, const struct msg *msg)
{
	bool head = msg->kind == MSG_HEAD || msg->kind == MSG_HEAD_END;
	struct exchange *x;

	if (msg->resumed)
		end_unseen(p, c);
	x = head ? answer_due(c) : oldest(c);
	c->last = head ? 0 : c->last;
	if (!x)
		return;
	if (head)
		on_response_head(p, c, x, msg);
	if (!x->answered || (msg->kind != MSG_END && msg->kind != MSG_HEAD_END))
		return;
	if (msg->failed)
		exchange_error(x, msg->failed);
	x->turn.lingers = msg->lingers;
	c->last = x->serial;
	if (msg->cut)
		end_broken(p, c, x, error_of(c->err));
	else
		end(p, c, x, &responses(c, x)->last);
}

void pair_failed(struct pipeline *p, struct conn *c, const char *why)
{
	struct exchange *x = exchange_find(&p->exchanges, c->last);

	if (x)
		exchange_error(x, why);
}

void pair_message(struct pipeline *p, struct conn *c, enum flow flow, const struct msg *msg,
		  const struct stamp *first, uint64_t pos)
{
	if (flow == FLOW_RESPONSE)
		on_response(p, c, msg);
	else if (msg->kind == MSG_HEAD || msg->kind == MSG_HEAD_END)
		begin(p, c, first, pos);
}

/* Its response may have been among bytes that no program saw, a FIN aside: by system calls, those of io_uring. */
static bool is_answered_untold(const struct conn *c, const struct exchange *x,
			       const uint32_t seq[DIR__CNT])
{
	uint32_t told = stream_next(responses(c, x)) - x->rsp_pos;
	uint32_t moved = seq[x->server_side ? DIR_TX : DIR_RX] - x->rsp_seq;

	return x->has_seq && !x->answered && (int32_t)(moved - told) > 1;
}

/* Whose response may have gone unseen has not failed. */
void pair_unseen(struct pipeline *p, struct conn *c, const uint32_t seq[DIR__CNT])
{
	const struct stamp now = { .ts_ns = p->now_ns };
	struct exchange *x;

	while ((x = oldest(c)) && is_answered_untold(c, x, seq)) {
		x->incomplete = true;
		end(p, c, x, &now);
	}
}

static bool was_killed(struct pipeline *p, const struct exchange *x)
{
	const struct process *proc = process_find(&p->processes, x->tgid);

	return proc && proc->killed;
}

/* A client that closes its own connection gives its calls up. */
static bool is_given_up(struct pipeline *p, const struct conn *c, const struct exchange *x,
			bool local_close)
{
	return local_close && !c->err && !x->server_side && !was_killed(p, x);
}

/* The connection is over with exchanges under way. */
void pair_conn_over(struct pipeline *p, struct conn *c, bool local_close)
{
	struct exchange *x;

	while ((x = oldest(c))) {
		if (is_answered_unseen(c, x))
			end_incomplete(p, c, x);
		else
			end_broken(p, c, x,
				   is_given_up(p, c, x, local_close) ? "cancelled"
								     : error_of(c->err));
	}
}
