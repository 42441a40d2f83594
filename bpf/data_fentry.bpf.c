/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fentry provider, for kernels from 5.19 without the socket tracepoints: the exits of the functions
 * that move bytes on TCP and unix sockets, and the entry of tcp_sendmsg() for the true start of a
 * send. The page functions went away in 6.5, when sendfile() began to go through sendmsg.
 *
 * Rows stand here with their last program first: of those on one function, the one that was attached last runs first.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "lib/call.bpf.h"

SEC("?fentry/tcp_sendmsg")
int BPF_PROG(tcp_send_entry, struct sock *sk)
{
	struct sock_state *st = sock_find(sk);

	if (st)
		st->send_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("?fexit/tcp_sendmsg")
int BPF_PROG(tcp_send_3, struct sock *sk, struct msghdr *msg, size_t size, int ret)
{
	return data_call_nth(sk, ret, 0, DIR_TX, 2);
}

SEC("?fexit/tcp_sendmsg")
int BPF_PROG(tcp_send_2, struct sock *sk, struct msghdr *msg, size_t size, int ret)
{
	return data_call_nth(sk, ret, 0, DIR_TX, 1);
}

SEC("?fexit/tcp_sendmsg")
int BPF_PROG(tcp_send, struct sock *sk, struct msghdr *msg, size_t size, int ret)
{
	return data_call(sk, ret, 0, DIR_TX);
}

SEC("?fexit/tcp_sendpage")
int BPF_PROG(tcp_sendpage, struct sock *sk, struct page *page, int offset, size_t size, int flags,
	     int ret)
{
	return data_call(sk, ret, 0, DIR_TX);
}

/* A function, for the sake of the caller's stack. */
static __noinline int result_of(void *ctx)
{
	__u64 ret = 0;

	bpf_get_func_ret(ctx, &ret);
	return ret;
}

/*
 * Newer kernels have no addr_len behind the flags, so the result is asked for and not counted out.
 */
SEC("?fexit/tcp_recvmsg")
int BPF_PROG(tcp_recv_3, struct sock *sk, struct msghdr *msg, size_t len, int flags)
{
	return data_call_nth(sk, result_of(ctx), flags, DIR_RX, 2);
}

SEC("?fexit/tcp_recvmsg")
int BPF_PROG(tcp_recv_2, struct sock *sk, struct msghdr *msg, size_t len, int flags)
{
	return data_call_nth(sk, result_of(ctx), flags, DIR_RX, 1);
}

SEC("?fexit/tcp_recvmsg")
int BPF_PROG(tcp_recv, struct sock *sk, struct msghdr *msg, size_t len, int flags)
{
	return data_call(sk, result_of(ctx), flags, DIR_RX);
}

SEC("?fexit/tcp_splice_read")
int BPF_PROG(tcp_splice, struct socket *sock, loff_t *pos, struct pipe_inode_info *pipe, size_t len,
	     unsigned int flags, int ret)
{
	return data_call(sock->sk, ret, 0, DIR_RX);
}

SEC("?fexit/unix_stream_sendmsg")
int BPF_PROG(unix_send_3, struct socket *sock, struct msghdr *msg, size_t len, int ret)
{
	return data_call_nth(sock->sk, ret, 0, DIR_TX, 2);
}

SEC("?fexit/unix_stream_sendmsg")
int BPF_PROG(unix_send_2, struct socket *sock, struct msghdr *msg, size_t len, int ret)
{
	return data_call_nth(sock->sk, ret, 0, DIR_TX, 1);
}

SEC("?fexit/unix_stream_sendmsg")
int BPF_PROG(unix_send, struct socket *sock, struct msghdr *msg, size_t len, int ret)
{
	return data_call(sock->sk, ret, 0, DIR_TX);
}

SEC("?fexit/unix_stream_sendpage")
int BPF_PROG(unix_sendpage, struct socket *sock, struct page *page, int offset, size_t size,
	     int flags, int ret)
{
	return data_call(sock->sk, ret, 0, DIR_TX);
}

SEC("?fexit/unix_stream_recvmsg")
int BPF_PROG(unix_recv_3, struct socket *sock, struct msghdr *msg, size_t size, int flags, int ret)
{
	return data_call_nth(sock->sk, ret, flags, DIR_RX, 2);
}

SEC("?fexit/unix_stream_recvmsg")
int BPF_PROG(unix_recv_2, struct socket *sock, struct msghdr *msg, size_t size, int flags, int ret)
{
	return data_call_nth(sock->sk, ret, flags, DIR_RX, 1);
}

SEC("?fexit/unix_stream_recvmsg")
int BPF_PROG(unix_recv, struct socket *sock, struct msghdr *msg, size_t size, int flags, int ret)
{
	return data_call(sock->sk, ret, flags, DIR_RX);
}

/* Counted only, like those that tracepoints and system calls show. */
static __always_inline int mptcp_moved(void)
{
	if (traced(ids_self() >> 32))
		stat_inc(STAT_MPTCP);
	return 0;
}

SEC("?fexit/mptcp_sendmsg")
int BPF_PROG(mptcp_send)
{
	return mptcp_moved();
}

SEC("?fexit/mptcp_recvmsg")
int BPF_PROG(mptcp_recv)
{
	return mptcp_moved();
}
