/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A live capture: the loop around the ring, the clock, the signals and the processes that are
 * waited for.
 *
 * While records come, the ring is emptied every DRAIN_MS without any wake-up by the kernel; when a
 * round finds nothing, the reader says that it sleeps and the next record wakes it. An idle tracer
 * therefore does not run at all.
 */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "child.h"
#include "execs.h"
#include "host/timens.h"
#include "kern/privilege.h"
#include "latecomers.h"
#include "live.h"
#include "logfiles.h"
#include "moves.h"
#include "overload.h"
#include "owners.h"
#include "quiet.h"
#include "targets.h"
#include "wiring.h"

#define DRAIN_MS 10 /* 8 MiB of ring hold 100,000 requests/s for longer than this */
#define HURRY_MS 1 /* the same while it is looked for whose tasks are */
#define CALM_MS  250
#define CLOCK_NS NSEC_PER_SEC
#define TRIM_NS  NSEC_PER_SEC

struct live {
	struct wiring w; /* first: the pipeline's context is the wiring */
	const struct config *cfg;
	struct recorder *recorder;
	struct targets *targets;
	struct capture *capture;
	struct loop *loop;
	struct child child; /* pid 0: none */
	struct execs execs;
	struct overload overload;
	struct logfiles logfiles;
	struct latecomers latecomers;
	struct moves moves;
	struct owners owners;
	int signals;
	int status;
	int64_t ahead_ns; /* our clock is, of the kernel's */
	bool stopping;
	bool told; /* by a signal, which a second one makes more urgent */
	uint64_t clock_due_ns;
	uint64_t metrics_due_ns; /* UINT64_MAX: they are not sent */
	uint64_t quiet_due_ns; /* UINT64_MAX: said, or not to be said */
	uint64_t trim_due_ns; /* not earlier */
	uint64_t given_up; /* what was given up for want of room, when memory was last given back */
};

static void live_release(struct live *l)
{
	moves_release(&l->moves);
	owners_release(&l->owners);
	capture_free(l->capture);
	wiring_release(&l->w);
	recorder_free(l->recorder);
	targets_free(l->targets);
	overload_release(&l->overload);
	loop_free(l->loop);
	if (l->signals >= 0)
		close(l->signals);
}

/* Every record goes this way, whoever made it. */
static void take(struct live *l, const struct ev_hdr *ev)
{
	if (l->recorder && l->cfg->redact_payload) {
		wiring_feed_redacting(&l->w, ev, l->recorder);
		return;
	}
	if (l->recorder)
		recorder_write(l->recorder, ev);
	wiring_feed(&l->w, ev);
}

static int read_facts(const struct live *l, uint32_t tgid, struct proc_facts *ret_facts)
{
	const struct ev_exec *exec = execs_find(&l->execs, tgid);
	int err = facts_read(tgid, ret_facts);

	if (!exec || (!err && ret_facts->args_cnt))
		return err;
	if (!err) /* ended, but not yet waited for: /proc has forgotten what it ran */
		facts_release(ret_facts);
	return facts_of_exec(exec, ret_facts);
}

static void take_proc(struct live *l, const struct proc_facts *facts, uint64_t ts_ns,
		      uint32_t flags)
{
	_cleanup_(buf_release) struct buf record = BUF_INIT(sizeof(struct ev_proc) + FACTS_MAX);

	if (facts_encode(facts, ts_ns, &record))
		return;
	((struct ev_proc *)record.p)->flags = flags;
	take(l, (const struct ev_hdr *)record.p);
}

static void take_facts(struct live *l, uint32_t tgid, uint64_t ts_ns)
{
	struct proc_facts facts;

	if (read_facts(l, tgid, &facts))
		return;
	targets_learn(l->targets, &facts);
	take_proc(l, &facts, ts_ns, 0);
	if (!facts.context[0])
		latecomers_note(&l->latecomers, tgid, ts_ns);
	facts_release(&facts);
}

static void take_latecomers(struct live *l, uint64_t now_ns)
{
	struct proc_facts facts;
	uint32_t tgid;

	while (latecomers_next(&l->latecomers, now_ns, &tgid)) {
		if (!services_known(l->w.services, tgid) || read_facts(l, tgid, &facts))
			continue;
		take_proc(l, &facts, now_ns, PROC_AGAIN);
		facts_release(&facts);
	}
}

/* By the clock of the kernel's records. */
static uint64_t now_of(const struct live *l)
{
	return clock_mono_ns() - l->ahead_ns;
}

