/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Log lines. A write may hold a piece of a line or many lines, so pieces are put together by thread and descriptor;
 * what no line break ends goes out after LOG_PART_NS, a prompt for example.
 *
 * A line is for the request that its strand works for, by the same evidence as a call, except that a thread which
 * serves several requests gives none: nothing that comes later would correct it. An asyncio task is known by the
 * response that it writes, so its lines wait for that. Access logs are written when the response has left: up to
 * LOG_AFTER_NS after it a line is for the request answered last. Lines for which none of this speaks go out without a
 * trace.
 *
 * A request's lines wait with it until it has a trace (settle.c).
 */
#include <stdlib.h>
#include <string.h>

#include "trace/stages.h"

#define LOG_AFTER_NS (100 * NSEC_PER_MSEC)

/* Who writes. */
struct writer {
	struct strand thread; /* or goroutine */
	struct strand strand;
	uint64_t ts_ns;
	uint32_t tgid, tid, fd;
	bool awaited;
};

/* A line that has begun. */
struct part {
	struct hnode by_key;
	struct list by_age;
	struct writer writer; /* of its first piece */
	struct buf text;
};

/* A line that waits for the answer of its task. */
struct asked_line {
	struct list by_task; /* strand_state->lines; unlinked: the task has been forgotten */
	struct list by_age;
	uint32_t tgid;
	struct log_line *line;
	uint64_t ts_ns;
};

int logs_init(struct logs *t)
{
	list_init(&t->parts_by_age);
	list_init(&t->asked);
	return hash_init(&t->parts, 64);
}

static void part_free(struct logs *t, struct part *part)
{
	hash_del(&t->parts, &part->by_key);
	list_del(&part->by_age);
	buf_release(&part->text);
	free(part);
}

static void asked_free(struct asked_line *a)
{
	list_del(&a->by_task);
	list_del(&a->by_age);
	log_line_free(a->line);
	free(a);
}

void logs_release(struct logs *t)
{
	struct asked_line *a;
	struct part *part;

	while (t->asked.next && (a = list_first(&t->asked, struct asked_line, by_age)))
		asked_free(a);
	while (t->parts_by_age.next && (part = list_first(&t->parts_by_age, struct part, by_age)))
		part_free(t, part);
	hash_release(&t->parts);
}

/* --- out --- */

static size_t weight(const struct log_line *l)
{
	return sizeof(*l) + strlen(l->body);
}

static void line_out(struct pipeline *p, struct log_line *l)
{
	p->tally.v[TALLY_LOG_PLACED] += l->has_span;
	p->sink.log(p->sink.ctx, l);
}

static void line_of(struct pipeline *p, struct log_line *l, const struct trace_ctx *ctx)
{
	log_line_place(l, &ctx->trace_id, &ctx->span_id, ctx->flags);
	line_out(p, l);
}

void logs_traced(struct pipeline *p, struct exchange *x)
{
	struct log_line *l;

	while ((l = list_first(&x->lines, struct log_line, node))) {
		list_del(&l->node);
		p->logs.held_bytes -= weight(l);
		line_of(p, l, &x->ctx);
	}
}

void logs_drop(struct exchange *x)
{
	struct log_line *l;

	while ((l = list_first(&x->lines, struct log_line, node))) {
		list_del(&l->node);
		log_line_free(l);
	}
}

static bool has_room(struct pipeline *p, const struct log_line *l)
{
	if (p->logs.held_bytes + weight(l) <= LOG_HELD_MAX)
		return true;
	p->tally.v[TALLY_LOGS_EARLY]++;
	return false;
}

/* --- for whom --- */

/* One process may be several services, told apart by port. */
static void line_served_at(struct pipeline *p, struct log_line *l, uint32_t tgid, uint16_t port)
{
	resource_put(l->resource);
	l->resource = resource_get(p->sink.resource(p->sink.ctx, tgid, port));
}

static void say_how(struct log_line *l, enum link_method how)
{
	attrs_str(&l->attrs, "link.method", slice_str(link_method_name(how)));
}

/* The line is for x, which may have gone out, but is still there. */
static void line_for(struct pipeline *p, struct log_line *l, struct exchange *x,
		     enum link_method how)
{
	line_served_at(p, l, x->tgid, x->local_port);
	if (!x->traced && !has_room(p, l)) {
		line_out(p, l);
		return;
	}
	say_how(l, how);
	if (x->traced) {
		line_of(p, l, &x->ctx);
		return;
	}
	p->logs.held_bytes += weight(l);
	list_push(&x->lines, &l->node);
}

/* The line was written at that time by who has answered `last`. False: too late to be about that. */
static bool line_after(struct pipeline *p, struct log_line *l, const struct last_served *last,
		       uint64_t ts_ns, enum link_method how)
{
	struct exchange *x = exchange_find(&p->exchanges, last->serial);

	if (x) {
		if (x->done && ts_ns > x->end_ns + LOG_AFTER_NS)
			return false;
		line_for(p, l, x, how);
		return true;
	}
	if (!last->gone || ts_ns > last->end_ns + LOG_AFTER_NS)
		return false;
	line_served_at(p, l, last->tgid, last->port);
	say_how(l, how);
	line_of(p, l, &last->ctx);
	return true;
}

