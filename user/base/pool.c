/* SPDX-License-Identifier: GPL-2.0-only */
#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "compiler.h"
#include "pool.h"

#define BLOCK \
	(2u   \
	 << 20) /* a huge page, and aligned as one: an object's address says which block it is in */
#define ALIGN 64 /* a line of the cache */

/* At the beginning of a block. */
struct block {
	struct list roomy;
	void *free; /* objects that came back, each begins with the address of the next */
	size_t used; /* objects that are out */
	size_t fresh; /* bytes from here on were never used */
};

static size_t first_at(void)
{
	return (sizeof(struct block) + ALIGN - 1) / ALIGN * ALIGN;
}

void pool_init(struct pool *p, size_t sz)
{
	*p = (struct pool){ .sz = (sz + ALIGN - 1) / ALIGN * ALIGN };
	list_init(&p->roomy);
}

static void drop(struct pool *p, struct block *b)
{
	list_del(&b->roomy);
	p->blocks--;
	ASAN_UNPOISON_MEMORY_REGION(b, BLOCK);
	free(b);
}

void pool_release(struct pool *p)
{
	struct block *b;

	while (p->sz && (b = list_first(&p->roomy, struct block, roomy)))
		drop(p, b);
}

static struct block *add_block(struct pool *p)
{
	struct block *b = aligned_alloc(BLOCK, BLOCK);

	if (!b)
		return NULL;
	/* Of a few objects no more memory is taken than they need. */
	if (p->blocks)
		madvise(b, BLOCK, MADV_HUGEPAGE);
	*b = (struct block){ .fresh = first_at() };
	ASAN_POISON_MEMORY_REGION((char *)b + b->fresh, BLOCK - b->fresh);
	list_push(&p->roomy, &b->roomy);
	p->blocks++;
	return b;
}

static bool has_room(const struct pool *p, const struct block *b)
{
	return b->free || b->fresh + p->sz <= BLOCK;
}

void *pool_get(struct pool *p)
{
	struct block *b = list_first(&p->roomy, struct block, roomy);
	void *obj;

	if (!b)
		b = add_block(p);
	if (!b)
		return NULL;
	obj = b->free ? b->free : (char *)b + b->fresh;
	ASAN_UNPOISON_MEMORY_REGION(obj, p->sz);
	if (b->free)
		b->free = *(void **)obj;
	else
		b->fresh += p->sz;
	b->used++;
	if (!has_room(p, b))
		list_del(&b->roomy);
	return memset(obj, 0, p->sz);
}

void pool_put(struct pool *p, void *obj)
{
	struct block *b = (struct block *)((uintptr_t)obj & ~(uintptr_t)(BLOCK - 1));

	*(void **)obj = b->free;
	b->free = obj;
	ASAN_POISON_MEMORY_REGION(obj, p->sz);
	b->used--;
	if (list_empty(&b->roomy))
		list_push(&p->roomy, &b->roomy);
	/* One with room stays for whoever comes next. */
	if (!b->used && p->roomy.next != p->roomy.prev)
		drop(p, b);
}
