/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/compiler.h"
#include "host/pages.h"

/* To read a page takes as long as to look at so many words that are known. */
#define READ_WORDS 128u

void pages_forget(struct pages *p)
{
	p->round++;
}

void pages_renew(struct pages *p, const struct memory *mem, unsigned most)
{
	p->mem = mem;
	pages_forget(p);
	p->left = most;
	p->cut = p->missing = false;
}

static void fill(struct pages *p, struct page *page, uint64_t at)
{
	ssize_t n;

	page->at = at;
	page->round = p->round;
	page->n = 0;
	p->left -= min(p->left, READ_WORDS);
	n = memory_read(p->mem, at, page->words, sizeof(page->words));
	if (n > 0)
		page->n = (size_t)n / sizeof(page->words[0]);
	p->missing = p->missing || n <= 0;
}

uint64_t pages_word(struct pages *p, uint64_t at)
{
	uint64_t start = at & ~(uint64_t)(PAGES_SZ - 1);
	struct page *page = &p->v[start / PAGES_SZ % PAGES_CNT];
	size_t i = (at - start) / sizeof(page->words[0]);

	if (at % sizeof(page->words[0]) || !start)
		return 0;
	p->cut = p->cut || !p->left;
	if (!p->left)
		return 0;
	p->left--;
	if (page->at != start || page->round != p->round)
		fill(p, page, start);
	return i < page->n ? page->words[i] : 0;
}
