/* SPDX-License-Identifier: GPL-2.0-only */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/conn.h"

int conns_init(struct conns *t)
{
	int err;

	memset(t, 0, sizeof(*t));
	list_init(&t->by_use);
	pool_init(&t->pool, sizeof(struct conn) + proto_state_max());
	err = hash_init(&t->by_id, 1024);
	err = err ? err : hash_init(&t->by_sk, 64);
	return err ? err : hash_init(&t->by_owner, 64);
}

void conns_release(struct conns *t)
{
	hash_release(&t->by_id);
	hash_release(&t->by_sk);
	hash_release(&t->by_owner);
	pool_release(&t->pool);
}

struct conn *conn_owned_by(const struct conns *t, uint32_t tgid)
{
	struct hnode *n = hash_find(&t->by_owner, tgid);

	return n ? container_of(n, struct unix_end, by_owner)->conn : NULL;
}

static void unix_add(struct conns *t, struct unix_end *u)
{
	struct conn *first = conn_owned_by(t, u->conn->facts.tgid);

	hash_add(&t->by_sk, &u->by_sk, u->sk);
	list_init(&u->siblings);
	if (first)
		list_push(&first->local->siblings, &u->siblings);
	else
		hash_add(&t->by_owner, &u->by_owner, u->conn->facts.tgid);
}

static void unix_free(struct conns *t, struct unix_end *u)
{
	struct unix_end *next = list_first(&u->siblings, struct unix_end, siblings);
	uint32_t owner = u->conn->facts.tgid;

	hash_del(&t->by_sk, &u->by_sk);
	if (conn_owned_by(t, owner) == u->conn) {
		hash_del(&t->by_owner, &u->by_owner);
		if (next)
			hash_add(&t->by_owner, &next->by_owner, owner);
	}
	list_del(&u->siblings);
	free(u->path);
	free(u);
}

/* NULL: out of memory */
static struct unix_end *unix_new(struct conn *c, const struct ev_conn *ev)
{
	struct unix_end *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	*u = (struct unix_end){ .conn = c, .sk = ev->sk, .peer_sk = ev->peer_sk };
	if (ev->path[0]) {
		u->path = strndup(ev->path, sizeof(ev->path) - 1);
		if (!u->path) {
			free(u);
			return NULL;
		}
	}
	return u;
}

/* 0 or -ENOMEM */
static int take_facts(struct conns *t, struct conn *c, const struct ev_conn *ev)
{
	if (ev->transport == TRANSPORT_UNIX) {
		c->local = unix_new(c, ev);
		if (!c->local)
			return -ENOMEM;
	}
	c->facts = (struct conn_facts){
		.tgid = ev->hdr.tgid,
		.local_port = ev->local_port,
		.peer_port = ev->peer_port,
		.transport = ev->transport,
		.flags = ev->flags,
		.family = ev->family,
	};
	memcpy(c->facts.local_addr, ev->local_addr, sizeof(c->facts.local_addr));
	memcpy(c->facts.peer_addr, ev->peer_addr, sizeof(c->facts.peer_addr));
	if (c->local)
		unix_add(t, c->local);
	return 0;
}

void conn_learn(struct conns *t, struct conn *c, const struct ev_conn *ev)
{
	if (take_facts(t, c, ev))
		return;
	c->facts.flags |= CONN_MIDWAY;
	c->unknown = false;
}

struct conn *conn_new(struct conns *t, const struct ev_conn *ev)
{
	struct conn *c = pool_get(&t->pool);

	if (!c)
		return NULL;
	if (take_facts(t, c, ev)) {
		pool_put(&t->pool, c);
		return NULL;
	}
	list_init(&c->exchanges);
	hash_add(&t->by_id, &c->by_id, ev->conn);
	lru_add(&t->by_use, &c->by_use);
	t->n++;
	return c;
}

static void unpair(struct conn *c)
{
	if (c->peer)
		c->peer->peer = NULL;
	c->peer = NULL;
}

void conn_pair(struct conn *a, struct conn *b)
{
	unpair(a);
	unpair(b);
	a->peer = b;
	b->peer = a;
	a->peer_absent = b->peer_absent = false;
}

void conn_free(struct conns *t, struct conn *c)
{
	unpair(c);
	if (c->proto && c->proto->release)
		c->proto->release(c->state);
	stream_release(&c->dir[DIR_RX]);
	stream_release(&c->dir[DIR_TX]);
	hash_del(&t->by_id, &c->by_id);
	if (c->local)
		unix_free(t, c->local);
	list_del(&c->by_use.node);
	pool_put(&t->pool, c);
	t->n--;
}

struct conn *conn_find(struct conns *t, uint64_t id)
{
	struct hnode *n = hash_find(&t->by_id, id);
	struct conn *c;

	if (!n)
		return NULL;
	c = container_of(n, struct conn, by_id);
	c->by_use.used = true;
	return c;
}

void conns_expect(struct conns *t, uint64_t id)
{
	hash_expect(&t->by_id, id, t->pool.sz);
}

size_t conns_memory(const struct conns *t)
{
	return t->n * t->pool.sz + t->by_sk.n * sizeof(struct unix_end);
}

struct conn *conn_find_sk(const struct conns *t, uint64_t sk)
{
	struct hnode *n = sk ? hash_find(&t->by_sk, sk) : NULL;

	return n ? container_of(n, struct unix_end, by_sk)->conn : NULL;
}

bool conn_is_server(const struct conn *c)
{
	return c->role == ROLE_SERVER;
}

enum flow conn_flow(const struct conn *c, enum dir dir)
{
	return conn_is_server(c) == (dir == DIR_RX) ? FLOW_REQUEST : FLOW_RESPONSE;
}

/* inet_ntop() prints with snprintf(), which once took a sixth of the tracer's time. */
static void format_ipv4(const uint8_t addr[4], char *p)
{
	int i;

	for (i = 0; i < 4; i++) {
		if (addr[i] >= 100)
			*p++ = '0' + addr[i] / 100;
		if (addr[i] >= 10)
			*p++ = '0' + addr[i] / 10 % 10;
		*p++ = '0' + addr[i] % 10;
		*p++ = i < 3 ? '.' : '\0';
	}
}

static void format_addr(const uint8_t addr[16], char *ret_text, size_t sz)
{
	static const uint8_t v4_mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (!memcmp(addr, v4_mapped, sizeof(v4_mapped)))
		format_ipv4(addr + 12, ret_text);
	else
		inet_ntop(AF_INET6, addr, ret_text, sz);
}

void conn_peer_facts(const struct conn *c, struct peer_facts *ret_peer)
{
	memset(ret_peer, 0, sizeof(*ret_peer));
	ret_peer->server_side = conn_is_server(c);
	if (c->local) {
		const char *path = c->local->path ? c->local->path : "";
		char *own = conn_is_server(c) ? ret_peer->local_addr : ret_peer->peer_addr;

		snprintf(own, sizeof(ret_peer->local_addr), "%s", path);
		return;
	}
	if (!c->facts.family)
		return;
	format_addr(c->facts.local_addr, ret_peer->local_addr, sizeof(ret_peer->local_addr));
	format_addr(c->facts.peer_addr, ret_peer->peer_addr, sizeof(ret_peer->peer_addr));
	ret_peer->local_port = c->facts.local_port;
	ret_peer->peer_port = c->facts.peer_port;
}