/* Until its task answers. False: there is no room. */
static bool line_asks(struct pipeline *p, struct log_line *l, struct strand_state *task,
		      uint64_t ts_ns)
{
	struct asked_line *a = has_room(p, l) ? calloc(1, sizeof(*a)) : NULL;

	if (!a)
		return false;
	*a = (struct asked_line){ .tgid = task->strand.gen, .line = l, .ts_ns = ts_ns };
	list_push(&task->lines, &a->by_task);
	list_push(&p->logs.asked, &a->by_age);
	p->logs.held_bytes += weight(l);
	return true;
}

/* Takes the line back from those that wait. */
static struct log_line *take_asked(struct pipeline *p, struct asked_line *a)
{
	struct log_line *l = take_ptr(a->line);

	p->logs.held_bytes -= weight(l);
	asked_free(a);
	return l;
}

void logs_answered(struct pipeline *p, struct strand_state *task, struct exchange *x)
{
	struct asked_line *a, *tmp;

	task->last = (struct last_served){ .serial = x->serial };
	list_for_each_safe (a, tmp, &task->lines, by_task) {
		bool since = a->ts_ns >= x->start_ns;
		struct log_line *l = take_asked(p, a);

		if (since)
			line_for(p, l, x, LINK_TASK);
		else
			line_out(p, l);
	}
}

/*
 * By a task among several; its thread says nothing. What it has answered before says nothing either, once that is over:
 * the identity of a task is recycled.
 */
static bool line_of_task(struct pipeline *p, struct log_line *l, struct strand_state *task,
			 uint64_t ts_ns)
{
	struct exchange *x = exchange_find(&p->exchanges, task->last.serial);

	if (task->shared)
		return false;
	if (!x || x->done)
		return line_asks(p, l, task, ts_ns);
	line_for(p, l, x, LINK_TASK);
	return true;
}

static void line_from(struct pipeline *p, struct log_line *l, const struct writer *w)
{
	struct strand_state *thread = strand_find(&p->strands, &w->thread);
	struct strand_state *task =
		w->strand.kind == STRAND_TASK ? strand_get(&p->strands, &w->strand) : NULL;
	/* It has been seen to, for itself alone: the thread's requests may be others'. */
	bool answers = task && task->last.serial && !task->shared;
	enum link_method how = LINK_THREAD;
	struct exchange *x = thread && !answers ? link_writer(p, thread, w->awaited, &how) : NULL;

	if (x)
		line_for(p, l, x, how);
	else if (task && line_of_task(p, l, task, w->ts_ns))
		return;
	else if (!thread || thread->serving || !line_after(p, l, &thread->last, w->ts_ns, how))
		line_out(p, l);
}

/* --- lines --- */

static void say_where(struct log_line *l, const struct writer *w)
{
	if (w->fd == 1 || w->fd == 2)
		attrs_str(&l->attrs, "log.iostream",
			  w->fd == 1 ? SLICE("stdout") : SLICE("stderr"));
	attrs_int(&l->attrs, "thread.id", w->tid);
}

static bool is_blank(const char *s)
{
	return !s[strspn(s, " \t")];
}

static void line_ends(struct pipeline *p, struct slice text, const struct writer *w)
{
	_cleanup_(log_line_freep) struct log_line *l = log_line_new(text);

	p->tally.v[TALLY_LOG_LINES]++;
	if (!l) {
		p->tally.v[TALLY_LOGS_LOST]++;
		return;
	}
	if (is_blank(l->body)) {
		p->tally.v[TALLY_LOGS_BLANK]++;
		return;
	}
	l->time_ns = w->ts_ns + p->wall_offset_ns;
	l->resource = resource_get(p->sink.resource(p->sink.ctx, w->tgid, 0));
	say_where(l, w);
	line_from(p, take_ptr(l), w);
}

static uint64_t part_key(const struct writer *w)
{
	return hash_mix((uint64_t)w->tgid << 32 | w->tid, w->fd);
}

static struct part *part_find(struct pipeline *p, const struct writer *w)
{
	struct hnode *n;

	for (n = hash_find(&p->logs.parts, part_key(w)); n; n = hash_next(n)) {
		struct part *part = container_of(n, struct part, by_key);

		if (part->writer.tgid == w->tgid && part->writer.tid == w->tid &&
		    part->writer.fd == w->fd)
			return part;
	}
	return NULL;
}

static void part_ends(struct pipeline *p, struct part *part)
{
	line_ends(p, buf_slice(&part->text), &part->writer);
	part_free(&p->logs, part);
}

static struct part *part_begin(struct pipeline *p, const struct writer *w)
{
	struct part *part;

