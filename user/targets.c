/* SPDX-License-Identifier: GPL-2.0-only */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include "base/caps.h"
#include "base/log.h"
#include "host/procfs.h"
#include "host/select.h"
#include "strand/node.h"
#include "strand/strand.h"
#include "targets.h"

#define NAMED_MAX 8 /* processes that the ready line names; the rest is a number */

struct targets {
	struct selectors sel;
	int *named; /* pidfds of what was named by number: we end with the last */
	size_t named_cnt;
	size_t ended_cnt; /* of these */
	int ends; /* an epoll that holds them, each until it has told of its end */
	uint32_t *pids; /* of sel */
	struct capture *capture;
	size_t traced; /* how many the first look found */
	struct buf who; /* and the names of the first of them */
	uint32_t first[NAMED_MAX]; /* and these themselves */
	int err; /* of the last capture_trace() */
};

static int add_named(struct targets *t, uint32_t tgid)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLONESHOT };
	int fd = syscall(SYS_pidfd_open, tgid, 0);

	if (fd < 0)
		return -errno;
	t->named[t->named_cnt++] = fd;
	return epoll_ctl(t->ends, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

static int resolve_pids(struct targets *t, const struct config *cfg, struct err *err)
{
	size_t i;

	for (i = 0; i < cfg->pids.n; i++) {
		int code = select_pid(cfg->pids.v[i], t->sel.self, &t->pids[i], err);

		if (code)
			return code;
		if (t->pids[i] != cfg->pids.v[i])
			log_info("%u is a thread of process %u, which is traced", cfg->pids.v[i],
				 t->pids[i]);
		code = add_named(t, t->pids[i]);
		if (code)
			return err_set(err, code, "cannot watch process %u: %s", t->pids[i],
				       strerror(-code));
	}
	t->sel.pids_cnt = cfg->pids.n;
	return 0;
}

int targets_new(const struct config *cfg, struct targets **ret_targets, struct err *err)
{
	_cleanup_(targets_freep) struct targets *t = NULL;
	int code = procfs_check(err);

	if (code)
		return code;
	t = calloc(1, sizeof(*t));
	if (!t)
		return err_set(err, -ENOMEM, "out of memory");
	buf_init(&t->who, 4096);
	t->ends = epoll_create1(EPOLL_CLOEXEC);
	t->named = calloc(cfg->pids.n + 1, sizeof(*t->named)); /* one more for a command */
	t->pids = calloc(cfg->pids.n + 1, sizeof(*t->pids));
	if (!t->named || !t->pids || t->ends < 0)
		return err_set(err, -ENOMEM, "out of memory or file descriptors");
	t->sel = (struct selectors){
		.pids = t->pids,
		.ports = cfg->ports.v,
		.ports_cnt = cfg->ports.n,
		.comms = cfg->comms.v,
		.comms_cnt = cfg->comms.n,
		.exes = cfg->exes.v,
		.exes_cnt = cfg->exes.n,
		.all = cfg->all,
		.self = getpid(),
	};
	if (cfg->all && !caps_has(CAP_SYS_PTRACE))
		return err_set(err, -EPERM,
			       "--all traces processes of every user: that takes root, or "
			       "CAP_SYS_PTRACE");
	code = resolve_pids(t, cfg, err);
	if (code)
		return code;
	*ret_targets = take_ptr(t);
	return 0;
}

void targets_free(struct targets *t)
{
	size_t i;

	if (!t)
		return;
	for (i = 0; i < t->named_cnt; i++)
		close(t->named[i]);
	if (t->ends >= 0)
		close(t->ends);
	buf_release(&t->who);
	free(t->named);
	free(t->pids);
	free(t);
}

void targets_watch(const struct targets *t, struct bpf_cfg *ret_cfg)
{
	ret_cfg->trace_all = t->sel.all;
	ret_cfg->watch_exec = t->sel.comms_cnt || t->sel.exes_cnt;
	ret_cfg->watch_listen = t->sel.ports_cnt > 0;
}

void targets_name(struct targets *t, uint32_t tgid)
{
	struct proc_stat st;
	char *c;

	if (procfs_stat(tgid, &st) || ++t->traced > NAMED_MAX)
		return;
	t->first[t->traced - 1] = tgid;
	for (c = st.comm; *c; c++) {
		if (!isprint((unsigned char)*c))
			*c = '?';
	}
	if (buf_printf(&t->who, "%s%s (%u)", t->who.n ? ", " : "", st.comm, tgid))
		log_debug("targets: the list of names is cut");
}

/* Until it is found the thread's calls are linked by what is seen of them alone. */
static void seek_loop(struct targets *t, uint32_t tgid, uint32_t tid, uint64_t sp)
{
	struct node_places at;

	if (!node_find(tgid, sp, &at) && capture_found_loop(t->capture, tid, &at))
		log_debug("targets: cannot read the event loop of thread %u", tid);
}

void targets_learn(struct targets *t, const struct proc_facts *facts)
{
	struct strand_found found;

	if (!strand_recognise(facts, &found))
		return;
	if (capture_read_runtime(t->capture, facts->tgid, &found.rt))
		log_debug("targets: cannot read the runtime of process %u", facts->tgid);
	else if (found.rt.kind == RUNTIME_NODE)
		seek_loop(t, facts->tgid, facts->tgid, 0);
}

static void learn(struct targets *t, uint32_t tgid)
{
	struct proc_facts facts;

	if (facts_read(tgid, &facts))
		return;
	targets_learn(t, &facts);
	facts_release(&facts);
}

static void trace(void *ctx, uint32_t tgid, uint64_t start_ns)
{
	struct targets *t = ctx;
	int err = capture_trace(t->capture, tgid, start_ns);

	if (err) {
		t->err = err;
		return;
	}
	targets_name(t, tgid);
	learn(t, tgid);
}

int targets_start(struct targets *t, struct capture *c, struct err *err)
{
	size_t denied = 0;
	int code;

	t->capture = c;
	code = select_scan(&t->sel, trace, t, &denied);
	if (code)
		return err_set(err, code, "cannot list the processes in /proc: %s",
			       strerror(-code));
	if (t->err)
		return err_set(err, t->err, "cannot trace all processes that match: %s",
			       strerror(-t->err));
	if (denied && !t->sel.all)
		log_warn("%zu processes that match are not this user's and not traced: that takes "
			 "root, or CAP_SYS_PTRACE",
			 denied);
	return 0;
}

int targets_add(struct targets *t, uint32_t tgid)
{
	struct proc_stat st;
	int err = procfs_stat(tgid, &st);

	if (!err)
		err = capture_trace(t->capture, tgid, st.start_ns);
	return err ? err : add_named(t, tgid);
}

void targets_event(struct targets *t, const struct ev_hdr *ev)
{
	uint64_t start_ns;

	switch (ev->kind) {
	case EV_EXEC:
		if (select_process(&t->sel, ev->tgid, &start_ns) &&
		    capture_trace(t->capture, ev->tgid, start_ns))
			log_warn("cannot trace process %u: too many processes are traced",
				 ev->tgid);
		/* It may have become another user by what it executed. */
		if (!procfs_may_read(ev->tgid))
			capture_untrace(t->capture, ev->tgid);
		break;
	case EV_LISTEN:
		if (select_listener(&t->sel, ev->tgid, ((const struct ev_listen *)ev)->port))
			trace(t, ev->tgid, 0);
		break;
	case EV_SEEK:
		seek_loop(t, ev->tgid, ev->tid, ((const struct ev_seek *)ev)->sp);
		break;
	default:
		break;
	}
}

int targets_fd(const struct targets *t)
{
	return t->ends;
}

bool targets_ended(struct targets *t)
{
	struct epoll_event ends[NAMED_MAX];
	int n = epoll_wait(t->ends, ends, NAMED_MAX, 0);

	if (n > 0)
		t->ended_cnt += n;
	if (t->sel.ports_cnt || t->sel.comms_cnt || t->sel.exes_cnt || t->sel.all)
		return false;
	return t->ended_cnt == t->named_cnt;
}

void targets_describe(const struct targets *t, struct buf *out)
{
	int err;

	if (t->sel.all)
		err = buf_puts(out, "every process");
	else if (t->traced > NAMED_MAX)
		err = buf_printf(out, "%s and %zu more", t->who.p, t->traced - NAMED_MAX);
	else
		err = buf_puts(out, t->who.n ? t->who.p
					     : "nothing yet, waiting for a process that matches");
	if (err)
		log_debug("targets: the list of names is cut");
}

size_t targets_first(const struct targets *t, const uint32_t **ret_tgids)
{
	*ret_tgids = t->first;
	return min(t->traced, (size_t)NAMED_MAX);
}
