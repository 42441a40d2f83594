/* SPDX-License-Identifier: GPL-2.0-only */
/* A line of a log: what goes out is valid UTF-8 without control characters, and its severity is a word of it. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "trace/log_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(log_line_freep) struct log_line *l =
		log_line_new((struct slice){ (const char *)data, size });
	struct slice body;
	size_t i;

	if (!l)
		abort();
	body = slice_str(l->body);
	if (utf8_valid_prefix(body) != body.n)
		abort();
	for (i = 0; i < body.n; i++)
		if (((unsigned char)body.p[i] < 0x20 && body.p[i] != '\t') || body.p[i] == 0x7f)
			abort();
	if (l->severity_text ? !strstr(l->body, l->severity_text) : l->severity)
		abort();
	return 0;
}
