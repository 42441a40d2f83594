/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes of a connection through its decoder: sniffing, heads that come in pieces, bodies that are
 * skipped, gaps, and the way back to a message boundary after one. Every byte is put in exactly one
 * row of the tally.
 */
#include <errno.h>
#include <stdlib.h>

#include "proto/foreign.h"
#include "trace/record.h"
#include "trace/stages.h"

/* Looks at a connection that was open before us, until it counts as foreign. */
#define SNIFF_TRIES_MAX 16
#define LONG_BODY       65536 /* a body of this size is worth telling the kernel not to copy */

/* Bytes of a record that stand together, in it and in the stream. */
struct copied {
	struct slice bytes;
	uint64_t pos; /* of the first of them in the stream */
	size_t at; /* and in the record */
};

/* One record on its way through the decoder. */
struct feed {
	struct pipeline *p;
	struct conn *c;
	struct stream *s;
	enum dir dir;
	struct stamp stamp; /* of the next byte that comes */
	struct copied copied;
};

/* Of the bytes that are decoded, those that were held when the record came. */
struct older {
	size_t n;
	const struct stamp *first;
};

enum gap_reason { GAP_NOT_COPIED, GAP_LOST, GAP_SHED, GAP_SPLICED };

/* The rows of RX and TX are adjacent, in the order of enum dir. */
static void count(struct feed *f, enum tally_id rx_row, uint64_t n)
{
	f->p->tally.v[rx_row + f->dir] += n;
}

/* Bytes that came and are done with, one way or the other. */
static void pass(struct feed *f, enum tally_id rx_row, uint64_t n)
{
	count(f, rx_row, n);
	f->s->at += n;
	f->stamp.seq += n;
}

static void drop_held_of(struct feed *f, enum dir dir, enum tally_id rx_row)
{
	struct stream *s = &f->c->dir[dir];

	f->p->held_bytes -= stream_memory(s);
	f->p->tally.v[rx_row + dir] += stream_held(s);
	s->at += stream_held(s);
	stream_release(s);
}

static void drop_held(struct feed *f, enum tally_id rx_row)
{
	drop_held_of(f, f->dir, rx_row);
}

static void send_verdict(struct feed *f, const struct verdict *v)
{
	if (f->p->sink.verdict)
		f->p->sink.verdict(f->p->sink.ctx, f->c->by_id.key, v);
}

static void give_up(struct feed *f)
{
	struct verdict v = { .mode = VERDICT_IGNORE };

	f->c->foreign = true;
	drop_held_of(f, DIR_RX, TALLY_RX_FOREIGN);
	drop_held_of(f, DIR_TX, TALLY_RX_FOREIGN);
	send_verdict(f, &v);
}

/* From here to the next message nothing is understood. */
static void lose(struct feed *f)
{
	drop_held(f, TALLY_RX_RESYNC);
	f->s->skip = 0;
	f->s->lost = true;
}

static void lose_counted(struct feed *f)
{
	f->p->tally.v[TALLY_RESYNCS]++;
	lose(f);
}

static void broke_protocol(struct feed *f)
{
	f->p->tally.v[TALLY_PROTOCOL_ERRORS]++;
	if (++f->c->tries > SNIFF_TRIES_MAX)
		give_up(f);
	else
		lose_counted(f);
}

/*
 * The bytes at `pos` are framing, or held because they may be: as far as they are of this record, its redacted bytes
 * get what may be told of them. What has no protocol yet is held for the sake of the one that it may be.
 */
static void redact_framing(struct feed *f, const struct proto *proto, uint64_t pos,
			   struct slice bytes, bool body)
{
	size_t before, off;

