/* SPDX-License-Identifier: GPL-2.0-only */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/procfs.h"

#define STAT_TEXT_MAX 1024 /* 52 numbers of at most 20 digits, most of them short */
/* Grows with the groups of the process; what we need stands in the first lines. */
#define STATUS_TEXT_MAX 8192
#define READ_STEP       4096
#define PF_KTHREAD      0x00200000 /* of the kernel's task flags */

/* Fields of /proc/PID/stat after the name, counted as in proc(5). */
enum { STAT_STATE = 3, STAT_PPID = 4, STAT_TTY_NR = 7, STAT_FLAGS = 9, STAT_STARTTIME = 22 };

static void proc_path(uint32_t pid, const char *name, char *ret_path, size_t sz)
{
	snprintf(ret_path, sz, "/proc/%u/%s", pid, name);
}

int procfs_check(struct err *err)
{
	if (!access("/proc/self/stat", R_OK))
		return 0;
	return err_set(err, -errno, "there is no /proc here, where processes are found: mount it");
}

/*
 * ENOENT is how a process that is gone looks from outside, ESRCH how it looks through an open file.
 */
static int proc_error(int code)
{
	return code == ENOENT ? -ESRCH : -code;
}

int procfs_read(uint32_t pid, const char *name, struct buf *ret_bytes)
{
	_cleanup_(close_fdp) int fd = -1;
	char path[64], piece[READ_STEP];

	proc_path(pid, name, path, sizeof(path));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return proc_error(errno);
	while (ret_bytes->n < ret_bytes->cap) {
		ssize_t n = read(fd, piece, min(sizeof(piece), ret_bytes->cap - ret_bytes->n));
		int err;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return proc_error(errno);
		if (!n)
			break;
		err = buf_append(ret_bytes, piece, (size_t)n);
		if (err)
			return err;
	}
	return 0;
}

int procfs_link(uint32_t pid, const char *name, char *ret_path, size_t sz)
{
	char path[64];
	ssize_t n;

	proc_path(pid, name, path, sizeof(path));
	n = readlink(path, ret_path, sz - 1);
	if (n < 0)
		return proc_error(errno);
	ret_path[n] = '\0';
	return 0;
}

int procfs_inode(uint32_t pid, const char *name, uint64_t *ret_inode)
{
	struct stat st;
	char path[64];

	proc_path(pid, name, path, sizeof(path));
	if (stat(path, &st))
		return proc_error(errno);
	*ret_inode = st.st_ino;
	return 0;
}

bool procfs_may_read(uint32_t pid)
{
	char path[2];
	int err = procfs_link(pid, "exe", path, sizeof(path));

	return err != -EACCES && err != -EPERM;
}

static uint64_t ticks_to_ns(uint64_t ticks)
{
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK);

	return ticks / hz * NSEC_PER_SEC + ticks % hz * NSEC_PER_SEC / hz;
}

static bool parse_field(struct proc_stat *st, int field, struct slice text)
{
	uint64_t v;

	switch (field) {
	case STAT_STATE:
		st->zombie = text.n && (text.p[0] == 'Z' || text.p[0] == 'X');
		return true;
	case STAT_PPID:
		if (!slice_u64(text, 10, &v) || v > UINT32_MAX)
			return false;
		st->ppid = (uint32_t)v;
		return true;
	case STAT_TTY_NR:
		st->on_terminal = !slice_eq(text, SLICE("0"));
		return true;
	case STAT_FLAGS:
		if (!slice_u64(text, 10, &v))
			return false;
		st->kernel = v & PF_KTHREAD;
		return true;
	case STAT_STARTTIME:
		if (!slice_u64(text, 10, &v))
			return false;
		st->start_ns = ticks_to_ns(v);
		return true;
	default:
		return true;
	}
}