	if (p->logs.parts.n >= LOG_PARTS_MAX)
		part_ends(p, list_first(&p->logs.parts_by_age, struct part, by_age));
	part = calloc(1, sizeof(*part));
	if (!part)
		return NULL;
	part->writer = *w;
	buf_init(&part->text, LOG_LINE_MAX);
	hash_add(&p->logs.parts, &part->by_key, part_key(w));
	list_push(&p->logs.parts_by_age, &part->by_age);
	return part;
}

/* A piece without a line break; what is longer than a line may be becomes several. */
static void piece_waits(struct pipeline *p, struct slice piece, const struct writer *w)
{
	struct part *part = part_find(p, w);

	if (part && part->text.n + piece.n > LOG_LINE_MAX) {
		part_ends(p, part);
		part = NULL;
	}
	if (!part)
		part = part_begin(p, w);
	if (!part || buf_append(&part->text, piece.p, piece.n))
		p->tally.v[TALLY_LOGS_LOST]++;
}

/* A piece that ends a line. */
static void piece_ends(struct pipeline *p, struct slice piece, const struct writer *w)
{
	struct part *part = part_find(p, w);

	if (part && part->text.n + piece.n <= LOG_LINE_MAX &&
	    !buf_append(&part->text, piece.p, piece.n)) {
		part->writer = *w;
		part_ends(p, part);
		return;
	}
	if (part)
		part_ends(p, part);
	line_ends(p, piece, w);
}

static struct writer writer_of(const struct ev_log *ev)
{
	bool is_thread = ev->strand.kind != STRAND_TASK && ev->strand.kind != STRAND_NONE;
	const struct strand caller = { .id = ev->hdr.tid,
				       .gen = ev->thread_gen,
				       .kind = STRAND_THREAD };

	return (struct writer){
		.thread = is_thread ? ev->strand : caller,
		.strand = ev->strand,
		.ts_ns = ev->hdr.ts_ns,
		.tgid = ev->hdr.tgid,
		.tid = ev->hdr.tid,
		.fd = ev->fd,
		.awaited = ev->flags & DATA_AWAITED,
	};
}

void logs_written(struct pipeline *p, const struct ev_log *ev)
{
	struct slice rest = { (const char *)ev->bytes, ev->cap };
	const struct writer w = writer_of(ev);
	ptrdiff_t end;

	if (!p->sink.log)
		return;
	while ((end = slice_chr(rest, '\n')) >= 0) {
		piece_ends(p, slice_sub(rest, 0, (size_t)end), &w);
		rest = slice_sub(rest, (size_t)end + 1, rest.n);
	}
	if (ev->cap < ev->len) {
		/* What is missing most likely ends a line. */
		p->tally.v[TALLY_LOG_BYTES_CUT] += ev->len - ev->cap;
		piece_ends(p, rest, &w);
	} else if (rest.n) {
		piece_waits(p, rest, &w);
	}
	link_wrote(p, &w.thread);
}

/* --- time --- */

static uint64_t part_due_ns(const struct part *part)
{
	return part->writer.ts_ns + LOG_PART_NS;
}

static uint64_t asked_due_ns(const struct pipeline *p, const struct asked_line *a)
{
	return a->ts_ns + p->cfg.link_wait_ns;
}

static void asked_over(struct pipeline *p, struct asked_line *a)
{
	line_out(p, take_asked(p, a));
}

/* Before it is forgotten whose service it was. */
void logs_process_over(struct pipeline *p, uint32_t tgid)
{
	struct asked_line *a, *anext;
	struct part *part, *next;

	list_for_each_safe (part, next, &p->logs.parts_by_age, by_age)
		if (part->writer.tgid == tgid)
			part_ends(p, part);
	list_for_each_safe (a, anext, &p->logs.asked, by_age)
		if (a->tgid == tgid)
			asked_over(p, a);
}

void logs_time(struct pipeline *p)
{
	struct asked_line *a;
	struct part *part;

	while ((part = list_first(&p->logs.parts_by_age, struct part, by_age)) &&
	       part_due_ns(part) <= p->now_ns)
		part_ends(p, part);
	while ((a = list_first(&p->logs.asked, struct asked_line, by_age)) &&
	       asked_due_ns(p, a) <= p->now_ns)
		asked_over(p, a);
}

uint64_t logs_next_ns(const struct pipeline *p)
{
	const struct asked_line *a = list_first(&p->logs.asked, struct asked_line, by_age);
	const struct part *part = list_first(&p->logs.parts_by_age, struct part, by_age);

	return min(part ? part_due_ns(part) : UINT64_MAX, a ? asked_due_ns(p, a) : UINT64_MAX);
}

void logs_flush(struct pipeline *p)
{
	struct asked_line *a;
	struct part *part;

	while ((part = list_first(&p->logs.parts_by_age, struct part, by_age)))
		part_ends(p, part);
	while ((a = list_first(&p->logs.asked, struct asked_line, by_age)))
		asked_over(p, a);
}