	if (!f->p->redacted || !f->copied.bytes.n || pos + bytes.n <= f->copied.pos)
		return;
	before = pos < f->copied.pos ? f->copied.pos - pos : 0;
	off = pos + before - f->copied.pos;
	bytes = slice_sub(bytes, before, bytes.n - before);
	if (off + bytes.n > f->copied.bytes.n)
		return;
	if (pos + before != f->s->redacted)
		f->s->redaction = (struct redaction){ 0 };
	f->s->redacted = pos + before + bytes.n;
	proto->redact(&f->s->redaction, body, bytes, f->p->redacted + f->copied.at + off);
}

/* Keeps the bytes of an incomplete head; false: there is no room for them, the stream is lost. */
static bool hold(struct feed *f, struct slice in, const struct stamp *first)
{
	size_t before = stream_memory(f->s);

	if (!in.n)
		return true;
	if (f->p->held_bytes + in.n > STREAM_BYTES_MAX || stream_hold(f->s, in, first)) {
		pass(f, TALLY_RX_RESYNC, in.n);
		lose_counted(f);
		return false;
	}
	f->p->held_bytes += stream_memory(f->s) - before;
	return true;
}

/* The stamp of the byte at `off`. */
static struct stamp stamp_at(const struct feed *f, size_t off, const struct older *older)
{
	struct stamp at = f->stamp;

	if (off < older->n)
		at = *older->first;
	else
		off -= older->n;
	at.seq += off;
	return at;
}

/* Up to where the kernel need not copy. */
static void send_skip(struct feed *f)
{
	struct verdict v = { .mode = VERDICT_FOLLOW };

	v.skip_to[f->dir] = f->s->skip == SKIP_TO_END ? UINT64_MAX : f->s->at + f->s->skip;
	send_verdict(f, &v);
}

static void skip_body(struct feed *f, uint64_t skip)
{
	f->s->skip = skip;
	if (skip >= LONG_BODY)
		send_skip(f);
}

/* false: the connection no longer speaks the protocol. */
static bool deliver(struct feed *f, const struct msg *msg, const struct stamp *first, uint64_t pos)
{
	if (msg->kind != MSG_NONE)
		pair_message(f->p, f->c, conn_flow(f->c, f->dir), msg, first, pos);
	else if (msg->failed)
		pair_failed(f->p, f->c, msg->failed);
	if (msg->report)
		sdk_conn_reports(f->p, f->c, first->tgid, msg->report);
	if (!msg->upgraded)
		return true;
	if (msg->kind == MSG_NONE && !msg->report) /* only HTTP/2 is known and not decoded */
		f->p->tally.v[TALLY_FOREIGN_HTTP2]++;
	give_up(f);
	return false;
}

/*
 * Runs the decoder over `all`. Returns how many bytes are done with; the rest is an incomplete head,
 * unless the stream was given up, lost or is skipping.
 */
static size_t run_decoder(struct feed *f, struct slice all, const struct older *older)
{
	const struct proto *proto = f->c->proto;
	enum flow flow = conn_flow(f->c, f->dir);
	uint64_t start = f->s->at;
	size_t off = 0;

	for (;;) {
		struct slice rest = slice_sub(all, off, all.n - off);
		struct stamp first = stamp_at(f, off, older);
		struct msg msg = { .kind = MSG_NONE };
		uint64_t skip = 0;
		bool framed = proto->frames_body(f->c->state, flow);
		ssize_t n = proto->decode(f->c->state, flow, rest, &msg, &skip);
		size_t body;

		if (n < 0) {
			broke_protocol(f);
			return off;
		}
		count(f, TALLY_RX_DECODED, n);
		redact_framing(f, proto, start + off, slice_sub(rest, 0, n), framed);
		if (!deliver(f, &msg, &first, start + off))
			return off + n;
		off += n;
		if (!n && !skip && msg.kind == MSG_NONE)
			return off;
		body = min(skip, all.n - off);
		count(f, TALLY_RX_BODY, body);
		off += body;
		if (skip == SKIP_TO_END || skip > body) {
			f->s->at = start + off;
			skip_body(f, skip == SKIP_TO_END ? skip : skip - body);
			return off;
		}
	}
}

