/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who caused a call in a loop that serves many and tells nothing about itself: by what it passes on.
 * A thread reads an answer and writes a response; when it read nothing else in between, the call was
 * made for that request. This is seen where the response begins, so it settles what the sending of
 * the call left open (the request had waited for a connection), and corrects it.
 *
 * A loop that first reads all that is ready and then works it off (HAProxy, uvloop) does so in order:
 * requests become calls, and answers responses. Either order alone is a guess, because any request
 * may need no call and any answer no response. But two guesses made at different times, of different
 * queues, hardly ever name the same wrong request: that they agree is evidence, as long as they do
 * so nearly always.
 *
 * A loop works off what it has read before it sleeps. So an answer that it slept on waits for something else, and what
 * it sends after a sleep and before it has read anything goes on with nothing: it is for a request that still waits
 * (for a connection that another thread has let go, or for a timer), or for nobody.
 */
#include "trace/stages.h"

#define TURNS_LATELY 256 /* responses after which the older ones count half */
#define TURNS_ENOUGH 32 /* of them that must have been seen */
/* One answer in so many may be passed on late by a loop that acts at once. */
#define PROMPT_SHARE 32
/* After so many at once nothing counts that was before: programs begin otherwise than they go on. */
#define PROMPT_ROW   64
#define MOSTLY_SHARE 8 /* the same where the order of the requests says so, too */
#define AGREE_SHARE  16 /* the same for two orders that differ */
/* The same if that they agree is to be sure: both are wrong as often as one of them is, squared. */
#define SURE_SHARE 128
#define TURN_SHARE 64 /* the same for calls out of turn: a chain of them is claimed by its last */
/* Of the guesses by what was heard last: one wrong one to so many right ones is what they say. */
#define LIKELY_SHARE   4
#define ORDER_SHARE    1 /* the same of guesses among several */
#define GUESSES_ENOUGH 8 /* that an answer told of */
#define CHANCE_MAX     8u /* wrong guesses for each that is seen to be so, at most */
#define BETWEEN_MAX    1 /* sent from an answer to the response: the next call on its connection */
#define CHAIN_MAX      64 /* calls made one after the other for one request, looked back for */

void turns_init(struct turns *t)
{
	*t = (struct turns){ 0 };
	list_init(&t->asked);
	list_init(&t->told);
}

static void empty(struct list *queue)
{
	while (!list_empty(queue))
		list_del(queue->next);
}

void turns_release(struct turns *t)
{
	empty(&t->asked);
	empty(&t->told);
}

static void count_prompt(struct turns *t, bool at_once)
{
	lately_count(&t->prompt, at_once, TURNS_LATELY);
	t->row = at_once ? t->row + 1 : 0;
	if (t->row == PROMPT_ROW)
		t->prompt.no = 0;
}

static bool nearly_always(const struct lately *l, unsigned share)
{
	return l->yes >= TURNS_ENOUGH && l->no * share <= l->yes;
}

static bool acts_at_once(const struct turns *t)
{
	return nearly_always(&t->prompt, PROMPT_SHARE);
}

/* What it has read for another loop's request it passes on to nobody that is seen; one such may be a timer's. */
static bool mostly_acts_at_once(const struct turns *t)
{
	return t->prompt.no <= 1 + t->prompt.yes / MOSTLY_SHARE;
}

/* Where it answered others than the order of the requests says, whom it answers at once may be chance, too. */
static bool mostly_agrees(const struct turns *t)
{
	return t->agree.no <= 1 + t->agree.yes / MOSTLY_SHARE;
}

static bool keeps_order(const struct turns *t)
{
	return nearly_always(&t->agree, AGREE_SHARE);
}

/* It was seen to: more than one answer had been read, and the first of them came first. */
static bool keeps_queues(const struct turns *t)
{
	return nearly_always(&t->first, AGREE_SHARE);
}

/* Answers nearly always go to the request in whose turn the call was sent. */
static bool calls_in_turn(const struct turns *t)
{
	return t->kept.no * TURN_SHARE <= t->kept.yes;
}

