/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "abi/limits.h"
#include "base/clock.h"
#include "export/lane.h"

struct lane {
	const struct exporter *exporter;
	void *self;
	struct hurry hurry;
	struct export_env env;
	size_t batch_max;
	uint64_t delay_ns;
	struct span **batch; /* what is being sent: the thread's own */
	uint64_t idle_ns; /* when the exporter wants to be called: the thread's own */
	pthread_t thread;
	const struct lane_entry *entry;
	bool started;

	pthread_mutex_t lock; /* over everything below */
	pthread_cond_t work; /* for the thread */
	pthread_cond_t room; /* for lane_push() of a patient lane */
	bool patient;
	pthread_cond_t flushed; /* for lane_flush_wait() */
	struct span **queue; /* a ring */
	size_t cap, head, n;
	uint64_t since_ns; /* the oldest span in the queue is no older */
	uint64_t in, out; /* spans that came, spans that are through */
	uint64_t flush_wanted, flush_done; /* tickets */
	uint64_t flush_to; /* `out` at which the last ticket is served */
	bool ending;
	struct export_counts counts;
	_Atomic uint64_t dropped;
};

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
	l->patient = opt->patient;
	pthread_condattr_destroy(&mono);
	l->idle_ns = exporter->idle ? 0 : UINT64_MAX;
	l->cap = opt->queue_max ? opt->queue_max : QUEUE_MAX;
	l->batch_max = min(opt->batch_max ? opt->batch_max : BATCH_MAX, l->cap);
	l->delay_ns = min(opt->batch_delay_ms, UINT32_MAX) * NSEC_PER_MSEC;
	l->queue = calloc(l->cap, sizeof(*l->queue));
	l->batch = calloc(l->batch_max, sizeof(*l->batch));
	code = hurry_init(&l->hurry);
	if (code)
		return err_set(err, code, "cannot make an eventfd: %s", strerror(-code));
	if (!l->queue || !l->batch)
		return err_set(err, -ENOMEM, "out of memory for a queue of %zu spans", l->cap);
	l->env = (struct export_env){ opt, &l->hurry, &l->dropped };
	code = exporter->open(&l->env, target, &l->self, err);
	if (code)
		return code;
	l->exporter = exporter;
	*ret_lane = take_ptr(l);
	return 0;
}

static void release_spans(struct span *const *spans, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		span_free(spans[i]);
}

void lane_free(struct lane *l)
{
	if (!l)
		return;
	if (l->exporter)
		l->exporter->close(l->self);
	hurry_release(&l->hurry);
	pthread_cond_destroy(&l->work);
	pthread_cond_destroy(&l->flushed);
	pthread_cond_destroy(&l->room);
	pthread_mutex_destroy(&l->lock);
	free(l->queue);
	free(l->batch);
	free(l);
}

/* --- the lane's thread; the lock is held where nothing else is said --- */

static bool flush_pending(const struct lane *l)
{
	return l->flush_done != l->flush_wanted;
}

/* When there is something to do: 0: now. */
static uint64_t due_ns(const struct lane *l)
{
	if (l->ending || flush_pending(l) || l->n >= l->batch_max)
		return 0;
	return min(l->idle_ns, l->n ? l->since_ns + l->delay_ns : UINT64_MAX);
}

static void wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t ns)
{
	struct timespec ts = { (time_t)(ns / NSEC_PER_SEC), (long)(ns % NSEC_PER_SEC) };

	if (ns == UINT64_MAX)
		pthread_cond_wait(cond, lock);
	else
		pthread_cond_timedwait(cond, lock, &ts);
}

static size_t take_batch(struct lane *l)
{
	uint64_t now = clock_mono_ns();
	bool due = l->ending || flush_pending(l) || l->n >= l->batch_max;
	size_t n = min(l->n, l->batch_max), i;

	if (!due && l->n && l->since_ns + l->delay_ns > now)
		return 0; /* the exporter's idle() is due, not the batch */
	for (i = 0; i < n; i++) {
		l->batch[i] = l->queue[l->head];
		l->head = (l->head + 1) % l->cap;
	}
	l->n -= n;
	return n;
}

/* Hands n spans to the exporter, and flushes it when that was the last one a flush waits for. Without the lock. */
static void serve(struct lane *l, size_t n, bool flush, struct export_counts *counts)
{
	const struct exporter *e = l->exporter;

	if (n && clock_mono_ns() < hurry_end_ns(&l->hurry))
		e->send(l->self, l->batch, n, counts);
	else
		counts->failed += n;
	release_spans(l->batch, n);
	if (flush && e->flush)
		e->flush(l->self, counts);
	if (e->idle)
		l->idle_ns = e->idle(l->self, clock_mono_ns(), counts);
}

static void step(struct lane *l)
{
	struct export_counts counts = { 0 };
	uint64_t wanted = l->flush_wanted;
	size_t n = take_batch(l);
	bool flush = flush_pending(l) && l->out + n >= l->flush_to;

	/* Nothing more is pushed once the lane is ending: this is the last batch. */
	flush |= l->ending && !l->n;
	pthread_cond_signal(&l->room);
	pthread_mutex_unlock(&l->lock);
	serve(l, n, flush, &counts);
	pthread_mutex_lock(&l->lock);
	export_counts_add(&l->counts, &counts);
	l->out += n;
	if (!flush)
		return;
	l->flush_done = wanted;
	pthread_cond_broadcast(&l->flushed);
}

static void *lane_run(void *arg)
{
	struct lane *l = arg;
	bool done = false;

	if (l->entry)
		l->entry->enter(l->entry->ctx);
	pthread_mutex_lock(&l->lock);
	while (!done) {
		while (due_ns(l) > clock_mono_ns())
			wait_until(&l->work, &l->lock, due_ns(l));
		done = l->ending && l->n <= l->batch_max;
		step(l);
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
	return 0;
}

void lane_push(struct lane *l, struct span *s)
{
	pthread_mutex_lock(&l->lock);
	while (l->patient && l->n == l->cap)
		pthread_cond_wait(&l->room, &l->lock);
	if (l->n == l->cap) {
		l->dropped++;
		pthread_mutex_unlock(&l->lock);
		span_free(s);
		return;
	}
	if (!l->n)
		l->since_ns = clock_mono_ns();
	l->queue[(l->head + l->n) % l->cap] = s;
	l->n++;
	l->in++;
	/* In between the thread sleeps until the batch is full or its delay over. */
	if (l->n == 1 || l->n == l->batch_max)
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

void lane_counts(struct lane *l, struct export_counts *ret_counts, uint64_t *ret_dropped)
{
	pthread_mutex_lock(&l->lock);
	*ret_counts = l->counts;
	pthread_mutex_unlock(&l->lock);
	*ret_dropped = l->dropped;
}

int lane_describe(const struct lane *l, struct buf *out)
{
	return l->exporter->describe(l->self, out);
}

void lane_end(struct lane *l, uint64_t end_ns)
{
	pthread_mutex_lock(&l->lock);
	l->ending = true;
	pthread_cond_signal(&l->work);
	pthread_mutex_unlock(&l->lock);
	hurry_end(&l->hurry, end_ns);
}

void lane_join(struct lane *l)
{
	if (l->started)
		pthread_join(l->thread, NULL);
	l->started = false;
}
