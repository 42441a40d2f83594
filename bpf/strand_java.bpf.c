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
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

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

static __always_inline __u64 find_thread(struct runtime *rt, __u64 fs)
{
	__u64 thread;
	__u32 key;

	if (rt->off[JAVA_KEY])
		return thread_under(rt, fs, rt->off[JAVA_KEY] - 1);
	for (key = 0; key < KEYS_MAX; key++) {
		thread = thread_under(rt, fs, key);
		if (!thread)
			continue;
		rt->off[JAVA_KEY] = key + 1;
		return thread;
	}
	return 0;
}

static __always_inline __u64 object_of(__u64 thread, __u32 handle)
{
	return user_word(user_word(thread + handle));
}

__hidden enum strand_reading strand_java(struct strand *ret_strand, struct runtime *rt)
{
	__u64 thread, running, number;

	thread = find_thread(rt, task_thread_pointer());
	if (!thread) /* a thread of C code, or not Java's: it has no virtual threads */
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
	ret_strand->gen = bpf_get_current_pid_tgid() >> 32;
	ret_strand->kind = STRAND_VIRTUAL;
	return STRAND_SELF;
}
