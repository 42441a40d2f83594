/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/foreign.h"
#include "proto/http2.h"

enum foreign foreign_sniff(struct slice head)
{
	/* That begins with a preface is a protocol of ours (proto/http2.c), but the connection may be older than we. */
	if (h2_begins_request(head))
		return FOREIGN_HTTP2;
	/* A handshake record of SSL 3.0 or later. */
	return slice_starts(head, SLICE("\x16\x03")) ? FOREIGN_TLS : FOREIGN_OTHER;
}
