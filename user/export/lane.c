/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "abi/limits.h"
#include "base/clock.h"
#include "export/lane.h"
#include "export/queue.h"

struct lane {
	const struct exporter *exporter;
	void *self;
	struct hurry hurry;
	struct export_env env;
	void **batch; /* what is being sent: the thread's own */
	uint64_t idle_ns; /* when the exporter wants to be called: the thread's own */
	pthread_t thread;
	const struct lane_entry *entry;
	bool started;

	pthread_mutex_t lock; /* over everything below */
	pthread_cond_t work; /* for the thread */
	pthread_cond_t room; /* for lane_push() of a patient lane */
	pthread_cond_t entered; /* for lane_start() */
	bool has_entered;
	bool patient;
	pthread_cond_t flushed; /* for lane_flush_wait() */
	struct queue queues[SIGNAL__CNT];
	uint64_t in, out; /* items that came, items that are through */
	uint64_t flush_wanted, flush_done; /* tickets */
	uint64_t flush_to; /* `out` at which the last ticket is served */
	bool ending;
	struct export_counts counts[SIGNAL__CNT];
	_Atomic uint64_t dropped[SIGNAL__CNT];
	_Atomic uint64_t heavy[SIGNAL__CNT]; /* of these, for their bytes */
};

static int init_queues(struct lane *l, const struct export_options *opt)
{
	size_t cap = opt->queue_max ? opt->queue_max : QUEUE_MAX;
	size_t batch_max = min(opt->batch_max ? opt->batch_max : BATCH_MAX, cap);
	uint64_t delay_ns = min(opt->batch_delay_ms, UINT32_MAX) * NSEC_PER_MSEC;
	int code = 0, i;

	for (i = 0; !code && i < SIGNAL__CNT; i++)
		code = queue_init(&l->queues[i], cap, batch_max, delay_ns);
	l->batch = calloc(batch_max, sizeof(*l->batch));
	return l->batch ? code : -ENOMEM;
}

int lane_new(const struct exporter *exporter, const char *target, const struct export_options *opt,
	     struct lane **ret_lane, struct err *err)
{
	_cleanup_(lane_freep) struct lane *l = calloc(1, sizeof(*l));
	pthread_condattr_t mono;
	int code;

	if (!l)
		return err_set(err, -ENOMEM, "out of memory");
	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&mono);
	pthread_condattr_setclock(&mono, CLOCK_MONOTONIC);
	pthread_cond_init(&l->work, &mono);
	pthread_cond_init(&l->flushed, &mono);
	pthread_cond_init(&l->room, &mono);
	pthread_cond_init(&l->entered, &mono);
	l->patient = opt->patient;
	pthread_condattr_destroy(&mono);
	l->idle_ns = exporter->idle ? 0 : UINT64_MAX;
	code = hurry_init(&l->hurry);
	if (code)
		return err_set(err, code, "cannot make an eventfd: %s", strerror(-code));
	if (init_queues(l, opt))
		return err_set(err, -ENOMEM, "out of memory for a queue of %zu spans",
			       l->queues[SIGNAL_SPANS].cap);
	l->env = (struct export_env){ opt, &l->hurry, l->dropped };
	code = exporter->open(&l->env, target, &l->self, err);
	if (code)
		return code;
	l->exporter = exporter;
	*ret_lane = take_ptr(l);
	return 0;
}

static void item_free(enum signal signal, void *item)
{
	if (signal == SIGNAL_LOGS)
		log_line_free(item);
	else
		span_free(item);
}

static size_t item_size(enum signal signal, const void *item)
{
	return signal == SIGNAL_LOGS ? log_line_memory(item) : span_memory(item);
}

