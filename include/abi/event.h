/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The records of the ring buffer: the contract between the kernel side, the recordings and the user
 * side.
 *
 * Every record starts with struct ev_hdr and is padded to 8 bytes; `sz` is its whole size. All
 * numbers are in host order, all times CLOCK_MONOTONIC nanoseconds, all pids those of the
 * tracer's pid namespace. A record states what the kernel did; what it means is decided in user/trace/.
 *
 * A call that moves bytes makes one DATA record per contiguous piece of user memory that was copied, or one for a
 * few short ones, or for both ends of a long one; the pieces of one call carry DATA_MORE except the last. `pos`
 * counts the bytes of that direction since the CONN record, whether or not they were copied or their record was
 * lost: a jump of `pos` is a loss, exactly sized. `seq` is TCP's own position after the piece, so a difference
 * between its advance and that of `pos` is bytes that no hook saw (splice); and the pair of both directions'
 * positions names the same moment at both ends.
 */
#ifndef ABI_EVENT_H
#define ABI_EVENT_H

#ifndef __bpf__		/* there, vmlinux.h has them */
#include <linux/types.h>
#endif

#include "limits.h"

enum ev_kind {
	EV_NONE,
#define EVENT(id, type) EV_##id,
#include "events.def"
#undef EVENT
	EV__CNT,
};

enum stat_id {
#define STAT(id, text) STAT_##id,
#include "stats.def"
#undef STAT
	STAT__CNT,
};

enum dir { DIR_RX, DIR_TX, DIR__CNT };
enum role { ROLE_UNKNOWN, ROLE_CLIENT, ROLE_SERVER };
enum transport { TRANSPORT_TCP, TRANSPORT_UNIX };

/*
 * The thread of control a person would draw. Identities are recycled, so two strands are one only
 * if all fields agree. NUMBERED is in DATA only and stands for the thread: id is the last number that Node gave out
 * (event_runtime.h), gen is CALLBACK_*.
 */
enum strand_kind {
	STRAND_NONE,
	STRAND_THREAD,
	STRAND_GOROUTINE,
	STRAND_TASK,
	STRAND_VIRTUAL,
	STRAND_POLLED,
	STRAND_NUMBERED,
};
struct strand {
	__u64 id;	/* THREAD: tid; GOROUTINE, POLLED: its number, VIRTUAL: too, or an address; TASK: an address */
	__u32 gen;	/* THREAD: start time of the task in units of 2^20 ns; others: tgid */
	__u32 kind;	/* enum strand_kind */
};

struct ev_hdr {
	__u32 kind;	/* enum ev_kind */
	__u32 sz;	/* whole record with padding */
	__u64 ts_ns;	/* when the record was made: for calls, at their end */
	__u32 tgid;	/* process in whose context it happened; 0: none (softirq) */
	__u32 tid;	/* its thread */
};

#define CONN_MIDWAY	(1 << 0)	/* bytes had flowed before it was seen */

struct ev_conn {
	struct ev_hdr hdr;
	__u64 conn;		/* our number of this socket; never used twice in a capture */
	__u64 sk;		/* identity of the socket; unix: what the other end calls peer_sk */
	__u64 peer_sk;		/* unix only */
	__u32 netns;		/* inode of the network namespace */
	__u16 local_port;
	__u16 peer_port;
	__u8 local_addr[16];	/* IPv4 as ::ffff:a.b.c.d */
	__u8 peer_addr[16];
	__u8 transport;		/* enum transport */
	__u8 role;		/* enum role: a hint, right for TCP listeners */
	__u8 flags;		/* CONN_* */
	__u8 family;		/* 4, 6, or 0 for unix */
	char path[UNIX_PATH_LEN]; /* unix: of either end; "": none; '@' first: abstract */
};

#define DATA_MORE	(1 << 0)	/* another piece of the same call follows */
#define DATA_SEQ	(1 << 1)	/* seq and other_seq are valid */
#define DATA_NO_BUFFER	(1 << 2)	/* the bytes never were in user memory that could be read */
#define DATA_AWAITED	(1 << 3)	/* strand is not who called, but who waits on a channel for that */
#define DATA_SHED	(1 << 4)	/* bytes that are missing before it are whole exchanges, left out on purpose */
#define DATA_POLLED	(1 << 5)	/* RX of a client: the socket is in an epoll set, whoever reads it is a loop */
#define DATA_ENDS	(1 << 6)	/* the last TAIL_LEN bytes of the piece are copied, too: behind the first cap */

