/* SPDX-License-Identifier: GPL-2.0-only */
/* What a process publishes of itself: the list that is made of it can be read, and is no longer than it may be. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "host/attr_list.h"
#include "host/process_context.h"

#define LIST_MAX 4095

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size };
	_cleanup_(buf_release) struct buf list = BUF_INIT(LIST_MAX);
	struct attrs attrs;
	struct memory m = { .fd = -1 };
	uint64_t at;

	if (!memory_parse(in, &m) && process_context_find(&m, &at))
		memory_plain(&m, at);
	memory_close(&m);
	attrs_init(&attrs, 64, 8192);
	if (!process_context_decode(in, &list) &&
	    (list.n > LIST_MAX || attr_list_parse(buf_slice(&list), &attrs)))
		abort();
	attrs_release(&attrs);
	return 0;
}