void lane_free(struct lane *l)
{
	int i;

	if (!l)
		return;
	if (l->exporter)
		l->exporter->close(l->self);
	hurry_release(&l->hurry);
	pthread_cond_destroy(&l->work);
	pthread_cond_destroy(&l->flushed);
	pthread_cond_destroy(&l->room);
	pthread_cond_destroy(&l->entered);
	pthread_mutex_destroy(&l->lock);
	for (i = 0; i < SIGNAL__CNT; i++)
		queue_release(&l->queues[i]);
	free(l->batch);
	free(l);
}

/* --- the lane's thread; the lock is held where nothing else is said --- */

static bool flush_pending(const struct lane *l)
{
	return l->flush_done != l->flush_wanted;
}

static size_t waiting(const struct lane *l)
{
	return l->queues[SIGNAL_SPANS].n + l->queues[SIGNAL_LOGS].n;
}

/* When there is something to do: 0: now. */
static uint64_t due_ns(const struct lane *l)
{
	uint64_t next = l->idle_ns;
	int i;

	if (l->ending || flush_pending(l))
		return 0;
	for (i = 0; i < SIGNAL__CNT; i++)
		next = min(next, queue_due_ns(&l->queues[i]));
	return next;
}

static void wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t ns)
{
	struct timespec ts = { (time_t)(ns / NSEC_PER_SEC), (long)(ns % NSEC_PER_SEC) };

	if (ns == UINT64_MAX)
		pthread_cond_wait(cond, lock);
	else
		pthread_cond_timedwait(cond, lock, &ts);
}

/* A batch of whichever is due; spans first, for lines are found from them. */
static size_t take_batch(struct lane *l, enum signal *ret_signal)
{
	bool all = l->ending || flush_pending(l);
	uint64_t now = clock_mono_ns();
	int i;

	for (i = 0; i < SIGNAL__CNT; i++) {
		struct queue *q = &l->queues[i];

		if (!q->n || (!all && queue_due_ns(q) > now))
			continue;
		*ret_signal = i;
		return queue_take(q, l->batch);
	}
	return 0; /* the exporter's idle() is due */
}

static void send_batch(struct lane *l, enum signal signal, size_t n, struct export_counts *counts)
{
	size_t i;

	if (clock_mono_ns() >= hurry_end_ns(&l->hurry))
		counts->failed += n;
	else if (signal == SIGNAL_LOGS)
		l->exporter->send_logs(l->self, (struct log_line *const *)l->batch, n, counts);
	else
		l->exporter->send(l->self, (struct span *const *)l->batch, n, counts);
	for (i = 0; i < n; i++)
		item_free(signal, l->batch[i]);
}

/* What the exporter wants beside its batches; `flush`: the last one has been sent. Without the lock. */
static void attend(struct lane *l, bool flush, struct export_counts *counts)
{
	const struct exporter *e = l->exporter;

	if (flush && e->flush)
		e->flush(l->self, counts);
	if (e->idle)
		l->idle_ns = e->idle(l->self, clock_mono_ns(), counts);
}

/* True: nothing more will come. */
static bool step(struct lane *l)
{
	struct export_counts sent = { 0 }, attended = { 0 };
	uint64_t wanted = l->flush_wanted;
	enum signal signal = SIGNAL_SPANS;
	size_t n = take_batch(l, &signal);
	bool last = l->ending && !waiting(l); /* nothing is pushed any more */
	bool flush = last || (flush_pending(l) && l->out + n >= l->flush_to);

	pthread_cond_signal(&l->room);
	pthread_mutex_unlock(&l->lock);
	if (n)
		send_batch(l, signal, n, &sent);
	attend(l, flush, &attended);
	pthread_mutex_lock(&l->lock);
	export_counts_add(&l->counts[signal], &sent);
	export_counts_add(&l->counts[SIGNAL_SPANS], &attended);
	l->out += n;
	if (!flush)
		return last;
	l->flush_done = wanted;
	pthread_cond_broadcast(&l->flushed);
	return last;
}

