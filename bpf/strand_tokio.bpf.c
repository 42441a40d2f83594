/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tokio: the task that the calling thread polls, and for whom.
 *
 * Every task has a number, and while a thread polls one a thread-local variable holds that number. Where the
 * variable is, differs from program to program. But whoever polls has a Waker of the task on the stack, and
 * that leads to the task itself, which knows its number:
 *
 *	stack: ... waker (its functions, task) ...
 *
 * So the first calls find out which thread-local word always holds the number of the task on the stack.
 *
 * hyper's server reads a request and writes its response in one task, the connection's, which also polls the
 * handler. Its client sends from another, and so does a worker that takes jobs from a channel: then who waits for
 * that one is looked for, over a few tasks (strand_tokio_waits.bpf.c).
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "lib/strand.bpf.h"
#include "lib/tokio.bpf.h"

#define NUMBER_MAX  128 /* where in a task its number can be */
#define TRAILER_MAX (1 << 20)
#define STACK_CHUNKS \
	58 /* of what is above who polls: 6.5 KiB, of which tokio's own frames take less than 5 */
#define LOCAL_CHUNKS 16 /* of thread-local variables: 2 KiB */
#define TRUSTED      8 /* tasks of which the same word held the number */
#define HOPS         3 /* a client's task, one that was started for the call, a worker */

__u64 tokio_number(__u64 task)
{
	__u64 table, at[PLACES_CNT];

	if (!aligned(task, TASK_SHIFT))
		return 0;
	table = user_word(task + TASK_TABLE);
	if (!plausible(table) ||
	    bpf_probe_read_user(at, sizeof(at), (void *)(table + TABLE_PLACES * WORD)))
		return 0;
	if (at[AT_NUMBER] % WORD || at[AT_NUMBER] > NUMBER_MAX ||
	    at[AT_SCHEDULER] >= at[AT_NUMBER] || at[AT_TRAILER] <= at[AT_NUMBER] ||
	    at[AT_TRAILER] > TRAILER_MAX)
		return 0;
	return user_word(task + at[AT_NUMBER]);
}

int tokio_reads(__u64 number)
{
	const struct tokio_task *row = row_find(number);

	return row && row->reads;
}

/* A word of the stack with those around it: is it in a waker of a task that is being polled? */
int tokio_polled(__u64 task, __u64 before, __u64 after)
{
	struct task_state *t = task_known();
	struct tokio_search *s;
	__u64 number, function;

	if (!t || !(user_word(task) & RUNNING))
		return 0;
	s = &t->tokio;
	number = tokio_number(task);
	if (!number || (s->number && number != s->number))
		return 0;
	/* Where the worker threads run is a task, too, one that may block. */
	if (!s->number && place_of(task, AT_NUMBER) - place_of(task, AT_SCHEDULER) != WORD)
		return 0;
	function = user_word(user_word(task + TASK_TABLE));
	if (are_wakers(before, function)) {
		s->waker = before;
		s->turned = 0;
	} else if (are_wakers(after, function)) {
		s->waker = after;
		s->turned = 1;
	} else {
		return 0;
	}
	s->task = task;
	return 1;
}

/* The search of the calling thread, with the words at that address; NULL: they cannot be read. */
static __always_inline struct tokio_search *words_at(__u64 at)
{
	struct task_state *t = task_self();

	if (!t || bpf_probe_read_user(t->tokio.words, sizeof(t->tokio.words), (void *)at))
		return NULL;
	return &t->tokio;
}

int tokio_stack_words(__u64 at)
{
	struct tokio_search *s = words_at(at);
	int i;

	if (!s)
		return 0;
	for (i = 1; i < TOKIO_WORDS - 1; i++) {
		__u64 word = s->words[i];

		if (aligned(word, TASK_SHIFT))
			tokio_polled(word, s->words[i - 1], s->words[i + 1]);
	}
	return 0;
}

/* The task with that number, which the thread polls; 0: any, the innermost. */
__u64 tokio_on_stack(__u64 number)
{
	__u64 fp, sp, at = task_stack_top();
	struct task_state *t = task_self();
	int i;

	if (!t || !task_user_frame(&fp, &sp))
		return 0;
	t->tokio.number = number;
	t->tokio.task = 0;
	for (i = 0; i < STACK_CHUNKS && at > sp && !(number && t->tokio.task); i++) {
		at -= (TOKIO_WORDS - 2) * WORD;
		tokio_stack_words(at);
	}
	return t->tokio.task;
}

