/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Preloaded into a whole program, libraries and all: the allocation whose number $FAIL_AT names fails, others do not.
 * Without it, standard error says at the end how many there were.
 */
#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <unistd.h>

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t sz);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t alignment, size_t n);

static _Atomic unsigned long cnt;
static unsigned long fail_at;

__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("FAIL_AT");

	fail_at = text ? strtoul(text, NULL, 10) : 0;
	cnt = 0;
}

__attribute__((destructor)) static void end(void)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "allocations: %lu\n", cnt);

	if (!fail_at && write(STDERR_FILENO, line, (size_t)n) != n)
		_exit(1);
}

static int fails(void)
{
	if (++cnt != fail_at)
		return 0;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t n)
{
	return fails() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t sz)
{
	return fails() ? NULL : __libc_calloc(n, sz);
}

void *realloc(void *p, size_t n)
{
	return fails() ? NULL : __libc_realloc(p, n);
}

void *aligned_alloc(size_t alignment, size_t n)
{
	return fails() ? NULL : __libc_memalign(alignment, n);
}
