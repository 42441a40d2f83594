/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One struct sock_state per socket, behind these accessors. Two homes: the kernel's socket storage,
 * which dies with the socket, for programs that get a socket from the kernel; a table by pointer
 * for the system-call provider, whose sockets come out of file descriptors and are refused by the
 * storage's helper. cfg.own_tables is constant when the verifier looks, so it never sees the half
 * that is not used.
 *
 * Two threads that use one socket in one direction at one time may add to `pos` both at once and
 * lose one addition. The kernel does not order their bytes for them either; TCP's own positions in
 * the records show it.
 */
#ifndef BPF_LIB_SOCK_H
#define BPF_LIB_SOCK_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>

#include "lib/emit.bpf.h"
#include "lib/file.bpf.h"
#include "lib/task.bpf.h"

#define AF_INET       2
#define AF_INET6      10
#define IPPROTO_TCP   6
#define IPPROTO_MPTCP 262
#define RCV_SHUTDOWN  1

#define SOCK_TOLD       (1 << 0) /* its CONN record is in the ring */
#define SOCK_MIDWAY     (1 << 1) /* bytes had flowed before */
#define SOCK_ENDED(dir) (1 << (2 + (dir))) /* the END record of this direction is in the ring */
#define SOCK_JUDGED     (1 << 4) /* it has a row in verdicts */

#define CPU_BITS     16 /* of a connection's number: the rest counts up on each CPU */
#define NUMBER_TRIES 4

/*
 * TCP's positions: next byte to write, next byte to read; they name the same moment at both ends of
 * a connection.
 */
struct tcp_at {
	__u32 tx;
	__u32 rx;
	bool drained; /* everything that arrived has been read */
};

/* copied_seq steps over a FIN that has been read; the FIN is no byte. */
static __always_inline bool tcp_read_fin(__u8 state, __u32 copied_seq, __u32 rcv_nxt)
{
	return copied_seq == rcv_nxt &&
	       (state == TCP_CLOSE_WAIT || state == TCP_LAST_ACK || state == TCP_CLOSING);
}

static __always_inline void tcp_at(struct sock *sk, struct tcp_at *ret_at)
{
	__u32 rcv_nxt = 0;
	__u8 state = 0;

	if (cfg.own_tables) {
		struct tcp_sock *tp = (void *)sk;

		ret_at->tx = BPF_CORE_READ(tp, write_seq);
		ret_at->rx = BPF_CORE_READ(tp, copied_seq);
		rcv_nxt = BPF_CORE_READ(tp, rcv_nxt);
		state = BPF_CORE_READ(sk, __sk_common.skc_state);
	} else {
		struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);

		if (!tp)
			return;
		ret_at->tx = tp->write_seq;
		ret_at->rx = tp->copied_seq;
		rcv_nxt = tp->rcv_nxt;
		state = sk->__sk_common.skc_state;
	}
	ret_at->drained = ret_at->rx == rcv_nxt;
	if (tcp_read_fin(state, ret_at->rx, rcv_nxt))
		ret_at->rx--;
}

/*
 * Did bytes flow before a call that moved n bytes in `dir`? received - bytes_received is the first
 * byte's position, and acknowledged - bytes_acked the first one sent, or one less: an active open
 * counts its SYN as acknowledged.
 */
static __always_inline bool tcp_midway(struct sock *sk, enum dir dir, __u32 n)
{
	struct tcp_sock *tp = (void *)sk;
	struct tcp_at at = {};
	__u32 first_rx = BPF_CORE_READ(tp, rcv_nxt) - (__u32)BPF_CORE_READ(tp, bytes_received);
	__u32 first_tx = BPF_CORE_READ(tp, snd_una) - (__u32)BPF_CORE_READ(tp, bytes_acked);

	tcp_at(sk, &at);
	if (dir == DIR_RX)
		at.rx -= n;
	else
		at.tx -= n;
	return at.rx != first_rx || at.tx - first_tx > 1;
}

/*
 * When the n bytes of the first call on a socket arrived: TCP's stamp of its newest segment, in
 * microseconds of the same clock. Nothing was sent since, but perhaps an acknowledgement.
 */
static __always_inline void tcp_newest(struct sock *sk, __u32 n, struct sock_state *st)
{
	struct tcp_sock *tp = (void *)sk;
	struct tcp_at at = {};

	tcp_at(sk, &at);
	st->arrive_ns = BPF_CORE_READ(tp, tcp_mstamp) * 1000;
	st->arrive_seq = at.rx - n;
}

static __always_inline __u64 sock_ino(struct sock *sk)
{
	struct socket_alloc *alloc = (void *)BPF_CORE_READ(sk, sk_socket);

	return alloc ? BPF_CORE_READ(alloc, vfs_inode.i_ino) : 0;
}

/*
 * A unix socket keeps no count of its bytes: it is old if user space found it open when tracing of
 * its process began.
 */