static void take_clock(struct live *l, uint64_t now_ns)
{
	struct ev_clock ev = {
		.hdr = { .kind = EV_CLOCK, .sz = sizeof(ev), .ts_ns = now_ns },
		.wall_offset_ns = clock_wall_offset_ns() + l->ahead_ns,
	};

	take(l, &ev.hdr);
	l->clock_due_ns = now_ns + CLOCK_NS;
}

static void take_tick(struct live *l, uint64_t now_ns)
{
	struct ev_tick ev = { .hdr = { .kind = EV_TICK, .sz = sizeof(ev), .ts_ns = now_ns } };

	take(l, &ev.hdr);
}

/* What the record before made the pipeline ask for. */
static void take_answers(struct live *l, uint64_t ts_ns)
{
	const struct ev_hdr *ev;

	while ((ev = moves_next(&l->moves, ts_ns)))
		take(l, ev);
	while ((ev = owners_next(&l->owners)))
		take(l, ev);
}

static bool moves_bytes(const struct ev_hdr *ev)
{
	return ev->tgid && (ev->kind == EV_CONN || ev->kind == EV_DATA || ev->kind == EV_LOG);
}

static void on_record(void *ctx, const struct ev_hdr *ev)
{
	struct live *l = ctx;

	if (ev->kind == EV_LOG &&
	    !logfiles_wanted(&l->logfiles, l->capture, (const struct ev_log *)ev))
		return;
	overload_note(&l->overload, ev);
	targets_event(l->targets, ev);
	if (ev->ts_ns >= l->clock_due_ns) {
		take_clock(l, ev->ts_ns);
		take_latecomers(l, ev->ts_ns);
	}
	if (ev->kind == EV_EXEC)
		execs_note(&l->execs, (const struct ev_exec *)ev);
	if (ev->kind == EV_EXEC && services_known(l->w.services, ev->tgid))
		take_facts(l, ev->tgid, ev->ts_ns);
	else if (moves_bytes(ev) && !services_known(l->w.services, ev->tgid))
		take_facts(l, ev->tgid, ev->ts_ns);
	take(l, ev);
	take_answers(l, ev->ts_ns);
}

static void on_soon(void *ctx, const struct ev_hdr *ev)
{
	pipeline_expect(((struct live *)ctx)->w.pipeline, ev);
}

static void on_verdict(void *ctx, uint64_t conn, const struct verdict *v)
{
	capture_verdict(((struct live *)ctx)->capture, conn, v);
}

static uint64_t on_moved(void *ctx, const struct heap_ask *ask)
{
	uint64_t began_ns = clock_mono_ns();

	moves_find(&((struct live *)ctx)->moves, ask);
	return clock_mono_ns() - began_ns;
}

static uint64_t on_held(void *ctx, const struct ev_awaiting *ask)
{
	struct live *l = ctx;
	uint64_t began_ns = clock_cpu_ns();

	owners_find(&l->owners, ask, l->ahead_ns);
	return clock_cpu_ns() - began_ns;
}

static void forward(const struct live *l, const struct signalfd_siginfo *si)
{
	/*
	 * A signal typed at the terminal has reached the command already: it is in the same process
	 * group.
	 */
	if (si->ssi_code <= 0)
		kill(l->child.pid, si->ssi_signo);
}

static void on_child(struct live *l)
{
	int status;

	if (!l->child.pid || waitpid(l->child.pid, &status, WNOHANG) != l->child.pid)
		return;
	l->status = child_status(status);
	l->child.pid = 0;
	l->stopping = true;
}

static void on_signal(void *ctx, int fd)
{
	struct live *l = ctx;
	struct signalfd_siginfo si;
	struct kernel_figures kern;

	if (read(fd, &si, sizeof(si)) != sizeof(si))
		return;
	switch (si.ssi_signo) {
	case SIGCHLD:
		on_child(l);
		break;
	case SIGUSR1:
		capture_figures(l->capture, &kern);
		wiring_summary(&l->w, l->cfg, &kern);
		break;
	default:
		l->told = true;
		if (l->child.pid)
			forward(l, &si);
		else
			l->stopping = true;
	}
}

static int watch_signals(struct live *l, struct err *err)
{
	static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD };
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < ARRAY_SIZE(caught); i++) {
		if (caught[i] != SIGUSR2 || l->cfg->command)
			sigaddset(&set, caught[i]);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	l->signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (l->signals < 0 || loop_add(l->loop, l->signals, on_signal, l))
		return err_set(err, -errno, "cannot watch for signals: %s", strerror(errno));
	return 0;
}