static bool open(const struct exchange *x)
{
	return !list_empty(&x->by_process);
}

/* Of an answer nothing more is waited for. */
static bool whole(const struct exchange *x)
{
	return x->done && !x->turn.lingers;
}

static void queue(struct list *queue, struct exchange *x)
{
	list_del(&x->turn.node);
	list_push(queue, &x->turn.node);
}

static bool in_a_turn(struct pipeline *p, const struct exchange *call)
{
	const struct exchange *request = exchange_find(&p->exchanges, call->turn.serial);

	return request && !request->answered;
}

void turns_slept(struct pipeline *p, struct turns *t)
{
	const struct exchange *last = exchange_find(&p->exchanges, t->told_last);
	struct exchange *call, *tmp;

	if (last && whole(last) && !last->turn.serial && !t->sent) /* to a call for nobody */
		count_prompt(t, false);
	t->heard = t->told_last = 0;
	t->awake = t->alone = t->behind = false;
	t->waiting = 0;
	list_for_each_safe (call, tmp, &t->told, turn.node) {
		call->turn.slept_on = true;
		if (!whole(call)) /* its rest will say more */
			list_del(&call->turn.node);
	}
}

/* Of the answers read before, none was complete and has not been acted on. */
static bool nothing_waits(struct pipeline *p, const struct turns *t)
{
	const struct exchange *before = exchange_find(&p->exchanges, t->told_last);

	return t->sent || !before || (t->alone && !whole(before));
}

void turns_missed(struct turns *t)
{
	turns_release(t);
	t->heard = t->told_last = 0;
	t->alone = false;
}

/*
 * Whoever sends acts on all that it has read, or on one of those that wait. Boost's Asio acts on an answer at once, but
 * what is there when it begins to read is queued: at 64 at once, of 2,340 answers that seemed to be passed on at once
 * 23 were not, with four threads 19 of 637.
 */
void turns_sent(struct turns *t)
{
	t->sent++;
	t->waiting -= t->behind ? min(t->waiting, 1u) : t->waiting;
	t->behind = t->behind && t->waiting;
}

void turns_heard(struct pipeline *p, struct turns *t, struct exchange *x)
{
	t->awake = true;
	if (x->turn.passed)
		return;
	t->waiting += t->heard != x->serial;
	t->heard = x->serial;
	if (!x->server_side) {
		if (t->told_last != x->serial) {
			t->alone = nothing_waits(p, t);
			t->behind = t->behind || !t->alone;
		}
		t->told_last = x->serial;
		t->sent = 0;
	}
	if (x->server_side && !x->turn.called && !x->answered)
		queue(&t->asked, x);
	else if (x->turn.in_loop && open(x) && in_a_turn(p, x)) {
		x->turn.slept_on = false;
		queue(&t->told, x);
	}
}

/*
 * For whom the next call is: the request that has waited longest. Without such a one it goes on with the request or the
 * whole answer that was just read.
 */
static struct exchange *next_asked(struct pipeline *p, const struct turns *t)
{
	struct exchange *first = list_first(&t->asked, struct exchange, turn.node);
	struct exchange *heard = exchange_find(&p->exchanges, t->heard);

	if (first)
		return first;
	return heard && (heard->server_side || whole(heard)) ? heard : NULL;
}

uint64_t turns_next(struct pipeline *p, struct turns *t)
{
	struct exchange *next = next_asked(p, t);

	if (!next)
		return 0;
	next->turn.called += next->server_side;
	list_del(&next->turn.node);
	return next->serial;
}

/* Serial of the request that the call was made for; as long as no answer has told, by the order of the requests. */
static uint64_t known_cause(const struct exchange *call)
{
	return exchange_has_evidence(call) ? call->parent->serial : call->turn.serial;
}

