/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which strand makes a call: the thread, or, where the process has a runtime that we can read, what
 * that says. Each reader is one file, bpf/strand_<runtime>.bpf.c, and one row here.
 */
#ifndef BPF_LIB_STRAND_H
#define BPF_LIB_STRAND_H

#include "lib/task.bpf.h"

/* What the call is to the request that it belongs to. */
enum call_kind { CALL_OTHER, CALL_HEARS, CALL_ANSWERS, CALL_ASKS, CALL_HEARD, CALL_LOGS };

/* It does something on behalf of a request: it asks another service, or writes to a log. */
static __always_inline bool call_acts(enum call_kind kind)
{
	return kind == CALL_ASKS || kind == CALL_LOGS;
}

/* What a reader has made of *ret_strand. */
enum strand_reading {
	STRAND_UNPROVEN, /* what was read cannot be the runtime */
	STRAND_COARSE, /* nothing finer than the thread runs */
	STRAND_SELF, /* what the thread runs */
	STRAND_AWAITED, /* who waits for what the thread runs */
};

enum strand_reading strand_python(struct strand *ret_strand, struct proc *proc,
				  enum call_kind kind);
/* Tells in a record of its own which tasks wait for what the calling thread runs; state: the interpreter's of it. */
void asyncio_tell(const struct runtime *rt, __u64 state, __u64 context, enum call_kind kind);
enum strand_reading strand_go(struct strand *ret_strand, const struct runtime *rt,
			      enum call_kind kind);
/* Tells in a record of its own where the thread makes objects. */
enum strand_reading strand_java(struct task_state *t, struct proc *proc, enum call_kind kind);
/* The same of a thread that serves and is being woken. */
int java_woken(struct proc *proc, struct task_struct *task, struct task_state *t);
enum strand_reading strand_tokio(struct strand *ret_strand, struct proc *proc,
				 enum call_kind kind);
/* Tells, in a record of its own or in t->moved.strand, what runs and that `dir` is what it does. */
enum strand_reading strand_node(struct task_state *t, enum call_kind kind, enum dir dir);

/* t->moved is the call. */
static __always_inline enum strand_reading strand_read(struct task_state *t, struct proc *proc,
						       enum call_kind kind)
{
	/* Left out as a whole where nothing is read: half of a reader, as the compiler leaves it, is refused. */
	switch (RUNTIMES_READ ? proc->runtime.kind : RUNTIME_NONE) {
	case RUNTIME_PYTHON:
		return strand_python(&t->moved.strand, proc, kind);
	case RUNTIME_GO:
		return strand_go(&t->moved.strand, &proc->runtime, kind);
	case RUNTIME_JAVA:
		return strand_java(t, proc, kind);
	case RUNTIME_TOKIO:
		return strand_tokio(&t->moved.strand, proc, kind);
	case RUNTIME_NODE:
		return strand_node(t, kind, t->moved.dir);
	default:
		return STRAND_COARSE;
	}
}

/*
 * The strand of the calling thread's running call, its task_state's moved.strand, becomes something
 * finer than the thread if its runtime can tell. A global function: the verifier walks all readers
 * once, and not once for every way that leads to them. On 5.10 such a function takes no pointers.
 */
int strand_refine(__u32 kind);

/* connect() is a call whose cause matters, too; only Node says more about it than the thread. */
static __always_inline void strand_connects(void)
{
	__u32 tgid = ids_self() >> 32;
	struct task_state *t;
	struct proc *proc;

	if (!*(volatile __u32 *)&shared.runtimes)
		return;
	proc = bpf_map_lookup_elem(&procs, &tgid);
	if (!proc || proc->runtime.kind != RUNTIME_NODE)
		return;
	t = task_self();
	if (t)
		strand_node(t, CALL_ASKS, DIR_TX);
}

#endif