/* Decodes what was held and `in`, keeps the incomplete head at their end. */
static void decode_bytes(struct feed *f, struct slice in)
{
	struct stream *s = f->s;
	struct older older = { .n = stream_held(s) };
	uint64_t start = s->at;
	struct slice all = in, rest;
	struct head_part *part;
	struct stamp first;
	size_t done;

	if (older.n && !hold(f, in, &f->stamp))
		return;
	/* While the decoder reads these bytes, lose() and give_up() may drop what is held. */
	f->p->held_bytes -= stream_memory(s);
	part = stream_take(s);
	if (part) {
		older.first = &part->first;
		all = buf_slice(&part->bytes);
	}
	done = run_decoder(f, all, &older);
	first = stamp_at(f, done, &older);
	rest = slice_sub(all, done, all.n - done);
	if (!f->c->foreign && !s->lost)
		redact_framing(f, f->c->proto, start + done, rest,
			       f->c->proto->frames_body(f->c->state, conn_flow(f->c, f->dir)));
	s->at = start + done;
	f->stamp.seq += in.n;
	if (f->c->foreign || s->lost) {
		count(f, f->c->foreign ? TALLY_RX_FOREIGN : TALLY_RX_RESYNC, rest.n);
		s->at += rest.n;
	} else if (part && !done) {
		/* The same buffer again: a head that comes byte by byte is not copied for each of them. */
		s->held = part;
		f->p->held_bytes += stream_memory(s);
		return;
	} else {
		hold(f, rest, &first);
	}
	head_part_free(part);
}

/*
 * In a connection that was open before us, what is held of the other direction came in the middle of a
 * message and only looks like the beginning of one.
 */
static void forget_other_dir(struct feed *f)
{
	struct feed other = { .p = f->p, .c = f->c, .s = &f->c->dir[!f->dir], .dir = !f->dir };

	if (other.s->held && f->c->facts.flags & CONN_MIDWAY)
		lose_counted(&other);
}

static void begin_protocol(struct feed *f, const struct proto *proto, bool request)
{
	struct conn *c = f->c;

	c->tries = 0;
	f->s->lost = false;
	c->proto = proto;
	c->role = (f->dir == DIR_RX) == request ? ROLE_SERVER : ROLE_CLIENT;
	forget_other_dir(f);
}

/* The rows are in the order of enum foreign. */
static void count_foreign(struct feed *f, struct slice head)
{
	f->p->tally.v[TALLY_FOREIGN_HTTP2 + foreign_sniff(head)]++;
}

/* `all`, which ends in `in`, is none of ours; a connection older than us may be in the middle of a message. */
static void sniffed_in_vain(struct feed *f, struct slice in, struct slice all)
{
	bool midway = f->c->facts.flags & CONN_MIDWAY;

	if (midway && f->dir == DIR_TX && foreign_sniff(all) == FOREIGN_HTTP2)
		sdk_midway(f->p, f->c, f->stamp.tgid);
	if (midway && ++f->c->tries < SNIFF_TRIES_MAX) {
		drop_held(f, TALLY_RX_RESYNC);
		pass(f, TALLY_RX_RESYNC, in.n);
	} else {
		count_foreign(f, all);
		give_up(f);
		pass(f, TALLY_RX_FOREIGN, in.n);
	}
}

/* The first bytes decide what a connection speaks. Only those that do not yet decide are held. */
static void sniff(struct feed *f, struct slice in)
{
	const struct proto *proto = NULL;
	struct slice all = in;
	enum sniff verdict;

	if (f->s->held) {
		if (!hold(f, in, &f->stamp))
			return;
		all = buf_slice(&f->s->held->bytes);
		in = SLICE("");
	}
	verdict = proto_sniff(all, &proto);
	if (verdict == SNIFF_MORE) {
		redact_framing(f, proto, f->s->at, all, false);
		hold(f, in, &f->stamp);
	} else if (verdict == SNIFF_NO) {
		sniffed_in_vain(f, in, all);
	} else {
		begin_protocol(f, proto, verdict == SNIFF_YES_REQUEST);
		decode_bytes(f, in);
	}
}

