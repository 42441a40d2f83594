/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "base/compiler.h"
#include "proto/foreign.h"

#define START(text)                    \
	{                              \
		text, sizeof(text) - 1 \
	}

static const struct {
	struct slice start;
	enum foreign is;
} starts[] = {
	{ START("PRI * HTTP/2.0"), FOREIGN_HTTP2 }, /* what every client of HTTP/2 says first */
	{ START("\x16\x03"), FOREIGN_TLS }, /* a handshake record of SSL 3.0 or later */
};

enum foreign foreign_sniff(struct slice head)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(starts); i++)
		if (head.n >= starts[i].start.n &&
		    !memcmp(head.p, starts[i].start.p, starts[i].start.n))
			return starts[i].is;
	return FOREIGN_OTHER;
}
