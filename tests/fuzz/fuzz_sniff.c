/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The first bytes of anything: a verdict that was given on a part is not taken back on the whole.
 */
#include <stdlib.h>

#include "proto/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = { (const char *)data, size };
	const struct proto *proto = NULL;
	enum sniff whole = proto_sniff(all, &proto), part;
	size_t n;

	for (n = 0; n < size && n < 64; n++) {
		part = proto_sniff(slice_sub(all, 0, n), &proto);
		if (part != SNIFF_MORE && part != whole)
			abort();
	}
	return 0;
}