/* "4242 (a name) with) brackets) S 1 ...": the name is anything, so it ends at the last bracket. */
int procfs_parse_stat(struct slice text, struct proc_stat *ret_stat)
{
	const char *open = memchr(text.p, '(', text.n), *shut = memrchr(text.p, ')', text.n);
	struct proc_stat st = { 0 };
	struct slice rest;

	if (!open || !shut || shut < open || shut + 2 > text.p + text.n)
		return -EINVAL;
	memcpy(st.comm, open + 1, min((size_t)(shut - open - 1), sizeof(st.comm) - 1));
	rest = (struct slice){ shut + 2, (size_t)(text.p + text.n - shut - 2) };
	for (int field = STAT_STATE; field <= STAT_STARTTIME; field++) {
		if (!rest.n || !parse_field(&st, field, slice_split(&rest, ' ')))
			return -EINVAL;
	}
	*ret_stat = st;
	return 0;
}

int procfs_stat(uint32_t pid, struct proc_stat *ret_stat)
{
	_cleanup_(buf_release) struct buf text;
	int err;

	buf_init(&text, STAT_TEXT_MAX);
	err = procfs_read(pid, "stat", &text);
	if (err)
		return err;
	return text.n ? procfs_parse_stat(buf_slice(&text), ret_stat) : -ESRCH;
}

/* The n-th number of "Uid:\t1000\t1000\t1000\t1000". */
static bool status_number(struct slice text, struct slice label, unsigned nth, uint32_t *ret_v)
{
	while (text.n) {
		struct slice line = slice_split(&text, '\n');
		uint64_t v;

		if (!slice_starts(line, label))
			continue;
		line = slice_trim(slice_sub(line, label.n, line.n));
		while (nth--)
			slice_split(&line, '\t');
		if (!slice_u64(slice_split(&line, '\t'), 10, &v) || v > UINT32_MAX)
			return false;
		*ret_v = (uint32_t)v;
		return true;
	}
	return false;
}

int procfs_parse_status(struct slice text, struct proc_status *ret_status)
{
	uint32_t tgid, euid;

	/* No line of the file can be forged: the kernel escapes newlines in the name. */
	if (!status_number(text, SLICE("Tgid:"), 0, &tgid) ||
	    !status_number(text, SLICE("Uid:"), 1, &euid))
		return -EINVAL;
	*ret_status = (struct proc_status){ .tgid = tgid, .euid = euid };
	return 0;
}

int procfs_status(uint32_t pid, struct proc_status *ret_status)
{
	_cleanup_(buf_release) struct buf text;
	int err;

	buf_init(&text, STATUS_TEXT_MAX);
	err = procfs_read(pid, "status", &text);
	return err ? err : procfs_parse_status(buf_slice(&text), ret_status);
}

struct slice procfs_variable(struct slice variables, const char *name)
{
	struct slice key = slice_str(name);

	while (variables.n) {
		struct slice entry = slice_split(&variables, '\0');

		if (slice_starts(entry, key) && entry.n > key.n && entry.p[key.n] == '=')
			return slice_sub(entry, key.n + 1, entry.n);
	}
	return (struct slice){ 0 };
}

static void closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

static int each_number_in(const char *path, procfs_each_fn fn, void *ctx)
{
	_cleanup_(closedirp) DIR *dir = opendir(path);
	struct dirent *entry;
	int stop = 0;

	if (!dir)
		return proc_error(errno);
	while (!stop && (entry = readdir(dir))) {
		uint64_t number;

		if (slice_u64(slice_str(entry->d_name), 10, &number) && number <= UINT32_MAX)
			stop = fn(ctx, (uint32_t)number);
	}
	return stop;
}

int procfs_each_process(procfs_each_fn fn, void *ctx)
{
	return each_number_in("/proc", fn, ctx);
}

int procfs_each_fd(uint32_t pid, procfs_each_fn fn, void *ctx)
{
	char path[64];

	proc_path(pid, "fd", path, sizeof(path));
	return each_number_in(path, fn, ctx);
}
