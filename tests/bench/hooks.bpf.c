/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control of the benchmark: programs that return at once, where the tracer has its own. What they cost is the
 * kernel's price of a hook; the rest of the tracer's is ours.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define NOTHING(tracepoint)        \
	SEC("tp_btf/" #tracepoint) \
	int tracepoint(__u64 *ctx) \
	{                          \
		return 0;          \
	}

NOTHING(sock_send_length)
NOTHING(sock_recv_length)
NOTHING(tcp_sendmsg_locked)
NOTHING(tcp_probe)
NOTHING(inet_sock_set_state)
NOTHING(tcp_destroy_sock)
NOTHING(sched_process_fork)
NOTHING(sched_process_exec)
NOTHING(sched_process_exit)
NOTHING(sched_waking)
