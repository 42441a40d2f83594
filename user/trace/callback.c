/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who caused a call in Node. One thread serves everybody, in callbacks. What is known of each socket
 * call: the newest number given out so far, and whether what the thread's last read called back still runs
 * (bpf/strand_node.bpf.c); of a call that asks for something also the number of the work that makes it, and of the work
 * that made that.
 *
 * When the call is sent, in this order:
 * - What the reading of a request calls back is for that request.
 * - A new connection is for whom it was opened.
 * - A number was given out while somebody's bytes were at work, and the work that has it is theirs:
 *   what waited in a queue (an agent's maxSockets) was put there by the work that its trigger names.
 * - What the reading of an answer calls back goes on with what the call was for.
 * - What a setImmediate() calls back is for whom it was made; the loop calls it before it reads on.
 * Everything else (what follows an await of a timer, a file) is not known then. The end of a
 * callback is not seen: when a send shows that the loop has gone on meanwhile, the numbers given out
 * since the callback was last seen are nobody's. So are those since a setImmediate()'s: others may have run behind it.
 *
 * Where a callback of a read has never been seen, Node was built without frame pointers (Debian's):
 * the thread is then an event loop like any other.
 *
 * When the answer has been read, and what that calls back writes the response to a request, the call
 * was made for that request. It settles what was not known, and corrects what was taken for granted
 * (an own queue of the program's, without a trigger): only the first and second rule are above it.
 *
 * The end of what the reading of a request calls back is not seen either, and another one's setImmediate() may
 * put something into a queue before the thread reads on. So only the numbers that every request is given at least are
 * taken to be the request's, even when timers may have been called since; the guess by others has its own count.
 *
 * The same answers tell which of the other rules hold here at all. A pool of connections (undici's) sends what has
 * waited longest as soon as an answer is there, in the name of the work whose answer that was; its newest (7.30) in a
 * setImmediate() that another one has made. Such a one counts by itself, and tells nothing before it has been right.
 */
#include <stdlib.h>

#include "trace/record.h"
#include "trace/stages.h"

/* Guesses of one kind, that an answer told of; after these the older ones count half. */
#define GUESSES_LATELY 1024
#define RIGHT_ENOUGH   8 /* of them that must have been seen */
#define WRONG_SHARE    64 /* one wrong one among so many right ones is too many */

void callbacks_free(struct callbacks *cb)
{
	if (!cb)
		return;
	free(cb->marks);
	free(cb);
}

static struct mark *mark_at(const struct callbacks *cb, unsigned i)
{
	return &cb->marks[(cb->first + i) & (cb->cap - 1)];
}

static bool grow(struct callbacks *cb)
{
	unsigned cap = cb->cap ? 2 * cb->cap : MARKS_MIN, i;
	struct mark *marks = cap > MARKS_MAX ? NULL : calloc(cap, sizeof(*marks));

	if (!marks)
		return false;
	for (i = 0; i < cb->cnt; i++)
		marks[i] = *mark_at(cb, i);
	free(cb->marks);
	cb->marks = marks;
	cb->cap = cap;
	cb->first = 0;
	return true;
}

static void drop_oldest(struct callbacks *cb)
{
	cb->first++;
	cb->cnt--;
}

/* From the number behind `newest` on they are given out for the exchange. */
static void mark(struct pipeline *p, struct callbacks *cb, uint64_t newest, uint64_t serial)
{
	struct mark *last = cb->cnt ? mark_at(cb, cb->cnt - 1) : NULL;

	cb->sure = newest;
	if (last && last->newest == newest) {
		last->serial = serial;
		return;
	}
	if (last && last->newest > newest) /* another Environment counts here now */
		cb->cnt = 0;
	while (cb->cnt && !exchange_find(&p->exchanges, mark_at(cb, 0)->serial))
		drop_oldest(cb);
	if (cb->cnt == cb->cap && !grow(cb)) {
		if (!cb->cap)
			return;
		drop_oldest(cb);
	}
	*mark_at(cb, cb->cnt++) = (struct mark){ newest, serial };
}

/* The mark before the number; NULL: it is older than all. */
static const struct mark *mark_before(const struct callbacks *cb, uint64_t id)
{
	unsigned lo = 0, hi = cb->cnt;

	while (lo < hi) {
		unsigned mid = lo + (hi - lo) / 2;

		if (mark_at(cb, mid)->newest < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? mark_at(cb, lo - 1) : NULL;
}

/* Serial of the exchange for which the number was given out; 0: not known. */
static uint64_t whose(const struct callbacks *cb, uint64_t id)
{
	const struct mark *before = mark_before(cb, id);

	return before ? before->serial : 0;
}

static bool known(const struct callbacks *cb)
{
	return cb->now.hdr.kind == EV_CALLBACK;
}

static bool of_read(const struct callbacks *cb)
{
	return known(cb) && cb->now.flags & CALLBACK_OF_READ;
}

/*
 * The loop has gone on, or may have: of the numbers since the callback was last seen nobody knows
 * whose they are. A setImmediate() among them is the callback's, though, unless a timer made it.
 */
static void leave_callback(struct pipeline *p, struct callbacks *cb, bool timers)
{
	if (cb->in_callback)
		cb->left = (struct left){ cb->sure, cb->now.newest, whose(cb, cb->now.newest) };
	if (timers)
		cb->left.serial = 0;
	cb->in_callback = false;
	mark(p, cb, cb->sure, 0);
}

/* Requests are read in many ways, but the parser of each is given its numbers before anything else may be. */
static void note_numbers(struct callbacks *cb, uint64_t given)
{
	cb->least = cb->requests ? min(cb->least, given) : given;
	cb->requests = min(cb->requests + 1, LEAST_ENOUGH);
	cb->fresh = false;
	if (cb->requests == LEAST_ENOUGH)
		cb->sure = max(cb->sure, cb->heard_newest + cb->least);
}

/* *now: of the call that is told next, or is being told. */
static void tell(struct pipeline *p, struct callbacks *cb, const struct ev_callback *now)
{
	if (cb->fresh && !known(cb))
		note_numbers(cb, now->newest - min(now->newest, cb->heard_newest));
	cb->now = *now;
	if (now->flags & CALLBACK_OF_READ)
		cb->proven = true;
	if (now->flags & CALLBACK_TIMERS)
		leave_callback(p, cb, true);
}

static struct callbacks *callbacks_of(struct pipeline *p, const struct strand *thread)
{
	struct strand_state *st = strand_get(&p->strands, thread);

	if (st && !st->callbacks)
		st->callbacks = calloc(1, sizeof(*st->callbacks));
	return st ? st->callbacks : NULL;
}

void callback_tell(struct pipeline *p, const struct ev_callback *ev)
{
	struct callbacks *cb = callbacks_of(p, &ev->thread);

	if (cb)
		tell(p, cb, ev);
}

void callback_numbered(struct pipeline *p, const struct ev_data *ev)
{
	const struct ev_callback now = { .hdr.kind = EV_CALLBACK,
					 .newest = ev->strand.id,
					 .flags = ev->strand.gen };
	const struct strand thread = data_thread(ev);
	struct callbacks *cb = callbacks_of(p, &thread);

	if (cb)
		tell(p, cb, &now);
}

void callback_over(struct callbacks *cb)
{
	cb->before = known(cb) ? cb->now.newest : 0;
	cb->now.hdr.kind = EV_NONE;
}

void callback_wrote(struct callbacks *cb)
{
	cb->now.hdr.kind = EV_NONE;
}

void callback_heard(struct pipeline *p, struct callbacks *cb, uint64_t serial)
{
	const struct exchange *x = exchange_find(&p->exchanges, serial);

	if (!cb->in_callback) /* others than what was last seen may have run since */
		mark(p, cb, cb->sure, 0);
	cb->heard = serial;
	cb->heard_newest = cb->now.newest;
	cb->fresh = known(cb) && x && x->server_side && !x->answered;
	cb->in_callback = known(cb);
	if (known(cb))
		mark(p, cb, cb->now.newest, serial);
	else
		mark(p, cb, cb->sure, 0);
}

/* Its bytes may be at work, and what they gave numbers to since the thread was last seen. */
void callback_missed(struct pipeline *p, struct callbacks *cb)
{
	leave_callback(p, cb, true);
	cb->heard = 0;
}

/* The request that the exchange is, or was made for; a call whose cause is open stands for that. NULL: over. */
static struct exchange *behind(struct pipeline *p, uint64_t serial)
{
	struct exchange *x = exchange_find(&p->exchanges, serial);

	if (x && !x->server_side) {
		if (!x->parent)
			return list_empty(&x->by_process) ? NULL : x;
		x = x->parent;
	}
	return x && !x->done ? x : NULL;
}

static bool is_left(const struct callbacks *cb, uint64_t id)
{
	return id > cb->left.after && id <= cb->left.until;
}

/* Serial of the exchange at whose bytes the thread was when it gave the number out, or may have been; 0: not known. */
static uint64_t made_during(const struct callbacks *cb, uint64_t id)
{
	return is_left(cb, id) ? cb->left.serial : whose(cb, id);
}

/*
 * What a setImmediate() calls back has the number it was given when it was made, if not before then
 * in what the last read called back: the loop calls what it has before it reads on.
 */
static struct exchange *by_immediate(struct pipeline *p, const struct callbacks *cb)
{
	struct exchange *cause = behind(p, whose(cb, cb->now.self));

	return cause || !is_left(cb, cb->now.self) ? cause : behind(p, cb->left.serial);
}

/* For whom the thread makes the call at hand. */
struct cause {
	struct exchange *x; /* NULL: not known */
	enum guess guess;
};

/* As sure as the guess, or as that call was itself. */
static enum guess going_on(const struct exchange *call, enum guess guess)
{
	return call && !call->server_side && call->node.guess == GUESS_LATER ? GUESS_LATER : guess;
}

/* The guess that the work with the number was made for the request or answer that was read before it. */
static enum guess guess_of(struct pipeline *p, const struct callbacks *cb, uint64_t id)
{
	const struct mark *before = mark_before(cb, id);
	const struct exchange *x = before ? exchange_find(&p->exchanges, before->serial) : NULL;
	bool at_once = cb->requests == LEAST_ENOUGH && id - before->newest <= cb->least;

	if (x && x->server_side)
		return at_once ? GUESS_MAKER : GUESS_LATER;
	return going_on(x, GUESS_MAKER);
}

/*
 * What waited until a setImmediate() of an answer made room for it is sent in the next one, which that has made. So are
 * the calls of who has slept that way, but where there is a pool hardly ever.
 */
static enum guess guess_immediate(struct pipeline *p, const struct callbacks *cb)
{
	uint64_t maker = made_during(cb, cb->now.trigger);
	const struct exchange *x = exchange_find(&p->exchanges, maker);

	return maker && (!x || !x->server_side) ? GUESS_NESTED : GUESS_IMMEDIATE;
}

/*
 * Anything else may be a step (a nextTick()) of the work that made it; one that was only made in
 * what the last read called back says no more than that.
 */
static struct cause by_numbers(struct pipeline *p, const struct callbacks *cb)
{
	struct exchange *maker;

	if (cb->now.flags & CALLBACK_IMMEDIATE)
		return (struct cause){ by_immediate(p, cb), guess_immediate(p, cb) };
	maker = behind(p, whose(cb, cb->now.trigger));
	if (maker || (of_read(cb) && cb->now.self > cb->heard_newest))
		return (struct cause){ maker, guess_of(p, cb, cb->now.trigger) };
	return (struct cause){ behind(p, whose(cb, cb->now.self)), GUESS_SELF };
}

/*
 * Does the work at hand go on with what was read? If it was made there, or by what was made for that call when it was
 * sent. Other work, of which nobody knows whose it is, has waited for the connection.
 */
static bool goes_on(const struct callbacks *cb, const struct exchange *heard)
{
	uint64_t maker = cb->now.trigger;

	if (!heard || heard->server_side || !maker || maker > cb->heard_newest)
		return heard;
	return maker > heard->node.newest_before && maker <= heard->node.newest;
}

/* What an answer called back has shown otherwise too often. */
static bool fails(const struct callbacks *cb, enum guess guess)
{
	return cb->right[guess].no * WRONG_SHARE > cb->right[guess].yes;
}

static bool holds(const struct callbacks *cb, enum guess guess)
{
	unsigned enough = guess == GUESS_LATER ? WRONG_SHARE : RIGHT_ENOUGH;

	return guess == GUESS_NONE || (cb->right[guess].yes >= enough && !fails(cb, guess));
}

static struct cause cause_now(struct pipeline *p, struct callbacks *cb)
{
	const struct exchange *heard = exchange_find(&p->exchanges, cb->heard);
	struct cause cause = { 0 };

	if (!known(cb))
		return cause;
	if (!of_read(cb)) {
		leave_callback(p, cb, false);
		cause = by_numbers(p, cb);
		mark(p, cb, cb->now.newest, cause.x ? cause.x->serial : 0);
		return cause;
	}
	cb->sure = cb->now.newest;
	if (heard && heard->server_side)
		return (struct cause){ behind(p, cb->heard), GUESS_NONE };
	cause = by_numbers(p, cb);
	if (!cause.x && goes_on(cb, heard))
		return (struct cause){ behind(p, cb->heard), going_on(heard, GUESS_READ) };
	return cause;
}

void callback_connects(struct pipeline *p, struct callbacks *cb, struct conn *c)
{
	struct cause cause = cause_now(p, cb);

	c->cause = cause.x ? cause.x->serial : 0;
	callback_over(cb);
}

/* What the reading of a request calls back. */
static bool in_request(const struct pipeline *p, const struct callbacks *cb)
{
	const struct exchange *heard = of_read(cb) ? exchange_find(&p->exchanges, cb->heard) : NULL;

	return heard && heard->server_side;
}

void callback_sent(struct pipeline *p, struct callbacks *cb, struct exchange *x)
{
	struct exchange *opener = behind(p, x->conn->cause);
	struct cause cause = cause_now(p, cb);

	x->conn->cause = 0;
	x->node.firm = in_request(p, cb);
	if (opener && !x->node.firm)
		cause = (struct cause){ opener, GUESS_OPENER };
	x->node.newest = cb->now.newest;
	/* Else others may have made something meanwhile. */
	x->node.newest_before = of_read(cb) && cb->before ? cb->before : cb->now.newest;
	x->node.guess = cause.guess;
	x->node.guessed = cause.x ? cause.x->serial : 0;
	if (!cause.x || fails(cb, cause.guess) ||
	    (cause.guess == GUESS_NESTED && !holds(cb, cause.guess)))
		return;
	if (cause.x->server_side)
		exchange_adopt(cause.x, x, x->node.firm ? LINK_CALLBACK : LINK_SOCKET);
	else
		x->node.goes_on = cause.x->serial;
}

struct exchange *callback_writer(struct pipeline *p, struct callbacks *cb)
{
	struct exchange *heard = in_request(p, cb) ? exchange_find(&p->exchanges, cb->heard) : NULL;
	struct cause cause = cause_now(p, cb);

	if (heard)
		return heard;
	return cause.x && cause.x->server_side ? cause.x : NULL;
}

/* The call was for the request: was that what it had been taken for? */
static void note_guess(struct pipeline *p, struct callbacks *cb, const struct exchange *call,
		       const struct exchange *request)
{
	const struct exchange *guessed = exchange_find(&p->exchanges, call->node.guessed);

	if (guessed && !guessed->server_side)
		guessed = guessed->node.firm || guessed->node.handed ? guessed->parent : NULL;
	if (guessed)
		lately_count(&cb->right[call->node.guess], guessed == request, GUESSES_LATELY);
}

static bool of_immediate(enum guess guess)
{
	return guess == GUESS_IMMEDIATE || guess == GUESS_NESTED;
}

/* The calls up to and with x are for the request, as far as that is not known otherwise. */
static void claim_back(struct pipeline *p, const struct callbacks *cb, struct exchange *request,
		       struct exchange *x)
{
	enum link_method how = LINK_CALLBACK;
	enum guess guess, next = GUESS_NONE;
	unsigned n;

	for (n = 0; n < CAUSES_MAX && x && !x->traced; n++) {
		guess = next;
		next = x->node.guess;
		list_del(&x->by_process);
		exchange_adopt(request, x, how);
		x->node.guess = guess;
		if (fails(cb, next))
			return;
		if (of_immediate(next) && !holds(cb, next)) /* a pool's, perhaps */
			return;
		if (of_immediate(next) || !holds(cb, next))
			how = LINK_RELAY;
		x = exchange_find(&p->exchanges, x->node.goes_on);
		if (x && x->parent)
			return;
	}
}

void callback_answers(struct pipeline *p, struct callbacks *cb, struct exchange *request)
{
	struct exchange *x = of_read(cb) ? exchange_find(&p->exchanges, cb->heard) : NULL;

	if (!x || x->server_side || x->node.handed || x->start_ns < request->start_ns)
		return;
	x->node.handed = true;
	if (x->node.firm)
		return;
	note_guess(p, cb, x, request);
	claim_back(p, cb, request, x);
}

struct exchange *callback_choice(struct pipeline *p, const struct exchange *x,
				 enum link_method *ret_how)
{
	const struct exchange *before = exchange_find(&p->exchanges, x->node.goes_on);

	if (!before || before->server_side || !before->parent)
		return NULL;
	*ret_how = before->method == LINK_RELAY ? LINK_RELAY : LINK_SOCKET;
	return before->parent;
}

bool callback_doubts(const struct callbacks *cb, struct exchange *x)
{
	if (x->method == LINK_SOCKET && !holds(cb, x->node.guess))
		exchange_grade(x, LINK_LIKELY);
	return x->parent && fails(cb, x->node.guess);
}
