/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tokio: the task that the calling thread polls, and for whom.
 *
 * Every task has a number, and while a thread polls one a thread-local variable holds that number. Where the
 * variable is, differs from program to program. But whoever polls has a Waker of the task on the stack, and
 * that leads to the task itself, which knows its number:
 *
 *	stack: ... waker (its functions, task) ...      task: state, next, table, owner, ..., number, future, ...
 *	                                                      table: functions, places of trailer, scheduler, number
 *
 * So the first calls find out which thread-local word always holds the number of the task on the stack.
 *
 * hyper's server reads a request and writes its response in one task, the connection's, which also polls the
 * handler. Its client sends from another, and so does a worker that takes jobs from a channel. Whoever caused
 * such a call waits for a one-shot channel, and whoever will answer has that among what its future is made of:
 *
 *	future of the caller: ... channel ...      channel: 2 (both ends are alive), 1, ...,
 *	                                                    waker of the caller, waker of who waits, ...
 *
 * A client of hyper's has left its own waker there, which is the proof. A worker has not; the channel's state
 * behind the waker then says that somebody waits. But a future also has words that are not in use, and what they
 * once pointed to may be another's channel by now. So that is believed only of kinds of tasks that were seen to
 * have the channel of one job after the other in the same word. Where a channel was found is looked at first from
 * then on. Who waits for a task to end has a waker behind the future.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "lib/strand.bpf.h"
#include "lib/user.bpf.h"

/* A task's header, and what its table says; the same since tokio 1.24. */
#define TASK_SHIFT   7 /* what it is aligned to, as a power of two */
#define TASK_TABLE   16
#define TASK_FUTURE  48 /* not before it */
#define NUMBER_MAX   128 /* where it can be */
#define TRAILER_MAX  (1 << 20)
#define TABLE_PLACES 7 /* words before them: functions, the first of which polls */
enum { AT_TRAILER, AT_SCHEDULER, AT_NUMBER, PLACES_CNT };
#define RUNNING    1
#define JOIN_WAKER 16

#define WAITED \
	1 /* state of a one-shot channel: by who receives, and not by who sends for that one to go */

#define PROGRAM_SPAN (1ULL << 28) /* what belongs to one program is this near to each other */
#define ADDRESS_MIN  65536
#define ADDRESS_MAX  (1ULL << 47)
#define WORD         sizeof(__u64)
#define WORD_SHIFT   3
#define STACK_CHUNKS \
	58 /* of what is above who polls: 6.5 KiB, of which tokio's own frames take less than 5 */
#define LOCAL_CHUNKS  16 /* of thread-local variables: 2 KiB */
#define FUTURE_CHUNKS 10 /* 1.3 KiB of a future; hyper's client has its channel at 600 bytes */
#define BOXES         3 /* words of a future that may point to another one */
#define CHANNEL_STEPS 6 /* 32 words; of hyper's answer the wakers are the first */
#define STEP          5 /* words; three more belong to what may begin in the last */
#define TRUSTED       8 /* tasks of which the same word held the number */
#define HOPS          3 /* a client's task, one that was started for the call, a worker */
#define POINTERS_MAX  384 /* that one search follows */
#define TRAILER_WORDS 3 /* where a waker may begin: two words are of a list */
#define JOBS_SURE     3 /* that were found in the same word, until it is believed */
#define VAIN_MAX      16 /* searches in vain, after which a task is one that nobody waits for */

enum { CHANNEL_NONE, CHANNEL_LIKELY, CHANNEL_PROVEN, CHANNEL_OVER };

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

/* Number of the task; 0: there is none at that address. */
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

int tokio_reads(__u64 number)
{
	const struct tokio_task *row = row_find(number);

	return row && row->reads;
}

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

