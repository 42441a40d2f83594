/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A conversation of records, in calls of twice the length that a byte before each names, to the side that its lowest
 * bit names; behind 0xff, so many bytes of a response are lost. In pieces of the length that the first byte of all
 * names the same is found.
 */
#include <stdlib.h>

#include "drive.h"

#define LOST 0xff

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t take(struct slice *in)
{
	uint8_t c = in->n ? (uint8_t)in->p[0] : 0;

	*in = slice_sub(*in, 1, in->n);
	return c;
}

static char *play(struct slice in, size_t piece, bool midway)
{
	const struct peer_facts peer = { .server_side = true, .local_port = 9000 };
	struct drive d;
	char *said;

	drive_init(&d, proto_get(PROTO_FASTCGI), &peer, midway);
	while (in.n) {
		uint8_t c = take(&in);
		struct slice call = slice_sub(in, 0, c == LOST ? 0 : 2 * (size_t)c);
		size_t at;

		in = slice_sub(in, call.n, in.n);
		if (c == LOST)
			drive_gap(&d, FLOW_RESPONSE, take(&in));
		for (at = 0; at < call.n; at += piece)
			drive_bytes(&d, c & 1, slice_sub(call, at, piece));
		drive_call_end(&d, c & 1);
	}
	drive_eof(&d, FLOW_REQUEST);
	drive_eof(&d, FLOW_RESPONSE);
	said = slice_dup(buf_slice(&d.log));
	drive_release(&d);
	return said;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size };
	uint8_t how = take(&in);
	bool midway = how & 0x80;
	char *whole = play(in, size + 1, midway), *parts = play(in, (how & 0x7f) + 1, midway);
	bool sought; /* the way back, or in: more bytes may show another one */

	if (!whole || !parts)
		abort();
	sought = midway || strstr(whole, "lost bytes") || strstr(whole, "broke");
	if (!sought && strcmp(whole, parts))
		abort();
	free(whole);
	free(parts);
	return 0;
}
