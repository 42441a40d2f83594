/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The completion edge: who has heard the answer to a call wakes whoever waits for it. That may be
 * the thread that made the call, a pool's worker; or one that reads for many, an event loop, which
 * wakes a worker, which wakes the one that waits. So news travels: a thread that has heard an answer
 * passes it on to whom it wakes, a few times over, until that serves a request. The other way round
 * (who is woken works for the waker) is wrong too often: a queue stands between them. User space
 * decides whose answer it was.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "lib/emit.bpf.h"
#include "lib/strand.bpf.h"

#define FUTEX_OP_MASK     127 /* without FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME */
#define FUTEX_WAIT        0
#define FUTEX_WAIT_BITSET 9
#define LOCK_MASK         3
#define LOCK_AWAITED      2 /* what glibc's mutex holds while somebody waits for it */
#define COND_WAITERS_MAX  4096 /* a condition variable has such a lock below their number */

static __always_inline bool is_lock(__u32 op, __u32 awaits)
{
	return op == FUTEX_WAIT && (awaits & LOCK_MASK) == LOCK_AWAITED &&
	       awaits < COND_WAITERS_MAX << 2;
}

/*
 * The futex a sleeping thread waits on: its registers are those of the call it sleeps in. 0: none, or
 * a lock, which tells of its last holder and of no result.
 */
static __always_inline __u64 futex_of(struct task_struct *task)
{
	struct syscall call;

	syscall_read((struct pt_regs *)bpf_task_pt_regs(task), task_is_compat(task, false), &call);
	if (call.nr != NR_FUTEX)
		return 0;
	if (is_lock(call.arg[1] & FUTEX_OP_MASK, call.arg[2]))
		return 0;
	return call.arg[0];
}

/*
 * The calling thread is in a system call that wakes who waits on a futex: futex() itself, or the end of a thread, for
 * which others wait. Else it is a bystander: the wakee's time is up, and the interrupt that says so came just here.
 * Of a 32-bit program that is not looked at.
 */
static __always_inline bool wakes_others(void)
{
	struct task_struct *self = bpf_get_current_task_btf();
	struct syscall call;
	__u32 op;

	if (task_is_compat(self, false))
		return true;
	arguments_64((struct pt_regs *)bpf_task_pt_regs(self), &call);
	op = call.arg[1] & FUTEX_OP_MASK;
	return call.nr == NR_EXIT ||
	       (call.nr == NR_FUTEX && op != FUTEX_WAIT && op != FUTEX_WAIT_BITSET);
}

/*
 * The wakee waits for the network if it has no futex: then the waker is a bystander of softirq. Who has missed
 * something may bring another answer than the one that was told last.
 */
static __always_inline bool tells(const struct task_state *waker, const struct task_state *woken,
				  __u64 futex)
{
	if (!futex || waker->serving || waker->moved.missed & MISSED_EXCHANGE ||
	    waker->edges >= WAKES_MAX)
		return false;
	return waker->news > 1 || (waker->news && woken && woken->serving);
}

static __always_inline void tell(struct task_state *waker, struct task_struct *wakee,
				 const struct task_state *woken, __u64 futex)
{
	struct ev_wake *e = emit_reserve_by(waker, sizeof(*e));

	if (!e)
		return;
	waker->edges++;
	emit_header(&e->hdr, EV_WAKE, sizeof(*e));
	strand_self(&e->waker);
	strand_of(wakee, &e->wakee);
	e->futex = futex;
	e->wakee_up_ns = woken ? woken->up_ns : 0;
	e->waker_up_ns = waker->up_ns;
	e->waker_up_futex = waker->up_futex;
	emit_submit(e);
}

static __always_inline void look_at_woken(struct task_struct *wakee, struct task_state *woken)
{
	__u32 tgid = wakee->tgid;
	struct proc *proc = bpf_map_lookup_elem(&procs, &tgid);

	if (proc && proc->runtime.kind == RUNTIME_JAVA)
		java_woken(proc, wakee, woken);
}

SEC("?tp_btf/sched_waking")
int BPF_PROG(task_wake, struct task_struct *wakee)
{
	__u64 futex;
	struct task_state *waker, *woken;

	if (bpf_get_current_pid_tgid() >> 32 != (__u32)wakee->tgid || !traced(ids_self() >> 32))
		return 0;
	waker = task_find(bpf_get_current_task_btf());
	woken = task_find(wakee);
	futex = futex_of(wakee);
	if (woken && woken->serving && futex && *(volatile __u32 *)&shared.runtimes)
		look_at_woken(wakee, woken);
	if (futex && !wakes_others())
		return 0;
	if (waker && tells(waker, woken, futex)) {
		tell(waker, wakee, woken, futex);
		if (waker->news > 1 && !(woken && woken->serving))
			woken = task_told(wakee, waker->news - 1);
	}
	if (woken) {
		woken->up_ns = bpf_ktime_get_ns();
		woken->up_futex = futex;
	}
	return 0;
}
