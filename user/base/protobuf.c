/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>

#include "protobuf.h"

#define VARINT_MAX 10 /* bytes */
#define NUMBER_MAX ((1u << 29) - 1)

static bool take_varint(struct slice *in, uint64_t *ret_v)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < in->n && i < VARINT_MAX; i++) {
		uint64_t byte = (uint8_t)in->p[i];

		v |= (byte & 0x7f) << (7 * i);
		if (byte < 0x80) {
			*in = slice_sub(*in, i + 1, in->n);
			*ret_v = v;
			return true;
		}
	}
	return false;
}

static bool take_bytes(struct slice *in, uint64_t n, struct slice *ret_bytes)
{
	if (n > in->n)
		return false;
	*ret_bytes = slice_sub(*in, 0, n);
	*in = slice_sub(*in, n, in->n);
	return true;
}

static bool take_value(struct slice *in, struct pb_field *f)
{
	uint64_t n;

	switch (f->type) {
	case PB_VARINT:
		return take_varint(in, &f->v);
	case PB_FIXED64:
		return take_bytes(in, 8, &f->bytes);
	case PB_FIXED32:
		return take_bytes(in, 4, &f->bytes);
	case PB_BYTES:
		return take_varint(in, &n) && take_bytes(in, n, &f->bytes);
	}
	return false;
}

int pb_next(struct slice *message, struct pb_field *ret_field)
{
	struct pb_field f = { 0 };
	uint64_t tag;

	if (!message->n)
		return 0;
	if (!take_varint(message, &tag) || tag >> 3 > NUMBER_MAX || !(tag >> 3))
		return -EINVAL;
	f.number = (uint32_t)(tag >> 3);
	f.type = tag & 7;
	if (!take_value(message, &f))
		return -EINVAL;
	*ret_field = f;
	return 1;
}
