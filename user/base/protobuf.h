/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads protobuf's bytes field by field, without a schema and without memory of its own: for what strangers wrote and
 * is looked at once. What we send and what backends answer is generated from export/otlp.proto.
 */
#ifndef BASE_PROTOBUF_H
#define BASE_PROTOBUF_H

#include "slice.h"

enum pb_type { PB_VARINT = 0, PB_FIXED64 = 1, PB_BYTES = 2, PB_FIXED32 = 5 };

struct pb_field {
	uint32_t number;
	enum pb_type type;
	uint64_t v;		/* of PB_VARINT */
	struct slice bytes;	/* of all others: borrowed from the message */
};

/* Takes the next field off the message. 1: there was one; 0: the message is over; -EINVAL: malformed */
int pb_next(struct slice *message, struct pb_field *ret_field);

#endif