static int start_recording(struct live *l, const struct recording_facts *facts, struct err *err)
{
	int code;

	if (!l->cfg->record)
		return 0;
	code = recorder_new(l->cfg->record, facts, &l->recorder, err);
	if (!code && !l->cfg->redact_payload)
		log_info("the recording '%s' will hold what is sent and received, passwords "
			 "included; only its owner may read it",
			 l->cfg->record);
	return code;
}

static int start_capture(struct live *l, struct err *err)
{
	struct capture_opts opts = {
		.method = l->cfg->capture,
		.btf_path = l->cfg->btf,
		.ring_sz = l->cfg->ring_sz,
		.cfg = { .wake_edges = true,
			 .log_stdio = l->cfg->logs,
			 .log_files = l->cfg->log_files.n > 0 },
		.time_programs = l->cfg->times,
	};

	targets_watch(l->targets, &opts.cfg);
	return capture_new(&opts, &l->capture, err);
}

static bool maps_usable(void *capture)
{
	return capture_usable(capture);
}

static int give_up_rights(struct live *l, struct err *err)
{
	const struct guard guard = {
		.live = true,
		.child = l->child.pid,
		.maps_usable = maps_usable,
		.ctx = l->capture,
	};

	return wiring_start(&l->w, l->cfg, &guard, err);
}

/* Nothing to do but to come out of the wait: every round drains, and looks who is left. */
static void come_out(void *ctx, int fd) {}

static void say_ready(const struct live *l)
{
	struct buf who;

	buf_init(&who, 4096);
	targets_describe(l->targets, &who);
	log_line(LOG_INFO, "ready: tracing %s by %s; spans go to %s", who.n ? who.p : "nothing yet",
		 capture_method_name(l->capture), batch_describe(l->w.batch));
	buf_release(&who);
}

static void say_lacks(void)
{
	const char *cap, *without;
	size_t at = 0;

	while ((cap = privilege_lacks(&at, &without)))
		log_info("without %s %s", cap, without);
}

static int start(struct live *l, struct err *err)
{
	static const struct wiring_asks asks = { .verdict = on_verdict,
						 .moved = on_moved,
						 .held = on_held };
	struct recording_facts facts;
	int code;

	l->loop = loop_new();
	if (!l->loop || rand_seed_new(&facts.seed) || host_facts_read(&facts.host))
		return err_set(err, -ENOMEM, "cannot start: out of memory or file descriptors");
	code = targets_new(l->cfg, &l->targets, err);
	if (!code)
		code = overload_init(&l->overload, l->cfg->max_overhead, err);
	if (!code)
		code = watch_signals(l, err);
	if (!code)
		code = start_recording(l, &facts, err);
	if (!code)
		code = start_capture(l, err);
	if (!code)
		code = wiring_init(&l->w, l->cfg, &l->cfg->export, &facts, &asks, err);
	if (code)
		return code;
	say_lacks();
	take_clock(l, now_of(l));
	if (loop_add(l->loop, capture_fd(l->capture), come_out, l) ||
	    loop_add(l->loop, targets_fd(l->targets), come_out, l))
		return err_set(err, -EIO, "cannot wait for the kernel's records");
	return targets_start(l->targets, l->capture, err);
}

static int start_command(struct live *l, struct err *err)
{
	int code;

	if (!l->cfg->command)
		return 0;
	code = child_fork(l->cfg->command, &l->child, err);
	if (!code && targets_add(l->targets, l->child.pid))
		code = err_set(err, -EIO, "cannot trace the command '%s'", l->cfg->command[0]);
	if (!code)
		code = child_exec(&l->child, l->cfg->command[0], err);
	if (!code)
		targets_name(l->targets, l->child.pid);
	return code;
}

static void say_quiet(struct live *l)
{
	const uint32_t *tgids;
	size_t n = targets_first(l->targets, &tgids);
	uint64_t stats[STAT__CNT];

	capture_stats(l->capture, stats);
	quiet_tell(pipeline_tally(l->w.pipeline), stats, tgids, n);
	l->quiet_due_ns = UINT64_MAX;
}

static void send_metrics(struct live *l, uint64_t now_ns)
{
	struct kernel_figures kern;

	capture_figures(l->capture, &kern);
	wiring_metrics(&l->w, &kern);
	l->metrics_due_ns = now_ns + l->cfg->export.metrics_every_ms * NSEC_PER_MSEC;
}

