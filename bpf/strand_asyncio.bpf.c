/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPython's asyncio: which tasks wait for what the calling thread runs. A call made in a task that a
 * request's own task has started (gather(), a TaskGroup), or in a thread of a pool (to_thread()), is
 * for whoever waits for it: strand_asyncio_waits.bpf.c.
 *
 * What the thread runs is found in the variables of its outermost functions:
 *
 *	an event loop	Handle._run(self): self.context is the thread's, self.callback steps its task
 *	a pool		self.future of a work item, whose callback captured asyncio's future; or, of
 *			anyio, that future itself
 *
 * trio's loop has another: strand_trio.bpf.c. An event loop in C (uvloop) has none. Who steps a task has it on the
 * stack of the thread:
 *
 *	stack: ... task ...	task.context is the thread's, and its type is _asyncio.Task
 *
 * Each is looked for first where it was found before: a loop runs whatever it runs from the same place. All
 * of it is the memory of a thread that holds the interpreter's lock or has just let it go: what does
 * not agree is not believed.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "lib/asyncio.bpf.h"
#include "lib/emit.bpf.h"
#include "lib/strand.bpf.h"

/* The same in CPython 3.9 to 3.13. */
#define STEP_TASK         16 /* in what makes a task's step */
#define HANDLE_CALLBACK   24
#define HANDLE_CONTEXT    40
#define NAME_OF_WORK_ITEM 0x6574496b726f575f /* "_WorkIte" */
#define NAME_OF_MODULE    0x6f69636e7973615f /* "_asyncio", and of what in it: */
#define NAME_OF_TASK      0x006b7361542e /* ".Task", to its end */
#define NAME_OF_TASK_MASK 0xffffffffffff
#define WORK_ITEM_FUTURE  0 /* attributes, in the order in which they are first set */
#define FUTURE_DONE_CALLS 5

#define PROMISES_MAX 16 /* variables that its functions captured, of all together */
#define STACK_WORDS  16 /* read at once, a power of two */
#define STACK_CHUNKS 96 /* of them: 12 KiB below the top of a thread's stack */

/* A variable that is the handle of the task that runs. Nonzero: it is the handle of what runs. */
static __always_inline int is_handle(struct py_search *s, __u64 object)
{
	__u64 callback, task;

	if (!s->context || user_word(object + HANDLE_CONTEXT) != s->context)
		return 0;
	callback = user_word(object + HANDLE_CALLBACK);
	task = user_word(callback + STEP_TASK);
	if (context_of(s, task) != s->context) {
		task = user_word(callback + METHOD_SELF);
		if (context_of(s, task) != s->context)
			task = 0;
	}
	s->running = task;
	return 1;
}

/* A variable that is the work item of a pool. */
static __always_inline int is_work_item(struct py_search *s, __u64 object)
{
	__u64 future, calls;

	if (type_name(object) != NAME_OF_WORK_ITEM)
		return 0;
	future = attribute(py_attributes(object), WORK_ITEM_FUTURE);
	calls = attribute(py_attributes(future), FUTURE_DONE_CALLS);
	if (!future || !calls || !user_word(calls + SEQUENCE_LEN))
		return 0;
	return py_captured(user_word(user_word(calls + LIST_ITEMS)));
}

/* How many variables the function has; what is behind them in its frame is of earlier. */
static __always_inline __u32 variables_of(const struct py_search *s, __u64 frame)
{
	__u32 n = 0;

	bpf_probe_read_user(
		&n, sizeof(n),
		(void *)(user_word(frame + s->off[PYTHON_CODE]) + s->off[PYTHON_CODE_VARS]));
	return n;
}

/* Looks for what the thread runs among the first variables of a function. */
int py_function(__u32 level)
{
	struct task_state *t = task_self();
	struct py_search *s;
	__u64 frame, object;
	__u32 i, n;

	if (!t)
		return 0;
	s = &t->py;
	frame = s->frames[(s->depth - 1 - level) & (PY_FRAMES_MAX - 1)];
	if (bpf_probe_read_user(s->variables, sizeof(s->variables),
				(void *)(frame + s->off[PYTHON_LOCALS])))
		return 0;
	n = variables_of(s, frame);
	for (i = 0; i < PY_VARIABLES && i < n; i++) {
		object = s->variables[i];
		if (!object || object & (sizeof(object) - 1))
			continue;
		if (!i && is_handle(s, object)) {
			s->handle = frame;
			return 1;
		}
		if (py_waiter(object) || is_work_item(s, object))
			return 1;
	}
	return 0;
}

/* The functions that the thread is in, innermost first. */
int py_frames(__u64 state)
{
	struct task_state *t = task_self();
	struct py_search *s;
	__u64 frame;
	__u32 i;

	if (!t)
		return 0;
	s = &t->py;
	if (s->off[PYTHON_CFRAME])
		state = user_word(state + s->off[PYTHON_CFRAME]);
	frame = user_word(state + s->off[PYTHON_FRAME]);
	for (i = 0; i < PY_FRAMES_MAX && frame; i++) {
		s->frames[i] = frame;
		frame = user_word(frame + s->off[PYTHON_PREVIOUS]);
	}
	s->depth = frame ? 0 : i; /* deeper: the outermost is not known */
	return 0;
}

