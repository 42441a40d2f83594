/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What speaks against a link. It was made by what was known when the call was made, or ended; its thread and its
 * process may have come out since to be of a kind where that says less.
 */
#include "trace/stages.h"

/*
 * The most that is claimed where exchanges were left out meanwhile (of 19,000 links made by what a loop or a worker was
 * seen to do, 351 were wrong, because a request that was not seen had been between), or where a loop keeps its order
 * only mostly (of 13,370 links in Twisted's, 11 were wrong).
 */
#define DOUBTED 0.85

/* Calls of a process whose answers anyone reads, before which little is known of it. */
#define HANDED_ENOUGH 32
/* One in so many must be handed over: one in 30 seems to be, whatever the answers are for. */
#define HANDED_SHARE 6

#define TASKS_LATELY 512 /* calls by tasks after which the older ones count half */
/* Before, they may be those of the first request, of which too little was known. */
#define TASKS_ENOUGH 16
#define TASKS_SHARE  64 /* one that no task claims among so many shakes nothing */

#define WAITED_LATELY 512 /* calls by tasks of tokio's after which the older ones count half */
#define WAITED_ENOUGH 16 /* of them that nobody waited for */
#define WAITED_SHARE  8 /* fewer than one in so many shake nothing */

#define LEFT_LATELY 512 /* calls of goroutines after which the older ones count half */
#define LEFT_SHARE  64 /* fewer than one in so many shake nothing */

/* What the thread that made the call was made for. */
enum made_for {
	MADE_FOR_IT, /* the request during which it was made, as far as is known */
	MADE_FOR_MORE, /* for that one first, perhaps */
	MADE_FOR_ANY, /* whichever request comes */
};

/* A call, and what is known of who made it. */
struct judged {
	struct exchange *x;
	struct strand_state *thread; /* NULL: forgotten */
	struct process *proc; /* NULL: not known */
};

/*
 * A thread that is still there when the request is over, and has made other calls, was made for more than that one: its
 * first call may have been for it. A loop makes its workers when the first of many requests has come.
 */
static enum made_for made_for(struct pipeline *p, const struct judged *j)
{
	const struct exchange *x = j->x;
	const struct strand_state *maker;

	if (x->method != LINK_FORK || !j->thread || (x->parent && !x->parent->done))
		return MADE_FOR_IT;
	maker = strand_find(&p->strands, &j->thread->maker);
	if (x->prev_call || (maker && strand_is_loop(maker)))
		return MADE_FOR_ANY;
	return j->thread->last_call != x->serial ? MADE_FOR_MORE : MADE_FOR_IT;
}

static bool made_by_loop(const struct judged *j)
{
	return j->x->turn.in_loop && j->thread && strand_is_loop(j->thread);
}

static bool is_guess(const struct exchange *x)
{
	return x->method == LINK_LIKELY || x->method == LINK_ORDER;
}

/* Its thread has shown since that what the link rests on says nothing there. */
static bool refuted(struct pipeline *p, const struct judged *j)
{
	const struct strand_state *st = j->thread;

	if (st && strand_tells(st))
		return callback_doubts(st->callbacks, j->x);
	return is_guess(j->x) && st && strand_is_loop(st) &&
	       (strand_queues(st) || turns_guess_fails(p, j->x));
}

/* No answer has told of it. What a loop does for the only request that it serves it may do for nobody as well. */
static bool may_be_idling(const struct judged *j)
{
	const struct exchange *x = j->x;
	struct strand_state *st = j->thread;

	if ((!x->parent && !x->has_parent) || !is_guess(x) || !made_by_loop(j))
		return false;
	idling_untold(&st->idling);
	return idling_explains(&st->idling) || (x->method == LINK_ORDER && turns_tell(&st->turns));
}

static bool agreed(const struct judged *j)
{
	return j->thread && turns_agreed(&j->thread->turns, j->x);
}

/* No more than a candidate, where there are others. */
static void grade_as_candidate(struct exchange *x)
{
	exchange_grade(x, LINK_ORDER);
	x->doubtful = x->served > 1;
}

/*
 * A thread may have come out to be a loop since. Where work changes threads, what a thread was seen to do says little
 * about whom it does it for.
 */
