/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Node 18 to 24. Each thread that runs JavaScript has an Environment, and a pointer to it is on the
 * thread's stack for as long as the thread runs, because the function that turns the event loop has
 * it as argument. In the Environment are the AsyncHooks: three arrays shared with JavaScript, one
 * after the other, each described by seven words:
 *
 *	(its class) isolate, length, offset, address, (handle), (index)
 *
 * Their lengths and the common isolate are what they are recognised by: the stack of async ids, the
 * 9 counters, and the 4 numbers that are wanted. Behind them are two smaller arrays of the same
 * kind, of setImmediate() and nextTick(), and before them the handles of the event loop: libuv's
 * structures, each with a pointer to the loop and a number for its type. No symbol and no version
 * is needed, and what the numbers are proves it in the end.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/slice.h"
#include "host/folder.h"
#include "host/memory.h"
#include "strand/node.h"
#include "strand/runtimes.h"

#define ARRAY_WORDS    7 /* from one description to the next */
#define ARRAY_LENGTH   1 /* behind the isolate */
#define ARRAY_ADDRESS  3
#define STACK_MIN      32 /* two for each of 16 levels; grows */
#define STACK_LIMIT    (1 << 20)
#define COUNTERS_MIN   9
#define COUNTERS_MAX   16
#define IMMEDIATES_CNT 3
#define TICKS_CNT      2
#define TICKS_LATER    1 /* one word between the array of one and that of nextTick() */
#define IDS_CNT        4 /* what runs, what made it, the newest, what makes the next: -1 is the default */

/* libuv's handles, in words: a timer and what it is followed by; and the numbers of their types. */
#define HANDLE_TYPE 2
#define TIMER_WORDS 19
#define CHECK_WORDS 15
enum { UV_CHECK = 2, UV_IDLE = 6, UV_TIMER = 13 };

#define ENVIRONMENT_WORDS 256 /* the AsyncHooks begin at about the 130th */
#define BEFORE_HOOKS      ((uint64_t)128 * 8) /* bytes: the timer is some 100 words before them */
#define STACK_SEARCHED    ((uint64_t)256 << 10) /* arguments and environment are on it, too */
#define HEAP_ALIGN        16
#define ADDRESS_MIN       65536
#define ADDRESS_MAX       (1ULL << 47)

static bool are_hooks(const uint64_t *stack)
{
	const uint64_t *counters = stack + ARRAY_WORDS, *ids = counters + ARRAY_WORDS;

	return stack[0] && counters[0] == stack[0] && ids[0] == stack[0] &&
	       ids[ARRAY_LENGTH] == IDS_CNT && stack[ARRAY_LENGTH] >= STACK_MIN &&
	       stack[ARRAY_LENGTH] < STACK_LIMIT && counters[ARRAY_LENGTH] >= COUNTERS_MIN &&
	       counters[ARRAY_LENGTH] <= COUNTERS_MAX;
}

/* setImmediate()'s array of three, right behind it an array of one, behind that nextTick()'s of two. */
static void find_phases(const uint64_t *words, size_t n, uint64_t isolate,
			struct node_places *ret_at)
{
	const uint64_t *immediates, *ticks;
	size_t i;

	for (i = 0; i + 2 * ARRAY_WORDS + TICKS_LATER + ARRAY_ADDRESS < n; i++) {
		immediates = words + i;
		ticks = immediates + 2 * ARRAY_WORDS + TICKS_LATER;
		if (immediates[0] != isolate || immediates[ARRAY_LENGTH] != IMMEDIATES_CNT ||
		    ticks[0] != isolate || ticks[ARRAY_LENGTH] != TICKS_CNT)
			continue;
		ret_at->immediates = immediates[ARRAY_ADDRESS];
		ret_at->ticks = ticks[ARRAY_ADDRESS];
		return;
	}
}

static bool is_handle(const uint64_t *type, uint64_t loop, uint32_t kind)
{
	return type[-1] == loop && (uint32_t)*type == kind;
}

/* The timer, followed by the handles for setImmediate(). */
static void find_timer(const uint64_t *words, size_t n, uint64_t at, struct node_places *ret_at)
{
	size_t i;

	for (i = HANDLE_TYPE; i + TIMER_WORDS + CHECK_WORDS < n; i++) {
		uint64_t loop = words[i - 1];

		if (!loop || !is_handle(words + i, loop, UV_TIMER) ||
		    !is_handle(words + i + TIMER_WORDS, loop, UV_CHECK) ||
		    !is_handle(words + i + TIMER_WORDS + CHECK_WORDS, loop, UV_IDLE))
			continue;
		ret_at->timer = at + (i - HANDLE_TYPE) * sizeof(*words);
		ret_at->loop = loop;
		return;
	}
}