/* What a thread has read or done since its last record, and no record tells. */
#define MISSED_EXCHANGE	(1 << 0)	/* something left out, or a record of the thread's was lost */
#define MISSED_OTHER	(1 << 1)	/* an answer on a connection that is ignored: a database's, say */

/* What is not told; written at once, because to read it from the ring would take as long as all else. */
struct unseen {
	__u8 shed : 4;		/* of the exchanges then 1 in 2^n was told; 0: all */
	__u8 missed : 4;	/* MISSED_* of the thread */
};

struct ev_data {
	struct ev_hdr hdr;
	__u64 conn;
	struct strand strand;	/* who made the call: the thread, or what its runtime says */
	__u64 pos;		/* of the first byte of this piece */
	__u64 start_ns;		/* TX: the copy began; RX: the first byte arrived; 0: unknown */
	__u32 len;		/* bytes this piece accounts for */
	__u32 cap;		/* of these, copied: bytes[0..cap), the first of them */
	__u32 seq;		/* TCP: write_seq (TX) or copied_seq (RX) after this piece */
	__u32 other_seq;	/* TCP: the position of the other direction then */
	__u8 dir;		/* enum dir */
	__u8 flags;		/* DATA_* */
	struct unseen unseen;
	__u8 sleeps;		/* of the calling thread so far, modulo 256: if it has changed, it slept meanwhile */
	__u32 thread_gen;	/* of the calling thread, hdr.tid, when strand is something finer */
	__u8 bytes[];
};

struct ev_end {
	struct ev_hdr hdr;
	__u64 conn;
	struct strand strand;
	__u64 pos;		/* where the direction ended */
	__u8 dir;		/* enum dir */
	__u8 shed;		/* bytes missing before it were left out on purpose */
	__u16 pad;
	__u32 err;		/* errno of the failed call; 0: end of file */
};

struct ev_state {
	struct ev_hdr hdr;
	__u64 conn;
	struct strand strand;	/* kind STRAND_NONE in softirq */
	__u8 old_state;		/* TCP_* of the kernel */
	__u8 new_state;
	__u8 shutdown;		/* RCV_SHUTDOWN 1, SEND_SHUTDOWN 2 */
	__u8 sleeps;		/* of the thread, as in DATA */
	__u32 err;		/* sk_err */
};

#define CLOSE_SEQ	(1 << 0)	/* seq is valid */

struct ev_close {
	struct ev_hdr hdr;
	__u64 conn;
	__u64 pos[DIR__CNT];	/* bytes moved in each direction since the CONN record */
	__u32 err;		/* sk_err */
	__u16 shed;		/* bit per enum dir: bytes missing at its end were left out on purpose */
	__u16 flags;		/* CLOSE_* */
	__u32 seq[DIR__CNT];	/* TCP's positions in the end, one more where a FIN counts; older records lack them */
};

struct ev_fork {
	struct ev_hdr hdr;	/* of the parent */
	struct strand parent;
	struct strand child;
	__u32 child_tgid;
	__u32 child_tid;
};

struct ev_exec {
	struct ev_hdr hdr;
	char comm[COMM_LEN];
};

struct ev_exit {
	struct ev_hdr hdr;
	struct strand strand;
	__u32 last;		/* the process has no thread left */
	__u32 signal;		/* it was ended by; 0: it ended by itself */
};

struct ev_wake {
	struct ev_hdr hdr;	/* of the waker */
	struct strand waker;
	struct strand wakee;
	__u64 futex;		/* address the wakee waits on */
	__u64 wakee_up_ns;	/* when a thread of the process woke it the time before; 0: not seen */
	__u64 waker_up_ns;	/* the same of the waker, and what it waited on: as in futex; 0: no futex, or a mutex */
	__u64 waker_up_futex;
};

struct ev_listen {
	struct ev_hdr hdr;
	__u32 netns;
	__u16 port;
	__u16 pad;
};

#define PROC_AGAIN	(1 << 0)	/* the same program as before, more is known of it */

/* Facts as items of { __u16 key; __u16 len; bytes }, see user/host/facts.h. */
struct ev_proc {
	struct ev_hdr hdr;	/* tgid: the process described */
	__u32 len;
	__u32 flags;		/* PROC_* */
	__u8 bytes[];
};

struct ev_clock {
	struct ev_hdr hdr;
	__u64 wall_offset_ns;	/* CLOCK_REALTIME - CLOCK_MONOTONIC */
};

struct ev_tick {
	struct ev_hdr hdr;
};

struct ev_books {
	struct ev_hdr hdr;
	__u64 stats[STAT__CNT];
};

#include "log.h"

#include "event_runtime.h"

#endif