static void grade_by_thread(struct pipeline *p, const struct judged *j)
{
	struct exchange *x = j->x;
	enum made_for thread = made_for(p, j);
	/* A virtual thread is made for one piece of work: it makes its own calls, whoever reads the answers. */
	bool is_pools = x->method == LINK_THREAD && x->thread.kind != STRAND_VIRTUAL;
	bool by_thread = is_pools || x->method == LINK_SOCKET || x->method == LINK_LIKELY ||
			 x->method == LINK_FORK;
	bool roams = j->proc && j->proc->roams && (by_thread || x->method == LINK_ORDER);

	if (x->method == LINK_THREAD && made_by_loop(j))
		exchange_grade(x, LINK_LIKELY);
	if (!link_method_evidence(x->method) && agreed(j)) {
		exchange_grade(x, LINK_ANSWER);
		return;
	}
	if (thread == MADE_FOR_MORE)
		exchange_grade(x, LINK_ORDER);
	if (refuted(p, j) || thread == MADE_FOR_ANY || roams || (by_thread && x->turn.contradicted))
		grade_as_candidate(x);
}

/* Answers are hardly ever handed over: where one seems to be, somebody was woken for something else. */
static bool hands_over_by_chance(const struct lately *handed)
{
	return handed->yes + handed->no >= HANDED_ENOUGH &&
	       handed->yes * (HANDED_SHARE - 1) < handed->no;
}

/*
 * Where whichever thread is free reads an answer (.NET), it turns to other work before it wakes who waits, or another
 * does that for it: of 1,900 calls handed over in Mono 262 were wrong, of 7,300 in .NET Core 20. Of the 40 whose
 * response was written by who had the news all were.
 */
static void grade_by_readers(const struct judged *j)
{
	struct exchange *x = j->x;

	if (!j->proc || !j->proc->anyone_reads)
		return;
	if (x->method == LINK_HANDOFF)
		exchange_grade(x, LINK_WOKEN);
	if (x->method == LINK_RELAY ||
	    (x->method == LINK_WOKEN && hands_over_by_chance(&j->proc->handed)))
		grade_as_candidate(x);
}

static struct lately *calls_like(struct tasks *t, const struct exchange *x)
{
	if (x->held_ns)
		return &t->held;
	return x->tasks_cnt == 1 ? &t->lone : &t->awaited;
}

/*
 * Little is known of the process, and so far most of its responses were by tasks of which none had called: in Twisted
 * contexts are the pieces' of a request, and one that answers stands now and then where one has called.
 */
static bool may_be_chance(const struct tasks *t, const struct lately *like)
{
	return like->yes < TASKS_ENOUGH && t->claims.no > t->claims.yes;
}

/*
 * A task that nobody waits for ends, and the next one stands at its address. Where such tasks make calls and do not
 * answer (mitmproxy makes one for each thing that happens), whoever answers from there is another: of 209 calls that
 * tasks claimed 206 were wrong, and 791 were claimed by none. The same of tasks that such a one waits for: Daphne
 * answers from none of them, of 600 calls in Django 30 were claimed for all that, and all 30 were wrong.
 */
static void grade_by_tasks(struct pipeline *p, const struct judged *j)
{
	struct exchange *x = j->x;
	bool claimed = x->method == LINK_TASK;
	struct lately *l;

	if (!j->proc || x->strand.kind != STRAND_TASK || !x->tasks_cnt || !x->served)
		return;
	if (!tasks_stand(p, x))
		return;
	l = calls_like(&j->proc->tasks, x);
	lately_count(l, claimed, TASKS_LATELY);
	if (claimed && may_be_chance(&j->proc->tasks, l))
		x->confidence = DOUBTED;
	if (!claimed || l->no <= 1 + l->yes / TASKS_SHARE)
		return;
	if (l->no <= l->yes || l->no < TASKS_ENOUGH) {
		x->confidence = DOUBTED;
		return;
	}
	exchange_grade(x, LINK_ORDER);
	x->doubtful = true;
}

/*
 * Who waits when an answer comes may wait for something else, which what the caller's stack still holds leads to: of
 * the calls of a pool of goroutines that nobody is seen to wait for 15 in 1,000 had such a one, all of them wrong.
 * But a client of Go's may also just have been slow to go and wait, and where two tasks are made, and awaited one after
 * the other, 136 in 497 are found only then: those are right.
 */
static void grade_by_late_waiters(const struct process *proc, struct exchange *x)
{
	if (x->found_late && x->method == LINK_CHANNEL &&
	    proc->found_late.no > 1 + proc->found_late.yes)
		x->confidence = DOUBTED;
}

/*
 * A task of tokio's may stand where another stood that somebody still waits for: where many calls are by tasks that
 * nobody waits for, of 639 that one was found for 3 were wrong.
 */