static __always_inline bool unix_midway(struct sock *sk)
{
	__u64 ino = sock_ino(sk);

	return !bpf_map_delete_elem(&old_unix, &ino);
}

/* True for what is traced; the others are counted. */
static __always_inline bool sock_is_ours(struct sock *sk, __u8 *ret_transport)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	__u16 protocol = BPF_CORE_READ(sk, sk_protocol);
	__u16 type = BPF_CORE_READ(sk, sk_type);

	if ((family == AF_INET || family == AF_INET6) && type == SOCK_STREAM) {
		*ret_transport = TRANSPORT_TCP;
		if (protocol == IPPROTO_TCP)
			return true;
		stat_inc(protocol == IPPROTO_MPTCP ? STAT_MPTCP : STAT_OTHER_FAMILY);
		return false;
	}
	*ret_transport = TRANSPORT_UNIX;
	if (family == AF_UNIX && type == SOCK_STREAM)
		return true;
	stat_inc(STAT_OTHER_FAMILY);
	return false;
}

/*
 * Somebody waits for the socket while its reader is not in a call that would: it is in an epoll set. poll() and
 * a read that blocks wait only as long as they last.
 */
static __always_inline bool sock_polled(struct sock *sk)
{
	struct socket_wq *wq = BPF_CORE_READ(sk, sk_wq);

	return wq && BPF_CORE_READ(wq, wait.head.next) != &wq->wait.head;
}

static __always_inline struct sock_state *sock_find(struct sock *sk)
{
	__u64 key = (__u64)sk;

	if (cfg.own_tables)
		return bpf_map_lookup_elem(&socks_by_ptr, &key);
	return bpf_sk_storage_get(&socks, sk, NULL, 0);
}

static __always_inline __u32 verdict_gen(void)
{
	return *(volatile __u32 *)&shared.verdict_gen;
}

/* Has user space written a verdict, on this socket or another, since this one last looked? */
static __always_inline bool verdict_due(const struct sock_state *st)
{
	return st->verdict_gen != verdict_gen();
}

static __always_inline void sock_forget(struct sock *sk)
{
	__u64 key = (__u64)sk;

	if (cfg.own_tables)
		bpf_map_delete_elem(&socks_by_ptr, &key);
}

static __always_inline struct sock_state *sock_insert(struct sock *sk, struct sock_state *fresh)
{
	__u64 key = (__u64)sk;
	struct sock_state *st;

	if (!cfg.own_tables)
		return bpf_sk_storage_get(&socks, sk, fresh, BPF_SK_STORAGE_GET_F_CREATE);
	bpf_map_update_elem(&socks_by_ptr, &key, fresh, BPF_ANY);
	st = bpf_map_lookup_elem(&socks_by_ptr, &key);
	return st;
}

/*
 * Numbers are dealt out per CPU: unique for ever without a counter that all CPUs fight for. Whoever is preempted
 * here sees that others counted meanwhile, and counts once more: before 5.12 an addition does not say what it found.
 * 0: in vain.
 */
static __always_inline __u64 sock_number(void)
{
	struct counters *c = counters_here();
	__u64 before, after;
	int i;

	for (i = 0; c && i < NUMBER_TRIES; i++) {
		before = *(volatile __u64 *)&c->conns;
		__sync_fetch_and_add(&c->conns, 1);
		after = *(volatile __u64 *)&c->conns;
		if (after == before + 1)
			return after << CPU_BITS |
			       (bpf_get_smp_processor_id() & ((1 << CPU_BITS) - 1));
	}
	return 0;
}

/*
 * The state of a socket that is used for the first time: by a call that moved n bytes in `dir`, or
 * by connect() (n 0, role client). NULL: not a kind that is traced, or no room; counted.
 */
static __noinline struct sock_state *sock_new(struct sock *sk, enum role role, enum dir dir,
					      __u32 n)
{
	struct sock_state fresh = { .role = role };
	struct sock_state *st;

	if (!sock_is_ours(sk, &fresh.transport))
		return NULL;
	fresh.id = sock_number();
	if (!fresh.id) {
		stat_inc(STAT_NO_SOCK_STATE);
		return NULL;
	}
	fresh.last_dir = dir;
	fresh.verdict_gen = verdict_gen();
	if (fresh.transport == TRANSPORT_TCP && role == ROLE_UNKNOWN) {
		fresh.role = BPF_CORE_READ(sk, sk_max_ack_backlog) ? ROLE_SERVER : ROLE_CLIENT;
		fresh.flags = tcp_midway(sk, dir, n) ? SOCK_MIDWAY : 0;
		if (dir == DIR_RX)
			tcp_newest(sk, n, &fresh);
	} else if (fresh.transport == TRANSPORT_UNIX) {
		fresh.flags = unix_midway(sk) ? SOCK_MIDWAY : 0;
	}
	if (cfg.own_tables)
		fresh.ino = sock_ino(sk);
	st = sock_insert(sk, &fresh);
	if (!st)
		stat_inc(STAT_NO_SOCK_STATE);
	return st;
}

#endif
