/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections: one per socket of a traced process. Each has two streams, the state of its decoder
 * and the exchanges that are under way. The table is bounded (CONNS_MAX): one that has
 * not been used for long is given up (base/lru.h), and counted.
 */
#ifndef TRACE_CONN_H
#define TRACE_CONN_H

#include "abi/event.h"
#include "base/hash.h"
#include "base/lru.h"
#include "base/pool.h"
#include "proto/proto.h"
#include "trace/stream.h"

/* What its CONN record said. */
struct conn_facts {
	uint8_t local_addr[16], peer_addr[16];
	uint32_t tgid;	/* who made the record */
	uint16_t local_port, peer_port;
	uint8_t transport, flags, family;
};

/* What only unix connections have: most are none, and what all use is in fewer lines of the cache without it. */
struct unix_end {
	struct conn *conn;
	uint64_t sk, peer_sk;
	char *path; /* NULL: it has none */
	uint64_t peer_shift; /* our request positions minus the peer's, modulo 2^64 */
	struct hnode by_sk; /* key sk */
	struct hnode by_owner; /* key facts.tgid; one of its connections is there, the others are its siblings */
	struct list siblings; /* a ring */
};

struct conn {
	struct hnode by_id; /* first: hash_expect(); its key is the connection's number */
	struct lru by_use;
	struct conn_facts facts;
	enum role role; /* what the bytes decided; UNKNOWN until then */
	bool unknown; /* its CONN record has not come: a number without addresses */
	bool foreign; /* not a protocol of ours, or no longer */
	bool cause_guessed; /* whose connect() it was is no more than likely */
	bool peer_absent; /* the other end was waited for in vain */
	unsigned tries; /* how often the bytes were looked at in vain */
	uint32_t err; /* it has failed, but its owner may still read what came before; 0: no */
	const struct proto *proto; /* NULL until the bytes decided */
	struct stream dir[DIR__CNT];
	struct list exchanges; /* requests without a complete response, oldest first */
	uint64_t requests; /* seen on this connection, whether or not an exchange was made of them */
	uint64_t responses; /* begun, of those requests */
	uint64_t cause; /* serial of the request during which it was connected; 0: none */
	uint64_t reader; /* id of the strand that last read an answer here to a call of another one's; 0: none */
	uint64_t turn; /* serial of the exchange whose turn it was then; 0: nobody's */
	uint64_t last; /* serial of the exchange that ended last; 0: none */
	struct conn *peer; /* the other end, once it is known (join.c) */
	struct unix_end *local; /* NULL: not a unix connection */
	_Alignas(void *) char state[]; /* of its protocol */
};

struct conns {
	struct pool pool;
	struct hash by_id;
	struct hash by_sk;
	struct hash by_owner;
	struct list by_use; /* the oldest first */
	size_t n;
};

int conns_init(struct conns *t) __must_check;
void conns_release(struct conns *t); /* the connections must be gone */
struct conn *conn_new(struct conns *t, const struct ev_conn *ev); /* NULL: out of memory */
/* Of one that was unknown; without memory it stays so. */
void conn_learn(struct conns *t, struct conn *c, const struct ev_conn *ev);
void conn_free(struct conns *t, struct conn *c);
struct conn *conn_find(struct conns *t, uint64_t id); /* NULL: unknown; marks it used */
void conns_expect(struct conns *t, uint64_t id); /* a record of it comes after some others */
size_t conns_memory(const struct conns *t); /* bytes that they take */
struct conn *conn_find_sk(const struct conns *t, uint64_t sk);
struct conn *conn_owned_by(const struct conns *t, uint32_t tgid); /* the oldest of its unix ones; NULL: it has none */
void conn_pair(struct conn *a, struct conn *b); /* makes them peers, and nobody else theirs */
bool conn_is_server(const struct conn *c);
enum flow conn_flow(const struct conn *c, enum dir dir);
void conn_peer_facts(const struct conn *c, struct peer_facts *ret_peer);

#endif
