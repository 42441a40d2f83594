/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Socket provider: the tracepoints at the socket layer (since 6.3), which fire in the caller's
 * context after the copy, for every call on any socket and for nothing else. What the caller passed
 * is in its saved registers.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "lib/call.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("?tp_btf/sock_send_length")
int BPF_PROG(sock_send, struct sock *sk, int ret, int flags)
{
	return data_call_nth(sk, ret, flags, DIR_TX, 0);
}

SEC("?tp_btf/sock_send_length")
int BPF_PROG(sock_send_2, struct sock *sk, int ret, int flags)
{
	return data_call_nth(sk, ret, flags, DIR_TX, 1);
}

SEC("?tp_btf/sock_send_length")
int BPF_PROG(sock_send_3, struct sock *sk, int ret, int flags)
{
	return data_call_nth(sk, ret, flags, DIR_TX, 2);
}

SEC("?tp_btf/sock_recv_length")
int BPF_PROG(sock_recv, struct sock *sk, int ret, int flags)
{
	return data_call_nth(sk, ret, flags, DIR_RX, 0);
}

SEC("?tp_btf/sock_recv_length")
int BPF_PROG(sock_recv_2, struct sock *sk, int ret, int flags)
{
	return data_call_nth(sk, ret, flags, DIR_RX, 1);
}

SEC("?tp_btf/sock_recv_length")
int BPF_PROG(sock_recv_3, struct sock *sk, int ret, int flags)
{
	return data_call_nth(sk, ret, flags, DIR_RX, 2);
}

/*
 * The true start of a send, before the copy. Fires once per skb, so the first hit of a call counts
 * (here from 6.16).
 */
SEC("?tp_btf/tcp_sendmsg_locked")
int BPF_PROG(send_start, struct sock *sk)
{
	struct sock_state *st = sock_find(sk);

	if (st && !st->send_ns)
		st->send_ns = bpf_ktime_get_ns();
	return 0;
}

/*
 * A segment on an established socket, before it is queued. If everything before it has been read,
 * it is what brings the first unread byte to this host; or it brings none, and then another comes.
 */
SEC("?tp_btf/tcp_probe")
int BPF_PROG(arrive, struct sock *sk)
{
	struct sock_state *st = sock_find(sk);
	struct tcp_at at = {};

	if (!st || st->role == ROLE_CLIENT)
		return 0;
	tcp_at(sk, &at);
	if (!at.drained)
		return 0;
	st->arrive_ns = bpf_ktime_get_ns();
	st->arrive_seq = at.rx;
	return 0;
}
