/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who waits for a task of tokio's.
 *
 * Whoever caused a call that another task makes waits for a one-shot channel, and whoever will answer has that among
 * what its future is made of:
 *
 *	future of the caller: ... channel ...      channel: 2 (both ends are alive), 1, ...,
 *	                                                    waker of the caller, waker of who waits, ...
 *
 * A client of hyper's has left its own waker there, which is the proof. A worker has not; the channel's state
 * behind the waker then says that somebody waits. But a future also has words that are not in use, and what they
 * once pointed to may be another's channel by now. So that is believed only of kinds of tasks that were seen to
 * have the channel of one job after the other in the same word. Where a channel was found is looked at first from
 * then on. Who waits for a task to end has a waker behind the future. Where a waker is a set's, strand_tokio_sets.bpf.c
 * tells who waits for that.
 *
 * struct tokio_search says which task it is, and where tokio's wakers are.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "lib/tokio.bpf.h"

/* State of a one-shot channel: who receives has left a waker; and so has who sends, for that one to go. */
#define WAITED     1
#define BOTH_LEFT  9
#define STATE_OVER 6 /* the answer is there, or no longer wanted */

#define FUTURE_CHUNKS 10 /* 1.3 KiB of a future; hyper's client has its channel at 600 bytes */
#define BOXES         3 /* words of a future that may point to another one */
#define CHANNEL_STEPS 6 /* 32 words; of hyper's answer the wakers are the first */
#define STEP          5 /* words; four more belong to what may begin in the last */
#define POINTERS_MAX  384 /* that one search follows */
#define TRAILER_WORDS 3 /* where a waker may begin: two words are of a list */
#define JOBS_SURE     3 /* that were found in the same word, until it is believed */
#define VAIN_MAX      16 /* searches in vain, after which a task is one that nobody waits for */

/* In the place of a waker that was not left is what was there before: maybe that of another call. */
static __always_inline bool both_left(__u64 state)
{
	return (state & ~STATE_OVER) == BOTH_LEFT;
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
		if (tasks[0] == s->task && (both_left(w[4]) || (i && both_left(w[-1])))) {
			s->found = tasks[2];
			s->table = wakers[2];
			return CHANNEL_PROVEN;
		}
		if (tasks[0] != s->task && w[2] == WAITED) {
			s->found = tasks[0];
			s->table = s->waker;
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
		s->table = s->block[i + (s->turned & 1)];
		if (s->table == s->waker || are_wakers(s->table, s->waker))
			return s->block[i + !s->turned];
	}
	return 0;
}