void turns_call(struct pipeline *p, struct turns *t, struct exchange *call)
{
	uint64_t opened_for = call->conn->turn;
	const struct exchange *cause =
		exchange_find(&p->exchanges, opened_for ? opened_for : turns_next(p, t));

	call->turn.in_loop = true;
	call->turn.prompted = t->awake;
	call->conn->turn = 0;
	if (!cause)
		return;
	call->turn.serial = cause->serial;
	call->turn.leads = cause->server_side && cause->turn.called == 1;
	if (cause->server_side)
		return;
	call->turn.continues = cause->serial;
	call->turn.serial = known_cause(cause);
}

static struct exchange *first_told(const struct turns *t, bool slept_on)
{
	struct exchange *call;

	list_for_each (call, &t->told, turn.node) {
		if (call->turn.slept_on == slept_on)
			return call;
	}
	return NULL;
}

/*
 * The answer that has waited longest, of those that it has slept on or of the others; one that is still coming is
 * passed on at once, or waits for its rest.
 */
static struct exchange *next_told(const struct turns *t, const struct exchange *request,
				  bool slept_on)
{
	struct exchange *first = first_told(t, slept_on), *call;

	if (!first || first->turn.serial == request->serial)
		return first;
	list_for_each (call, &t->told, turn.node) {
		if (whole(call) && call->turn.slept_on == slept_on)
			return call;
	}
	return first;
}

/* Whoever was read before the request has had its turn before it. */
static void catch_up_asked(struct turns *t, const struct exchange *request)
{
	struct exchange *x;

	while ((x = list_first(&t->asked, struct exchange, turn.node)) &&
	       x->serial < request->serial)
		list_del(&x->turn.node);
}

/* Java: what it worked on was made for another one. */
static bool is_of_another(struct pipeline *p, const struct exchange *call,
			  const struct exchange *request)
{
	enum link_method how;
	const struct exchange *made = heap_choice(p, call, &how);

	return made && made != request;
}

/* Of all loops of its process: they run the same program. */
static struct lately *guesses_like(struct pipeline *p, const struct exchange *call)
{
	struct process *proc = process_find(&p->processes, call->tgid);

	if (!proc)
		return NULL;
	return call->method == LINK_LIKELY  ? &proc->likely
	       : call->method == LINK_ORDER ? &proc->order
					    : NULL;
}

/* The answer has gone into the response to the request: is that whom the call was taken to be for? */
static void note_guess(struct pipeline *p, const struct exchange *call,
		       const struct exchange *request)
{
	struct lately *g = call->parent ? guesses_like(p, call) : NULL;

	if (g)
		lately_count(g, call->parent == request, TURNS_LATELY);
}

bool turns_guess_fails(struct pipeline *p, const struct exchange *call)
{
	const struct lately *g = guesses_like(p, call);
	unsigned share = call->method == LINK_LIKELY ? LIKELY_SHARE : ORDER_SHARE;

	return g && g->yes + g->no >= GUESSES_ENOUGH && g->no * share > g->yes;
}

/* It was made for the request; so were those of which it is the continuation, if the order of the requests says so. */
static void claim(struct pipeline *p, struct turns *t, struct exchange *request,
		  struct exchange *call)
{
	unsigned n;

	note_guess(p, call, request);
	for (n = 0; call && n < CHAIN_MAX; n++) {
		if (!open(call) || call->start_ns < request->start_ns ||
		    (n && (call->turn.serial != request->serial || !calls_in_turn(t) ||
			   is_of_another(p, call, request))))
			return;
		list_del(&call->by_process);
		list_del(&call->turn.node);
		call->turn.passed = true;
		exchange_adopt(request, call, LINK_ANSWER);
		call = exchange_find(&p->exchanges, call->turn.continues);
	}
}

/* The answers before that of the request's own call have gone another way. */
static void catch_up(struct turns *t, const struct exchange *request)
{
	struct exchange *call, *tmp;
	bool waits = false;

	list_for_each (call, &t->told, turn.node)
		waits = waits || call->turn.serial == request->serial;
	if (!waits)
		return;
	list_for_each_safe (call, tmp, &t->told, turn.node) {
		bool own = call->turn.serial == request->serial;

		call->turn.passed = true;
		list_del(&call->turn.node);
		if (own)
			return;
	}
}

