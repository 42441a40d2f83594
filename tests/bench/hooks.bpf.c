/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The controls of the benchmark, where the tracer has its own programs. They return at once: what that costs is the
 * kernel's price of a hook. Or they pass as much time in each socket call of the served CPU as the tracer's would: what
 * that costs, nobody who does the same work can be without.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "hooks.h"

char LICENSE[] SEC("license") = "GPL";

#define STEPS_MAX 4000 /* of about 25 ns: the verifier wants an end */

struct pastime pastime;

static __always_inline int pass(void)
{
	__u64 until;

	if (!pastime.on || bpf_get_smp_processor_id() != pastime.cpu)
		return 0;
	__sync_fetch_and_add(&pastime.calls, 1);
	if (!pastime.ns)
		return 0;
	until = bpf_ktime_get_ns() + pastime.ns;
	for (int i = 0; i < STEPS_MAX && bpf_ktime_get_ns() < until; i++)
		;
	return 0;
}

#define CALL(tracepoint)           \
	SEC("tp_btf/" #tracepoint) \
	int tracepoint(__u64 *ctx) \
	{                          \
		return pass();     \
	}

#define NOTHING(tracepoint)        \
	SEC("tp_btf/" #tracepoint) \
	int tracepoint(__u64 *ctx) \
	{                          \
		return 0;          \
	}

CALL(sock_send_length)
CALL(sock_recv_length)
NOTHING(tcp_sendmsg_locked)
NOTHING(tcp_probe)
NOTHING(inet_sock_set_state)
NOTHING(tcp_destroy_sock)
NOTHING(sched_process_fork)
NOTHING(sched_process_exec)
NOTHING(sched_process_exit)
NOTHING(sched_waking)
