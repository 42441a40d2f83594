/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any memory as that of a CPython whose tasks are looked for: it ends within what may be looked at, and so many
 * contexts as it says are written. The first byte is the version; each two that follow are a word of the process: a
 * number, a pointer to another word, the type of an object, the hash of an object, or a byte of the word.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compiler.h"
#include "strand/held.h"

#define START     0x100000u
#define TYPE_SZ   64u /* with its name in it */
#define WORDS_MAX 4096u
#define MOST      40000 /* words that may be looked at */
#define ASKED_MAX 4u
#define UNTOUCHED 0x5ca1ab1e

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const types[] = {
	"_asyncio.Task",
	"coroutine",
	"list",
	"tuple",
	"set",
	"dict",
	"cell",
	"function",
	"_asyncio.Future",
	"module",
	"WeakSet",
	"list_iterator",
	"method",
	"functools.partial",
	"TaskGroup",
	"int",
	"generator",
	"coroutine_wrapper",
	"_AsCompletedIterator",
};

#define WORDS_AT (START + sizeof(types) / sizeof(types[0]) * TYPE_SZ)

/* 3.11 to 3.13, as user/strand/python.c has it. */
static const uint32_t layouts[][PYTHON_COROUTINE + 1] = {
	{ 0, 224, 152, 56, 8, 48, 72, 72, 24, 152, 32, 296, 32, 76, 80 },
	{ 0, 208, 136, 56, 0, 8, 72, 72, 24, 152, 24, 232, 0, 72, 72 },
	{ 0, 208, 152, 0, 72, 8, 72, 72, 24, 136, PYTHON_VALUES_INSIDE, 232, 0, 72, 72 },
};

static uint64_t pointer(unsigned n)
{
	return WORDS_AT + n % WORDS_MAX * sizeof(uint64_t);
}

static uint64_t word(unsigned v)
{
	switch (v >> 13) {
	case 0:
	case 1:
		return v;
	case 2:
		return pointer(v & 0x1fff);
	case 3: /* 3.12 marks some so */
		return pointer(v & 0x1fff) - 1;
	case 4:
	case 5:
		return START + v % ARRAY_SIZE(types) * TYPE_SZ;
	case 6:
		return pointer(v & 0x1fff) >> 4 | pointer(v & 0x1fff) << 60;
	default:
		return (uint64_t)(v & 0xff) << (v >> 8 & 7) * 8;
	}
}

static size_t fill(uint64_t *words, const uint8_t *data, size_t size)
{
	size_t i, n = min(size / 2, (size_t)WORDS_MAX);

	for (i = 0; i < n; i++)
		words[i] = word(data[2 * i] | data[2 * i + 1] << 8);
	return n;
}

static void put_types(int fd)
{
	uint64_t type[TYPE_SZ / sizeof(uint64_t)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		memset(type, 0, sizeof(type));
		type[3] = START + i * TYPE_SZ + 32;
		memcpy(&type[4], types[i], strlen(types[i]));
		if (pwrite(fd, type, sizeof(type), (off_t)(START + i * TYPE_SZ)) < 0)
			abort();
	}
}

static void ask(struct held *h, const struct memory *mem, uint64_t task)
{
	__u64 contexts[AWAITING_MAX + 1];
	unsigned cnt;

	contexts[AWAITING_MAX] = UNTOUCHED;
	pages_renew(h->m.pages, mem, MOST);
	held_due(h);
	cnt = held_by(h, task, contexts);
	if (cnt > AWAITING_MAX || h->m.pages->left > MOST || contexts[AWAITING_MAX] != UNTOUCHED ||
	    (cnt && !h->m.task_type))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct held held; /* 2 MB with its pages, which are as others have left them */
	static struct pages pages;
	uint64_t words[WORDS_MAX];
	struct mapping map = { .start = START };
	_cleanup_(close_fdp) int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct memory mem = { .fd = fd, .v = &map, .n = 1 };
	size_t n = size ? fill(words, data + 1, size - 1) : 0;
	unsigned i;

	if (fd < 0 || !n || pwrite(fd, words, n * sizeof(*words), WORDS_AT) < 0)
		return 0;
	put_types(fd);
	map.end = WORDS_AT + n * sizeof(*words);
	memset(&held, 0, sizeof(held));
	held.m.rt.kind = RUNTIME_PYTHON;
	memcpy(held.m.rt.off, layouts[data[0] % ARRAY_SIZE(layouts)], sizeof(layouts[0]));
	held.m.pages = &pages;
	for (i = 0; i < ASKED_MAX; i++) /* the first, and the second time that they are asked for */
		ask(&held, &mem, i % 2 ? WORDS_AT : pointer(data[0]));
	return 0;
}
