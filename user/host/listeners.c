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
#include "base/number_set.h"
#include "host/listeners.h"
#include "host/procfs.h"

#define INODES_MAX 65536 /* SO_REUSEPORT: one socket per worker, port and namespace */
#define NETNS_MAX  4096 /* one per pod; the number a machine can run is a tenth of this */
#define OWN_MAX    4096 /* of what one process has open, and of who listens beside it: some ms each */
#define TCP_LISTEN 0x0a /* of the kernel's TCP states */

struct search {
	const uint32_t *ports;
	size_t ports_cnt;
	struct number_set netns, inodes;
	void (*fn)(void *ctx, uint32_t tgid);
	void *ctx;
};

static bool wanted(const struct search *s, unsigned port)
{
	for (size_t i = 0; i < s->ports_cnt; i++)
		if (s->ports[i] == port)
			return true;
	return false;
}

typedef bool (*listens_fn)(void *ctx, unsigned port, uint64_t inode); /* false: enough */

/*
 * "  0: 0100007F:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345
 * 1 ..."; false: enough. The table begins with those that listen: connections are not read, however many there are.
 */
static bool read_line(const char *line, listens_fn fn, void *ctx)
{
	unsigned port, state;
	unsigned long long inode;

	if (sscanf(line,
		   " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*x:%*x %*x:%*x %*x %*u %*u %llu",
		   &port, &state, &inode) != 3)
		return true; /* its heading */
	return state == TCP_LISTEN && fn(ctx, port, inode);
}

static void read_table(uint32_t pid, const char *name, listens_fn fn, void *ctx)
{
	char path[64], line[512];
	_cleanup_(fclosep) FILE *f = NULL;

	snprintf(path, sizeof(path), "/proc/%u/net/%s", pid, name);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f) && read_line(line, fn, ctx))
		;
}

static void read_tables(uint32_t pid, listens_fn fn, void *ctx)
{
	read_table(pid, "tcp", fn, ctx);
	read_table(pid, "tcp6", fn, ctx);
}

static bool keep_wanted(void *ctx, unsigned port, uint64_t inode)
{
	struct search *s = ctx;

	if (wanted(s, port))
		number_set_add(&s->inodes, inode);
	return true;
}

static int look_at_namespace(void *ctx, uint32_t pid)
{
	struct search *s = ctx;
	uint64_t netns;

	if (procfs_inode(pid, "ns/net", &netns) || !number_set_add(&s->netns, netns))
		return 0;
	read_tables(pid, keep_wanted, s);
	return 0;
}

struct holder {
	const struct number_set *inodes;
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

	return socket_of_fd(h->pid, fd, &inode) && number_set_have(h->inodes, inode);
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
	number_set_release(&s.netns);
	number_set_release(&s.inodes);
	return err;
}

struct own {
	uint32_t pid;
	size_t looked_at;
	struct number_set inodes;
	uint16_t *ports;
	size_t ports_cnt, max;
};

static int keep_socket(void *ctx, uint32_t fd)
{
	struct own *o = ctx;
	uint64_t inode;

	if (socket_of_fd(o->pid, fd, &inode))
		number_set_add(&o->inodes, inode);
	return ++o->looked_at == OWN_MAX;
}

static bool has_port(const struct own *o, unsigned port)
{
	size_t i;

	for (i = 0; i < o->ports_cnt; i++)
		if (o->ports[i] == port)
			return true;
	return false;
}

static bool keep_own(void *ctx, unsigned port, uint64_t inode)
{
	struct own *o = ctx;

	if (number_set_have(&o->inodes, inode) && !has_port(o, port))
		o->ports[o->ports_cnt++] = port;
	return o->ports_cnt < o->max && ++o->looked_at < OWN_MAX;
}

int listeners_ports(uint32_t tgid, uint16_t *ret_ports, size_t max)
{
	struct own o = {
		.pid = tgid, .inodes = { .max = OWN_MAX }, .ports = ret_ports, .max = max
	};
	bool cut;

	cut = procfs_each_fd(tgid, keep_socket, &o) > 0;
	o.looked_at = 0;
	read_tables(tgid, keep_own, &o);
	cut = cut || o.looked_at == OWN_MAX;
	number_set_release(&o.inodes);
	return !o.ports_cnt && cut ? -E2BIG : (int)o.ports_cnt;
}
