/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "base/list.h"
#include "export/traces.h"

struct trace {
	struct hnode by_id;
	struct list by_age; /* in the order in which they, or their continuations, began */
	struct trace_id id;
	struct span **spans;
	size_t n, alloc;
	struct log_line **lines;
	size_t lines_n, lines_alloc;
	uint64_t first_ns, last_ns; /* when a span came */
	bool rooted; /* the request that began it here has ended */
	bool shown;
};

struct traces {
	struct traces_sink sink;
	struct hash by_id;
	struct list held; /* have spans to be shown */
	struct list shown; /* remembered only */
};

struct traces *traces_new(const struct traces_sink *sink)
{
	struct traces *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->sink = *sink;
	list_init(&t->held);
	list_init(&t->shown);
	if (!hash_init(&t->by_id, TRACES_MAX))
		return t;
	free(t);
	return NULL;
}

static void release(struct trace *tr)
{
	while (tr->n)
		span_free(tr->spans[--tr->n]);
	while (tr->lines_n)
		log_line_free(tr->lines[--tr->lines_n]);
	free(tr->spans);
	free(tr->lines);
	tr->spans = NULL;
	tr->lines = NULL;
	tr->alloc = tr->lines_alloc = 0;
}

static void trace_free(struct traces *t, struct trace *tr)
{
	hash_del(&t->by_id, &tr->by_id);
	list_del(&tr->by_age);
	release(tr);
	free(tr);
}

void traces_free(struct traces *t)
{
	struct trace *tr;

	if (!t)
		return;
	while ((tr = list_first(&t->held, struct trace, by_age)))
		trace_free(t, tr);
	while ((tr = list_first(&t->shown, struct trace, by_age)))
		trace_free(t, tr);
	hash_release(&t->by_id);
	free(t);
}

static void show(struct traces *t, struct trace *tr)
{
	const struct gathered g = { tr->spans, tr->n, tr->lines, tr->lines_n, tr->shown };

	t->sink.ready(t->sink.ctx, &g);
	release(tr);
	tr->shown = true;
	list_del(&tr->by_age);
	list_push(&t->shown, &tr->by_age);
}

static uint64_t id_key(const struct trace_id *id)
{
	uint64_t half[2];

	memcpy(half, id->b, sizeof(half));
	return hash_mix(half[0], half[1]);
}

static struct trace *find(const struct traces *t, const struct trace_id *id)
{
	struct hnode *h = hash_find(&t->by_id, id_key(id));

	for (; h; h = hash_next(h)) {
		struct trace *tr = container_of(h, struct trace, by_id);

		if (!memcmp(tr->id.b, id->b, sizeof(id->b)))
			return tr;
	}
	return NULL;
}

static void make_room(struct traces *t)
{
	struct trace *tr;

	if (t->by_id.n < TRACES_MAX)
		return;
	if (list_empty(&t->shown))
		show(t, list_first(&t->held, struct trace, by_age));
	tr = list_first(&t->shown, struct trace, by_age);
	trace_free(t, tr);
}

static struct trace *add_trace(struct traces *t, const struct trace_id *id)
{
	struct trace *tr;

	make_room(t);
	tr = calloc(1, sizeof(*tr));
	if (!tr)
		return NULL;
	tr->id = *id;
	hash_add(&t->by_id, &tr->by_id, id_key(id));
	list_push(&t->shown, &tr->by_age); /* until it has a span */
	return tr;
}

/* The n pointers at v, with room for one more. NULL: out of memory, and v is as it was. */
static void *grown(void *v, size_t n, size_t *alloc)
{
	size_t more = *alloc ? 2 * *alloc : 8;

	if (n < *alloc)
		return v;
	v = reallocarray(v, more, sizeof(void *));
	if (v)
		*alloc = more;
	return v;
}

/* The trace that something has come of. NULL: out of memory. */
static struct trace *trace_of(struct traces *t, const struct trace_id *id, uint64_t now_ns)
{
	struct trace *tr = find(t, id);

	if (!tr)
		tr = add_trace(t, id);
	if (!tr)
		return NULL;
	if (!tr->n && !tr->lines_n) {
		tr->first_ns = now_ns;
		tr->rooted = tr->shown; /* a continuation waits for nobody */
		list_del(&tr->by_age);
		list_push(&t->held, &tr->by_age);
	}
	tr->last_ns = now_ns;
	return tr;
}

int traces_add(struct traces *t, struct span *s, uint64_t now_ns)
{
	struct trace *tr = trace_of(t, &s->trace_id, now_ns);
	struct span **spans = tr ? grown(tr->spans, tr->n, &tr->alloc) : NULL;

	if (!spans)
		return -ENOMEM;
	tr->spans = spans;
	tr->spans[tr->n++] = span_get(s);
	tr->rooted |= s->local_root;
	if (tr->n >= TRACE_SPANS_MAX)
		show(t, tr);
	return 0;
}

int traces_add_line(struct traces *t, struct log_line *l, uint64_t now_ns)
{
	struct trace *tr = trace_of(t, &l->trace_id, now_ns);
	struct log_line **lines = tr ? grown(tr->lines, tr->lines_n, &tr->lines_alloc) : NULL;

	if (!lines)
		return -ENOMEM;
	tr->lines = lines;
	tr->lines[tr->lines_n++] = log_line_get(l);
	if (tr->lines_n >= TRACE_LINES_MAX)
		show(t, tr);
	return 0;
}

static uint64_t due_ns(const struct trace *tr)
{
	uint64_t latest = tr->first_ns + TRACE_HELD_NS;

	return tr->rooted ? min(latest, tr->last_ns + TRACE_QUIET_NS) : latest;
}

uint64_t traces_due(struct traces *t, uint64_t now_ns)
{
	uint64_t next = UINT64_MAX;
	struct trace *tr, *tmp;

	list_for_each_safe (tr, tmp, &t->held, by_age) {
		if (due_ns(tr) <= now_ns)
			show(t, tr);
		else
			next = min(next, due_ns(tr));
	}
	return next;
}

void traces_flush(struct traces *t)
{
	struct trace *tr;

	while ((tr = list_first(&t->held, struct trace, by_age)))
		show(t, tr);
}
