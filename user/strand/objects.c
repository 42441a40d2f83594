/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "base/compiler.h"
#include "base/hash.h"
#include "strand/objects.h"

#define WORD sizeof(uint64_t)

#define TYPE_NAME      24
#define WRAPPED        16 /* in what wraps a coroutine */
#define SET_MASK       32
#define SET_TABLE      40
#define SET_ENTRY      16
#define DICT_KEYS      32
#define KEYS_LOG_INDEX 9 /* byte: logarithm of the index's size, */
#define KEYS_KIND      10 /* byte: 0: hash, key, value; else key, value */
#define KEYS_CNT       24
#define KEYS_INDEX     32
#define ITERATED       24 /* in an iterator of a list */
/* Byte before a coroutine's frame: negative while it waits or has not begun, 0 while it runs. */
#define FRAME_STATE   (-5)
#define FRAME_TOP     64 /* how many values there are */
#define FRAME_VALUES  72
#define ATTRIBUTES_AT 24 /* before an object; in 3.12 one more */
#define ATTRIBUTES_IN 24 /* inside it */

#define ITEMS_MAX  256 /* of one list, set, or dict */
#define VALUES_MAX 256 /* of one function */
#define NAME_MAX   31 /* of a type; none of those that matter is as long */

static const struct {
	const char *name;
	enum py_kind kind;
} kinds[] = {
	{ "_asyncio.Task", PY_TASK },
	{ "_asyncio.Future", PY_FUTURE },
	{ "_GatheringFuture", PY_FUTURE },
	{ "coroutine", PY_COROUTINE },
	{ "generator", PY_COROUTINE },
	{ "async_generator", PY_COROUTINE },
	{ "coroutine_wrapper", PY_AWAITED },
	{ "async_generator_asend", PY_AWAITED },
	{ "cell", PY_CELL },
	{ "list", PY_LIST },
	{ "list_iterator", PY_LIST_ITERATOR },
	{ "tuple", PY_TUPLE },
	{ "set", PY_SET },
	{ "dict", PY_DICT },
	{ "_AsCompletedIterator", PY_COMPLETED },
	{ "function", PY_FUNCTION },
	{ "method", PY_METHOD },
	{ "functools.partial", PY_PARTIAL },
	{ "TaskGroup", PY_GROUP },
	{ "WeakSet", PY_WEAK_SET },
	{ "module", PY_MODULE },
};

uint64_t py_word(struct py_memory *m, uint64_t at)
{
	return pages_word(m->pages, at);
}

static uint8_t byte_at(struct py_memory *m, uint64_t at)
{
	return py_word(m, at & ~7ULL) >> (at & 7) * 8;
}

static enum py_kind kind_of_type(struct py_memory *m, uint64_t type)
{
	uint64_t at = py_word(m, type + TYPE_NAME);
	char name[NAME_MAX + 1] = "";
	size_t i;

	for (i = 0; at && i < NAME_MAX && (!i || name[i - 1]); i++)
		name[i] = (char)byte_at(m, at + i);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!strcmp(name, kinds[i].name))
			return kinds[i].kind;
	}
	return PY_OTHER;
}

enum py_kind py_kind(struct py_memory *m, uint64_t object)
{
	uint64_t type = object && !(object % WORD) ? py_word(m, object + OBJECT_TYPE) : 0;
	struct py_type *known = &m->types[hash_mix(type, 0) % PY_TYPES];

	if (!type)
		return PY_OTHER;
	if (known->at != type)
		*known = (struct py_type){ type, kind_of_type(m, type) };
	return known->kind;
}

static int8_t frame_state(struct py_memory *m, uint64_t coroutine)
{
	return (int8_t)byte_at(m, coroutine + m->rt.off[PYTHON_COROUTINE] + FRAME_STATE);
}

bool py_over(struct py_memory *m, uint64_t coroutine)
{
	return frame_state(m, coroutine) > 0;
}

bool py_frame(struct py_memory *m, uint64_t coroutine, struct py_frame *ret_frame)
{
	uint64_t frame = coroutine + m->rt.off[PYTHON_COROUTINE], last;
	uint32_t top = (uint32_t)py_word(m, frame + FRAME_TOP);

	if (frame_state(m, coroutine) >= 0 || !top || top > VALUES_MAX)
		return false;
	ret_frame->code = py_word(m, frame + m->rt.off[PYTHON_CODE]);
	ret_frame->values = frame + FRAME_VALUES;
	ret_frame->cnt = top;
	last = py_word(m, ret_frame->values + (top - 1) * WORD);
	if (py_kind(m, last) == PY_AWAITED)
		last = py_word(m, last + WRAPPED);
	ret_frame->awaits = last;
	return true;
}

uint64_t py_attributes(struct py_memory *m, uint64_t object)
{
	uint32_t at = m->rt.off[PYTHON_VALUES];
	uint64_t values;

	if (at == PYTHON_VALUES_INSIDE)
		return object + ATTRIBUTES_IN;
	values = py_word(m, object - at);
	if (at == ATTRIBUTES_AT)
		return values & 1 ? values + 1 : 0;
	return values;
}

/* Items that lie so many words apart. */
static bool each_of(struct py_memory *m, uint64_t at, uint64_t cnt, unsigned apart, py_each_fn *fn,
		    void *ctx)
{
	uint64_t i, object;

	for (i = 0; i < cnt && i < ITEMS_MAX; i++) {
		object = py_word(m, at + i * apart * WORD);
		if (object && fn(m, ctx, object))
			return true;
	}
	return false;
}

static bool each_in_dict(struct py_memory *m, uint64_t dict, py_each_fn *fn, void *ctx)
{
	uint64_t keys = py_word(m, dict + DICT_KEYS), cnt = py_word(m, keys + KEYS_CNT), at;
	unsigned apart = byte_at(m, keys + KEYS_KIND) ? 2 : 3;

	at = keys + KEYS_INDEX + (1ULL << (byte_at(m, keys + KEYS_LOG_INDEX) & 31)) +
	     (apart - 2) * WORD;
	return each_of(m, at, cnt, apart, fn, ctx) || each_of(m, at + WORD, cnt, apart, fn, ctx);
}

static uint64_t length_of(struct py_memory *m, uint64_t sequence)
{
	return py_word(m, sequence + SEQUENCE_LEN);
}

bool py_each(struct py_memory *m, uint64_t object, py_each_fn *fn, void *ctx)
{
	switch (py_kind(m, object)) {
	case PY_LIST_ITERATOR:
		object = py_word(m, object + ITERATED);
		if (py_kind(m, object) != PY_LIST)
			return false;
		/* fall through */
	case PY_LIST:
		return each_of(m, py_word(m, object + LIST_ITEMS), length_of(m, object), 1, fn,
			       ctx);
	case PY_TUPLE:
		return each_of(m, object + TUPLE_ITEMS, length_of(m, object), 1, fn, ctx);
	case PY_SET:
		return each_of(m, py_word(m, object + SET_TABLE), py_word(m, object + SET_MASK) + 1,
			       2, fn, ctx);
	case PY_DICT:
		return each_in_dict(m, object, fn, ctx);
	default:
		return false;
	}
}
