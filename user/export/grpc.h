/* SPDX-License-Identifier: GPL-2.0-only */
/* What gRPC puts around a message, and what it says beside one: pure, of whatever came over the wire. */
#ifndef EXPORT_GRPC_H
#define EXPORT_GRPC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define GRPC_MESSAGE_MAX 1024	/* of grpc-message, decoded; what is longer is cut */

enum grpc_code {
	GRPC_OK,
	GRPC_CANCELLED,
	GRPC_UNKNOWN,
	GRPC_INVALID_ARGUMENT,
	GRPC_DEADLINE_EXCEEDED,
	GRPC_NOT_FOUND,
	GRPC_ALREADY_EXISTS,
	GRPC_PERMISSION_DENIED,
	GRPC_RESOURCE_EXHAUSTED,
	GRPC_FAILED_PRECONDITION,
	GRPC_ABORTED,
	GRPC_OUT_OF_RANGE,
	GRPC_UNIMPLEMENTED,
	GRPC_INTERNAL,
	GRPC_UNAVAILABLE,
	GRPC_DATA_LOSS,
	GRPC_UNAUTHENTICATED,
	GRPC__CNT,
};

struct grpc_status {
	unsigned code;			/* enum grpc_code */
	uint64_t retry_after_ms;	/* RetryInfo; 0: there is none, so a delay of nothing is 1 */
	char message[GRPC_MESSAGE_MAX + 1];
};

/* Appends msg, compressed or not, behind its prefix. */
int grpc_frame(struct buf *out, struct slice msg, bool compressed) __must_check;
/* The one message of a body. -EINVAL: it is not exactly that. */
int grpc_unframe(struct slice body, struct slice *ret_msg, bool *ret_compressed) __must_check;

/*
 * The values of grpc-status, grpc-message and grpc-status-details-bin, NULL where there is none. -ENOENT: there is no
 * status; ret_status is then untouched.
 */
int grpc_status_read(const char *status, const char *message, const char *details,
		     struct grpc_status *ret_status) __must_check;
/* Where HTTP answered in gRPC's place. */
unsigned grpc_code_of_http(unsigned http_status);
const char *grpc_code_name(unsigned code);

#endif
