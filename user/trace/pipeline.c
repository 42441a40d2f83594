/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a record enters the user side: one function per kind of record, and the life of the
 * connections.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/record.h"
#include "trace/stages.h"

#define LINK_WAIT_MAX_NS (UINT64_MAX / 4) /* 146 years: a time plus it does not overflow */

#define TCP_SYN_SENT 2
#define TCP_CLOSE    7

static struct slice *slices_of(const char *const *texts, size_t n)
{
	struct slice *v = calloc(n + 1, sizeof(*v));
	size_t i;

	for (i = 0; v && i < n; i++)
		v[i] = slice_str(texts[i]);
	return v;
}

struct pipeline *pipeline_new(const struct pipeline_cfg *cfg, const struct pipeline_sink *sink)
{
	_cleanup_(pipeline_freep) struct pipeline *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->cfg = *cfg;
	p->cfg.link_wait_ns =
		min(max(cfg->link_wait_ns, (uint64_t)JOIN_GRACE_NS), LINK_WAIT_MAX_NS);
	p->sink = *sink;
	list_init(&p->grace);
	patience_init(&p->patience);
	list_init(&p->todo);
	list_init(&p->spent);
	p->redact = slices_of(cfg->redact, cfg->redact_cnt);
	p->headers = slices_of(cfg->headers, cfg->headers_cnt);
	if (!p->redact || !p->headers || exchanges_init(&p->exchanges, &cfg->seed, &p->tally) ||
	    conns_init(&p->conns) || logs_init(&p->logs) || strands_init(&p->strands, &p->tally) ||
	    processes_init(&p->processes) || hash_init(&p->join_open, 256))
		return NULL;
	return take_ptr(p);
}

static void drop_everything(struct pipeline *p)
{
	struct exchange *x, *xtmp;
	struct conn *c, *ctmp;
	struct list *lists[] = { &p->exchanges.waiting, &p->exchanges.lasting,
				 &p->exchanges.streaming };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		if (!lists[i]->next)
			continue;
		list_for_each_safe (x, xtmp, lists[i], by_age) {
			join_forget(p, x);
			logs_drop(x);
			exchange_free(&p->exchanges, x);
		}
	}
	if (!p->conns.by_use.next)
		return;
	list_for_each_safe (c, ctmp, &p->conns.by_use, by_use.node)
		conn_free(&p->conns, c);
}

void pipeline_free(struct pipeline *p)
{
	if (!p)
		return;
	drop_everything(p);
	logs_release(&p->logs);
	exchanges_release(&p->exchanges);
	conns_release(&p->conns);
	if (p->strands.by_use.next)
		strands_release(&p->strands);
	processes_release(&p->processes);
	hash_release(&p->join_open);
	free(p->redact);
	free(p->headers);
	free(p);
}

/* Both directions are over, and with them what was under way. */
static void end_conn_at(struct pipeline *p, struct conn *c, const __u64 pos[DIR__CNT],
			uint32_t shed, bool local_close)
{
	const struct stamp rx = { .ts_ns = p->now_ns, .shed = shed & 1 << DIR_RX };
	const struct stamp tx = { .ts_ns = p->now_ns, .shed = shed & 1 << DIR_TX };

	decode_end(p, c, DIR_RX, pos[DIR_RX], &rx);
	decode_end(p, c, DIR_TX, pos[DIR_TX], &tx);
	pair_conn_over(p, c, local_close);
}

/* The same when the final positions are not known. */
static void end_conn(struct pipeline *p, struct conn *c, uint32_t err, bool local_close)
{
	c->err = c->err ? c->err : err;
	end_conn_at(p, c, (__u64[DIR__CNT]){ 0 }, 0, local_close);
}

static void drop_conn(struct pipeline *p, struct conn *c, uint32_t err, bool local_close)
{
	end_conn(p, c, err, local_close);
	conn_free(&p->conns, c);
}

/* Nobody tells that a unix socket is gone, but a new one at its address does; then the other end is over, too. */
static void drop_recycled(struct pipeline *p, const struct ev_conn *ev)
{
	struct conn *old = conn_find_sk(&p->conns, ev->sk);

	if (!old)
		return;
	if (old->peer && !(ev->flags & CONN_MIDWAY))
		drop_conn(p, old->peer, 0, false);
	drop_conn(p, old, 0, true);
}