/* A loop that writes for its tasks when they have gone on (uvloop) does so in no order, unless it has shown one. */
static bool believes(const struct turns *t, const struct exchange *call, bool at_once, bool agrees)
{
	bool for_tasks = call->strand.kind == STRAND_TASK;

	if (agrees && !for_tasks)
		return (at_once && mostly_acts_at_once(t) && mostly_agrees(t)) || keeps_order(t);
	return (agrees && keeps_order(t)) || (at_once && acts_at_once(t));
}

/*
 * The call whose answer it read last, and no other waits. While it works off a queue that is chance, unless the call
 * was sent in the request's turn.
 */
static struct exchange *just_read(struct pipeline *p, const struct turns *t,
				  const struct exchange *request)
{
	struct exchange *last = t->alone ? exchange_find(&p->exchanges, t->told_last) : NULL;
	bool queues = t->behind || t->sent > BETWEEN_MAX;

	return last && queues && last->turn.serial != request->serial ? NULL : last;
}

/*
 * The call whose answer the response that begins now is most likely made of. NULL: there is none.
 * *ret_at_once: it was read last, and no other waits.
 */
static struct exchange *next_passed(struct pipeline *p, const struct turns *t,
				    const struct exchange *request, bool *ret_at_once)
{
	struct exchange *last = just_read(p, t, request);
	struct exchange *next = next_told(t, request, false);
	bool in_order = next && next->turn.serial == request->serial;
	/* Else it is the answer just read: a call for nobody has no turn, and takes the turn of a request. */
	bool queued = in_order && next != last && (!last || keeps_queues(t));

	*ret_at_once = last && !queued && last->start_ns >= request->start_ns;
	if (last && !queued)
		return last;
	if (!next)
		next = next_told(t, request, true);
	if (next && next->turn.slept_on && !next->turn.prompted) /* that would be two guesses */
		return NULL;
	return next;
}

/* It answers by itself. Whoever does so at once has not read on meanwhile. */
static void answered_alone(struct turns *t, const struct exchange *request, uint64_t heard)
{
	if (heard != request->serial && !request->turn.called)
		count_prompt(t, false);
}

/* Two guesses agree in a loop that has not shown yet that this is evidence: it may, before the call is settled. */
static void agree_for_now(struct pipeline *p, struct exchange *request, struct exchange *call)
{
	bool guessed = !call->parent || call->method == LINK_ORDER;

	if (is_of_another(p, call, request))
		return;
	if (guessed && call->start_ns >= request->start_ns)
		exchange_adopt(request, call, LINK_ORDER);
	call->turn.agreed = call->parent == request;
}

bool turns_sure(const struct turns *t)
{
	return t->prompt.no * PROMPT_SHARE <= t->prompt.yes ||
	       t->agree.no * SURE_SHARE <= t->agree.yes;
}

bool turns_agreed(const struct turns *t, const struct exchange *call)
{
	return call->turn.agreed && keeps_order(t);
}

static void doubt(struct pipeline *p, struct turns *t, struct exchange *request,
		  struct exchange *call, bool at_once, bool agrees)
{
	call->turn.contradicted = !agrees && (at_once || keeps_order(t));
	if (at_once)
		call->turn.followed = request->serial;
	call->turn.passed = true; /* it has had its turn: what stayed would agree one day */
	list_del(&call->turn.node);
	if (agrees)
		agree_for_now(p, request, call);
	else
		catch_up(t, request);
}

/* What else was told in the turn of the request will be in no response. */
static void turn_over(struct turns *t, const struct exchange *request)
{
	struct exchange *call, *tmp;

	list_for_each_safe (call, tmp, &t->told, turn.node) {
		if (call->turn.serial == request->serial)
			list_del(&call->turn.node);
	}
}

