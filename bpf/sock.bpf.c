/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The life of TCP sockets. Unix sockets have no such hooks: they end with end of file, or with
 * their process.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "lib/conn.bpf.h"
#include "lib/strand.bpf.h"

#define PROTO_OF(sk) BPF_CORE_READ(sk, sk_protocol)

static __noinline int tell_state(struct sock *sk, struct sock_state *st, int old_state,
				 int new_state)
{
	struct ev_state *e;

	if (st->mode == VERDICT_IGNORE || !(st->flags & SOCK_TOLD))
		return 0;
	e = emit_reserve(sizeof(*e));
	if (!e)
		return 0;
	emit_header(&e->hdr, EV_STATE, sizeof(*e));
	strand_none(&e->strand);
	/* The other comes from the network: whom it interrupted is a bystander. */
	e->sleeps = 0;
	if (new_state == TCP_SYN_SENT) {
		strand_self(&e->strand);
		e->sleeps = task_sleeps();
	} else {
		emit_nobody(&e->hdr);
	}
	e->conn = st->id;
	e->old_state = old_state;
	e->new_state = new_state;
	e->shutdown = BPF_CORE_READ(sk, sk_shutdown);
	e->err = BPF_CORE_READ(sk, sk_err);
	emit_submit(e);
	return 0;
}

static __noinline int tell_listen(struct sock *sk)
{
	struct ev_listen *e = emit_reserve(sizeof(*e));

	if (!e)
		return 0;
	emit_header(&e->hdr, EV_LISTEN, sizeof(*e));
	e->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	e->port = BPF_CORE_READ(sk, __sk_common.skc_num);
	e->pad = 0;
	emit_submit(e);
	return 0;
}

/*
 * connect() of a traced process: the socket is born here, in the caller's context and with nothing
 * sent yet.
 */
static __always_inline struct sock_state *state_connect(struct sock *sk)
{
	struct sock_state *st = sock_find(sk);

	if (st)
		return st;
	st = sock_new(sk, ROLE_CLIENT, DIR_TX, 0);
	if (st)
		conn_tell(sk, st);
	return st;
}

/*
 * Two of the states say what no other record does: whose call begins a connection, and that it broke, before its owner
 * knows. That a connection is up or comes to its end shows in its bytes and in its CLOSE record.
 */
static __always_inline struct sock_state *worth_telling(struct sock *sk, int new_state)
{
	struct sock_state *st;

	if (new_state == TCP_CLOSE && BPF_CORE_READ(sk, sk_err))
		return sock_find(sk);
	if (new_state != TCP_SYN_SENT)
		return NULL;
	if (PROTO_OF(sk) != IPPROTO_TCP || !traced(ids_self() >> 32))
		return sock_find(sk);
	st = state_connect(sk);
	strand_connects();
	return st;
}

SEC("?tp_btf/inet_sock_set_state")
int BPF_PROG(sock_set_state, struct sock *sk, int old_state, int new_state)
{
	struct sock_state *st;

	if (new_state == old_state) /* close() after shutdown() */
		return 0;
	if (new_state == TCP_LISTEN) {
		if (cfg.watch_listen || traced(ids_self() >> 32))
			tell_listen(sk);
		return 0;
	}
	st = worth_telling(sk, new_state);
	if (st)
		tell_state(sk, st, old_state, new_state);
	return 0;
}

/*
 * What io_uring has sent may have been seen by no program. A socket that was disconnected has positions of the next
 * connection that it could have, and has forgotten that it received anything.
 */
static __always_inline void tell_positions(struct sock *sk, struct ev_close *e)
{
	struct tcp_at at = {};

	tcp_at(sk, &at);
	e->seq[DIR_RX] = at.rx;
	e->seq[DIR_TX] = at.tx;
	e->flags = BPF_CORE_READ((struct tcp_sock *)sk, bytes_received) ? CLOSE_SEQ : 0;
}

SEC("?tp_btf/tcp_destroy_sock")
int BPF_PROG(sock_destroy, struct sock *sk)
{
	struct sock_state *st = sock_find(sk);
	struct ev_close *e;

	if (!st)
		return 0;
	e = st->flags & SOCK_TOLD ? emit_reserve(sizeof(*e)) : NULL;
	if (e) {
		emit_header(&e->hdr, EV_CLOSE, sizeof(*e));
		emit_nobody(&e->hdr);
		e->conn = st->id;
		e->pos[DIR_RX] = st->pos[DIR_RX];
		e->pos[DIR_TX] = st->pos[DIR_TX];
		e->err = BPF_CORE_READ(sk, sk_err);
		e->shed = st->shed_gap;
		tell_positions(sk, e);
		emit_submit(e);
	}
	if (verdict_due(st) || st->flags & SOCK_JUDGED)
		bpf_map_delete_elem(&verdicts, &st->id);
	sock_forget(sk);
	return 0;
}