/* Will what runs call a function that has captured what a task waits for? Then that is s->found. */
static __always_inline bool promises(struct py_search *s)
{
	__u32 i, kept = py_promises();

	for (i = 0; i < PROMISES_MAX && i < kept; i++) {
		if (py_awaits(s->frames[i])) {
			s->barren = 0;
			return true;
		}
	}
	return false;
}

/* Where the handle was found last there is one of the task that runs: who has called whom need not be looked at. */
static __always_inline bool handle_stands(struct py_search *s)
{
	return s->handle && is_handle(s, user_word(s->handle + s->off[PYTHON_LOCALS])) &&
	       s->running;
}

/* Is that the task that runs? */
static __always_inline bool is_running(struct py_search *s, __u64 task)
{
	__u64 name;

	if (context_of(s, task) != s->context || type_name(task) != NAME_OF_MODULE)
		return false;
	name = user_word(user_word(task + TYPE) + TYPE_NAME) + sizeof(name);
	if ((user_word(name) & NAME_OF_TASK_MASK) != NAME_OF_TASK)
		return false;
	s->running = task;
	return true;
}

/* Place of the task that runs among some words of the stack, counted from their end; 0: it is not there. */
int py_stack_words(__u64 at)
{
	struct task_state *t = task_self();
	struct py_search *s;
	__u64 word;
	int i;

	if (!t)
		return 0;
	s = &t->py;
	if (bpf_probe_read_user(s->frames, STACK_WORDS * WORD, (void *)at))
		return 0;
	for (i = 1; i <= STACK_WORDS; i++) {
		word = s->frames[STACK_WORDS - i];
		if (word && !(word & (2 * WORD - 1)) && is_running(s, word))
			return i;
	}
	return 0;
}

/* The same of the whole stack, outermost first; where it was is looked at before that. */
int py_on_stack(void)
{
	__u64 top = task_stack_top(), at = top, fp, sp;
	struct task_state *t = task_self();
	int i, place;

	if (!t || !t->py.context || !task_user_frame(&fp, &sp))
		return 0;
	if (t->py.slot && is_running(&t->py, user_word(top - t->py.slot)))
		return 1;
	for (i = 0; i < STACK_CHUNKS && at > sp; i++) {
		at -= STACK_WORDS * WORD;
		place = py_stack_words(at);
		if (!place)
			continue;
		t->py.slot = top - at - (STACK_WORDS - place) * WORD;
		return 1;
	}
	return 0;
}

static __always_inline bool find_in_functions(struct py_search *s)
{
	__u32 level;

	if (s->level < s->depth && py_function(s->level))
		return true;
	for (level = 0; level < OUTERMOST_MAX && level < s->depth; level++) {
		if (!py_function(level))
			continue;
		s->level = level;
		return true;
	}
	return false;
}

/* What the thread runs: a task, in s->running or s->trio, or what the task s->found waits for. */
static __always_inline bool find_running(struct py_search *s, __u64 state)
{
	s->running = s->found = s->trio = 0;
	if (handle_stands(s) || trio_stands())
		return true;
	if (s->slot && py_on_stack())
		return true;
	py_frames(state);
	return find_in_functions(s) || trio_in_functions() || py_on_stack();
}

/* The tasks that wait, one for the other. */
static __always_inline void climb(struct py_search *s, bool asks)
{
	__u64 task = s->found;
	__u32 i;

	if (s->running)
		task = py_awaits(s->running) || py_grouped(s->running) || (asks && promises(s))
			       ? s->found
			       : 0;
	for (i = 0; i < AWAITING_MAX && task; i++) {
		s->contexts[i] = context_of(s, task);
		s->cnt = i + 1;
		task = py_awaits(task) || py_grouped(task) ? s->found : 0;
	}
}

/*
 * When a call is made, and when a response is begun, which a task made for nothing else may do; and, if nobody waits
 * for the thread yet, once more at its next call: a pool may be quicker than who gives it the work.
 */
__hidden void asyncio_tell(const struct runtime *rt, __u64 state, __u64 context,
			   enum call_kind kind)
{
	struct task_state *t = task_self();
	struct ev_awaiting *e;
	bool asks = call_acts(kind);

	if (!t || !rt->off[PYTHON_TASK_CONTEXT] || !(asks || kind == CALL_ANSWERS || t->py.again))
		return;
	t->py.again = 0;
	if (!search_pays(t->py.vain)) {
		t->py.vain++;
		return;
	}
	__builtin_memcpy(t->py.off, rt->off, sizeof(t->py.off));
	t->py.context = context;
	if (!find_running(&t->py, state)) {
		t->py.vain++;
		t->py.again = asks;
		return;
	}
	t->py.vain = 0;
	t->py.cnt = 0;
	__builtin_memset(t->py.contexts, 0, sizeof(t->py.contexts));
	if (t->py.trio)
		trio_climb();
	else
		climb(&t->py, asks);
	if (!t->py.cnt) {
		if (!asks || !t->py.running)
			return;
		t->py.contexts[0] = t->py.running;
	}
	e = emit_reserve_by(t, sizeof(*e));
	if (!e)
		return;
	emit_header(&e->hdr, EV_AWAITING, sizeof(*e));
	strand_self(&e->thread);
	__builtin_memcpy(e->contexts, t->py.contexts, sizeof(e->contexts));
	e->cnt = t->py.cnt;
	emit_submit(e);
}
