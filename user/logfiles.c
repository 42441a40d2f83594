/* SPDX-License-Identifier: GPL-2.0-only */
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "host/procfs.h"
#include "logfiles.h"

static bool is_output(const struct ev_log *ev)
{
	return ev->fd == STDOUT_FILENO || ev->fd == STDERR_FILENO;
}

/* By the name of the descriptor. False: it is another file by now; the next write asks again. */
static bool look_up(const struct config *cfg, const struct ev_log *ev, bool *ret_wanted)
{
	char name[32], path[PATH_MAX];
	uint64_t inode;
	size_t i;

	snprintf(name, sizeof(name), "fd/%u", ev->fd);
	if (procfs_link(ev->hdr.tgid, name, path, sizeof(path)) ||
	    procfs_inode(ev->hdr.tgid, name, &inode) || inode != ev->ino)
		return false;
	*ret_wanted = false;
	for (i = 0; i < cfg->log_files.n && !*ret_wanted; i++)
		*ret_wanted = !fnmatch(cfg->log_files.v[i], path, 0);
	return true;
}

bool logfiles_wanted(struct logfiles *t, struct capture *c, const struct ev_log *ev)
{
	size_t at = (ev->ino ^ ev->gen ^ ev->dev) % LOGFILES_KNOWN;
	bool wanted;

	if (t->cfg->logs && is_output(ev))
		return true;
	if (t->known[at].ino == ev->ino && t->known[at].gen == ev->gen &&
	    t->known[at].dev == ev->dev)
		return t->known[at].wanted;
	if (!look_up(t->cfg, ev, &wanted))
		return false;
	t->known[at].ino = ev->ino;
	t->known[at].gen = ev->gen;
	t->known[at].dev = ev->dev;
	t->known[at].wanted = wanted;
	if (!wanted)
		capture_not_log(c, ev);
	return wanted;
}