/* Returns what follows the place where a message starts, or nothing while none does. */
static struct slice resync(struct feed *f, struct slice in)
{
	ssize_t n = f->c->proto->resync(f->c->state, conn_flow(f->c, f->dir), in);

	if (n < 0) {
		pass(f, TALLY_RX_RESYNC, in.n);
		return SLICE("");
	}
	f->s->lost = false;
	pass(f, TALLY_RX_RESYNC, n);
	return slice_sub(in, n, in.n - n);
}

static void feed_bytes(struct feed *f, struct slice in)
{
	uint64_t body;

	if (!in.n)
		return;
	if (f->c->foreign) {
		pass(f, TALLY_RX_FOREIGN, in.n);
		return;
	}
	if (!f->c->proto) {
		sniff(f, in);
		return;
	}
	if (f->s->lost) {
		in = resync(f, in);
		if (f->s->lost)
			return;
	}
	body = min(f->s->skip, in.n);
	pass(f, TALLY_RX_BODY, body);
	if (f->s->skip != SKIP_TO_END)
		f->s->skip -= body;
	if (!f->s->skip)
		decode_bytes(f, slice_sub(in, body, in.n - body));
}

static void feed_copied(struct feed *f, const struct copied *c)
{
	f->copied = *c;
	feed_bytes(f, c->bytes);
	f->copied.bytes.n = 0;
}

/* Bytes that are known by their number only. Those lost or spliced are in the tally already. */
static void feed_gap(struct feed *f, uint64_t n, enum gap_reason why)
{
	bool counts = why == GAP_NOT_COPIED;
	struct msg msg = { .kind = MSG_NONE };
	uint64_t body;

	if (!n)
		return;
	if (why != GAP_SPLICED)
		f->s->at += n;
	if (f->c->foreign || !f->c->proto || f->s->lost) {
		count(f, f->c->foreign ? TALLY_RX_FOREIGN : TALLY_RX_RESYNC, counts ? n : 0);
		if (!f->c->foreign && !f->c->proto) {
			f->c->facts.flags |= CONN_MIDWAY;
			drop_held(f, TALLY_RX_RESYNC);
		}
		return;
	}
	body = min(f->s->skip, n);
	count(f, TALLY_RX_BODY, counts ? body : 0);
	if (f->s->skip != SKIP_TO_END)
		f->s->skip -= body;
	/* Spliced bytes do not count in positions: what was not to be copied by position is elsewhere. */
	if (body && why == GAP_SPLICED)
		send_skip(f);
	if (body && !f->s->skip)
		decode_bytes(f, SLICE(""));
	n -= body;
	if (!n || f->c->foreign)
		return;
	if (f->s->held || f->c->proto->gap(f->c->state, conn_flow(f->c, f->dir), n, &msg)) {
		count(f, TALLY_RX_RESYNC, counts ? n : 0);
		if (why == GAP_SHED) /* the next message is where the bytes go on */
			lose(f);
		else
			lose_counted(f);
		return;
	}
	count(f, TALLY_RX_BODY, counts ? n : 0);
	deliver(f, &msg, &f->stamp, f->s->at);
}

static void note_unseen(const struct feed *f)
{
	struct process *proc = process_find(&f->p->processes, f->stamp.tgid);

	if (proc)
		proc->unseen_ns = f->stamp.ts_ns;
}

/* The direction has come to `pos`: the records of what is missing before it were lost, or never made. */
static void feed_lost(struct feed *f, uint64_t pos, bool shed)
{
	uint64_t next = stream_next(f->s);

	if (pos <= next)
		return;
	count(f, shed ? TALLY_RX_SHED : TALLY_RX_LOST, pos - next);
	note_unseen(f);
	feed_gap(f, pos - next, shed ? GAP_SHED : GAP_LOST);
}

