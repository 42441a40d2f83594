/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The completion edge: a pool's worker that has finished a call for somebody wakes whoever waits
 * for the result. Seen where a thread with no request of its own, but with a finished client call,
 * wakes one that serves a request. The other way round (who is woken works for the waker) is wrong
 * too often: a queue stands between them. User space decides.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "lib/emit.bpf.h"
#include "lib/task.bpf.h"

/* The futex a sleeping thread waits on: its registers are those of the call it sleeps in. */
static __always_inline __u64 futex_of(struct task_struct *task)
{
	struct syscall call;

	syscall_read((struct pt_regs *)bpf_task_pt_regs(task), &call);
	return call.nr == NR_FUTEX ? call.arg[0] : 0;
}

SEC("?tp_btf/sched_waking")
int BPF_PROG(task_wake, struct task_struct *wakee)
{
	__u64 self = bpf_get_current_pid_tgid();
	struct task_state *waker, *woken;
	struct ev_wake *e;
	__u64 futex;

	if (self >> 32 != (__u32)wakee->tgid || !traced(self >> 32))
		return 0;
	waker = task_find(bpf_get_current_task_btf());
	if (!waker || waker->serving || !waker->called || waker->edges >= WAKES_MAX)
		return 0;
	woken = task_find(wakee);
	if (!woken || !woken->serving)
		return 0;
	futex = futex_of(wakee);
	if (!futex) /* it waits for the network: the waker is a bystander of softirq */
		return 0;
	e = emit_reserve(sizeof(*e));
	if (!e)
		return 0;
	waker->edges++;
	emit_header(&e->hdr, EV_WAKE, sizeof(*e));
	strand_self(&e->waker);
	strand_of(wakee, &e->wakee);
	e->futex = futex;
	emit_submit(e);
	return 0;
}
