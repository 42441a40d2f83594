/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/listeners.h"
#include "host/procfs.h"
#include "host/select.h"

#define SCAN_MAX 262144 /* processes looked at; pid_max is 4 million, memory is not */

/* The kernel would not let this user read its memory. */
static int refuse(uint32_t pid, const char *comm, bool own, struct err *err)
{
	if (own)
		return err_set(
			err, -EACCES,
			"process %u (%s) has rights that this ebpf-tracer lacks, or hides its "
			"memory: tracing it takes CAP_SYS_PTRACE",
			pid, comm);
	return err_set(err, -EACCES,
		       "process %u (%s) is not this user's: tracing it takes root, or "
		       "CAP_SYS_PTRACE",
		       pid, comm);
}

int select_pid(uint32_t pid, uint32_t self, uint32_t *ret_tgid, struct err *err)
{
	struct proc_status status;
	struct proc_stat stat;
	int code = procfs_status(pid, &status);

	if (!code)
		code = procfs_stat(status.tgid, &stat);
	if (code == -ESRCH)
		return err_set(err, code, "no process %u: it has ended, or the number is wrong",
			       pid);
	if (code)
		return err_set(err, code, "cannot read what process %u is: %s", pid,
			       strerror(-code));
	if (status.tgid == self)
		return err_set(err, -EINVAL,
			       "process %u is this ebpf-tracer, which does not trace itself", pid);
	if (stat.kernel)
		return err_set(err, -EINVAL,
			       "process %u (%s) is part of the kernel: it serves no requests", pid,
			       stat.comm);
	if (stat.zombie)
		return err_set(err, -ESRCH,
			       "process %u (%s) has ended and only waits for its parent", pid,
			       stat.comm);
	if (!procfs_may_read(status.tgid))
		return refuse(pid, stat.comm, status.euid == geteuid(), err);
	*ret_tgid = status.tgid;
	return 0;
}

/* --- one process --- */

static bool comm_matches(const char *pattern, const char *comm)
{
	size_t n = COMM_LEN - 1;

	if (!fnmatch(pattern, comm, 0))
		return true;
	/*
	 * The kernel has cut the name: what is left of it has to do, unless the pattern itself says
	 * how it goes on.
	 */
	return strlen(comm) == n && !strpbrk(pattern, "*?[\\") && !strncmp(pattern, comm, n);
}

static bool exe_matches(const char *pattern, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!strchr(pattern, '/') && slash)
		path = slash + 1;
	return !fnmatch(pattern, path, 0);
}

static bool any_exe_matches(const struct selectors *sel, uint32_t tgid)
{
	static const char deleted[] = " (deleted)";
	char path[PATH_MAX];
	size_t n;

	if (!sel->exes_cnt || procfs_link(tgid, "exe", path, sizeof(path)))
		return false;
	n = strlen(path);
	if (n >= sizeof(deleted) && !strcmp(path + n - (sizeof(deleted) - 1), deleted))
		path[n - (sizeof(deleted) - 1)] = '\0';
	for (size_t i = 0; i < sel->exes_cnt; i++)
		if (exe_matches(sel->exes[i], path))
			return true;
	return false;
}

static bool matches(const struct selectors *sel, uint32_t tgid, const struct proc_stat *st)
{
	if (tgid == sel->self || st->kernel || st->zombie)
		return false;
	if (sel->all)
		return true;
	for (size_t i = 0; i < sel->pids_cnt; i++)
		if (sel->pids[i] == tgid)
			return true;
	for (size_t i = 0; i < sel->comms_cnt; i++)
		if (comm_matches(sel->comms[i], st->comm))
			return true;
	return any_exe_matches(sel, tgid);
}

bool select_process(const struct selectors *sel, uint32_t tgid, uint64_t *ret_start_ns)
{
	struct proc_stat st;

	if (procfs_stat(tgid, &st) || !matches(sel, tgid, &st) || !procfs_may_read(tgid))
		return false;
	*ret_start_ns = st.start_ns;
	return true;
}

bool select_listener(const struct selectors *sel, uint32_t tgid, uint16_t port)
{
	if (tgid == sel->self)
		return false;
	for (size_t i = 0; i < sel->ports_cnt; i++)
		if (sel->ports[i] == port)
			return procfs_may_read(tgid);
	return false;
}

/* --- all that are there --- */

struct candidate {
	uint32_t pid, ppid;
	uint64_t start_ns;
	bool chosen;
};

struct scan {
	const struct selectors *sel;
	struct candidate *v; /* by pid once sorted */
	size_t n, alloc;
};

static int note_process(void *ctx, uint32_t pid)
{
	struct scan *s = ctx;
	struct proc_stat st;

	/* A process that ends while we look is none. */
	if (procfs_stat(pid, &st) || st.kernel || st.zombie || pid == s->sel->self ||
	    s->n == SCAN_MAX)
		return 0;
	if (s->n == s->alloc) {
		size_t alloc = s->alloc ? 2 * s->alloc : 256;
		struct candidate *v = reallocarray(s->v, alloc, sizeof(*v));

		if (!v)
			return -ENOMEM;
		s->v = v;
		s->alloc = alloc;
	}
	s->v[s->n++] = (struct candidate){
		.pid = pid,
		.ppid = st.ppid,
		.start_ns = st.start_ns,
		.chosen = matches(s->sel, pid, &st),
	};
	return 0;
}

static int by_pid(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

/*
 * Parents are older than their children, but for those whose parent was chosen for them by the
 * kernel (init).
 */
static int by_age(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	return by_pid(a, b);
}

static struct candidate *find(const struct scan *s, uint32_t pid)
{
	const struct candidate key = { .pid = pid };

	return s->n ? bsearch(&key, s->v, s->n, sizeof(*s->v), by_pid) : NULL;
}

static void choose(void *ctx, uint32_t pid)
{
	struct candidate *c = find(ctx, pid);

	if (c)
		c->chosen = true;
}

/*
 * Pids are not ordered by age, so this repeats until nothing changes: as often as the tree is deep,
 * at most.
 */
static void choose_descendants(struct scan *s)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (size_t i = 0; i < s->n; i++) {
			const struct candidate *parent =
				s->v[i].chosen ? NULL : find(s, s->v[i].ppid);

			if (parent && parent->chosen)
				changed = s->v[i].chosen = true;
		}
	}
}

static void scan_release(struct scan *s)
{
	free(s->v);
}

int select_scan(const struct selectors *sel, select_fn fn, void *ctx, size_t *ret_denied)
{
	_cleanup_(scan_release) struct scan s = { .sel = sel };
	int err = procfs_each_process(note_process, &s);

	if (err)
		return err;
	if (s.n)
		qsort(s.v, s.n, sizeof(*s.v), by_pid);
	if (sel->ports_cnt)
		err = listeners_each(sel->ports, sel->ports_cnt, choose, &s);
	if (err)
		return err;
	choose_descendants(&s);
	if (s.n)
		qsort(s.v, s.n, sizeof(*s.v), by_age);
	*ret_denied = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.v[i].chosen && procfs_may_read(s.v[i].pid))
			fn(ctx, s.v[i].pid, s.v[i].start_ns);
		else
			*ret_denied += s.v[i].chosen;
	}
	return 0;
}
