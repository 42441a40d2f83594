/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPython's objects in the memory of a process, 3.11 to 3.13: those that tasks are made of, and in which a coroutine
 * keeps tasks. What kind an object is its type says, by name. Every pointer may be anything.
 */
#ifndef STRAND_OBJECTS_H
#define STRAND_OBJECTS_H

#include "abi/config.h"
#include "host/pages.h"

#define OBJECT_TYPE  8
#define SEQUENCE_LEN 16
#define TUPLE_ITEMS  24
#define CELL_CONTENT 16
#define LIST_ITEMS   24 /* a pointer to them */

enum py_kind {
	PY_OTHER,
	PY_TASK,
	PY_FUTURE,
	PY_COROUTINE, /* or a generator, which is the same */
	PY_AWAITED, /* wraps a coroutine or a generator */
	PY_CELL, /* a variable that an inner function has captured */
	PY_LIST,
	PY_LIST_ITERATOR,
	PY_TUPLE,
	PY_SET,
	PY_DICT,
	PY_COMPLETED, /* as_completed() of 3.13 */
	PY_FUNCTION,
	PY_METHOD,
	PY_PARTIAL,
	PY_GROUP, /* a TaskGroup */
	PY_WEAK_SET,
	PY_MODULE
};

#define PY_TYPES	  256
#define PY_ATTRIBUTES_MAX 12 /* of an object that are looked at */

struct py_type {
	uint64_t at;
	enum py_kind kind;
};

struct py_memory {
	struct pages *pages; /* borrowed, of this process just now */
	struct runtime rt;
	uint64_t task_type; /* of the first task that was seen; 0: none */
	struct py_type types[PY_TYPES]; /* a cache, by address */
};

/* A function that is under way and waits: its variables, and what it works on. */
struct py_frame {
	uint64_t code; /* of the function */
	uint64_t values;
	size_t cnt;
	uint64_t awaits; /* the object that it waits for; 0: none */
};

uint64_t py_word(struct py_memory *m, uint64_t at); /* 0: cannot be read */
enum py_kind py_kind(struct py_memory *m, uint64_t object);
bool py_over(struct py_memory *m, uint64_t coroutine); /* it has ended */
bool py_frame(struct py_memory *m, uint64_t coroutine, struct py_frame *ret_frame);
uint64_t py_attributes(struct py_memory *m, uint64_t object); /* in order; 0: not known */

typedef bool py_each_fn(struct py_memory *m, void *ctx, uint64_t object); /* true ends it */
/* What a list, tuple, set or dict holds, also by an iterator; of others nothing. True: fn has ended it. */
bool py_each(struct py_memory *m, uint64_t object, py_each_fn *fn, void *ctx);

#endif
