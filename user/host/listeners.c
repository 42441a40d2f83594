/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who listens: two walks over /proc. The first reads the socket tables of every network namespace and
 * keeps the inodes of the sockets that listen, the second finds who has one of these inodes open.
 * Several may: the workers of a server share one. On what one process listens is the same the other
 * way round: first its inodes, then the tables of its namespace.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "host/listeners.h"
#include "host/procfs.h"

#define INODES_MAX 65536 /* SO_REUSEPORT: one socket per worker, port and namespace */
#define NETNS_MAX  4096 /* one per pod; the number a machine can run is a tenth of this */
#define TCP_LISTEN 0x0a /* of the kernel's TCP states */

struct numbers {
	uint64_t *v;
	size_t n, max;
};

struct search {
	const uint32_t *ports;
	size_t ports_cnt;
	struct numbers netns, inodes;
	void (*fn)(void *ctx, uint32_t tgid);
	void *ctx;
};

static void numbers_release(struct numbers *l)
{
	free(l->v);
}

static bool numbers_have(const struct numbers *l, uint64_t v)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i] == v)
			return true;
	return false;
}

/* False: already there, or no room. */
static bool numbers_add(struct numbers *l, uint64_t v)
{
	uint64_t *grown;

	if (l->n == l->max || numbers_have(l, v))
		return false;
	/* Grows at powers of two. */
	if (!(l->n & (l->n - 1))) {
		grown = reallocarray(l->v, l->n ? 2 * l->n : 1, sizeof(*grown));
		if (!grown)
			return false;
		l->v = grown;
	}
	l->v[l->n++] = v;
	return true;
}

static bool wanted(const struct search *s, unsigned port)
{
	for (size_t i = 0; i < s->ports_cnt; i++)
		if (s->ports[i] == port)
			return true;
	return false;
}

typedef void (*listens_fn)(void *ctx, unsigned port, uint64_t inode);

/*
 * "  0: 0100007F:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345
 * 1 ..."
 */
static void read_line(const char *line, listens_fn fn, void *ctx)
{
	unsigned port, state;
	unsigned long long inode;

	if (sscanf(line,
		   " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*x:%*x %*x:%*x %*x %*u %*u %llu",
		   &port, &state, &inode) == 3 &&
	    state == TCP_LISTEN)
		fn(ctx, port, inode);
}

static void read_table(uint32_t pid, const char *name, listens_fn fn, void *ctx)
{
	char path[64], line[512];
	_cleanup_(fclosep) FILE *f = NULL;

	snprintf(path, sizeof(path), "/proc/%u/net/%s", pid, name);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		read_line(line, fn, ctx);
}

static void read_tables(uint32_t pid, listens_fn fn, void *ctx)
{
	read_table(pid, "tcp", fn, ctx);
	read_table(pid, "tcp6", fn, ctx);
}

static void keep_wanted(void *ctx, unsigned port, uint64_t inode)
{
	struct search *s = ctx;

	if (wanted(s, port))
		numbers_add(&s->inodes, inode);
}

static int look_at_namespace(void *ctx, uint32_t pid)
{
	struct search *s = ctx;
	uint64_t netns;

	if (procfs_inode(pid, "ns/net", &netns) || !numbers_add(&s->netns, netns))
		return 0;
	read_tables(pid, keep_wanted, s);
	return 0;
}

struct holder {
	const struct numbers *inodes;
	uint32_t pid;
};

static bool socket_of_fd(uint32_t pid, uint32_t fd, uint64_t *ret_inode)
{
	char name[32], target[64];
	unsigned long long inode;

	snprintf(name, sizeof(name), "fd/%u", fd);
	if (procfs_link(pid, name, target, sizeof(target)) ||
	    sscanf(target, "socket:[%llu]", &inode) != 1)
		return false;
	*ret_inode = inode;
	return true;
}

static int look_at_fd(void *ctx, uint32_t fd)
{
	const struct holder *h = ctx;
	uint64_t inode;

	return socket_of_fd(h->pid, fd, &inode) && numbers_have(h->inodes, inode);
}

/* systemd holds the sockets of services that it starts on demand: they are not its own. */
static bool is_keeper(uint32_t pid)
{
	struct proc_stat st;

	return procfs_stat(pid, &st) || !strcmp(st.comm, "systemd");
}

static int look_at_process(void *ctx, uint32_t pid)
{
	struct search *s = ctx;
	struct holder h = { .inodes = &s->inodes, .pid = pid };

	if (procfs_each_fd(pid, look_at_fd, &h) > 0 && !is_keeper(pid))
		s->fn(s->ctx, pid);
	return 0;
}

int listeners_each(const uint32_t *ports, size_t ports_cnt, void (*fn)(void *ctx, uint32_t tgid),
		   void *ctx)
{
	struct search s = {
		.ports = ports,
		.ports_cnt = ports_cnt,
		.fn = fn,
		.ctx = ctx,
		.netns = { .max = NETNS_MAX },
		.inodes = { .max = INODES_MAX },
	};
	int err = procfs_each_process(look_at_namespace, &s);

	if (!err && s.inodes.n)
		err = procfs_each_process(look_at_process, &s);
	numbers_release(&s.netns);
	numbers_release(&s.inodes);
	return err;
}

struct own {
	uint32_t pid;
	struct numbers inodes;
	struct numbers ports;
};

static int keep_socket(void *ctx, uint32_t fd)
{
	struct own *o = ctx;
	uint64_t inode;

	if (socket_of_fd(o->pid, fd, &inode))
		numbers_add(&o->inodes, inode);
	return 0;
}

static void keep_own(void *ctx, unsigned port, uint64_t inode)
{
	struct own *o = ctx;

	if (numbers_have(&o->inodes, inode))
		numbers_add(&o->ports, port);
}

size_t listeners_ports(uint32_t tgid, uint16_t *ret_ports, size_t max)
{
	struct own o = { .pid = tgid, .inodes = { .max = INODES_MAX }, .ports = { .max = max } };
	size_t i, n = 0;

	if (!procfs_each_fd(tgid, keep_socket, &o))
		read_tables(tgid, keep_own, &o);
	for (i = 0; i < o.ports.n; i++)
		ret_ports[n++] = o.ports.v[i];
	numbers_release(&o.inodes);
	numbers_release(&o.ports);
	return n;
}