static void pass_on(struct pipeline *p, struct turns *t, struct exchange *request)
{
	uint64_t heard = t->heard;
	bool at_once, agrees;
	struct exchange *call = next_passed(p, t, request, &at_once);

	lately_count(&t->made, at_once, TURNS_LATELY);
	t->heard = t->told_last = 0;
	t->alone = false;
	list_del(&request->turn.node);
	if (!call)
		answered_alone(t, request, heard);
	if (!call || !call->turn.in_loop || !open(call))
		return;
	catch_up_asked(t, request);
	/* A request has one turn in the queue: whose any further call is was not told by that. */
	agrees = call->turn.serial == request->serial && (at_once || call->turn.leads);
	lately_count(&t->kept, agrees, TURNS_LATELY);
	count_prompt(t, at_once);
	if (!at_once || !acts_at_once(t))
		lately_count(&t->agree, agrees, TURNS_LATELY);
	if (!at_once)
		lately_count(&t->first, agrees, TURNS_LATELY);
	if (at_once && acts_at_once(t))
		heap_learn(p, call, request);
	if (believes(t, call, at_once, agrees) && (at_once || !is_of_another(p, call, request)))
		claim(p, t, request, call);
	else
		doubt(p, t, request, call, at_once, agrees);
}

/* The one that was sent before it has nothing to do with the response, and has its answer by then or has not. */
static void note_chance(struct pipeline *p, struct process *proc, const struct exchange *call,
			const struct exchange *request)
{
	const struct exchange *other = exchange_find(&p->exchanges, call->prev_call);

	if (other && other->parent != request && other->start_ns >= request->start_ns)
		lately_count(&proc->chance, other->answered, TURNS_LATELY);
}

/* How many guesses are wrong for each that is seen to be: the others have their answers by chance. */
static unsigned wrong_for_each(const struct process *proc)
{
	const struct lately *c = &proc->chance;

	return c->no && c->yes + c->no >= GUESSES_ENOUGH ? min(1 + c->yes / c->no, CHANCE_MAX) : 2;
}

/*
 * Loops that use each other's connections (Reactor Netty's) read answers for requests of another loop. Then nothing is
 * passed on that would test the guesses; but a response that does not wait for a call's answer was not made of it.
 * Where there is one loop only, it is mostly a call that nobody waits for (a copy, a hedge).
 */
static void note_unawaited(struct pipeline *p, struct process *proc, const struct turns *t,
			   const struct exchange *request)
{
	const struct exchange *call;

	if (acts_at_once(t))
		return;
	list_for_each (call, &request->children, sibling) {
		struct lately *g = call->turn.in_loop ? guesses_like(p, call) : NULL;
		unsigned n = call->answered || !proc->several_answer ? 1 : wrong_for_each(proc);

		if (!g)
			continue;
		while (n--)
			lately_count(g, call->answered, TURNS_LATELY);
		note_chance(p, proc, call, request);
	}
}

static void note_loop(struct process *proc, const struct strand *thread)
{
	proc->several_answer =
		proc->several_answer || (proc->answers && proc->answers != thread->id);
	proc->answers = thread->id;
}

void turns_answer(struct pipeline *p, struct turns *t, struct exchange *request)
{
	struct process *proc = process_find(&p->processes, request->tgid);

	if (proc) {
		note_loop(proc, &request->thread);
		note_unawaited(p, proc, t, request);
	}
	pass_on(p, t, request);
	turn_over(t, request);
}

bool turns_tell(const struct turns *t)
{
	return nearly_always(&t->made, MOSTLY_SHARE);
}

struct exchange *turns_choice(struct pipeline *p, const struct exchange *call,
			      enum link_method *ret_how)
{
	const struct strand_state *st =
		call->turn.followed ? strand_find(&p->strands, &call->thread) : NULL;

	if (!st || !acts_at_once(&st->turns))
		return NULL;
	*ret_how = LINK_ANSWER;
	return exchange_find(&p->exchanges, call->turn.followed);
}
