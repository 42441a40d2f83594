/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who caused a call in Java, by the objects that the caller works on. Whatever a pool's worker, an HTTP client's
 * selector or a virtual thread was given to do, somebody has made: the job, the future, the request. Every thread of
 * HotSpot fills a buffer of its own, so where in the heap an object is says which thread made it, and between which two
 * of its socket calls; that is: for which request. It does not matter how the object got to where it is now, through
 * which queues, or who is woken at the end.
 *
 *	thread that serves	reads /a ......... reads /b .........
 *	its buffer		[ made for /a     ][ made for /b ...
 *	worker's stack		... job ─────────────┘  so its call is for /b
 *
 * A stack also holds what is left over of jobs before, and who made the worker itself. Which of its words is the job
 * the process shows: those that, where a hand-over has told for whom a call was, nearly always agreed with it. A word
 * is known by how far it is from the outermost frame, and by the next word outwards that is neither an object nor on
 * the stack, mostly where that frame returns to: compiled anew, or in another kind of thread, it is another word.
 * What made a virtual thread needs no such proof.
 *
 * An event loop makes objects for whom it has read of last: in a request's turn, or in that of the answer to a call,
 * which goes on with what the call was for. A call that waited in a queue is sent in the turn of whoever made room for
 * it, but what it works off was made in its own. Where that is on the stack, calls show whose answer a response passed
 * on (turns.c).
 *
 * Where nothing has told until the call must go out, a word that was seldom seen and never wrong says who is likely:
 * of 126 such calls of Netty's first second none was wrong.
 *
 * A collection of garbage moves everything; what was made for requests under way is followed (moved.c). A thread may
 * fill more than a whole buffer between two looks at it. Then nothing is said.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/stages.h"

#define SLOT_LATELY   1024 /* calls after which the older ones count half */
#define SLOT_ENOUGH   16 /* of them that must have been right */
#define SLOT_FEW      2 /* the same where nothing else will tell */
#define SLOT_SHARE    512 /* one in so many may have been wrong: LINK_OBJECT says as much */
#define OLD_ENOUGH    16 /* calls with the same object: more than a job makes */
#define LEFT_OVER_MAX 3 /* words, and all those of one frame: they may be another job's */
#define CHAIN_MAX     64 /* calls made one after the other for one request, looked back for */
#define STACK_NEAR    (1 << 20) /* addresses around a word of a stack are of the stack, too */

void heap_grows(struct pipeline *p, struct heap *h, size_t bytes)
{
	p->tally.v[TALLY_HEAPS_EVICTED] += heap_takes(&p->processes.heaps, h, bytes);
}

size_t held_size(const struct held *held)
{
	return held ? sizeof(*held) + held->cnt * sizeof(held->objects[0]) : 0;
}

static bool is_asked_for(const struct made *m, void *ctx)
{
	struct pipeline *p = ctx;

	return m->strand.kind != STRAND_NONE || exchange_find(&p->exchanges, m->serial);
}

/* Nobody asks for what was made for requests that are over. */
static void make_room(struct pipeline *p, struct heap *h)
{
	if (h->made.cnt < HEAP_MADE_MAX && h->made.runs_cnt < HEAP_RUNS_MAX)
		return;
	made_keep(&h->made, is_asked_for, p);
	if (h->made.cnt > HEAP_MADE_MAX / 4 * 3)
		made_clear(&h->made);
}

static void count_bytes(struct pipeline *p, struct heap *h)
{
	size_t before = h->made_sz;

	h->made_sz = made_size(&h->made);
	if (h->made_sz > before)
		heap_grows(p, h, h->made_sz - before);
	else
		heap_gives(&p->processes.heaps, h, before - h->made_sz);
}

/* What is known of the same addresses was before: it is gone. */
static void add(struct pipeline *p, struct heap *h, const struct made *m)
{
	if (m->lo >= m->hi)
		return;
	make_room(p, h);
	made_add(&h->made, m);
	count_bytes(p, h);
}

/*
 * For which request the strand works, or worked last and has heard of no other since; a loop: or goes on with the
 * answer to which call; 0: none.
 */
static uint64_t works_on(struct pipeline *p, const struct strand *s)
{
	const struct strand_state *st = strand_find(&p->strands, s);
	uint64_t serial = 0;

	if (st && strand_is_loop(st))
		serial = st->turn;
	else if (st)
		serial = st->current ? st->current : st->last.serial;
	return exchange_find(&p->exchanges, serial) ? serial : 0;
}

static uint64_t maker(struct pipeline *p, struct heap *h, uint64_t address)
{
	const struct made *m = made_find(&h->made, address);

	if (!m)
		return moved_maker(&h->moved, address);
	return m->strand.kind == STRAND_NONE ? m->serial : works_on(p, &m->strand);
}

/* It has read something that is not known. A loop goes on with that, who serves a request has asked for it himself. */
static bool may_be_for_others(const struct strand_state *thread, const struct ev_heap *ev)
{
	return ev->missed & MISSED_EXCHANGE || (ev->missed && strand_is_loop(thread));
}

/*
 * What the thread has made since it was last looked at was for the request that it has served since
 * then, if it is known what it read.
 */
static void close_buffer(struct pipeline *p, struct heap *h, const struct strand_state *thread,
			 const struct ev_heap *ev)
{
	const struct buffer *b = &thread->buffer;
	const struct made *m = made_find(&h->made, b->top);
	struct made before;

	if (!m || m->lo != b->top || m->strand.kind == STRAND_NONE)
		return;
	before = *m;
	made_forget(&h->made, m);
	if (may_be_for_others(thread, ev))
		return;
	before.serial = works_on(p, &before.strand);
	before.strand.kind = STRAND_NONE;
	if (!before.serial)
		return;
	if (b->start == ev->start) {
		before.hi = min(before.hi, (uint64_t)ev->top);
		add(p, h, &before);
		return;
	}
	add(p, h, &before);
	before.lo = ev->start;
	before.hi = ev->top;
	add(p, h, &before);
}

/* A thread that is at the same request as before a collection has made for it what it has made since then. */
static void begin_buffer(struct pipeline *p, struct heap *h, const struct strand_state *thread,
			 const struct ev_heap *ev)
{
	if (ev->strand.kind != STRAND_THREAD || may_be_for_others(thread, ev))
		return;
	add(p, h,
	    &(struct made){ .lo = ev->start, .hi = ev->top, .serial = works_on(p, &ev->strand) });
}

/* A collection has moved everything. */
static void begin_anew(struct pipeline *p, struct heap *h, const struct ev_heap *ev)
{
	struct made_place at = { 0 };
	struct made *m;

	while ((m = made_next(&h->made, &at))) {
		if (m->strand.kind != STRAND_NONE)
			m->serial = works_on(p, &m->strand);
	}
	moved_expect(p, h, ev);
	made_clear(&h->made);
	count_bytes(p, h);
	memset(h->olds, 0, sizeof(h->olds));
	h->collections = ev->collections;
}

static bool trusted(const struct slot *s, unsigned enough)
{
	return s->right.yes >= enough && s->right.no * SLOT_SHARE <= s->right.yes;
}

static struct slot *slot_of(struct heap *h, uint32_t place)
{
	struct slot *s = &h->slots[place & (HEAP_SLOTS - 1)];

	return s->place == place ? s : NULL;
}

static bool is_trusted(struct heap *h, uint32_t place, unsigned enough)
{
	const struct slot *s = slot_of(h, place);

	return s && trusted(s, enough);
}

/*
 * Where code was compiled anew it keeps something else in a place that was a job's: a connection, a loop, what else was
 * made long ago and is there at call after call. That names nobody, and speaks against nobody either.
 */
static bool is_old(struct heap *h, uint64_t address)
{
	struct old *o = &h->olds[hash_mix(address, 0) & (HEAP_OLDS - 1)];

	if (o->address != address)
		*o = (struct old){ .address = address };
	if (o->look != h->looks)
		o->calls++;
	o->look = h->looks;
	return o->calls >= OLD_ENOUGH;
}

static bool is_object(const struct ev_heap *ev, uint64_t word)
{
	return word >= ev->heap_start && word < ev->heap_end;
}

static bool is_on_stack(const struct ev_heap *ev, uint64_t word)
{
	return word - (ev->stack - STACK_NEAR) < 2 * STACK_NEAR;
}

static bool is_small(uint64_t word)
{
	return word >> 32 == 0 || word >> 32 == UINT32_MAX;
}

static struct held *held_new(uint32_t collections, const struct held_object *objects, unsigned cnt)
{
	struct held *held = malloc(sizeof(*held) + cnt * sizeof(*objects));

	if (!held)
		return NULL;
	*held = (struct held){ .collections = collections };
	held->cnt = cnt;
	memcpy(held->objects, objects, cnt * sizeof(*objects));
	return held;
}

/* Objects on the stack of which is known who made them, or that may turn out to be of importance. */
static struct held *hold(struct pipeline *p, struct heap *h, const struct ev_heap *ev)
{
	unsigned words = ev->len / sizeof(ev->words[0]), i, n = 0;
	struct held_object found[HELD_MAX];
	uint64_t frame = 0;

	h->looks++;
	if (ev->object)
		found[n++] = (struct held_object){ .address = ev->object,
						   .serial = maker(p, h, ev->object) };
	for (i = 1; i <= words && n < HELD_MAX; i++) {
		uint64_t word = ev->words[words - i], serial;
		uint32_t place;

		if (!is_object(ev, word)) {
			if (!is_small(word) && !is_on_stack(ev, word))
				frame = word;
			continue;
		}
		place = hash_mix(frame, i) | 1;
		serial = maker(p, h, word);
		if (serial || (is_trusted(h, place, SLOT_ENOUGH) && !is_old(h, word)))
			found[n++] =
				(struct held_object){ word, serial, place, hash_mix(frame, 0) };
	}
	return held_new(ev->collections, found, n);
}

static struct heap *heap_of(struct pipeline *p, const struct ev_heap *ev)
{
	struct process *proc = process_get(&p->processes, ev->hdr.tgid);

	if (!proc)
		return NULL;
	if (proc->heap) {
		heap_used(&p->processes.heaps, proc->heap);
		return proc->heap;
	}
	proc->heap = heap_new(&p->processes.heaps, &proc->heap);
	if (proc->heap)
		heap_grows(p, proc->heap, sizeof(*proc->heap));
	return proc->heap;
}

void heap_tell(struct pipeline *p, const struct ev_heap *ev)
{
	struct strand_state *thread = strand_get(&p->strands, &ev->thread);
	struct strand_state *running = strand_get(&p->strands, &ev->strand);
	struct heap *h = heap_of(p, ev);

	if (!thread || !running || !h || (int32_t)(ev->collections - h->collections) < 0)
		return;
	if (h->collections != ev->collections)
		begin_anew(p, h, ev);
	if (thread->buffer.seen && thread->buffer.collections == ev->collections)
		close_buffer(p, h, thread, ev);
	else if (thread->buffer.seen)
		begin_buffer(p, h, thread, ev);
	free(running->held);
	running->held = ev->len || ev->object ? hold(p, h, ev) : NULL;
	add(p, h, &(struct made){ .lo = ev->top, .hi = ev->end, .strand = ev->strand });
	thread->buffer = (struct buffer){ ev->start, ev->top, ev->collections, true };
}

void heap_sent(struct pipeline *p, struct strand_state *st, struct exchange *call)
{
	free(call->held);
	call->held = take_ptr(st->held);
	exchange_weigh(&p->exchanges, call);
}

/* In whose turn the object was made: a request's, or in a loop that of the answer to a call; NULL: not known. */
static struct exchange *turn_of(struct pipeline *p, struct heap *h, const struct exchange *call,
				struct held_object *o)
{
	if (!o->serial && call->held->collections == h->collections)
		o->serial = maker(p, h, o->address);
	return exchange_find(&p->exchanges, o->serial);
}

static struct exchange *proven_cause(const struct exchange *call)
{
	return exchange_has_evidence(call) ? call->parent : NULL;
}

/* What goes on with the answer to a call is for whom that was. */
static struct exchange *request_of(struct pipeline *p, struct exchange *turn)
{
	enum link_method how;
	struct exchange *cause;

	if (!turn || turn->server_side)
		return turn;
	cause = proven_cause(turn);
	return cause ? cause : heap_choice(p, turn, &how);
}

static struct exchange *served_during(struct exchange *x, const struct exchange *call)
{
	if (!x || x->start_ns > call->start_ns || (x->done && x->end_ns < call->start_ns))
		return NULL;
	return x;
}

/* The request that made the object; NULL: not known, or it was over when the call was made. */
static struct exchange *maker_of(struct pipeline *p, struct heap *h, const struct exchange *call,
				 struct held_object *o)
{
	return served_during(request_of(p, turn_of(p, h, call, o)), call);
}

static struct held_object *object_at(const struct exchange *call, uint32_t place)
{
	unsigned i;

	for (i = 0; call->held && i < call->held->cnt; i++) {
		if (call->held->objects[i].place == place)
			return &call->held->objects[i];
	}
	return NULL;
}

/*
 * The same, as the place of the object alone tells it: where it names a call of which is not known for whom it was, by
 * what was in that place then.
 */
static struct exchange *named_by_place(struct pipeline *p, struct heap *h,
				       const struct exchange *call, struct held_object *o)
{
	const struct exchange *at = call;
	struct exchange *turn = NULL;
	unsigned n;

	for (n = 0; o && n < CHAIN_MAX; n++) {
		turn = turn_of(p, h, at, o);
		if (!turn || turn->server_side)
			return served_during(turn, call);
		if (proven_cause(turn))
			return served_during(proven_cause(turn), call);
		at = turn;
		o = object_at(turn, o->place);
	}
	return NULL;
}

static struct heap *heap_of_call(struct pipeline *p, const struct exchange *call)
{
	const struct process *proc = call->held ? process_find(&p->processes, call->tgid) : NULL;

	return proc ? proc->heap : NULL;
}

/* It leads to a call, and for whom that was made is no more than likely itself. */
static bool is_likely(struct pipeline *p, struct heap *h, const struct exchange *call,
		      struct held_object *o)
{
	struct exchange *turn = turn_of(p, h, call, o);
	enum link_method how = LINK_OBJECT;

	if (!turn || turn->server_side)
		return false;
	if (proven_cause(turn))
		return turn->confidence <= link_method_confidence(LINK_LEFT_OVER);
	heap_choice(p, turn, &how);
	return how == LINK_LEFT_OVER;
}

/*
 * Of so many words that are to be trusted most name the request; one that names none speaks against it. Frames may be
 * left over from another job: of some 12,000 calls with up to three such words, 128 were wrong, mostly by words of one
 * frame; of as many with more none.
 */
static bool most_name(struct pipeline *p, struct heap *h, const struct exchange *call,
		      const struct exchange *x, unsigned votes, unsigned enough,
		      enum link_method *ret_how)
{
	unsigned i, n = 0, frames = 0, likely = 0;
	uint32_t frame = 0;

	for (i = 0; i < call->held->cnt; i++) {
		struct held_object *o = &call->held->objects[i];

		if (!is_trusted(h, o->place, enough) || maker_of(p, h, call, o) != x)
			continue;
		frames += !n++ || o->frame != frame;
		likely += is_likely(p, h, call, o);
		frame = o->frame;
	}
	if (2 * n <= votes)
		return false;
	*ret_how = frames > 1 && n - likely > LEFT_OVER_MAX ? LINK_OBJECT : LINK_LEFT_OVER;
	return true;
}

/* The one that most of the words name which are to be trusted: those that have been right so often. */
static struct exchange *choose(struct pipeline *p, struct heap *h, const struct exchange *call,
			       unsigned enough, enum link_method *ret_how)
{
	struct exchange *named = NULL, *x;
	unsigned i, votes = 0, for_it = 0;

	for (i = 0; i < call->held->cnt; i++) {
		struct held_object *o = &call->held->objects[i];

		if (o->place && !is_trusted(h, o->place, enough))
			continue;
		x = maker_of(p, h, call, o);
		if (x && !o->place) {
			*ret_how = LINK_OBJECT;
			return x;
		}
		votes++;
		if (x != named && !for_it) {
			named = x;
			for_it = 1;
		} else if (x == named) {
			for_it++;
		} else {
			for_it--;
		}
	}
	return named && most_name(p, h, call, named, votes, enough, ret_how) ? named : NULL;
}

/*
 * None of the objects is where something is to be trusted. Where nothing teaches that, most calls stay open, and are
 * asked for whom they are at every end of a request.
 */
static bool is_vain(struct heap *h, struct held *held)
{
	unsigned i;

	if (held->vain_until > h->trusts)
		return true;
	for (i = 0; i < held->cnt; i++) {
		if (!held->objects[i].place || is_trusted(h, held->objects[i].place, SLOT_ENOUGH))
			return false;
	}
	held->vain_until = h->trusts + 1;
	return true;
}

/* Calls that go on with each other ask in turn: each answers a record once, and whoever is asked meanwhile has none. */
struct exchange *heap_choice(struct pipeline *p, const struct exchange *call,
			     enum link_method *ret_how)
{
	struct heap *h = heap_of_call(p, call);
	struct held *held = call->held;
	struct exchange *x;

	if (!h)
		return NULL;
	if (held->asked_ns != p->now_ns && h->depth < CHAIN_MAX) {
		held->asked_ns = p->now_ns;
		held->chosen = 0;
		h->depth++;
		x = is_vain(h, held) ? NULL : choose(p, h, call, SLOT_ENOUGH, ret_how);
		h->depth--;
		held->chosen = x ? x->serial : 0;
		held->how = x ? *ret_how : LINK_ROOT;
	}
	x = exchange_find(&p->exchanges, held->chosen);
	if (x)
		*ret_how = held->how;
	return x;
}

struct exchange *heap_guess(struct pipeline *p, const struct exchange *call,
			    enum link_method *ret_how)
{
	struct heap *h = heap_of_call(p, call);
	struct exchange *x = h ? choose(p, h, call, SLOT_FEW, ret_how) : NULL;

	*ret_how = LINK_LEFT_OVER;
	return x;
}

bool heap_confirms(struct pipeline *p, const struct exchange *call, const struct exchange *cause)
{
	struct heap *h = heap_of_call(p, call);
	unsigned i, named = 0, for_it = 0;

	for (i = 0; h && i < call->held->cnt; i++) {
		const struct exchange *x = maker_of(p, h, call, &call->held->objects[i]);

		named += x != NULL;
		for_it += x == cause;
	}
	return 2 * for_it > named;
}

static void count_slot(struct heap *h, uint32_t place, bool right)
{
	struct slot *s = &h->slots[place & (HEAP_SLOTS - 1)];
	bool was_trusted;

	if (s->place != place)
		*s = (struct slot){ .place = place };
	was_trusted = trusted(s, SLOT_ENOUGH);
	lately_count(&s->right, right, SLOT_LATELY);
	h->trusts += !was_trusted && trusted(s, SLOT_ENOUGH);
	if (right && s->right.yes == SLOT_ENOUGH)
		patience_renew(&h->hopes);
}

void heap_learn(struct pipeline *p, const struct exchange *call, const struct exchange *cause)
{
	struct heap *h = heap_of_call(p, call);
	unsigned i;

	for (i = 0; h && i < call->held->cnt; i++) {
		struct held_object *o = &call->held->objects[i];
		const struct exchange *x = named_by_place(p, h, call, o);

		if (x && o->place)
			count_slot(h, o->place, x == cause);
	}
}
