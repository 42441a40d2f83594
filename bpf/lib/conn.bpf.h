/* SPDX-License-Identifier: GPL-2.0-only */
/* The CONN record: who the two ends of a socket are. */
#ifndef BPF_LIB_CONN_H
#define BPF_LIB_CONN_H

#include "lib/sock.bpf.h"

static __always_inline void conn_ipv4(__u8 *ret_addr, __be32 addr)
{
	__builtin_memset(ret_addr, 0, 10);
	ret_addr[10] = ret_addr[11] = 0xff;
	__builtin_memcpy(ret_addr + 12, &addr, 4);
}

static __always_inline bool conn_is_mapped(const __u8 *addr)
{
	const __u32 *w = (const void *)addr;

	return !w[0] && !w[1] && w[2] == bpf_htonl(0xffff);
}

static __always_inline void conn_inet(struct sock *sk, struct ev_conn *e)
{
	e->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	e->peer_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET) {
		e->family = 4;
		conn_ipv4(e->local_addr, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
		conn_ipv4(e->peer_addr, BPF_CORE_READ(sk, __sk_common.skc_daddr));
		return;
	}
	BPF_CORE_READ_INTO(&e->local_addr, sk, __sk_common.skc_v6_rcv_saddr);
	BPF_CORE_READ_INTO(&e->peer_addr, sk, __sk_common.skc_v6_daddr);
	e->family = conn_is_mapped(e->peer_addr) ? 4 : 6;
}

/*
 * The path is the listener's: its accepted sockets share it, the connecting end has none of its
 * own.
 */
static __always_inline void conn_unix_path(struct unix_sock *us, struct ev_conn *e)
{
	struct unix_address *addr = BPF_CORE_READ(us, addr);
	__u32 len;

	if (!addr)
		return;
	len = BPF_CORE_READ(addr, len) - sizeof(__kernel_sa_family_t);
	if (len == UNIX_PATH_LEN)
		len--;
	barrier_var(len);
	if (len >= UNIX_PATH_LEN)
		return;
	bpf_probe_read_kernel(e->path, len, addr->name[0].sun_path);
	if (len && !e->path[0])
		e->path[0] = '@';
}

static __always_inline void conn_unix(struct sock *sk, struct ev_conn *e)
{
	struct unix_sock *us = (void *)sk;
	struct unix_sock *peer = (void *)BPF_CORE_READ(us, peer);

	e->peer_sk = (__u64)peer;
	conn_unix_path(us, e);
	if (!e->path[0] && peer)
		conn_unix_path(peer, e);
}

/*
 * Writes the CONN record unless it is already there; tried again at the next call when the ring was
 * full.
 */
static __noinline void conn_tell(struct sock *sk, struct sock_state *st)
{
	struct ev_conn *e;

	if (st->flags & SOCK_TOLD)
		return;
	e = emit_reserve(sizeof(*e));
	if (!e)
		return;
	__builtin_memset(e, 0, sizeof(*e));
	emit_header(&e->hdr, EV_CONN, sizeof(*e));
	e->conn = st->id;
	e->sk = (__u64)sk;
	e->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	e->transport = st->transport;
	e->role = st->role;
	e->flags = st->flags & SOCK_MIDWAY ? CONN_MIDWAY : 0;
	if (st->transport == TRANSPORT_UNIX)
		conn_unix(sk, e);
	else
		conn_inet(sk, e);
	emit_submit(e);
	st->flags |= SOCK_TOLD;
}

#endif
