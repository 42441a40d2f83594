/* SPDX-License-Identifier: GPL-2.0-only */
/* OTLP over HTTP, as protobuf and as JSON. */
#include <errno.h>

#include "export/json_message.h"
#include "export/json_read.h"
#include "export/otlp.h"
#include "export/otlp_wire.h"

/* What does not fit is cut: it is only shown. */
static void keep_message(struct otlp_answer *a, const char *text)
{
	struct slice s = slice_sub(slice_str(text), 0, OTLP_MESSAGE_MAX);

	if (buf_append(&a->message, s.p, s.n))
		buf_clear(&a->message);
}

void otlp_read_response(struct slice msg, struct otlp_answer *ret)
{
	Otlp__ExportTraceServiceResponse *rsp =
		otlp__export_trace_service_response__unpack(NULL, msg.n, (const uint8_t *)msg.p);
	const Otlp__ExportTracePartialSuccess *partial = rsp ? rsp->partial_success : NULL;

	ret->unreadable = !rsp;
	if (partial) {
		ret->rejected = (uint64_t)max(partial->rejected_spans, 0);
		keep_message(ret, partial->error_message);
	}
	if (rsp)
		otlp__export_trace_service_response__free_unpacked(rsp, NULL);
}

static bool was_accepted(const struct otlp_answer *a)
{
	return a->attempt.end == ATTEMPT_ANSWERED && a->attempt.status / 100 == 2;
}

static void read_http(const struct http *h, const struct http_reply *reply, struct otlp_answer *ret)
{
	const struct slice body = buf_slice(&reply->body);
	Otlp__RpcStatus *st;

	if (!reply->own_type) {
		ret->unreadable = body.n;
		return;
	}
	if (was_accepted(ret)) {
		otlp_read_response(body, ret);
		return;
	}
	st = otlp__rpc_status__unpack(NULL, body.n, (const uint8_t *)body.p);
	if (!st)
		return;
	keep_message(ret, st->message);
	otlp__rpc_status__free_unpacked(st, NULL);
}

/* An int64 that counts. */
static bool read_count(struct slice value, uint64_t *ret_n)
{
	uint64_t n;

	if (!json_u64(value, &n) || n > INT64_MAX)
		return false;
	*ret_n = n;
	return true;
}

static void read_json(const struct http *h, const struct http_reply *reply, struct otlp_answer *ret)
{
	struct slice body = buf_slice(&reply->body), partial = body, value;
	bool accepts = was_accepted(ret);

	if (!reply->own_type) {
		ret->unreadable = body.n;
		return;
	}
	if (accepts && !json_member(body, SLICE("partialSuccess"), &partial))
		return;
	if (accepts &&
	    (json_member(partial, SLICE("rejectedSpans"), &value) ||
	     json_member(partial, SLICE("rejectedLogRecords"), &value)) &&
	    !read_count(value, &ret->rejected))
		ret->unreadable = true;
	if (!json_member(partial, accepts ? SLICE("errorMessage") : SLICE("message"), &value))
		return;
	/* One that is too long is shown as far as there is room for it. */
	if (json_string(value, &ret->message) == -EINVAL)
		buf_clear(&ret->message);
}

struct slice otlp_encode(struct otlp *o, struct buf *text, struct span *const *spans, size_t n)
{
	return otlp_write(o, spans, n);
}

struct slice otlp_encode_logs(struct otlp *o, struct buf *text, struct log_line *const *lines,
			      size_t n)
{
	Otlp__ExportLogsServiceRequest *req = otlp_log_request(o, lines, n);

	return req ? otlp_pack(o, &req->base) : (struct slice){ NULL, 0 };
}

static struct slice json_encode_logs(struct otlp *o, struct buf *text,
				     struct log_line *const *lines, size_t n)
{
	Otlp__ExportLogsServiceRequest *req = otlp_log_request(o, lines, n);

	return req && !json_message(text, &req->base) ? buf_slice(text) : (struct slice){ NULL, 0 };
}

static struct slice json_encode(struct otlp *o, struct buf *text, struct span *const *spans,
				size_t n)
{
	Otlp__ExportTraceServiceRequest *req = otlp_request(o, spans, n);

	return req && !json_message(text, &req->base) ? buf_slice(text) : (struct slice){ NULL, 0 };
}

const struct otlp_wire otlp_wire_http = {
	.name = "OTLP",
	.http = { .content_type = "application/x-protobuf",
		  .gzip_header = "Content-Encoding: gzip" },
	.encode = otlp_encode,
	.encode_logs = otlp_encode_logs,
	.read = read_http,
};

const struct otlp_wire otlp_wire_json = {
	.name = "OTLP/JSON",
	.http = { .content_type = "application/json", .gzip_header = "Content-Encoding: gzip" },
	.encode = json_encode,
	.encode_logs = json_encode_logs,
	.read = read_json,
};
