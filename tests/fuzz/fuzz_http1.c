/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A conversation: the first byte is flags, then come the bytes of the flow at hand; 0xff and a
 * letter change what follows: r, s the flow (request, response); c the call is over; g and a byte:
 * so many bytes are lost; e end of the flow; any other letter: the next bytes come separately.
 */
#include "drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void control(struct drive *d, enum flow *flow, struct slice *in)
{
	char what = in->n > 1 ? in->p[1] : 0;
	uint8_t lost = in->n > 2 ? in->p[2] : 0;

	*in = slice_sub(*in, what == 'g' ? 3 : 2, in->n);
	if (what == 'r' || what == 's')
		*flow = what == 'r' ? FLOW_REQUEST : FLOW_RESPONSE;
	else if (what == 'c')
		drive_call_end(d, *flow);
	else if (what == 'g')
		drive_gap(d, *flow, lost);
	else if (what == 'e')
		drive_eof(d, *flow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data + 1, size ? size - 1 : 0 };
	struct peer_facts peer = { .server_side = size && data[0] & 1,
				   .local_port = 80,
				   .peer_port = 4000 };
	enum flow flow = FLOW_REQUEST;
	struct drive d;
	ptrdiff_t n;

	drive_init(&d, proto_get(PROTO_HTTP1), &peer, size && data[0] & 2);
	while (in.n) {
		n = slice_chr(in, '\xff');
		drive_bytes(&d, flow, slice_sub(in, 0, n < 0 ? in.n : (size_t)n));
		in = slice_sub(in, n < 0 ? in.n : (size_t)n, in.n);
		if (in.n)
			control(&d, &flow, &in);
	}
	drive_eof(&d, FLOW_REQUEST);
	drive_eof(&d, FLOW_RESPONSE);
	drive_release(&d);
	return 0;
}
