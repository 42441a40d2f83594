/* SPDX-License-Identifier: GPL-2.0-only */
/* What user space tells the kernel side before it loads (.rodata) and the word it shares while it runs (.bss). */
#ifndef ABI_CONFIG_H
#define ABI_CONFIG_H

#ifndef __bpf__		/* there, vmlinux.h has them */
#include <linux/types.h>
#endif

#include "event.h"

struct bpf_cfg {
	__u32 tracer_tgid;	/* never traced: ourselves */
	__u8 trace_all;		/* every process but ourselves */
	__u8 watch_exec;	/* report EXEC of processes that are not traced (--comm, --exe) */
	__u8 watch_listen;	/* report LISTEN of processes that are not traced (--port) */
	__u8 wake_edges;	/* report WAKE */
	__u8 own_tables;	/* keep sockets and threads in tables, not in their storage: filled in by kern/ */
};

struct bpf_shared {
	__u32 reader_asleep;	/* the reader set it before it slept; the next record wakes it and clears this */
	__u32 verdict_gen;	/* bumped after each write to `verdicts`: sockets look theirs up when it has moved */
};

/* A row of the `procs` map: key tgid. */
struct proc {
	__u64 start_ns;		/* start time of the process, so that a recycled pid is not mistaken */
};

/* A row of the per-CPU map `counters`. */
struct counters {
	__u64 stats[STAT__CNT];
	__u64 conns;		/* sockets numbered by this CPU */
};

#endif