static void grade_by_task_addresses(struct process *proc, struct exchange *x)
{
	struct lately *l = &proc->waited_for;

	if (x->thread.kind != STRAND_POLLED || !x->served)
		return;
	lately_count(l, x->parent, WAITED_LATELY);
	if (x->method == LINK_CHANNEL && l->no >= WAITED_ENOUGH && l->no * WAITED_SHARE > l->yes)
		x->confidence = min(x->confidence, DOUBTED);
}

/* The response to its request was begun before it had an answer, and it was not given up. */
static bool outlives(const struct exchange *x)
{
	const struct exchange *request = x->parent;

	if (!request->answered || x->start_ns >= request->answered_ns)
		return false;
	return x->answered ? x->answered_ns > request->answered_ns : !x->done;
}

/* Another call for the same request was out when it was sent. */
static bool is_beside(const struct exchange *x)
{
	const struct list *before = x->sibling.prev;
	const struct exchange *other;

	if (before == &x->parent->children)
		return false;
	other = container_of(before, struct exchange, sibling);
	return !other->answered || other->answered_ns > x->start_ns;
}

/*
 * A goroutine that a handler has left behind calls when its maker serves the next request of the connection and waits,
 * for a call of its own: that looks as if it waited for the goroutine. Of 500 handlers that call and leave a call
 * behind 248 were taken for such. That nobody waited shows where the response is begun first; from then on a call
 * beside another is nobody's.
 */
static void grade_by_maker(struct process *proc, struct exchange *x)
{
	struct lately *l = &proc->left_behind;
	bool left = x->parent && outlives(x);

	if (x->method != LINK_CHANNEL || x->thread.kind != STRAND_GOROUTINE || !x->parent)
		return;
	lately_count(l, left, LEFT_LATELY);
	if (!left && (!l->yes || l->yes * LEFT_SHARE < l->no))
		return;
	x->confidence = DOUBTED;
	if (!left && !is_beside(x))
		return;
	exchange_grade(x, LINK_ORDER);
	x->doubtful = true;
}

/* By who waited for the goroutine or the task of tokio's that made the call. */
static void grade_by_waiters(const struct judged *j)
{
	if (!j->proc)
		return;
	grade_by_late_waiters(j->proc, j->x);
	grade_by_task_addresses(j->proc, j->x);
	grade_by_maker(j->proc, j->x);
}

/*
 * In a pool of Java's whoever has read a request may be at another's by now, and where most responses are written by
 * others it often is: of 34 calls of which nothing else told, the first of their processes, 8 were wrong. What is on
 * its stack confirmed 5 of the 8: it may be left over.
 */
static void grade_by_pool(const struct judged *j)
{
	struct exchange *x = j->x;

	if (x->method == LINK_THREAD && x->thread.kind == STRAND_THREAD && j->proc &&
	    j->proc->heap && handoff_requests_leave(j->proc))
		x->confidence = min(x->confidence, DOUBTED);
}

/* By its answer, in a loop that passes answers on neither at once nor nearly always in one order. */
static bool likely_by_answer(const struct judged *j)
{
	return j->x->method == LINK_ANSWER && j->thread && !turns_sure(&j->thread->turns);
}

/* Something that happened in the process since the request came is not known. */
static bool seen_in_part(const struct judged *j)
{
	const struct exchange *request = j->x->parent;

	return j->proc && request && j->x->method != LINK_HEADER &&
	       j->proc->unseen_ns >= request->start_ns;
}

/*
 * Its response was among what is not known: the request may have been over long before, and its thread at another's. Of
 * 252 such calls of an overloaded pool of Java 199 were wrong, of 895 others 26.
 */
static bool may_have_been_over(const struct judged *j)
{
	const struct exchange *request = j->x->parent;

	return seen_in_part(j) && request->done && !request->early && request->incomplete &&
	       !request->answered;
}

void doubt_grade(struct pipeline *p, struct exchange *x)
{
	struct judged j = { .x = x };

	if (x->server_side)
		return;
	j.thread = strand_find(&p->strands, &x->thread);
	j.proc = process_find(&p->processes, x->tgid);
	grade_by_thread(p, &j);
	if (may_be_idling(&j)) {
		x->doubtful = x->doubtful || x->method == LINK_ORDER;
		exchange_grade(x, LINK_ORDER);
	}
	grade_by_readers(&j);
	grade_by_tasks(p, &j);
	grade_by_waiters(&j);
	grade_by_pool(&j);
	if (may_have_been_over(&j)) {
		exchange_grade(x, LINK_ORDER);
		x->doubtful = true;
	}
	if (seen_in_part(&j) || likely_by_answer(&j))
		x->confidence = min(x->confidence, DOUBTED);
}
