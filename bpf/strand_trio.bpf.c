/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPython's trio: the task that runs is a variable of the function that is the loop, and says itself who waits for it:
 *
 *	unrolled_run(runner, ...): task -> Nursery -> the task that opened it -> Nursery -> ...
 *
 * A nursery is not left before all that was started in it is over, so whoever opened it waits, or will. A task keeps
 * what it has in slots, sorted by name: they are known by what they hold. The context of the task must be the one that
 * the thread runs in.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "lib/asyncio.bpf.h"

#define NAME_OF_NURSERY 0x007972657372754e /* "Nursery", all of it */
#define NAME_OF_RUNNER  0x0072656e6e7552 /* "Runner", with its end: */
#define NAME_OF_TASK    0x006b736154 /* "Task" */
#define RUNNER_MASK     0xffffffffffffff
#define TASK_MASK       0xffffffffff

#define SLOTS_FROM 2 /* words of an object before them */
#define SLOTS_MAX  24
#define LOCALS_MAX \
	32 /* of the loop: the task is its 14th, by the order in which they are first named */
#define ATTRIBUTES_MAX 8 /* of a nursery; the task is its first */

/* The word is one of the object's own. Asked of what was found: before, the verifier would walk on for every length. */
static __always_inline bool inside(__u64 object, __u32 word)
{
	return word < user_word(user_word(object + TYPE) + TYPE_SIZE) / WORD;
}

/* Which word of a task holds the context; 0: none does. */
int trio_context_slot(__u64 task, __u64 context)
{
	__u32 i;

	for (i = SLOTS_FROM; i < SLOTS_MAX; i++) {
		if (user_word(task + i * WORD) == context)
			return inside(task, i) ? i : 0;
	}
	return 0;
}

/* Is that the task that runs? Then it is t->py.trio. */
int trio_runs(__u64 object)
{
	struct task_state *t = task_known();
	struct py_search *s;

	if (!t || !object || object & (WORD - 1))
		return 0;
	s = &t->py;
	if (!s->context || (type_name(object) & TASK_MASK) != NAME_OF_TASK)
		return 0;
	if (!s->trio_context || user_word(object + s->trio_context) != s->context)
		s->trio_context = trio_context_slot(object, s->context) * WORD;
	if (!s->trio_context)
		return 0;
	s->trio = object;
	return 1;
}

/* The variable of the loop in which the task is stays where it is as long as the loop does. */
static __always_inline bool in_variables(struct py_search *s, __u64 variables)
{
	__u32 i;

	for (i = 0; i < LOCALS_MAX; i++) {
		if (!trio_runs(user_word(variables + i * WORD)))
			continue;
		s->trio_variable = variables + i * WORD;
		return true;
	}
	return false;
}

/* Is the function the loop? Then the task that runs is t->py.trio. */
int trio_function(__u64 frame)
{
	struct task_state *t = task_known();
	__u64 variables;

	if (!t)
		return 0;
	variables = frame + t->py.off[PYTHON_LOCALS];
	if ((type_name(user_word(variables)) & RUNNER_MASK) != NAME_OF_RUNNER)
		return 0;
	return in_variables(&t->py, variables);
}

int trio_stands(void)
{
	struct task_state *t = task_known();

	if (!t)
		return 0;
	t->py.trio = 0;
	return t->py.trio_variable && trio_runs(user_word(t->py.trio_variable));
}

int trio_in_functions(void)
{
	struct task_state *t = task_known();
	__u32 level;

	if (!t)
		return 0;
	for (level = 1; level <= OUTERMOST_MAX && level <= t->py.depth; level++) {
		if (trio_function(t->py.frames[(t->py.depth - level) & (PY_FRAMES_MAX - 1)]))
			return 1;
	}
	return 0;
}

/* Is that a nursery? */
int trio_is_nursery(__u64 object)
{
	return object && type_name(object) == NAME_OF_NURSERY;
}

/* Which word of a task holds the nursery that it was started in; 0: none. One that it will be handed to is before. */
int trio_nursery_slot(__u64 task)
{
	__u32 i;

	for (i = SLOTS_MAX - 1; i >= SLOTS_FROM; i--) {
		if (trio_is_nursery(user_word(task + i * WORD)) && inside(task, i))
			return i;
	}
	return 0;
}

static __always_inline __u64 nursery_of(struct py_search *s, __u64 task)
{
	__u64 nursery = s->trio_nursery ? user_word(task + s->trio_nursery) : 0;

	if (trio_is_nursery(nursery))
		return nursery;
	s->trio_nursery = trio_nursery_slot(task) * WORD;
	return s->trio_nursery ? user_word(task + s->trio_nursery) : 0;
}

/* The task that opened the nursery that the task was started in; 0: nobody did. */
__u64 trio_opener(__u64 task)
{
	struct task_state *t = task_known();
	__u64 attributes, nursery, value;
	__u32 i;

	nursery = t ? nursery_of(&t->py, task) : 0;
	if (!nursery)
		return 0;
	attributes = py_attributes(nursery);
	for (i = 0; i < ATTRIBUTES_MAX; i++) {
		value = attribute(attributes, i);
		if (value && user_word(value + TYPE) == user_word(task + TYPE))
			return value;
	}
	return 0;
}

/* The contexts of those who wait for the task that runs. */
int trio_climb(void)
{
	struct task_state *t = task_known();
	__u64 task;
	__u32 i;

	if (!t)
		return 0;
	task = trio_opener(t->py.trio);
	for (i = 0; i < AWAITING_MAX && task; i++) {
		t->py.contexts[i] = user_word(task + t->py.trio_context);
		t->py.cnt = i + 1;
		task = trio_opener(task);
	}
	return 0;
}
