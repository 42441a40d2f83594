/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who waits for one of several (a JoinSet, FuturesUnordered). Such a set gives each of its members a waker of its own,
 * and has the waker of who waits:
 *
 *	waker: functions, member	member: ... set ...	set: owners, ..., waker of who waits, ...
 *
 * Nothing says where in a member the set is, and where in that the waker: those places are believed that led to
 * somebody in one member after the other.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "lib/tokio.bpf.h"

#define MEMBER_CHUNKS 24 /* 3 KB: behind what the member is made of */
#define OWNERS_MAX    (1 << 24)
#define SETS_SURE \
	4 /* that were found in the same word, until it is believed, and nothing else looked at */
#define VAIN_MAX 64 /* searches in vain, after which wakers of that kind are no set's */

/* The memory there has several owners and the waker of a task: that becomes `found`. */
int tokio_set_at(__u64 at)
{
	struct task_state *t = task_known();
	struct tokio_search *s;
	int i;

	if (!t || !plausible(at))
		return 0;
	s = &t->tokio;
	if (bpf_probe_read_user(s->set, sizeof(s->set), (void *)at) ||
	    s->set[0] - 1 >= OWNERS_MAX || s->set[1] - 1 >= OWNERS_MAX)
		return 0;
	for (i = 2; i < TOKIO_WORDS - 1; i++) {
		__u64 waits = s->set[i + !s->turned];

		if (s->set[i + (s->turned & 1)] != s->waker || waits == s->task ||
		    !tokio_number(waits))
			continue;
		s->several |= s->found && s->found != waits;
		s->found = waits;
		s->word = i;
		return 1;
	}
	return 0;
}

/* Looks at what the words of a member point to. Nonzero: the memory ends. */
int tokio_member_words(__u64 at)
{
	struct task_state *t = task_known();
	int i;

	if (!t || bpf_probe_read_user(t->tokio.words, sizeof(t->tokio.words), (void *)at))
		return 1;
	for (i = 0; i < TOKIO_WORDS; i++) {
		if (tokio_set_at(t->tokio.words[i]) && !t->tokio.place)
			t->tokio.place = at + i * WORD;
	}
	return 0;
}

/* Looks in the member for what leads to a task, as far as the first words that do; `place` is where. */
static __always_inline bool find_place(struct tokio_search *s, __u64 member)
{
	__u64 at = member;
	int i;

	s->several = s->place = 0;
	for (i = 0; i < MEMBER_CHUNKS && !s->found && !tokio_member_words(at); i++)
		at += TOKIO_WORDS * WORD;
	return s->found && !s->several;
}

/* Where it was seen in one member after the other, the address of the set is, and in that the waker. */
static __always_inline void note_place(struct tokio_task *kind, __u32 place, __u32 word)
{
	kind->jobs = kind->serves == place && kind->place == word ? kind->jobs + 1 : 1;
	kind->serves = place;
	kind->place = word;
	kind->vain = 0;
}

__u64 tokio_set(__u64 task, __u64 waits)
{
	struct task_state *t = task_self();
	struct tokio_task *kind;
	struct tokio_search *s;

	if (!t || !waits || t->tokio.table == t->tokio.waker)
		return waits;
	s = &t->tokio;
	kind = plausible(waits) && are_wakers(s->table, s->waker) ? row_of(s->table) : NULL;
	if (!kind)
		return 0;
	s->task = task;
	s->found = 0;
	if (kind->jobs < SETS_SURE && kind->vain < VAIN_MAX) {
		kind->vain++;
		if (find_place(s, waits))
			note_place(kind, s->place - waits, s->word);
	}
	if (kind->jobs < SETS_SURE)
		return 0;
	s->found = 0;
	/* While the set has no waker, another one may lie behind it. */
	if (!tokio_set_at(user_word(waits + kind->serves)) || s->word != kind->place)
		return 0;
	return s->found;
}