static void *lane_run(void *arg)
{
	struct lane *l = arg;
	bool done = false;

	if (l->entry)
		l->entry->enter(l->entry->ctx);
	pthread_mutex_lock(&l->lock);
	l->has_entered = true;
	pthread_cond_signal(&l->entered);
	while (!done) {
		while (due_ns(l) > clock_mono_ns())
			wait_until(&l->work, &l->lock, due_ns(l));
		done = step(l);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

/* --- everybody else --- */

int lane_start(struct lane *l, const struct lane_entry *entry, struct err *err)
{
	sigset_t all, old;
	int code;

	l->entry = entry;
	/* Signals belong to the loop thread; a blocked SIGPIPE leaves us the EPIPE. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	code = pthread_create(&l->thread, NULL, lane_run, l);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (code)
		return err_set(err, -code, "cannot start a thread: %s", strerror(code));
	l->started = true;
	/* What a thread gives up on its way in it must have given up when we say that we are ready. */
	pthread_mutex_lock(&l->lock);
	while (!l->has_entered)
		pthread_cond_wait(&l->entered, &l->lock);
	pthread_mutex_unlock(&l->lock);
	return 0;
}

bool lane_takes(const struct lane *l, enum signal signal)
{
	return signal == SIGNAL_LOGS ? l->exporter->send_logs != NULL : l->exporter->send != NULL;
}

void lane_push(struct lane *l, enum signal signal, void *item)
{
	struct queue *q = &l->queues[signal];
	size_t sz = item_size(signal, item);
	enum queue_room room;

	pthread_mutex_lock(&l->lock);
	while ((room = queue_room(q, sz)) != QUEUE_ROOM && l->patient)
		pthread_cond_wait(&l->room, &l->lock);
	if (room != QUEUE_ROOM) {
		l->dropped[signal]++;
		l->heavy[signal] += room == QUEUE_HEAVY;
		pthread_mutex_unlock(&l->lock);
		item_free(signal, item);
		return;
	}
	queue_put(q, item, sz, clock_mono_ns());
	l->in++;
	/* In between the thread sleeps until the batch is full or its delay over. */
	if (q->n == 1 || q->n == q->batch_max)
		pthread_cond_signal(&l->work);
	pthread_mutex_unlock(&l->lock);
}

uint64_t lane_flush_begin(struct lane *l)
{
	uint64_t ticket;

	pthread_mutex_lock(&l->lock);
	ticket = ++l->flush_wanted;
	l->flush_to = l->in;
	pthread_cond_signal(&l->work);
	pthread_mutex_unlock(&l->lock);
	hurry_now(&l->hurry);
	return ticket;
}

void lane_flush_wait(struct lane *l, uint64_t ticket, uint64_t until_ns)
{
	pthread_mutex_lock(&l->lock);
	while (l->flush_done < ticket && clock_mono_ns() < until_ns)
		wait_until(&l->flushed, &l->lock, until_ns);
	pthread_mutex_unlock(&l->lock);
}

void lane_counts(struct lane *l, enum signal signal, struct export_counts *ret_counts,
		 struct lane_drops *ret_dropped)
{
	pthread_mutex_lock(&l->lock);
	*ret_counts = l->counts[signal];
	pthread_mutex_unlock(&l->lock);
	*ret_dropped = (struct lane_drops){ l->dropped[signal], l->heavy[signal] };
}

int lane_describe(const struct lane *l, struct buf *out)
{
	return l->exporter->describe(l->self, out);
}

void lane_end(struct lane *l, uint64_t end_ns)
{
	/* First: an exporter that is flushed for the last time must know that it is. */
	hurry_end(&l->hurry, end_ns);
	pthread_mutex_lock(&l->lock);
	l->ending = true;
	pthread_cond_signal(&l->work);
	pthread_mutex_unlock(&l->lock);
}

void lane_join(struct lane *l)
{
	if (l->started)
		pthread_join(l->thread, NULL);
	l->started = false;
}
