/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPython: the contextvars.Context in which the calling thread runs. An asyncio task has one of its
 * own, so it tells the tasks of one thread apart; it is kept while the thread waits in a call, when
 * the interpreter's lock is released.
 *
 * The way there needs no symbol: the interpreter keeps its thread state under a key of
 * pthread_getspecific(), which glibc stores in struct pthread (where fs points). Which key it is,
 * the first calls find out: the state under it knows the thread it belongs to (thread_id, which is
 * that same address), and that is also the proof at every later call.
 *
 * A greenlet (gevent) is a thread of its own on the interpreter's thread. Each has a stack for the
 * variables of its functions, in chunks; whoever runs on another one than the thread was first seen
 * on is a greenlet, and the first chunk of its stack stands for it.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "lib/strand.bpf.h"
#include "lib/user.bpf.h"

#define KEYS_MAX \
	32 /* the first block of glibc's keys; the interpreter's is among the first of a process */
#define CHUNKS_MAX   16 /* of a stack: a thousand functions deep */
#define CHUNK_BEFORE 0
#define KEY_SZ       16 /* struct pthread_key_data { seq, data } */
#define KEY_DATA     8

/* The thread state under a key, if it says that it is this thread's. */
static __always_inline __u64 state_under(const struct runtime *rt, __u64 fs, __u32 key)
{
	__u64 state = user_word(fs + rt->off[PYTHON_KEYS] + key * KEY_SZ + KEY_DATA);

	if (!state || user_word(state + rt->off[PYTHON_THREAD_ID]) != fs)
		return 0;
	return state;
}

static __always_inline __u64 find_state(struct proc *proc, __u64 fs)
{
	const struct runtime *rt = &proc->runtime;
	__u64 state;
	__u32 key;

	if (proc->learned.key)
		return state_under(rt, fs, proc->learned.key - 1);
	for (key = 0; key < KEYS_MAX; key++) {
		state = state_under(rt, fs, key);
		if (!state)
			continue;
		proc->learned.key = key + 1;
		return state;
	}
	return 0;
}

/* The first chunk of a stack, from the one in use; 0: not known. */
static __always_inline __u64 first_chunk(__u64 chunk)
{
	__u64 before;
	int i;

	for (i = 0; i < CHUNKS_MAX && chunk; i++) {
		before = user_word(chunk + CHUNK_BEFORE);
		if (!before)
			return chunk;
		chunk = before;
	}
	return 0;
}

/* The stack of the greenlet that runs; 0: none does. A thread's own first chunk stays as long as the thread does. */
static __always_inline __u64 greenlet_of(const struct runtime *rt, __u64 state)
{
	__u64 chunk = rt->off[PYTHON_STACK] ? user_word(state + rt->off[PYTHON_STACK]) : 0, stack;
	struct task_state *t = task_self();

	if (!t || !chunk || t->py.stack == chunk)
		return 0;
	stack = first_chunk(chunk);
	if (!t->py.stack)
		t->py.stack = stack;
	return t->py.stack == stack ? 0 : stack;
}

static __always_inline enum strand_reading is_strand(struct strand *ret_strand, __u64 id,
						     enum strand_kind kind)
{
	if (!id)
		return STRAND_COARSE;
	ret_strand->id = id;
	ret_strand->gen = ids_self() >> 32;
	ret_strand->kind = kind;
	return STRAND_SELF;
}

__hidden enum strand_reading strand_python(struct strand *ret_strand, struct proc *proc,
					   enum call_kind kind)
{
	const struct runtime *rt = &proc->runtime;
	__u64 state, context, greenlet;

	state = find_state(proc, task_thread_pointer());
	if (!state)
		return STRAND_UNPROVEN;
	greenlet = greenlet_of(rt, state);
	if (greenlet)
		return is_strand(ret_strand, greenlet, STRAND_VIRTUAL);
	context = user_word(state + rt->off[PYTHON_CONTEXT]);
	asyncio_tell(rt, state, context, kind);
	return is_strand(ret_strand, context, STRAND_TASK);
}