static uint64_t given_up(const struct live *l)
{
	const uint64_t *v = pipeline_tally(l->w.pipeline)->v;

	return v[TALLY_EXCHANGES_EARLY] + v[TALLY_CONNS_EVICTED] + v[TALLY_RESYNCS];
}

/* UINT64_MAX: there is nothing to be given back. */
static uint64_t trim_ns(const struct live *l)
{
	return given_up(l) == l->given_up ? UINT64_MAX : l->trim_due_ns;
}

/* What went early made room for something of another size: holes that the allocator keeps, and the host needs. */
static void trim(struct live *l, uint64_t now_ns)
{
	l->given_up = given_up(l);
	l->trim_due_ns = now_ns + TRIM_NS;
	malloc_trim(0);
}

/*
 * How long the loop may wait: not at all while there is work, DRAIN_MS while there is traffic, else
 * until a timer.
 */
static int wait_ms(struct live *l, int drained)
{
	uint64_t next = min(pipeline_next_ns(l->w.pipeline), l->quiet_due_ns), now = now_of(l);
	int timer = -1, drain = owners_hurry(&l->owners, now) ? HURRY_MS : DRAIN_MS;

	next = min(next, min(l->metrics_due_ns, trim_ns(l)));
	if (next != UINT64_MAX)
		timer = next <= now ? 0 : (int)min((next - now) / NSEC_PER_MSEC + 1, 60000ULL);
	if (l->overload.said) /* whether that is over shows in the lapse of time */
		timer = timer < 0 ? CALM_MS : min(timer, CALM_MS);
	if (drained || !capture_sleep(l->capture))
		return timer < 0 ? drain : min(timer, drain);
	return timer;
}

static int run_loop(struct live *l)
{
	while (!l->stopping) {
		int drained = capture_drain(l->capture, on_record, on_soon, l);
		uint64_t now = now_of(l);
		int code;

		if (pipeline_next_ns(l->w.pipeline) <= now)
			take_tick(l, now);
		if (l->quiet_due_ns <= now)
			say_quiet(l);
		if (l->metrics_due_ns <= now)
			send_metrics(l, now);
		if (trim_ns(l) <= now)
			trim(l, now);
		if (targets_ended(l->targets) && !drained && !l->child.pid)
			break;
		code = loop_wait(l->loop, overload_look(&l->overload, l->capture, now)
						  ? 0
						  : wait_ms(l, drained));
		if (code)
			return code;
	}
	return 0;
}

/* We end by ourselves, as its target has: whoever ends both one after the other still gets what is known. */
static void heed_first(int signo) {}

/*
 * From here on a second signal ends the program at once, also one that a script's shell told us to ignore by starting
 * us with &: the first was heeded, too. A request for the summary does not.
 */
static void restore_signals(struct live *l)
{
	const struct sigaction next = { .sa_handler = l->told ? SIG_DFL : heed_first,
					.sa_flags = SA_RESETHAND | SA_RESTART };
	sigset_t none;

	sigaction(SIGINT, &next, NULL);
	sigaction(SIGTERM, &next, NULL);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	loop_del(l->loop, l->signals);
	close(take_fd(l->signals));
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void finish(struct live *l)
{
	struct ev_books books = {
		.hdr = { .kind = EV_BOOKS, .sz = sizeof(books), .ts_ns = now_of(l) }
	};
	struct kernel_figures kern;

	restore_signals(l);
	capture_stop(l->capture);
	while (capture_drain(l->capture, on_record, on_soon, l))
		;
	capture_figures(l->capture, &kern);
	memcpy(books.stats, kern.stats, sizeof(books.stats));
	take(l, &books.hdr);
	wiring_finish(&l->w, l->cfg, &kern);
}

int live_run(const struct config *cfg, int *ret_status, struct err *err)
{
	_cleanup_(live_release) struct live l = {
		.cfg = cfg,
		.logfiles.cfg = cfg,
		.signals = -1,
		.ahead_ns = timens_ahead_ns(),
	};
	int code = start(&l, err);

	if (!code)
		code = start_command(&l, err);
	if (!code)
		code = give_up_rights(&l, err);
	if (code)
		return code;
	say_ready(&l);
	wiring_started(&l.w);
	l.quiet_due_ns = now_of(&l) + QUIET_S * NSEC_PER_SEC;
	l.metrics_due_ns = l.w.metrics ? now_of(&l) : UINT64_MAX;
	code = run_loop(&l);
	if (code)
		return err_set(err, code, "the event loop failed: %s", strerror(-code));
	finish(&l);
	*ret_status = l.status;
	return 0;
}
