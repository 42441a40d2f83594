/* SPDX-License-Identifier: GPL-2.0-only */
/* OTLP over gRPC: a POST over HTTP/2 whose outcome stands in trailers. */
#include "export/grpc.h"
#include "export/gzip.h"
#include "export/otlp_wire.h"

static void read_body(struct slice body, struct otlp_answer *ret)
{
	_cleanup_(buf_release) struct buf plain = BUF_INIT(HTTP_REPLY_MAX);
	bool compressed;
	struct slice msg;

	ret->unreadable = true;
	if (grpc_unframe(body, &msg, &compressed))
		return;
	/* A server compresses when it was sent something compressed. */
	if (compressed && gzip_unpack(msg, &plain))
		return;
	otlp_read_response(compressed ? buf_slice(&plain) : msg, ret);
}

/* Without a status the answer is that of a proxy, or was cut off before its end. */
static bool read_status(const struct http *h, const struct http_reply *reply,
			struct grpc_status *ret_status)
{
	if (!grpc_status_read(http_header(h, "grpc-status"), http_header(h, "grpc-message"),
			      http_header(h, "grpc-status-details-bin"), ret_status))
		return true;
	if (reply->transfer != ATTEMPT_ANSWERED)
		return false;
	*ret_status = (struct grpc_status){ .code = grpc_code_of_http(reply->attempt.status) };
	return true;
}

static void read_grpc(const struct http *h, const struct http_reply *reply, struct otlp_answer *ret)
{
	struct slice message;
	struct grpc_status st;

	if (reply->attempt.end == ATTEMPT_CUT)
		ret->why = "it cut the connection: is it a port for gRPC?";
	if (reply->attempt.end != ATTEMPT_ANSWERED)
		return;
	if (!read_status(h, reply, &st)) {
		ret->attempt.end = reply->transfer;
		ret->why = "its answer was cut off";
		return;
	}
	ret->attempt.end = ATTEMPT_RPC;
	ret->attempt.status = st.code;
	if (st.retry_after_ms)
		ret->attempt.retry_after_ms = st.retry_after_ms;
	if (reply->attempt.status == 200)
		ret->why = grpc_code_name(st.code);
	if (st.code == GRPC_OK) {
		read_body(buf_slice(&reply->body), ret);
		return;
	}
	message = slice_sub(slice_str(st.message), 0, OTLP_MESSAGE_MAX);
	if (buf_append(&ret->message, message.p, message.n))
		buf_clear(&ret->message);
}

static const char *const headers[] = { "TE: trailers", "grpc-accept-encoding: identity,gzip" };

const struct otlp_wire otlp_wire_grpc = {
	.name = "OTLP/gRPC",
	.http = { .content_type = "application/grpc",
		  .gzip_header = "grpc-encoding: gzip",
		  .headers = headers,
		  .headers_cnt = ARRAY_SIZE(headers),
		  .tells_timeout = true,
		  .http2 = true },
	.encode = otlp_encode,
	.encode_logs = otlp_encode_logs,
	.grpc = true,
	.read = read_grpc,
};