/* What connections, heads and heaps leave to strands, which can be had again. */
static size_t strands_most(const struct pipeline *p)
{
	size_t taken = EXCHANGE_BYTES_MIN + STREAM_BYTES_MAX + conns_memory(&p->conns) +
		       p->processes.heaps.bytes;

	return min((size_t)STRANDS_MAX, (TRACE_BYTES_MAX - taken) / sizeof(struct strand_state));
}

static void on_conn(struct pipeline *p, const struct ev_conn *ev)
{
	struct conn *c = conn_find(&p->conns, ev->conn);

	if (c && !c->unknown)
		return;
	if (ev->transport == TRANSPORT_UNIX)
		drop_recycled(p, ev);
	if (c) {
		conn_learn(&p->conns, c, ev);
		return;
	}
	if (p->conns.n >= CONNS_MAX) {
		p->tally.v[TALLY_CONNS_EVICTED]++;
		drop_conn(p, container_of(lru_idle(&p->conns.by_use), struct conn, by_use), 0,
			  false);
	}
	settle_room(p);
	conn_new(&p->conns, ev);
	p->strands.most = strands_most(p);
}

/*
 * A connection whose CONN record was lost still carries requests; only its addresses are unknown
 * until that record is made again.
 */
static struct conn *conn_of(struct pipeline *p, uint64_t id, const struct ev_hdr *hdr)
{
	struct ev_conn unknown = { .hdr = *hdr, .conn = id, .sk = id, .flags = CONN_MIDWAY };
	struct conn *c = conn_find(&p->conns, id);

	if (c)
		return c;
	on_conn(p, &unknown);
	c = conn_find(&p->conns, id);
	if (c)
		c->unknown = true;
	return c;
}

static void on_data(struct pipeline *p, const struct ev_data *ev)
{
	struct conn *c = conn_of(p, ev->conn, &ev->hdr);

	if (c) {
		decode_data(p, c, ev);
		return;
	}
	p->tally.v[TALLY_RX_REPORTED + ev->dir] += ev->len;
	p->tally.v[TALLY_RX_NO_CONN + ev->dir] += ev->len;
}

/*
 * A client that cannot send may still read a response: a server that refuses a large body answers
 * and closes.
 */
static bool may_be_answered(const struct conn *c, const struct ev_end *ev)
{
	return ev->dir == DIR_TX && !conn_is_server(c);
}

static void on_end(struct pipeline *p, const struct ev_end *ev)
{
	struct conn *c = conn_find(&p->conns, ev->conn);
	struct stamp at = {
		.ts_ns = ev->hdr.ts_ns, .strand = ev->strand, .tgid = ev->hdr.tgid, .shed = ev->shed
	};

	if (!c)
		return;
	if (ev->err && !c->err)
		c->err = ev->err;
	if (ev->err && !may_be_answered(c, ev)) {
		end_conn(p, c, ev->err, false);
		return;
	}
	if (ev->dir == DIR_RX)
		link_ended(p, c, &ev->strand);
	decode_end(p, c, ev->dir, ev->pos, &at);
	/* Nothing more comes from the other end: no response to us, no rest of its request. */
	if (ev->dir == DIR_RX && (!conn_is_server(c) || c->facts.transport == TRANSPORT_UNIX))
		pair_conn_over(p, c, false);
}

static void on_state(struct pipeline *p, const struct ev_state *ev)
{
	struct conn *c = conn_find(&p->conns, ev->conn);

	if (!c)
		return;
	if (ev->new_state == TCP_SYN_SENT) {
		link_calls(p, &ev->strand, ev->sleeps, false);
		link_connect(p, c, &ev->strand);
	}
	/* What came before the reset can still be read; the owner's next call, or its close, ends it. */
	if (ev->new_state == TCP_CLOSE && !c->err)
		c->err = ev->err;
}

