/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs in a row. While a program stands still, because the task it runs in was preempted, the kernel leaves out
 * all other runs of it on that processor: every socket call of a whole time slice. Tracepoints let it be preempted
 * since 7.0 (f7d327654b88, "bpf: Have __bpf_trace_run() use rcu_read_lock_dont_migrate()"). Functions do wherever the
 * kernel itself is preemptible, which all are since 7.0 (7dadeaa6e851, "sched: Further restrict the preemption modes").
 * To disable preemption within the program is no remedy: what is put off by that happens at its last instruction, for
 * the kernel still within it.
 *
 * So more programs, the same but for this, stand behind the first in the same place, and the next does what those
 * before it were left out of. What the last of them is left out of is lost, and counted by the kernel.
 *
 * Who has done it leaves the caller's name behind, per processor. That is enough unless the caller lost the
 * processor on the way from one program to the next; then what is told of it tells.
 */
#ifndef BPF_LIB_ROW_H
#define BPF_LIB_ROW_H

#include "lib/sock.bpf.h"

#define ROW_LAST 2 /* the number of the last program in a row */

/* False: one before in the row has done it. */
static __always_inline bool row_begin(const __u32 nth, __u64 self, enum dir dir)
{
	struct counters *here = nth ? counters_here() : NULL;
	volatile __u64 *told_by;

	if (!here)
		return !nth;
	told_by = &here->told_by[dir & 1];
	if (*told_by != self)
		return true;
	if (nth == ROW_LAST)
		*told_by = 0;
	return false;
}

static __always_inline void row_end(const __u32 nth, __u64 self, enum dir dir)
{
	struct counters *here = cfg.rows && nth < ROW_LAST ? counters_here() : NULL;

	if (here)
		*(volatile __u64 *)&here->told_by[dir & 1] = self;
}

/*
 * Was this very call told already? TCP's position knows. On a unix socket two like calls of a thread, one after the
 * other, are taken for one: a loss is seen, bytes told twice are not.
 */
static __always_inline bool row_told(struct sock *sk, const struct sock_state *st,
				     const struct moved *last, __u32 n, enum dir dir)
{
	struct tcp_at at = {};

	if (last->conn != st->id || last->dir != dir || last->n != n)
		return false;
	if (st->transport == TRANSPORT_TCP)
		tcp_at(sk, &at);
	return last->seq == (dir == DIR_TX ? at.tx : at.rx);
}

/* Whether the nth of the row tells the call. */
static __always_inline bool row_tells(const __u32 nth, struct sock *sk, const struct sock_state *st,
				      const struct moved *last, __u32 n, enum dir dir)
{
	if (!nth)
		return true;
	if (row_told(sk, st, last, n, dir))
		return false;
	stat_inc(STAT_STOOD_IN);
	return true;
}

#endif