bool node_places_among(const uint64_t *words, size_t n, uint64_t at, struct node_places *ret_at)
{
	const size_t sz = 3 * ARRAY_WORDS;
	size_t i;

	for (i = 0; i + sz <= n; i++) {
		if (!are_hooks(words + i))
			continue;
		*ret_at = (struct node_places){ .ids = words[i + 2 * ARRAY_WORDS + ARRAY_ADDRESS] };
		find_phases(words + i + sz, n - i - sz, words[i], ret_at);
		find_timer(words, i, at, ret_at);
		return true;
	}
	return false;
}

static bool counts(double v)
{
	return v >= 0 && v < (double)(1ULL << 53) && v == (double)(uint64_t)v;
}

static bool are_ids(const struct memory *m, uint64_t at)
{
	double v[IDS_CNT];

	if (memory_read(m, at, v, sizeof(v)) != sizeof(v))
		return false;
	return counts(v[0]) && counts(v[1]) && counts(v[2]) && v[2] >= 1 && v[0] <= v[2] &&
	       v[1] <= v[2] && (v[3] == -1 || counts(v[3]));
}

static bool are_places(const struct memory *m, uint64_t at, struct node_places *ret_at)
{
	uint64_t words[ENVIRONMENT_WORDS];
	ssize_t n = memory_read(m, at, words, sizeof(words));

	return n > 0 && node_places_among(words, (size_t)n / sizeof(words[0]), at, ret_at) &&
	       are_ids(m, ret_at->ids);
}

/* A pointer to something within it, just before the hooks, is as good. */
static bool is_environment(const struct memory *m, uint64_t at, struct node_places *ret_at)
{
	struct node_places further;

	if (!are_places(m, at, ret_at))
		return false;
	if (!ret_at->timer && are_places(m, at - BEFORE_HOOKS, &further) &&
	    further.ids == ret_at->ids)
		*ret_at = further;
	return true;
}

static bool may_be_heap(uint64_t word)
{
	return word >= ADDRESS_MIN && word < ADDRESS_MAX && !(word % HEAP_ALIGN);
}

static int find_on_stack(const struct memory *m, uint64_t start, uint64_t end,
			 struct node_places *ret_at)
{
	uint64_t words[256], last = 0, at;
	ssize_t n, i;

	for (at = start; at < end; at += sizeof(words)) {
		n = memory_read(m, at, words, min(sizeof(words), end - at));
		for (i = 0; i < n / (ssize_t)sizeof(words[0]); i++) {
			if (words[i] == last || !may_be_heap(words[i]))
				continue;
			last = words[i];
			if (is_environment(m, last, ret_at))
				return 0;
		}
	}
	return -ENOENT;
}

/* The used part of the stack that holds sp; without one, the outer part of the main thread's. */
static int stack_at(const struct memory *m, uint64_t sp, uint64_t *ret_start, uint64_t *ret_end)
{
	size_t i;

	for (i = 0; i < m->n; i++) {
		const struct mapping *map = &m->v[i];

		if (sp ? sp < map->start || sp >= map->end : !slice_eq(map->name, SLICE("[stack]")))
			continue;
		*ret_start = sp ? sp : max(map->start, map->end - STACK_SEARCHED);
		*ret_end = min(map->end, *ret_start + STACK_SEARCHED);
		return 0;
	}
	return -ENOENT;
}

int node_find(uint32_t tgid, uint64_t sp, struct node_places *ret_at)
{
	_cleanup_(memory_close) struct memory m;
	uint64_t start, end;

	if (memory_open(tgid, &m) || stack_at(&m, sp, &start, &end))
		return -ENOENT;
	return find_on_stack(&m, start, end, ret_at);
}

/* By the name of its program, or of what else runs JavaScript; a wrong guess finds no Environment. */
bool strand_node(const struct proc_facts *facts, struct strand_found *ret_found)
{
	if (!slice_starts(path_base(slice_str(facts->exe)), SLICE("node")))
		return false;
	*ret_found = (struct strand_found){ .rt.kind = RUNTIME_NODE };
	return true;
}
