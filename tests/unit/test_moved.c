/* SPDX-License-Identifier: GPL-2.0-only */
/* Objects that a collector has moved, found in the memory of a process: this one, with a heap laid out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "strand/moved.h"

#define WORDS    20000 /* more than is read at once */
#define UNLOCKED 1
#define MOVED    3

struct heap {
	uint64_t words[WORDS];
	struct buf moves;
};

static uint64_t at(const struct heap *h, unsigned word)
{
	return (uint64_t)(uintptr_t)&h->words[word];
}

/* An object of that class, which has been moved from one word to another. */
static void move(struct heap *h, unsigned from, unsigned to, uint64_t class)
{
	h->words[from] = at(h, to) | MOVED;
	h->words[from + 1] = h->words[to + 1] = class;
	h->words[to] = UNLOCKED;
}

/* What is found in that stretch, in words. */
static const struct heap_move *find(struct heap *h, unsigned lo, unsigned hi, size_t *ret_cnt)
{
	const struct heap_stretch s = { at(h, lo), at(h, hi) };
	const struct heap_ask ask = {
		.tgid = getpid(),
		.heap_start = at(h, 0),
		.heap_end = at(h, WORDS),
		.stretches = &s,
		.cnt = 1,
	};

	assert_int_equal(java_moved(&ask, &h->moves), 0);
	*ret_cnt = h->moves.n / sizeof(struct heap_move);
	return (const struct heap_move *)h->moves.p;
}

static int setup(void **state)
{
	struct heap *h = calloc(1, sizeof(*h));

	buf_init(&h->moves, HEAP_MOVES_MAX * sizeof(struct heap_move));
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	struct heap *h = *state;

	buf_release(&h->moves);
	free(h);
	return 0;
}

static void finds_what_was_moved(void **state)
{
	struct heap *h = *state;
	const struct heap_move *moves;
	size_t cnt;

	move(h, 100, 19000, 0x800123);
	move(h, 9000, 18000, 0x800456); /* in what is read next */
	move(h, 12000, 18100, 0x800789); /* behind the stretch */
	moves = find(h, 50, 12000, &cnt);
	assert_int_equal(cnt, 2);
	assert_int_equal(moves[0].from, at(h, 9000));
	assert_int_equal(moves[0].to, at(h, 18000));
	assert_int_equal(moves[1].from, at(h, 100));
}

/* An object known by its address alone, as after the collection before. */
static void finds_a_single_object(void **state)
{
	struct heap *h = *state;
	size_t cnt;

	move(h, 100, 19000, 0x800123);
	find(h, 100, 101, &cnt);
	assert_int_equal(cnt, 1);
}

static void believes_no_other_class(void **state)
{
	struct heap *h = *state;
	size_t cnt;

	move(h, 100, 19000, 0x800123);
	h->words[19001]++;
	find(h, 50, 200, &cnt);
	assert_int_equal(cnt, 0);
}

/* It was moved again: where to is not followed. */
static void believes_no_header_that_moved(void **state)
{
	struct heap *h = *state;
	size_t cnt;

	move(h, 100, 19000, 0x800123);
	move(h, 19000, 300, 0x800123);
	find(h, 50, 200, &cnt);
	assert_int_equal(cnt, 0);
}

static void refuses_what_is_not_there(void **state)
{
	struct heap *h = *state;
	const struct heap_stretch s = { 16, 4096 };
	const struct heap_ask ask = {
		.tgid = getpid(), .stretches = &s, .cnt = 1, .heap_end = 4096
	};
	const struct heap_ask of_nobody = { .tgid = 0 };

	assert_int_equal(java_moved(&ask, &h->moves), 0);
	assert_int_equal(h->moves.n, 0);
	assert_true(java_moved(&of_nobody, &h->moves) < 0);
}

/* Whoever says that it is Java also says where its heap is. */
static void reads_no_more_than_its_bound(void **state)
{
	const size_t sz = 4 * (size_t)HEAP_SCAN_MAX, far = HEAP_SCAN_MAX / sizeof(uint64_t) + WORDS;
	uint64_t *words =
		mmap(NULL, sz, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const uint64_t start = (uint64_t)(uintptr_t)words;
	const struct heap_stretch s = { start, start + sz - 16 };
	struct heap_ask ask = { .tgid = getpid(),
				.heap_start = start,
				.heap_end = start + sz,
				.stretches = &s,
				.cnt = 1 };
	struct heap *h = *state;

	assert_ptr_not_equal(words, MAP_FAILED);
	words[far] = start | MOVED;
	words[far + 1] = words[1] = 0x800123;
	words[0] = UNLOCKED;
	assert_int_equal(java_moved(&ask, &h->moves), 0);
	assert_int_equal(h->moves.n, 0);
	munmap(words, sz);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(finds_what_was_moved, setup, teardown),
		cmocka_unit_test_setup_teardown(finds_a_single_object, setup, teardown),
		cmocka_unit_test_setup_teardown(believes_no_other_class, setup, teardown),
		cmocka_unit_test_setup_teardown(believes_no_header_that_moved, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_what_is_not_there, setup, teardown),
		cmocka_unit_test_setup_teardown(reads_no_more_than_its_bound, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
