/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What user space tells the kernel side before it loads (.rodata) and the word it shares while it
 * runs (.bss).
 */
#ifndef ABI_CONFIG_H
#define ABI_CONFIG_H

#ifndef __bpf__ /* there, vmlinux.h has them */
#include <linux/types.h>
#endif

#include "event.h"
#include "verdict.h"

struct bpf_cfg {
	__u32 tracer_tgid; /* never traced: ourselves */
	__u32 pid_ns; /* inode of the tracer's pid namespace; 0: the host's. kern/ fills it in */
	__u8 trace_all; /* every process but ourselves */
	__u8 watch_exec; /* report EXEC of processes that are not traced (--comm, --exe) */
	__u8 watch_listen; /* report LISTEN of processes that are not traced (--port) */
	__u8 wake_edges; /* report WAKE */
	__u8 log_stdio; /* report LOG of standard output and standard error */
	__u8 log_files; /* report LOG of files that user space has not turned down */
	__u8 own_tables; /* tables instead of socket and task storage: kern/ fills it in */
	__u8 rows; /* programs may be preempted: those that move bytes stand in rows (bpf/lib/row.bpf.h) */
	__u8 pad[2];
};

struct bpf_shared {
	__u32 reader_asleep; /* set before the reader sleeps; the next record clears it */
	__u32 verdict_gen; /* bumped after each write to `verdicts` */
	__u32 runtimes; /* some process has a runtime to be read */
	__u32 procs_gen; /* bumped after each change of which processes are in `procs` */
	__u32 shedding; /* some lane leaves exchanges out */
	__u8 shed[SHED_LANES]; /* by tgid: 1 exchange in 2^n is kept; 0: all */
};

/*
 * How to read a language runtime's own notion of what runs, from the memory of its process. User
 * space finds the kind and the offsets in the binary (user/strand/); the reader in the kernel
 * (bpf/strand_*.bpf.c) proves them at every call. Written by user space alone.
 */
enum runtime_kind { RUNTIME_NONE, RUNTIME_PYTHON, RUNTIME_GO, RUNTIME_NODE, RUNTIME_JAVA, RUNTIME_TOKIO };
#define RUNTIME_OFFSETS	   16
#define RUNTIME_PLACES	   4
struct runtime {
	__u32 kind; /* enum runtime_kind */
	__u32 pad;
	__u32 off[RUNTIME_OFFSETS]; /* what they mean: the reader says */
	__u64 at[RUNTIME_PLACES]; /* the same */
};

/* Of Go: which offset is where in runtime.off. */
enum go_offset { GO_M_CURG, GO_GOID, GO_PARENT_GOID, GO_STARTPC, GO_RECVQ, GO_SUDOG_C };

/*
 * The same of CPython: in the thread state the frame, or what points to it (CFRAME; 0: nothing does); in a frame:
 * the one that called it, its variables; in a function: what it has captured; in what wakes a task: the task; in a
 * task: its context; how many bytes before an object is the pointer to its attributes, or enum python_values; in the
 * thread state: its stack; in a frame: its code, in that: how many variables it has; in a coroutine: its frame (0:
 * behind a pointer).
 */
enum python_offset {
	PYTHON_KEYS,
	PYTHON_CONTEXT,
	PYTHON_THREAD_ID,
	PYTHON_CFRAME,
	PYTHON_FRAME,
	PYTHON_PREVIOUS,
	PYTHON_LOCALS,
	PYTHON_CLOSURE,
	PYTHON_WAKES,
	PYTHON_TASK_CONTEXT,
	PYTHON_VALUES,
	PYTHON_STACK,
	PYTHON_CODE,
	PYTHON_CODE_VARS,
	PYTHON_COROUTINE
};
enum python_values { PYTHON_VALUES_INSIDE, PYTHON_VALUES_IN_DICT };

/* The same of Java. */
enum java_offset {
	JAVA_OSTHREAD,
	JAVA_PTHREAD,
	JAVA_OBJECT,
	JAVA_VTHREAD,
	JAVA_OWNER,
	JAVA_TID,
	JAVA_BUFFER, /* where a thread makes its objects; 0: not known */
};

/* Which place is where in runtime.at: whether garbage is being collected, how often it was; the heap. */
enum java_place { JAVA_COLLECTING, JAVA_COLLECTIONS, JAVA_HEAP_START, JAVA_HEAP_END };

#define FRAME_WORDS 7 /* of a stack frame: five registers that it keeps, the frame before it, where it returns */

/* Where Node keeps in memory what is read of a thread. */
struct node_places {
	__u64 ids; /* the ids of asynchronous work; 0: none of this is known yet */
	__u64 immediates; /* counters of setImmediate(), the third: they are being called; 0: not known */
	__u64 ticks; /* two flags, the first: there are nextTick()s to call, or they are being called; 0: not known */
	__u64 timer; /* the only timer of the event loop, which stands for all of JavaScript's; 0: not known */
	__u64 loop; /* the event loop; valid with timer */
};

/* A row of the map `event_loops`: key tid, of a thread in which Node runs. */
struct event_loop {
	struct node_places at;
	__u64 counter; /* the last id given out when we last looked */
	__u64 due_ms, timer_state, now_ms; /* the timer then, and the loop's clock */
	__u64 read_frame; /* of the function that made the last read; 0: none that could be kept */
	__u64 read_saved[FRAME_WORDS]; /* what was in it */
	__u32 calls; /* socket calls while the ids were not known */
	__u8 proven; /* a frame was once found to stand: the stack can be read */
	__u8 heard_request; /* the last read was of a server's socket */
	__u16 pad;
};

#define RUNTIME_MISSES_MAX 64
#define JAVA_LENDS_TRIAL   4096

/* What the readers of the kernel side have found out of a runtime. They alone write it; user space begins it with 0. */
struct learned {
	__u32 misses; /* calls without proof; RUNTIME_MISSES_MAX of them end it */
	__u32 key; /* CPython, Java: the key + 1 under which a thread's state is; 0: not known */
	__u32 calls; /* Java: socket calls, up to JAVA_LENDS_TRIAL: of these it is as if the next were so */
	__u32 lends; /* Java: a thread that served nobody has made a call, maybe for others */
	__u32 place; /* tokio: bytes below the thread pointer where the number of the task is that the thread polls */
	__u32 agreed; /* of how many tasks that was seen to be so */
	__u32 last; /* and the last of them */
	__u32 pad;
};

/* A row of the `procs` map: key tgid. Children inherit it at fork, exec resets all but the start. */
struct proc {
	__u64 start_ns; /* of the process: a recycled pid is not mistaken */
	struct runtime runtime;
	struct learned learned;
};

/* Which file: its number, generation and device; numbers of deleted files are used again. */
struct file_id {
	__u64 ino;
	__u32 gen;
	__u32 dev;
};

/* A row of the per-CPU map `counters`. */
struct counters {
	__u64 stats[STAT__CNT];
	__u64 conns; /* sockets numbered by this CPU */
	__u64 asked; /* the last process that it asked about, at which procs_gen, and the answer */
	__u64 untimed; /* socket calls since the last that was timed */
	__u64 timed_ns; /* what those that were timed took */
	__u64 told_by[DIR__CNT]; /* who made the last call that a program of a row told; 0: not known */
};

#endif
