/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a backend answers: lines for grpc-status, grpc-message and grpc-status-details-bin, then a body, which is read
 * as gRPC's, as gzip and as JSON.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "export/grpc.h"
#include "export/gzip.h"
#include "export/json_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_body(struct slice body)
{
	_cleanup_(buf_release) struct buf plain = BUF_INIT(65536), text = BUF_INIT(1024);
	struct slice msg, value;
	bool compressed;
	uint64_t n;

	if (!grpc_unframe(body, &msg, &compressed) && msg.n + 5 != body.n)
		abort();
	if (!gzip_unpack(body, &plain) && plain.n > plain.cap)
		abort();
	if (!json_member(body, SLICE("k"), &value))
		return;
	if (!value.n || value.p < body.p || value.p + value.n > body.p + body.n)
		abort();
	if (json_u64(value, &n) | (json_string(value, &text) == 0))
		json_member(value, SLICE("k"), &value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = { (const char *)data, size };
	_cleanup_(freep) char *status = slice_dup(slice_split(&rest, '\n'));
	_cleanup_(freep) char *message = slice_dup(slice_split(&rest, '\n'));
	_cleanup_(freep) char *details = slice_dup(slice_split(&rest, '\n'));
	struct grpc_status st;

	if (grpc_status_read(status, message, details, &st))
		abort();
	if (st.code >= GRPC__CNT || strlen(st.message) > GRPC_MESSAGE_MAX)
		abort();
	read_body(rest);
	return 0;
}
