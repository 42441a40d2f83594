/* SPDX-License-Identifier: GPL-2.0-only */
/* Framing without content: however it is cut, the same comes out, as long as what went in, with its lines. */
#include <stdlib.h>
#include <string.h>

#include "proto/proto.h"

#define ROOM 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct proto *http1 = proto_get(PROTO_HTTP1);
	struct slice in = { (const char *)data + 1, size - 1 };
	struct redaction whole = { 0 }, parts = { 0 };
	char a[ROOM], b[ROOM];
	size_t at, step;

	if (!size || in.n > ROOM)
		return 0;
	step = 1 + data[0] % 64;
	http1->redact(&whole, data[0] & 128, in, a);
	for (at = 0; at < in.n; at += step)
		http1->redact(&parts, data[0] & 128, slice_sub(in, at, step), b + at);
	if (memcmp(a, b, in.n))
		abort();
	for (at = 0; at < in.n; at++)
		if ((in.p[at] == '\n') != (a[at] == '\n'))
			abort();
	return 0;
}