int tokio_stack_words(__u64 at)
{
	struct task_state *t = task_self();
	struct tokio_search *s;
	int i;

	if (!t)
		return 0;
	s = &t->tokio;
	if (bpf_probe_read_user(s->words, sizeof(s->words), (void *)at))
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

/* What the words of a channel say; `found` becomes the task that waits. */
int tokio_channel_words(__u64 at)
{
	struct task_state *t = task_known();
	struct tokio_search *s;
	int i;

	if (!t)
		return CHANNEL_OVER;
	s = &t->tokio;
	if (bpf_probe_read_user(s->block, sizeof(s->block), (void *)at))
		return CHANNEL_OVER;
	for (i = 0; i < STEP; i++) {
		const __u64 *w = s->block + i, *wakers = w + (s->turned & 1),
			    *tasks = w + !s->turned;

		if (w[0] == 2 && w[1] == 1) /* the next one begins */
			return CHANNEL_OVER;
		if (wakers[0] != s->waker)
			continue;
		if (tasks[0] == s->task && wakers[2] == s->waker) {
			s->found = tasks[2];
			return CHANNEL_PROVEN;
		}
		if (tasks[0] != s->task && w[2] == WAITED) {
			s->found = tasks[0];
			return CHANNEL_LIKELY;
		}
	}
	return CHANNEL_NONE;
}

static __always_inline int channel_at(__u64 at)
{
	__u64 alive[2];
	int i, how = CHANNEL_NONE;

	if (bpf_probe_read_user(alive, sizeof(alive), (void *)at) || alive[0] != 2 || alive[1] != 1)
		return CHANNEL_NONE;
	at += sizeof(alive);
	for (i = 0; i < CHANNEL_STEPS && how == CHANNEL_NONE; i++, at += STEP * WORD)
		how = tokio_channel_words(at);
	return how == CHANNEL_OVER ? CHANNEL_NONE : how;
}

/* Who waits in the channel to which the word there points, if it does; it becomes the likely one. */
int tokio_follow(__u64 place)
{
	struct task_state *t = task_self();
	struct tokio_search *s;
	int how;

	if (!t || !t->tokio.left)
		return CHANNEL_NONE;
	s = &t->tokio;
	s->left--;
	how = channel_at(user_word(place));
	if (how == CHANNEL_NONE || (how == CHANNEL_LIKELY && s->boxed))
		return CHANNEL_NONE;
	if (how == CHANNEL_LIKELY && s->how == CHANNEL_LIKELY && s->likely != s->found)
		s->several = 1;
	s->how = how;
	s->likely = s->found;
	s->place = place;
	return how;
}

/* Nonzero: one of the words leads to the channel of which the task is one end, or the memory ends. */
int tokio_words(__u64 at)
{
	struct task_state *t = task_self();
	int i;

	if (!t || bpf_probe_read_user(t->tokio.words, sizeof(t->tokio.words), (void *)at))
		return 1;
	for (i = 0; i < TOKIO_WORDS; i++, at += WORD) {
		if (plausible(t->tokio.words[i]) && tokio_follow(at) == CHANNEL_PROVEN)
			return 1;
	}
	return 0;
}

static __always_inline void search_words(__u64 at, __u64 end)
{
	int i;

	for (i = 0; i < FUTURE_CHUNKS && at < end && !tokio_words(at); i++)
		at += TOKIO_WORDS * WORD;
}

static __always_inline void search_begins(struct tokio_search *s, __u64 task)
{
	s->task = task;
	s->left = POINTERS_MAX;
	s->how = CHANNEL_NONE;
	s->likely = s->place = s->several = s->boxed = 0;
}

/* In what the future is made of, and in what its first words point to: it may be in a box. */
static __always_inline int search(struct tokio_search *s, __u64 task)
{
	__u64 at = task + TASK_FUTURE, end = task + place_of(task, AT_TRAILER), word;
	int i;

	search_begins(s, task);
	search_words(at, end);
	s->boxed = 1;
	for (i = 0; i < BOXES && at < end && s->how != CHANNEL_PROVEN; i++, at += WORD) {
		word = user_word(at);
		if (plausible(word))
			search_words(word, ~0ULL);
	}
	return s->how == CHANNEL_LIKELY && s->several ? CHANNEL_NONE : s->how;
}

/* Another waits than before, in the channel of the same word: the task takes jobs, and so do all of its kind. */
static __always_inline void note_job(struct tokio_task *row, struct tokio_task *kind, __u64 task,
				     __u64 waits)
{
	__u64 number = tokio_number(waits);
	__u32 place = row->place - task;

	if (row->waits && row->waits != number) {
		kind->jobs = kind->serves == place ? kind->jobs + 1 : 1;
		kind->serves = place;
	}
	row->waits = number;
}

/* Looks where the channel was before, then everywhere. */
static __always_inline int find_channel(struct tokio_search *s, struct tokio_task *row, __u64 task)
{
	int how;

	search_begins(s, task);
	how = row->place ? tokio_follow(row->place) : CHANNEL_NONE;
	if (how != CHANNEL_NONE || row->vain > VAIN_MAX)
		return how;
	how = search(s, task);
	row->place = s->place;
	row->vain = how == CHANNEL_NONE ? row->vain + 1 : 0;
	return how;
}

/* Looks for the channel in which somebody waits for the task to answer: a CHANNEL_*; who waits is t->tokio.likely. */
int tokio_channel(__u64 task)
{
	struct tokio_task *row = row_of(tokio_number(task));
	struct tokio_task *kind = row_of(user_word(task + TASK_TABLE));
	struct task_state *t = task_self();

	if (!t || !row || !kind)
		return CHANNEL_NONE;
	if (kind->jobs >= JOBS_SURE)
		row->place = task + kind->serves;
	return find_channel(&t->tokio, row, task);
}

/* Who waits in the channel that was found; 0: nobody, or that cannot be told. */
__u64 tokio_answers(__u64 task, int how)
{
	struct tokio_task *row = row_of(tokio_number(task));
	struct tokio_task *kind = row_of(user_word(task + TASK_TABLE));
	struct task_state *t = task_self();

	if (how == CHANNEL_NONE || !t || !row || !kind)
		return 0;
	if (how == CHANNEL_LIKELY) {
		if (kind->jobs < JOBS_SURE)
			note_job(row, kind, task, t->tokio.likely);
		if (kind->jobs < JOBS_SURE || row->place != task + kind->serves)
			return 0;
	}
	return t->tokio.likely;
}

/* Who waits for the task to end. */
__u64 tokio_joins(__u64 task)
{
	struct task_state *t = task_self();
	struct tokio_search *s;
	int i;

	if (!t || !(user_word(task) & JOIN_WAKER))
		return 0;
	s = &t->tokio;
	if (bpf_probe_read_user(s->block, sizeof(s->block),
				(void *)(task + place_of(task, AT_TRAILER))))
		return 0;
	for (i = 0; i < TRAILER_WORDS; i++) {
		if (s->block[i + (s->turned & 1)] == s->waker)
			return s->block[i + !s->turned];
	}
	return 0;
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
		joins = tokio_joins(task);
		number = tokio_number(joins);
		if (tokio_reads(number))
			return number;
		task = tokio_answers(task, tokio_channel(task));
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
	struct task_state *t = task_self();
	struct tokio_search *s;
	int i;

	if (!t)
		return 0;
	s = &t->tokio;
	if (bpf_probe_read_user(s->words, sizeof(s->words), (void *)at))
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
		proc->runtime.off[TOKIO_AGREED] += (__u32)number != proc->runtime.off[TOKIO_LAST];
		proc->runtime.off[TOKIO_LAST] = number;
		return number;
	}
	place = local_of(number, place);
	proc->runtime.off[TOKIO_PLACE] = place;
	proc->runtime.off[TOKIO_AGREED] = 0;
	return place ? number : 0;
}

__hidden enum strand_reading strand_tokio(struct strand *ret_strand, struct runtime *rt,
					  enum call_kind kind)
{
	__u32 place = rt->off[TOKIO_PLACE];
	struct tokio_task *row;
	__u64 number, cause;

	number = rt->off[TOKIO_AGREED] < TRUSTED ? tokio_learn(place)
						 : user_word(task_thread_pointer() - place);
	if (!number)
		return STRAND_COARSE;
	*ret_strand = (struct strand){ number, ids_self() >> 32, STRAND_POLLED };
	row = kind == CALL_HEARS ? row_of(number) : row_find(number);
	if (row && kind == CALL_HEARS)
		row->reads = 1;
	if ((row && row->reads) || !(kind == CALL_ASKS || (kind == CALL_HEARD && row && row->open)))
		return STRAND_SELF;
	cause = who_waits(number);
	if (!cause)
		return STRAND_SELF;
	ret_strand->id = cause;
	return STRAND_AWAITED;
}
