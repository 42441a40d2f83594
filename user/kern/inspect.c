/* SPDX-License-Identifier: GPL-2.0-only */
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/compiler.h"
#include "host/rings.h"
#include "host/select.h"
#include "kern/inspect.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

struct sockets {
	unsigned all, mptcp, hidden; /* hidden: not ours to look at */
};

static void proc_path(char *buf, size_t sz, uint32_t pid, const char *what)
{
	snprintf(buf, sz, "/proc/%" PRIu32 "/%s", pid, what);
}

static bool is_32bit(uint32_t pid)
{
	unsigned char ident[EI_NIDENT] = { 0 };
	_cleanup_(fclosep) FILE *f = NULL;
	char path[64];

	proc_path(path, sizeof(path), pid, "exe");
	f = fopen(path, "re");
	return f && fread(ident, sizeof(ident), 1, f) == 1 && !memcmp(ident, ELFMAG, SELFMAG) &&
	       ident[EI_CLASS] == ELFCLASS32;
}

static bool own_netns(uint32_t pid)
{
	char path[64], theirs[64] = "", ours[64] = "";

	proc_path(path, sizeof(path), pid, "ns/net");
	return readlink(path, theirs, sizeof(theirs) - 1) > 0 &&
	       readlink("/proc/self/ns/net", ours, sizeof(ours) - 1) > 0 && strcmp(theirs, ours);
}

/*
 * Only the socket itself says that it is MPTCP. Ours for a moment: a socket that its owner closes
 * meanwhile is closed that moment later. Doctor does this, a capture never.
 */
static void look_at_socket(int pidfd, int fd, struct sockets *s)
{
	_cleanup_(close_fdp) int mine = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	socklen_t sz = sizeof(int);
	int protocol;

	s->all++;
	if (mine < 0)
		s->hidden++;
	else if (!getsockopt(mine, SOL_SOCKET, SO_PROTOCOL, &protocol, &sz))
		s->mptcp += protocol == IPPROTO_MPTCP;
}

static void look_at_fds(uint32_t pid, struct sockets *s)
{
	_cleanup_(close_fdp) int pidfd = syscall(SYS_pidfd_open, pid, 0);
	char path[64], name[64];
	struct dirent *d;
	DIR *dir;

	proc_path(path, sizeof(path), pid, "fd");
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), d->d_name, name, sizeof(name) - 1);

		name[max(n, 0)] = '\0';
		if (!strncmp(name, "socket:", strlen("socket:")))
			look_at_socket(pidfd, strtol(d->d_name, NULL, 10), s);
	}
	if (dir)
		closedir(dir);
}

static void report_count(struct report *r, const char *name, unsigned n, const char *why)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", n);
	if (n)
		report_row(r, &(struct report_row){ name, NULL, text, why });
}

bool inspect_process(struct report *r, uint32_t pid)
{
	struct sockets s = { 0 };
	bool short_words;
	uint32_t tgid;
	char text[64];
	struct err err;

	snprintf(text, sizeof(text), "process %" PRIu32, pid);
	report_section(r, text);
	if (select_pid(pid, (uint32_t)getpid(), &tgid, &err)) {
		report_row(r, &(struct report_row){ "tracing it", NULL, "refused", err.text });
		return false;
	}
	short_words = is_32bit(pid);
	look_at_fds(pid, &s);
	report_row(r, &(struct report_row){ "program", NULL, short_words ? "32-bit" : "64-bit",
					    short_words ? "its runtime is not read" : NULL });
	report_row(r, &(struct report_row){ "network namespace", NULL,
					    own_netns(pid) ? "its own" : "the tracer's",
					    own_netns(pid) ? "traced all the same" : NULL });
	snprintf(text, sizeof(text), "%u", s.all);
	report_row(r, &(struct report_row){ "sockets open", NULL, text, NULL });
	report_count(r, "io_uring instances", rings_of(pid), "calls through them are seen in part");
	report_count(r, "MPTCP sockets", s.mptcp, "not traced");
	report_count(r, "sockets that may not be looked at", s.hidden, "their kind is not known");
	return true;
}
