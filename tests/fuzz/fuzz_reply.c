/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a backend answers over HTTP. The first byte says how: as JSON or protobuf, accepting or refusing, with a content
 * type that is ours or not; the rest is the body.
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "export/otlp_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { AS_JSON = 1 << 0, REFUSING = 1 << 1, FOREIGN_TYPE = 1 << 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(buf_release) struct buf message = BUF_INIT(OTLP_MESSAGE_MAX);
	uint8_t how = size ? data[0] : 0;
	struct http_reply reply;
	struct otlp_answer answer = {
		.attempt = { ATTEMPT_ANSWERED, how & REFUSING ? 400 : 200, 0 },
	};

	http_reply_init(&reply);
	reply.attempt = answer.attempt;
	reply.own_type = !(how & FOREIGN_TYPE);
	answer.message = message;
	if (size > 1 && buf_append(&reply.body, data + 1, size - 1))
		abort();
	(how & AS_JSON ? otlp_wire_json : otlp_wire_http).read(NULL, &reply, &answer);
	if (answer.message.n > OTLP_MESSAGE_MAX || answer.rejected > INT64_MAX)
		abort();
	message = answer.message;
	http_reply_release(&reply);
	return 0;
}
