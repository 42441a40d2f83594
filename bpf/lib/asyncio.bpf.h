/* SPDX-License-Identifier: GPL-2.0-only */
/* CPython's objects in memory, as far as the tasks and futures of asyncio and trio are made of them. */
#ifndef BPF_LIB_ASYNCIO_H
#define BPF_LIB_ASYNCIO_H

#include "lib/task.bpf.h"
#include "lib/user.bpf.h"

/* The same in CPython 3.9 to 3.13. */
#define TYPE         8
#define SEQUENCE_LEN 16
#define TUPLE_ITEMS  24
#define LIST_ITEMS   24 /* a pointer to them */
#define METHOD_SELF  24
#define TYPE_NAME    24
#define TYPE_SIZE    32

#define WORD     sizeof(__u64)
#define VAIN_MAX 16 /* searches without a result until they become rare */

#define OUTERMOST_MAX 24 /* functions whose variables are looked at */

static __always_inline __u64 context_of(const struct py_search *s, __u64 task)
{
	return user_word(task + s->off[PYTHON_TASK_CONTEXT]);
}

/* How the name of an object's type begins. */
static __always_inline __u64 type_name(__u64 object)
{
	return user_word(user_word(user_word(object + TYPE) + TYPE_NAME));
}

/* An attribute, of those that py_attributes() has found. */
static __always_inline __u64 attribute(__u64 attributes, __u32 i)
{
	return user_word((attributes & ~3ULL) + i * ((attributes & 3) + 1) * WORD);
}

/* After so many in vain? */
static __always_inline bool search_pays(__u64 vain)
{
	return vain < VAIN_MAX || !(vain & (vain - 1));
}

/* strand_asyncio_waits.bpf.c: what they find is in t->py.found. */
int py_waiter(__u64 future);
__u64 py_attributes(__u64 object);
int py_captured(__u64 callback);
int py_awaits(__u64 task);
int py_grouped(__u64 task);
int py_promises(void);

/* strand_trio.bpf.c: the task that runs is t->py.trio. */
int trio_stands(void); /* where it was found before */
int trio_in_functions(void); /* that py_frames() has found */
int trio_climb(void);

#endif
