/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who caused a request, when the caller is traced on this host too: both ends see the same bytes.
 * TCP names them alike at both ends: the pair (position of the request, position of the response)
 * that the client sees when it sends is the pair that the server sees when it receives, 64 bits
 * that survive address translation. The first exchange that matches makes the two connections
 * peers; later ones, pipelined ones among them, are looked up at the peer by the request's position
 * alone.
 *
 * Unix sockets have no positions of their own, but each end knows the other; the bytes counted
 * since the connection was first seen differ by a constant, taken from the first exchange that both
 * ends saw.
 */
#include <stdlib.h>

#include "trace/stages.h"

static void link_ends(struct pipeline *p, struct exchange *a, struct exchange *b,
		      enum link_method how)
{
	struct exchange *client = a->server_side ? b : a;
	struct exchange *server = a->server_side ? a : b;

	join_forget(p, a);
	join_forget(p, b);
	if (server->traced || !exchange_adopt(client, server, how))
		return;
	a->joined = b->joined = true;
	settle_joined(p, server);
}

static void make_peers(struct pipeline *p, struct exchange *a, struct exchange *b)
{
	struct conn *ca = conn_find(&p->conns, a->conn_id);
	struct conn *cb = conn_find(&p->conns, b->conn_id);

	if (!ca || !cb || ca == cb || ca->peer == cb)
		return;
	conn_pair(ca, cb);
	if (!ca->local || !cb->local)
		return;
	ca->local->peer_shift = a->req_pos - b->req_pos;
	cb->local->peer_shift = -ca->local->peer_shift;
}

/* Which request this is, in terms that are the same at both ends. */
static uint64_t key_of(const struct conn *c, const struct exchange *x)
{
	const struct unix_end *u = c->local;

	if (!u)
		return (uint64_t)x->req_seq << 32 | x->rsp_seq;
	if (x->server_side)
		return hash_mix(u->sk, x->req_pos);
	return hash_mix(u->peer_sk, x->req_pos - u->peer_shift);
}

static struct exchange *by_key(struct pipeline *p, const struct exchange *x, uint64_t key)
{
	struct hnode *n;

	for (n = hash_find(&p->join_open, key); n; n = hash_next(n)) {
		struct exchange *other = container_of(n, struct exchange, by_join);

		if (other->server_side != x->server_side)
			return other;
	}
	return NULL;
}

static bool same_place(const struct conn *c, const struct exchange *x, const struct exchange *other)
{
	if (c->local)
		return x->req_pos - other->req_pos == c->local->peer_shift;
	return x->has_seq && other->has_seq && x->req_seq == other->req_seq;
}

/* The other end of a unix connection on which nothing has been joined yet, if each names the other. */
static const struct conn *unix_peer(struct pipeline *p, const struct conn *c)
{
	const struct conn *peer = c->local ? conn_find_sk(&p->conns, c->local->peer_sk) : NULL;

	return peer && peer->local->peer_sk == c->local->sk ? peer : NULL;
}

/*
 * Among the exchanges under way at the other end; a unix connection that was open before us takes
 * the oldest.
 */
static struct exchange *at_peer(struct pipeline *p, const struct conn *c, const struct exchange *x)
{
	const struct conn *peer = c->peer ? c->peer : unix_peer(p, c);
	struct exchange *other;
	bool first;

	if (!peer)
		return NULL;
	first = !c->peer && ((c->facts.flags | peer->facts.flags) & CONN_MIDWAY);
	list_for_each (other, &peer->exchanges, by_conn) {
		if (!other->joined && other->server_side != x->server_side &&
		    (first || same_place(c, x, other)))
			return other;
	}
	return NULL;
}

void join_began(struct pipeline *p, struct exchange *x)
{
	struct conn *c = x->conn;
	bool named = x->has_seq || c->local;
	uint64_t key = key_of(c, x);
	struct exchange *other = at_peer(p, c, x);

	if (!other && named)
		other = by_key(p, x, key);
	if (other) {
		make_peers(p, x, other);
		link_ends(p, x, other, c->local ? LINK_UNIX : LINK_POSITION);
		return;
	}
	x->no_peer = c->peer_absent;
	if (!named)
		return;
	hash_add(&p->join_open, &x->by_join, key);
	x->joinable = true;
}

void join_forget(struct pipeline *p, struct exchange *x)
{
	if (!x->joinable)
		return;
	hash_del(&p->join_open, &x->by_join);
	x->joinable = false;
}