/* What is missing before this record: bytes whose record was lost, and bytes that no hook saw. */
static void feed_missing(struct feed *f, const struct ev_data *ev)
{
	struct stream *s = f->s;
	uint32_t seq_at_0 = ev->seq - ev->len - (uint32_t)ev->pos;
	int32_t spliced;

	feed_lost(f, ev->pos, ev->flags & DATA_SHED);
	if (!(ev->flags & DATA_SEQ))
		return;
	spliced = s->has_seq ? (int32_t)(seq_at_0 - s->seq_at_0) : 0;
	s->seq_at_0 = seq_at_0;
	s->has_seq = true;
	if (spliced <= 0)
		return;
	count(f, TALLY_RX_SPLICED, spliced);
	feed_gap(f, spliced, GAP_SPLICED);
}

void decode_data(struct pipeline *p, struct conn *c, const struct ev_data *ev)
{
	struct feed f = {
		.p = p, .c = c, .s = &c->dir[ev->dir], .dir = ev->dir,
		.stamp = {
			.start_ns = ev->start_ns, .ts_ns = ev->hdr.ts_ns,
			.thread = data_thread(ev), .strand = ev->strand,
			.tgid = ev->hdr.tgid, .has_seq = ev->flags & DATA_SEQ,
			.awaited = ev->flags & DATA_AWAITED, .kept = ev->unseen.shed,
			.seq = ev->seq - ev->len, .other_seq = ev->other_seq,
		},
	};
	const char *bytes = (const char *)ev->bytes;
	uint32_t behind = data_tail(ev);
	const struct copied head = { { bytes, ev->cap }, ev->pos, 0 }, tail = {
		{ bytes + ev->cap, behind }, ev->pos + ev->len - behind, ev->cap
	};

	if (ev->strand.kind == STRAND_NUMBERED) {
		f.stamp.strand = f.stamp.thread;
		callback_numbered(p, ev);
	}
	count(&f, TALLY_RX_REPORTED, ev->len);
	if (f.s->ended || ev->pos < stream_next(f.s)) {
		count(&f, TALLY_RX_UNUSED, ev->len);
		return;
	}
	feed_missing(&f, ev);
	if (ev->unseen.shed || ev->unseen.missed & MISSED_EXCHANGE)
		note_unseen(&f);
	f.s->last = f.stamp;
	if (ev->unseen.missed)
		link_missed(p, &f.stamp.thread, ev->unseen.missed);
	link_calls(p, &f.stamp.thread, ev->sleeps, ev->flags & DATA_POLLED);
	if (ev->dir == DIR_RX)
		link_received(p, c, &f.stamp.thread, f.stamp.awaited);
	else
		link_sends(p, c);
	feed_copied(&f, &head);
	feed_gap(&f, ev->len - head.bytes.n - tail.bytes.n, GAP_NOT_COPIED);
	feed_copied(&f, &tail);
	if (!(ev->flags & DATA_MORE))
		link_moved(p, &f.stamp.thread, ev->dir);
}

void decode_end(struct pipeline *p, struct conn *c, enum dir dir, uint64_t pos,
		const struct stamp *at)
{
	struct feed f = { .p = p, .c = c, .s = &c->dir[dir], .dir = dir, .stamp = *at };
	struct msg msg = { .kind = MSG_NONE };

	if (f.s->ended)
		return;
	if (!c->foreign) /* of an ignored connection no records come, and none are missing */
		feed_lost(&f, pos, at->shed);
	if (c->proto && !c->foreign) {
		c->proto->eof(c->state, conn_flow(c, dir), &msg);
		deliver(&f, &msg, at, f.s->at);
	}
	drop_held(&f, TALLY_RX_UNUSED);
	f.s->ended = true;
}
