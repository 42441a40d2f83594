/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPython's asyncio: which tasks wait for what the calling thread runs. A call made in a task that a
 * request's own task has started (gather(), a TaskGroup), or in a thread of a pool (to_thread()), is
 * for whoever waits for it. A task that waits names the future it waits for, and that future calls
 * back the task:
 *
 *	task.fut_waiter -> future        future.callback0 -> (a method of) task: the proof
 *
 * Tasks are futures, too. Where helpers stand between, the future's callback leads to another one
 * that has a task waiting for it: gather() and wait() in what their function captured, wait_for() in
 * the arguments of a partial(), a TaskGroup in the attributes of the bound method's object.
 *
 * A task that nobody waits for may have been given a function to call when it is done: an attribute of the
 * object that it is a method of (Tornado's client), which has captured a future that a task waits for.
 *
 * What the thread runs is found in the variables of its outermost functions:
 *
 *	an event loop	Handle._run(self): self.context is the thread's, self.callback steps its task
 *	a pool		self.future of a work item, whose callback captured asyncio's future; or, of
 *			anyio, that future itself
 *
 * An event loop in C (uvloop) has no such function. Who steps a task has it on the stack of the thread:
 *
 *	stack: ... task ...	task.context is the thread's, and its type is _asyncio.Task
 *
 * Each is looked for first where it was found before: a loop runs whatever it runs from the same place. All
 * of it is the memory of a thread that holds the interpreter's lock or has just let it go: what does
 * not agree is not believed.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "lib/emit.bpf.h"
#include "lib/strand.bpf.h"
#include "lib/user.bpf.h"

/* The same in CPython 3.9 to 3.13. */
#define TYPE             8
#define FUTURE_LOOP      16
#define FUTURE_CALLBACK  24
#define FUTURE_CALLBACKS 40 /* the others, a list of (callback, context) */
#define WAITS_FOR        (-24) /* in a task, from its context */
#define COROUTINE        (-16) /* the same */
#define COROUTINE_FRAME  16 /* a pointer to it, where it is not inside */
#define STEP_TASK        16 /* in what makes a task's step */
#define HANDLE_CALLBACK  24
#define HANDLE_CONTEXT   40
#define SEQUENCE_LEN     16
#define TUPLE_ITEMS      24
#define LIST_ITEMS       24 /* a pointer to them */
#define CELL_CONTENT     16
#define METHOD_SELF      24
#define PARTIAL_ARGS     24
#define OBJECT_DICT      16
#define OBJECT_MANAGED \
	(-24) /* from CPython 3.11 on: the dict, or in 3.12 one more than where the values are */
#define DICT_KEYS         32
#define DICT_VALUES       40 /* 0: they are among the keys */
#define KEYS_SIZE         8 /* of a table of keys: bytes of its index, */
#define KEYS_INDEX        40 /* before what they lead to: hash, key, value; */
#define KEYS_LOG_SIZE     9 /* from 3.11 on their logarithm, */
#define KEYS_LOG_INDEX    32 /* before key, value */
#define OBJECT_VALUES     24 /* where they are inside */
#define TYPE_NAME         24
#define NAME_OF_WORK_ITEM 0x6574496b726f575f /* "_WorkIte" */
#define NAME_OF_GROUP     0x756f72476b736154 /* "TaskGrou" */
#define NAME_OF_FUNCTION  0x6e6f6974636e7566 /* "function", all but its end */
#define NAME_OF_METHOD    0x00646f6874656d /* "method", the whole of it */
#define NAME_MASK         0xffffffffffffff
#define NAME_OF_MODULE    0x6f69636e7973615f /* "_asyncio", and of what in it: */
#define NAME_OF_TASK      0x006b7361542e /* ".Task", to its end */
#define NAME_OF_TASK_MASK 0xffffffffffff
#define WORK_ITEM_FUTURE  0 /* attributes, in the order in which they are first set */
#define FUTURE_DONE_CALLS 5

#define WORD           sizeof(__u64)
#define CELLS_MAX      8 /* variables that a function captured; a power of two */
#define ATTRIBUTES_MAX 12
#define CALLBACKS_MAX  3 /* of a future */
#define PROMISES_MAX   16 /* variables that its functions captured, of all together */
#define OUTERMOST_MAX  24 /* functions whose variables are looked at */
#define VAIN_MAX       16 /* searches without a result until they become rare */
#define STACK_WORDS    16 /* read at once, a power of two */
#define STACK_CHUNKS   96 /* of them: 12 KiB below the top of a thread's stack */

static __always_inline __u64 context_of(const struct py_search *s, __u64 task)
{
	return user_word(task + s->off[PYTHON_TASK_CONTEXT]);
}

static __always_inline __u64 waits_for(const struct py_search *s, __u64 task)
{
	return user_word(task + s->off[PYTHON_TASK_CONTEXT] + WAITS_FOR);
}

/* Callback number n of a future; 0: it has not so many. */
static __always_inline __u64 callback_of(__u64 future, __u32 n)
{
	__u64 list;

	if (!n)
		return user_word(future + FUTURE_CALLBACK);
	list = user_word(future + FUTURE_CALLBACKS);
	if (!list || n > user_word(list + SEQUENCE_LEN))
		return 0;
	list = user_word(list + LIST_ITEMS);
	return user_word(user_word(list + (n - 1) * sizeof(list)) + TUPLE_ITEMS);
}

/* The task that waits for just this future and that the callback wakes; 0: there is none. */
static __always_inline __u64 woken_by(const struct py_search *s, __u64 callback, __u64 future)
{
	__u64 task = user_word(callback + s->off[PYTHON_WAKES]);

	return task && waits_for(s, task) == future ? task : 0;
}

/* Does a task wait for just this future? Then that is t->py.found. */
int py_waiter(__u64 future)
{
	struct task_state *t = task_known();
	__u64 callback;
	__u32 i;

	if (!t)
		return 0;
	t->py.found = 0;
	for (i = 0; i < CALLBACKS_MAX && future && !t->py.found; i++) {
		callback = callback_of(future, i);
		if (!callback)
			return 0;
		t->py.found = woken_by(&t->py, callback, future);
	}
	return !!t->py.found;
}

/* The values of a table of keys, as py_attributes() tells it. */
static __always_inline __u64 among_keys(const struct py_search *s, __u64 keys)
{
	__u8 log_size = 0;

	if (s->off[PYTHON_VALUES] == PYTHON_VALUES_IN_DICT)
		return (keys + KEYS_INDEX + user_word(keys + KEYS_SIZE) + 2 * WORD) | 2;
	bpf_probe_read_user(&log_size, sizeof(log_size), (void *)(keys + KEYS_LOG_SIZE));
	return (keys + KEYS_LOG_INDEX + (1ULL << (log_size & 31)) + WORD) | 1;
}

static __always_inline __u64 in_dict(const struct py_search *s, __u64 dict)
{
	__u64 values = user_word(dict + DICT_VALUES);

	return values ? values : among_keys(s, user_word(dict + DICT_KEYS));
}

/*
 * Where the attributes of an object are; in the two lowest bits, how many words are between them. As many as fit its
 * class are in order and without names; then there is a dict.
 */
__u64 py_attributes(__u64 object)
{
	struct task_state *t = task_known();
	__u64 dict, values;
	__u32 at;

	if (!t)
		return 0;
	at = t->py.off[PYTHON_VALUES];
	if (at == PYTHON_VALUES_IN_DICT)
		return in_dict(&t->py, user_word(object + OBJECT_DICT));
	dict = user_word(object + OBJECT_MANAGED);
	if (at == PYTHON_VALUES_INSIDE)
		return dict && !user_word(dict + DICT_VALUES) ? in_dict(&t->py, dict)
							      : object + OBJECT_VALUES;
	values = at == -OBJECT_MANAGED ? (dict & 1) * (dict + 1) : user_word(object - at);
	return values ? values : in_dict(&t->py, dict);
}

static __always_inline __u64 attribute(__u64 attributes, __u32 i)
{
	return user_word((attributes & ~3ULL) + i * ((attributes & 3) + 1) * WORD);
}

/* What the function that is the callback has captured. */
int py_captured(__u64 callback)
{
	struct task_state *t = task_known();
	__u64 cells, cell, n;
	__u32 i, at;

	if (!t)
		return 0;
	cells = user_word(callback + t->py.off[PYTHON_CLOSURE]);
	n = user_word(cells + SEQUENCE_LEN);
	for (i = 0; i < CELLS_MAX && n && n <= CELLS_MAX; i++) {
		at = (t->py.cell + i) & (CELLS_MAX - 1);
		if (at >= n)
			continue;
		cell = user_word(cells + TUPLE_ITEMS + at * sizeof(cell));
		if (!py_waiter(user_word(cell + CELL_CONTENT)))
			continue;
		t->py.cell = at;
		return 1;
	}
	return 0;
}

/* How the name of an object's type begins. */
static __always_inline __u64 type_name(__u64 object)
{
	return user_word(user_word(user_word(object + TYPE) + TYPE_NAME));
}

/* The object whose method is the callback has a future that a task waits for; a TaskGroup has the task itself. */
int py_owned(__u64 object, __u64 task_type)
{
	struct task_state *t = task_known();
	__u64 attributes, value;
	bool group;
	__u32 i;

	if (!t)
		return 0;
	attributes = py_attributes(object);
	group = type_name(object) == NAME_OF_GROUP;
	for (i = 0; i < ATTRIBUTES_MAX; i++) {
		value = attribute(attributes, i);
		if (!value)
			continue;
		if (group &&
		    user_word(value + TYPE) == task_type) { /* and not who waits for that */
			t->py.found = value;
			return 1;
		}
		if (py_waiter(value))
			return 1;
	}
	return 0;
}

/* Does a callback of the future lead to a task that waits for it? Then that is s->found. */
static __always_inline bool leads(struct py_search *s, __u64 callback, __u64 future)
{
	__u64 self;

	s->found = woken_by(s, callback, future);
	if (s->found || py_captured(callback))
		return true;
	self = user_word(callback + METHOD_SELF);
	if (py_waiter(user_word(self + TUPLE_ITEMS)))
		return true;
	return (type_name(callback) & NAME_MASK) == NAME_OF_METHOD &&
	       py_owned(self, user_word(future + TYPE));
}

/* Does a task wait for the task, perhaps by way of a helper? Then that is t->py.found. */
int py_awaits(__u64 task)
{
	struct task_state *t = task_self();
	__u64 callback;
	__u32 i;

	if (!t)
		return 0;
	for (i = 0; i < CALLBACKS_MAX; i++) {
		callback = callback_of(task, i);
		if (!callback)
			return 0;
		if (leads(&t->py, callback, task))
			return 1;
	}
	return 0;
}

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

/* After so many in vain? */
static __always_inline bool search_pays(__u64 vain)
{
	return vain < VAIN_MAX || !(vain & (vain - 1));
}

static __always_inline bool is_function(struct py_search *s, __u64 object)
{
	if (!s->function && object && type_name(object) == NAME_OF_FUNCTION)
		s->function = user_word(object + TYPE);
	return object && s->function && user_word(object + TYPE) == s->function;
}

/* The frame of the function that the task began with. */
static __always_inline __u64 frame_of(const struct py_search *s, __u64 task)
{
	__u64 coroutine = user_word(task + s->off[PYTHON_TASK_CONTEXT] + COROUTINE);

	return s->off[PYTHON_COROUTINE] ? coroutine + s->off[PYTHON_COROUTINE]
					: user_word(coroutine + COROUTINE_FRAME);
}

/* Keeps what the function has captured. */
static __always_inline void keep_captured(struct py_search *s, __u64 function)
{
	__u64 cells = user_word(function + s->off[PYTHON_CLOSURE]), cell;
	__u64 n = user_word(cells + SEQUENCE_LEN);
	__u32 i;

	for (i = 0; i < CELLS_MAX && i < n && n <= CELLS_MAX; i++) {
		cell = user_word(cells + TUPLE_ITEMS + i * sizeof(cell));
		s->frames[s->kept++ & (PY_FRAMES_MAX - 1)] = user_word(cell + CELL_CONTENT);
	}
}

/*
 * Keeps in t->py.frames what functions have captured that what runs may call in the end; returns how many. What tasks
 * of the same code have often promised nobody is asked rarely.
 */
int py_promises(void)
{
	struct task_state *t = task_known();
	__u64 frame, code, attributes, value;
	struct py_search *s;
	__u32 i;

	if (!t)
		return 0;
	s = &t->py;
	s->kept = 0;
	frame = frame_of(s, s->running);
	code = user_word(frame + s->off[PYTHON_CODE]);
	s->barren_cnt = code == s->barren ? s->barren_cnt + 1 : 0;
	s->barren = code;
	if (!search_pays(s->barren_cnt))
		return 0;
	attributes = py_attributes(user_word(frame + s->off[PYTHON_LOCALS]));
	for (i = 0; i < ATTRIBUTES_MAX; i++) {
		value = attribute(attributes, i);
		if (is_function(s, value))
			keep_captured(s, value);
	}
	return s->kept;
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

/* What the thread runs: a task, in s->running, or what the task s->found waits for. */
static __always_inline bool find_running(struct py_search *s, __u64 state)
{
	s->running = s->found = 0;
	if (handle_stands(s))
		return true;
	if (s->slot && py_on_stack())
		return true;
	py_frames(state);
	return find_in_functions(s) || py_on_stack();
}

/* The tasks that wait, one for the other. */
static __always_inline void climb(struct py_search *s, bool asks)
{
	__u64 task = s->found;
	__u32 i;

	if (s->running)
		task = py_awaits(s->running) || (asks && promises(s)) ? s->found : 0;
	__builtin_memset(s->contexts, 0, sizeof(s->contexts));
	s->cnt = 0;
	for (i = 0; i < AWAITING_MAX && task; i++) {
		s->contexts[i] = context_of(s, task);
		s->cnt = i + 1;
		task = py_awaits(task) ? s->found : 0;
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
	bool asks = kind == CALL_ASKS;

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
	climb(&t->py, asks);
	if (!t->py.cnt)
		return;
	e = emit_reserve(sizeof(*e));
	if (!e)
		return;
	emit_header(&e->hdr, EV_AWAITING, sizeof(*e));
	strand_self(&e->thread);
	__builtin_memcpy(e->contexts, t->py.contexts, sizeof(e->contexts));
	e->cnt = t->py.cnt;
	emit_submit(e);
}