/* The task that is polled under that number, and the table of tokio's wakers. */
static __always_inline __u64 polled(struct tokio_search *s, struct tokio_task *row, __u64 number)
{
	if (row->task && tokio_number(row->task) == number) {
		s->waker = row->waker;
		s->turned = row->turned;
		return row->task;
	}
	row->task = tokio_on_stack(number);
	row->waker = s->waker;
	row->turned = s->turned;
	row->place = 0;
	return row->task;
}

/* Number of the task that reads requests and waits for this one, perhaps through others; 0: none. */
static __always_inline __u64 waits_for(__u64 task)
{
	__u64 number, joins;
	int i;

	for (i = 0; i < HOPS && task; i++) {
		joins = tokio_set(task, tokio_joins(task));
		number = tokio_number(joins);
		if (tokio_reads(number))
			return number;
		task = tokio_set(task, tokio_answers(task, tokio_channel(task)));
		if (!task)
			task = joins;
		number = tokio_number(task);
		if (tokio_reads(number))
			return number;
	}
	return 0;
}

static __always_inline __u64 who_waits(__u64 number)
{
	struct task_state *t = task_self();
	struct tokio_task *row = row_of(number);
	__u64 task, cause;

	if (!t || !row)
		return 0;
	task = polled(&t->tokio, row, number);
	cause = task ? waits_for(task) : 0;
	row->open = !cause;
	return cause;
}

int tokio_local_words(__u64 at, __u64 number)
{
	struct tokio_search *s = words_at(at);
	int i;

	if (!s)
		return 0;
	for (i = TOKIO_WORDS - 1; i >= 0; i--) {
		if (s->words[i] == number)
			return TOKIO_WORDS - i;
	}
	return 0;
}

/* In bytes below the thread pointer, where the number is; beyond those that were tried before. */
static __always_inline __u32 local_of(__u64 number, __u32 beyond)
{
	__u64 at = task_thread_pointer() - beyond;
	int i, got;

	for (i = 0; i < LOCAL_CHUNKS; i++) {
		at -= TOKIO_WORDS * WORD;
		got = tokio_local_words(at, number);
		if (got)
			return task_thread_pointer() - at - (TOKIO_WORDS - got) * WORD;
	}
	return 0;
}

/* Number of the task that the thread polls, if it is where those before it had theirs; 0: it polls none. */
__u64 tokio_learn(__u32 place)
{
	__u32 tgid = ids_self() >> 32;
	struct proc *proc = bpf_map_lookup_elem(&procs, &tgid);
	__u64 number;

	number = tokio_number(tokio_on_stack(0));
	if (!proc || !number)
		return 0;
	if (place && user_word(task_thread_pointer() - place) == number) {
		proc->learned.agreed += (__u32)number != proc->learned.last;
		proc->learned.last = number;
		return number;
	}
	place = local_of(number, place);
	proc->learned.place = place;
	proc->learned.agreed = 0;
	return place ? number : 0;
}

__hidden enum strand_reading strand_tokio(struct strand *ret_strand, struct proc *proc,
					  enum call_kind kind)
{
	__u32 place = proc->learned.place;
	struct tokio_task *row;
	__u64 number, cause;

	number = proc->learned.agreed < TRUSTED ? tokio_learn(place)
						: user_word(task_thread_pointer() - place);
	if (!number)
		return STRAND_COARSE;
	*ret_strand = (struct strand){ number, ids_self() >> 32, STRAND_POLLED };
	row = kind == CALL_HEARS ? row_of(number) : row_find(number);
	if (row && kind == CALL_HEARS)
		row->reads = 1;
	if ((row && row->reads) || !(call_acts(kind) || (kind == CALL_HEARD && row && row->open)))
		return STRAND_SELF;
	cause = who_waits(number);
	if (!cause)
		return STRAND_SELF;
	ret_strand->id = cause;
	return STRAND_AWAITED;
}
