/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a client of HTTP/2 sends, in pieces of the length that the first byte names: the same is found as in one piece.
 */
#include <stdlib.h>

#include "abi/limits.h"
#include "drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *play(struct slice in, size_t piece)
{
	const struct peer_facts peer = { .peer_port = 4317 };
	struct drive d;
	char *said;
	size_t at;

	drive_init(&d, proto_get(PROTO_HTTP2), &peer, false);
	for (at = 0; at < in.n; at += piece)
		drive_bytes(&d, FLOW_REQUEST, slice_sub(in, at, piece));
	drive_eof(&d, FLOW_REQUEST);
	said = slice_dup(buf_slice(&d.log));
	drive_release(&d);
	return said;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data + 1, size ? size - 1 : 0 };
	char *whole, *parts;

	if (in.n > 4 * HEAD_MAX)
		return 0;
	whole = play(in, in.n + 1);
	parts = play(in, size ? data[0] + 1 : 1);
	if (!whole || !parts || strcmp(whole, parts))
		abort();
	free(whole);
	free(parts);
	return 0;
}
