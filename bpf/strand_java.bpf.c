/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Java: the virtual thread that a carrier runs. HotSpot keeps its JavaThread under a key of
 * pthread_getspecific(), beside the thread-local variable, for its signal handlers; which key, the
 * first calls find out: the JavaThread's OSThread names the pthread, and that is also the proof at
 * every later call.
 *
 *	key -> JavaThread -> _osthread -> _pthread_id: fs again
 *	                  -> _threadObj, _vthread: handles of the java.lang.Thread of the carrier and of
 *	                     what runs; the same where no virtual thread does
 *	                  -> _monitor_owner_id: the number of that (Java 24), else Thread.tid
 *
 * Objects move, numbers stay, and none is used twice.
 *
 * And where it makes objects (abi/event.h, EV_HEAP): what a thread works on was made by somebody. That
 * is told before every call; before one that asks somebody, by a thread that serves nobody itself, also
 * what is on the stack of the thread: a pool's worker has there the job that it was given. The same of
 * a loop, which serves somebody, but may call for another. And at the wake of a thread that serves,
 * because its buffer may be another one at its next call. All of this of a process's first socket calls, and
 * then only from the first call on that a thread makes which serves nobody: a process without such has no use
 * for it, and it is most of what the reader costs.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "lib/emit.bpf.h"
#include "lib/strand.bpf.h"
#include "lib/user.bpf.h"

#define PTHREAD_KEYS 784 /* struct pthread.specific_1stblock; the same in every glibc since 2.3.4 */
#define KEYS_MAX     32 /* the first block of keys; the virtual machine's is among the first */
#define KEY_SZ       16 /* struct pthread_key_data { seq, data } */
#define KEY_DATA     8

static __always_inline __u64 thread_under(const struct runtime *rt, __u64 fs, __u32 key)
{
	__u64 thread = user_word(fs + PTHREAD_KEYS + key * KEY_SZ + KEY_DATA), os;

	if (!thread)
		return 0;
	os = user_word(thread + rt->off[JAVA_OSTHREAD]);
	return os && user_word(os + rt->off[JAVA_PTHREAD]) == fs ? thread : 0;
}

static __always_inline __u64 find_thread(struct proc *proc, __u64 fs)
{
	const struct runtime *rt = &proc->runtime;
	__u64 thread;
	__u32 key;

	if (proc->learned.key)
		return thread_under(rt, fs, proc->learned.key - 1);
	for (key = 0; key < KEYS_MAX; key++) {
		thread = thread_under(rt, fs, key);
		if (!thread)
			continue;
		proc->learned.key = key + 1;
		return thread;
	}
	return 0;
}

static __always_inline __u64 object_of(__u64 thread, __u32 handle)
{
	return user_word(user_word(thread + handle));
}

/* Some thread works for others than it serves, or that is not known yet: what is made for the first requests counts. */
static __always_inline bool may_lend(const struct proc *proc)
{
	return proc->runtime.off[JAVA_BUFFER] &&
	       (proc->learned.lends || proc->learned.calls < JAVA_LENDS_TRIAL);
}

struct java_buffer {
	__u64 start, top, other, end;
};

static __always_inline bool heap_read(struct ev_heap *e, const struct runtime *rt, __u64 thread)
{
	struct java_buffer b;

	if ((__u8)user_word(rt->at[JAVA_COLLECTING]) ||
	    bpf_probe_read_user(&b, sizeof(b), (void *)(thread + rt->off[JAVA_BUFFER])))
		return false;
	if (b.start > b.top || b.top > b.end) /* another thread's, which is just given a new one */
		return false;
	e->start = b.start;
	e->top = b.top;
	e->end = b.end;
	e->heap_start = rt->at[JAVA_HEAP_START];
	e->heap_end = rt->at[JAVA_HEAP_END];
	e->object = e->stack = 0;
	e->collections = user_word(rt->at[JAVA_COLLECTIONS]);
	e->len = 0;
	return true;
}

/* NULL: no room, or objects are just being moved. Then the next one says what was missed before this. */
static __always_inline struct ev_heap *heap_begin(struct task_state *t, const struct runtime *rt,
						  __u64 thread, const __u32 room)
{
	struct ev_heap *e = emit_reserve_by(t, sizeof(*e) + room);

	if (e && heap_read(e, rt, thread)) {
		e->missed = t->moved.missed | t->missed_unlooked;
		t->missed_unlooked = 0;
		return e;
	}
	t->missed_unlooked |= t->moved.missed;
	if (e)
		bpf_ringbuf_discard(e, BPF_RB_NO_WAKEUP);
	return NULL;
}

static __always_inline void heap_submit(struct ev_heap *e)
{
	emit_header(&e->hdr, EV_HEAP, sizeof(*e) + e->len);
	emit_submit(e);
}