static void on_close(struct pipeline *p, const struct ev_close *ev)
{
	struct conn *c = conn_find(&p->conns, ev->conn);

	if (!c)
		return;
	c->err = c->err ? c->err : ev->err;
	if (ev->flags & CLOSE_SEQ)
		pair_unseen(p, c, ev->seq);
	end_conn_at(p, c, ev->pos, ev->shed, true);
	conn_free(&p->conns, c);
}

/* The end of a unix connection is not announced: it ends with its process at the latest. */
static void end_unix_conns(struct pipeline *p, uint32_t tgid)
{
	struct conn *c;

	while ((c = conn_owned_by(&p->conns, tgid)))
		drop_conn(p, c, 0, true);
}

static void on_task_exit(struct pipeline *p, const struct ev_exit *ev)
{
	strand_end(&p->strands, &ev->strand);
	if (!ev->last)
		return;
	process_end(&p->processes, ev->hdr.tgid, ev->signal);
	end_unix_conns(p, ev->hdr.tgid);
	logs_process_over(p, ev->hdr.tgid);
}

void pipeline_expect(struct pipeline *p, const struct ev_hdr *ev)
{
	const struct ev_data *data = (const struct ev_data *)ev;
	struct strand thread;

	if (ev->kind != EV_DATA)
		return;
	thread = data_thread(data);
	conns_expect(&p->conns, data->conn);
	strands_expect(&p->strands, &thread);
}

void pipeline_feed(struct pipeline *p, const struct ev_hdr *ev)
{
	p->now_ns = max(p->now_ns, ev->ts_ns);
	strands_room(&p->strands);
	switch (ev->kind) {
	case EV_CONN:
		on_conn(p, (const struct ev_conn *)ev);
		break;
	case EV_DATA:
		on_data(p, (const struct ev_data *)ev);
		break;
	case EV_END:
		on_end(p, (const struct ev_end *)ev);
		break;
	case EV_STATE:
		on_state(p, (const struct ev_state *)ev);
		break;
	case EV_CLOSE:
		on_close(p, (const struct ev_close *)ev);
		break;
	case EV_FORK:
		link_fork(p, &((const struct ev_fork *)ev)->parent,
			  &((const struct ev_fork *)ev)->child);
		break;
	case EV_EXIT:
		on_task_exit(p, (const struct ev_exit *)ev);
		break;
	case EV_CALLBACK:
		callback_tell(p, (const struct ev_callback *)ev);
		break;
	case EV_AWAITING:
	case EV_HELD:
		tasks_tell(p, ev);
		break;
	case EV_HEAP:
		heap_tell(p, (const struct ev_heap *)ev);
		p->strands.most = strands_most(p);
		break;
	case EV_MOVED:
		moved_tell(p, (const struct ev_moved *)ev);
		p->strands.most = strands_most(p);
		break;
	case EV_LOG:
		logs_written(p, (const struct ev_log *)ev);
		break;
	case EV_WAKE:
		handoff_wake(p, (const struct ev_wake *)ev);
		break;
	case EV_PROC:
		if (!(((const struct ev_proc *)ev)->flags & PROC_AGAIN))
			sdk_forget(p, ev->tgid);
		break;
	case EV_CLOCK:
		p->wall_offset_ns = ((const struct ev_clock *)ev)->wall_offset_ns;
		break;
	default:
		break;
	}
	settle_time(p);
	logs_time(p);
}

void pipeline_feed_redacting(struct pipeline *p, const struct ev_data *ev, char *ret_bytes)
{
	memset(ret_bytes, REDACTED, ev->cap + data_tail(ev));
	p->redacted = ret_bytes;
	pipeline_feed(p, &ev->hdr);
	p->redacted = NULL;
}

void pipeline_flush(struct pipeline *p)
{
	struct conn *c;

	logs_flush(p);
	settle_all(p);
	list_for_each (c, &p->conns.by_use, by_use.node)
		end_conn(p, c, 0, true);
}

uint64_t pipeline_next_ns(const struct pipeline *p)
{
	return min(settle_next_ns(p), logs_next_ns(p));
}

const struct tally *pipeline_tally(const struct pipeline *p)
{
	return &p->tally;
}
