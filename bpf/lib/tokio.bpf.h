/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A task of tokio's in memory, and what is remembered of it:
 *
 *	task: state, next, table, owner, ..., number, future, ...
 *	                   table: functions, places of trailer, scheduler, number
 */
#ifndef BPF_LIB_TOKIO_H
#define BPF_LIB_TOKIO_H

#include "lib/task.bpf.h"
#include "lib/user.bpf.h"

/* A task's header, and what its table says; the same since tokio 1.24. */
#define TASK_SHIFT   7 /* what it is aligned to, as a power of two */
#define TASK_TABLE   16
#define TASK_FUTURE  48 /* not before it */
#define TABLE_PLACES 7 /* words before them: functions, the first of which polls */
enum { AT_TRAILER, AT_SCHEDULER, AT_NUMBER, PLACES_CNT };
#define RUNNING    1
#define JOIN_WAKER 16

#define ADDRESS_MIN 65536
#define ADDRESS_MAX (1ULL << 47)
#define WORD        sizeof(__u64)
#define WORD_SHIFT  3

/*
 * The address of something that is aligned to 2^shift bytes? Asked in one comparison, what is not aligned being
 * rotated beyond every address: the verifier walks what follows a branch for each of its ways.
 */
static __always_inline bool aligned(__u64 address, int shift)
{
	return (address >> shift | address << (64 - shift)) - (ADDRESS_MIN >> shift) <
	       (ADDRESS_MAX - ADDRESS_MIN) >> shift;
}

static __always_inline bool plausible(__u64 address)
{
	return aligned(address, WORD_SHIFT);
}

#define PROGRAM_SPAN (1ULL << 28) /* what belongs to one program is this near to each other */

static __always_inline bool of_one_program(__u64 a, __u64 b)
{
	return a - b + PROGRAM_SPAN < 2 * PROGRAM_SPAN;
}

/* A table of four functions, in the program that this function is of. */
static __always_inline bool are_wakers(__u64 table, __u64 function)
{
	__u64 at[4];

	if (!of_one_program(table, function) || bpf_probe_read_user(at, sizeof(at), (void *)table))
		return false;
	return of_one_program(at[0], function) && of_one_program(at[1], function) &&
	       of_one_program(at[2], function) && of_one_program(at[3], function);
}

__u64 tokio_number(__u64 task); /* 0: there is none at that address */

static __always_inline __u64 place_of(__u64 task, __u32 which)
{
	return user_word(user_word(task + TASK_TABLE) + (TABLE_PLACES + which) * WORD);
}

static __always_inline struct tokio_id id_of(__u64 number)
{
	return (struct tokio_id){ .number = number, .tgid = bpf_get_current_pid_tgid() >> 32 };
}

static __always_inline struct tokio_task *row_find(__u64 number)
{
	struct tokio_id id = id_of(number);

	return bpf_map_lookup_elem(&tokio_tasks, &id);
}

/* Made when there is none. */
static __always_inline struct tokio_task *row_of(__u64 number)
{
	struct tokio_task *row = row_find(number), fresh = {};
	struct tokio_id id = id_of(number);

	if (row)
		return row;
	bpf_map_update_elem(&tokio_tasks, &id, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&tokio_tasks, &id);
}

/* strand_tokio_waits.bpf.c: who waits for a task. */
enum { CHANNEL_NONE, CHANNEL_LIKELY, CHANNEL_PROVEN, CHANNEL_OVER };

/* Looks for the channel in which somebody waits for the task to answer: a CHANNEL_*; who waits is t->tokio.likely. */
int tokio_channel(__u64 task);
/* Who waits in the channel that was found; 0: nobody, or not to be told. */
__u64 tokio_answers(__u64 task, int how);
__u64 tokio_joins(__u64 task); /* who waits for the task to end */
/* strand_tokio_sets.bpf.c: if t->tokio.table is a set's, both name a member of it; who waits for that, 0: not known. */
__u64 tokio_set(__u64 task, __u64 waits);

#endif