/*
 * The address behind the part of a stack that is of interest: what a pool's worker was given is at its outer end, which
 * its descriptor `fs` tells; what a loop works off is near the call that it makes.
 */
static __always_inline __u64 stack_end(const struct task_state *t, __u64 fs)
{
	__u64 end = fs - JAVA_STACK_SKIP, frame, sp;

	if (!t->polls || !task_user_frame(&frame, &sp) || sp + JAVA_STACK_MAX > end)
		return end;
	return sp + JAVA_STACK_MAX;
}

static __noinline int tell_stack(struct task_state *t, const struct runtime *rt, __u64 thread,
				 __u64 end)
{
	struct ev_heap *e = heap_begin(t, rt, thread, JAVA_STACK_MAX);

	if (!e)
		return 0;
	e->thread = e->strand = t->moved.strand;
	e->stack = end;
	if (!bpf_probe_read_user(e->words, JAVA_STACK_MAX, (void *)(e->stack - JAVA_STACK_MAX)))
		e->len = JAVA_STACK_MAX;
	heap_submit(e);
	return 0;
}

static __noinline int tell_heap(struct task_state *t, const struct runtime *rt, __u64 thread,
				__u64 object)
{
	struct ev_heap *e = heap_begin(t, rt, thread, 0);

	if (!e)
		return 0;
	strand_self(&e->thread);
	e->strand = t->moved.strand;
	e->object = object;
	heap_submit(e);
	return 0;
}

__hidden int java_woken(struct proc *proc, struct task_struct *task, struct task_state *t)
{
	const struct runtime *rt = &proc->runtime;
	struct ev_heap *e;
	__u64 thread;

	if (!may_lend(proc) || !proc->learned.key)
		return 0;
	thread = thread_under(rt, thread_pointer_of(task), proc->learned.key - 1);
	e = thread ? heap_begin(t, rt, thread, 0) : NULL;
	if (!e)
		return 0;
	strand_of(task, &e->thread);
	e->strand = e->thread;
	heap_submit(e);
	return 0;
}

/* Which virtual thread runs; *ret_object is 0 if none does. */
static __always_inline enum strand_reading
read_virtual(struct strand *ret_strand, const struct runtime *rt, __u64 thread, __u64 *ret_object)
{
	__u64 running, number;

	*ret_object = 0;
	if (!rt->off[JAVA_VTHREAD])
		return STRAND_COARSE;
	running = object_of(thread, rt->off[JAVA_VTHREAD]);
	if (!running)
		return STRAND_UNPROVEN;
	if (running == object_of(thread, rt->off[JAVA_OBJECT]))
		return STRAND_COARSE;
	number = rt->off[JAVA_OWNER] ? user_word(thread + rt->off[JAVA_OWNER])
				     : user_word(running + rt->off[JAVA_TID]);
	if (!number)
		return STRAND_UNPROVEN;
	ret_strand->id = number;
	ret_strand->gen = ids_self() >> 32;
	ret_strand->kind = STRAND_VIRTUAL;
	*ret_object = running;
	return STRAND_SELF;
}

/* A call by a thread that serves nobody may be for others; who has long made none hardly ever does. */
static __always_inline void note_lending(const struct task_state *t, struct proc *proc,
					 enum call_kind kind)
{
	if (call_acts(kind) && !t->serving)
		proc->learned.lends = 1;
	else if (proc->learned.calls < JAVA_LENDS_TRIAL)
		proc->learned.calls++;
}

/* There are no virtual threads, and it makes no call that could be for others. */
static __always_inline bool has_nothing_to_tell(const struct task_state *t, const struct proc *proc)
{
	return !proc->runtime.off[JAVA_VTHREAD] && !may_lend(proc) &&
	       (t->moved.dir == DIR_RX || t->serving);
}

__hidden enum strand_reading strand_java(struct task_state *t, struct proc *proc,
					 enum call_kind kind)
{
	const struct runtime *rt = &proc->runtime;
	__u64 fs, thread, object;
	enum strand_reading got;

	if (has_nothing_to_tell(t, proc))
		return STRAND_COARSE;
	fs = task_thread_pointer();
	thread = find_thread(proc, fs);
	if (!thread) /* a thread of C code, or not Java's: it has no virtual threads */
		return STRAND_COARSE;
	got = read_virtual(&t->moved.strand, rt, thread, &object);
	note_lending(t, proc, kind);
	if (!may_lend(proc) || got == STRAND_UNPROVEN)
		return got;
	if (call_acts(kind) && got == STRAND_COARSE && (!t->serving || t->polls))
		tell_stack(t, rt, thread, stack_end(t, fs));
	else
		tell_heap(t, rt, thread, object);
	return got;
}
