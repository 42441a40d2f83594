/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPython's asyncio: which task waits for a task or a future. A task that waits names the future it waits for, and that
 * future calls back the task:
 *
 *	task.fut_waiter -> future        future.callback0 -> (a method of) task: the proof
 *
 * Tasks are futures, too. Where helpers stand between, the future's callback leads to another one
 * that has a task waiting for it: gather() and wait() in what their function captured, wait_for() in
 * the arguments of a partial(), a TaskGroup in the attributes of the bound method's object. anyio's has no method but a
 * function that has captured it, and the task in the attributes, or slots, of its CancelScope.
 *
 * A task that nobody waits for may have been given a function to call when it is done: an attribute of the
 * object that it is a method of (Tornado's client), which has captured a future that a task waits for.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "lib/asyncio.bpf.h"

/* The same in CPython 3.9 to 3.13. */
#define FUTURE_CALLBACK  24
#define FUTURE_CALLBACKS 40 /* the others, a list of (callback, context) */
#define WAITS_FOR        (-24) /* in a task, from its context */
#define COROUTINE        (-16) /* the same */
#define COROUTINE_FRAME  16 /* a pointer to it, where it is not inside */
#define CELL_CONTENT     16
#define OBJECT_SLOTS     16
#define OBJECT_DICT      16
#define OBJECT_MANAGED \
	(-24) /* from CPython 3.11 on: the dict, or in 3.12 one more than where the values are */
#define DICT_KEYS        32
#define DICT_VALUES      40 /* 0: they are among the keys */
#define KEYS_SIZE        8 /* of a table of keys: bytes of its index, */
#define KEYS_INDEX       40 /* before what they lead to: hash, key, value; */
#define KEYS_LOG_SIZE    9 /* from 3.11 on their logarithm, */
#define KEYS_LOG_INDEX   32 /* before key, value */
#define OBJECT_VALUES    24 /* where they are inside */
#define NAME_OF_GROUP    0x756f72476b736154 /* "TaskGrou" */
#define NAME_OF_SCOPE    0x63536c65636e6143 /* "CancelSc" */
#define NAME_OF_FUNCTION 0x6e6f6974636e7566 /* "function", all but its end */
#define NAME_OF_METHOD   0x00646f6874656d /* "method", the whole of it */
#define NAME_MASK        0xffffffffffffff

#define CELLS_MAX      8 /* variables that a function captured; a power of two */
#define ATTRIBUTES_MAX 12
#define CALLBACKS_MAX  3 /* of a future */
#define SLOTS_MAX      20 /* of a CancelScope */
#define SLOTS_FEW      6 /* words of an object that has its attributes elsewhere */

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

/* The task that an object of anyio's names, a CancelScope: it has entered that, and is not left before all is done. */
int py_scope(__u64 scope, __u64 task_type)
{
	__u64 slots = user_word(user_word(scope + TYPE) + TYPE_SIZE) / WORD;
	struct task_state *t = task_known();
	__u64 attributes, value;
	__u32 i;

	if (!t)
		return 0;
	attributes = slots > SLOTS_FEW ? scope + OBJECT_SLOTS : py_attributes(scope);
	for (i = 0; i < SLOTS_MAX; i++) {
		if (slots > SLOTS_FEW && i + OBJECT_SLOTS / WORD >= slots)
			return 0;
		value = attribute(attributes, i);
		if (value && user_word(value + TYPE) == task_type) {
			t->py.found = value;
			return 1;
		}
	}
	return 0;
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

/* Has the function that is the callback captured a TaskGroup? Then that is t->py.owner. */
int py_group(__u64 callback)
{
	struct task_state *t = task_known();
	__u64 cells, cell, n;
	__u32 i;

	if (!t)
		return 0;
	cells = user_word(callback + t->py.off[PYTHON_CLOSURE]);
	n = user_word(cells + SEQUENCE_LEN);
	for (i = 0; i < CELLS_MAX && i < n && n <= CELLS_MAX; i++) {
		cell = user_word(cells + TUPLE_ITEMS + i * sizeof(cell));
		t->py.owner = user_word(cell + CELL_CONTENT);
		if (type_name(t->py.owner) == NAME_OF_GROUP)
			return 1;
	}
	return 0;
}

/* Its CancelScope, in place of the group. */
int py_group_scope(void)
{
	struct task_state *t = task_known();
	__u64 attributes, value;
	__u32 i;

	if (!t)
		return 0;
	attributes = py_attributes(t->py.owner);
	for (i = 0; i < ATTRIBUTES_MAX; i++) {
		value = attribute(attributes, i);
		if (!value || type_name(value) != NAME_OF_SCOPE)
			continue;
		t->py.owner = value;
		return 1;
	}
	return 0;
}

static __always_inline bool is_function(struct py_search *s, __u64 object)
{
	if (!s->function && object && type_name(object) == NAME_OF_FUNCTION)
		s->function = user_word(object + TYPE);
	return object && s->function && user_word(object + TYPE) == s->function;
}

/* Does a callback of the future lead to a task that waits for it? Then that is s->found. */
static __always_inline bool leads(struct py_search *s, __u64 callback, __u64 future)
{
	__u64 self;

	s->found = woken_by(s, callback, future);
	if (s->found || py_captured(callback))
		return true;
	self = user_word(callback + METHOD_SELF); /* a partial() has its arguments there */
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

/* Has a task started the task in a group of anyio's? Then that is t->py.found. */
int py_grouped(__u64 task)
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
		if (is_function(&t->py, callback) && py_group(callback) && py_group_scope())
			return py_scope(t->py.owner, user_word(task + TYPE));
	}
	return 0;
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
